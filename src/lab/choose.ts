import type { LabBackend } from "./backend.ts";
import { dockerBackend } from "./backend-docker.ts";
import { nspawnBackend } from "./backend-nspawn.ts";
import { labPrerequisites, prerequisitesError } from "./prerequisites.ts";
import type { Backend, BackendName } from "./types.ts";

const BACKENDS: Readonly<Record<BackendName, LabBackend>> = { nspawn: nspawnBackend, docker: dockerBackend };

export const backendNamed = (name: BackendName): LabBackend => BACKENDS[name];

/** Takes the backend that was asked for, or for `auto` the first that lacks nothing. @throws LabError naming all that is missing */
export async function chooseBackend(wanted: Backend): Promise<{ backend: BackendName; why: string }> {
  if (wanted !== "auto") {
    const faults = await labPrerequisites(wanted);
    if (faults.length > 0) throw prerequisitesError(faults);
    return { backend: wanted, why: "it was asked for" };
  }
  const nspawn = await labPrerequisites("nspawn");
  if (nspawn.length === 0) return { backend: "nspawn", why: "this is Linux, and systemd-nspawn and the rest are here" };
  const docker = await labPrerequisites("docker");
  if (docker.length > 0) throw prerequisitesError([...nspawn, ...docker]);
  return { backend: "docker", why: `a Docker engine answers; not nspawn: ${nspawn.map(({ fault }) => fault).join("; ")}` };
}
