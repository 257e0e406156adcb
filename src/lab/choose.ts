import type { LabBackend } from "./backend.ts";
import { dockerBackend } from "./backend-docker.ts";
import { localBackend } from "./backend-local.ts";
import { kernelFaults } from "./kernel.ts";
import { nspawnMachine } from "./machine-nspawn.ts";
import { umlMachine } from "./machine-uml.ts";
import { labPrerequisites, prerequisitesError } from "./prerequisites.ts";
import type { Backend, BackendName, LabSpec } from "./types.ts";

const BACKENDS: Readonly<Record<BackendName, LabBackend>> = { nspawn: localBackend(nspawnMachine), uml: localBackend(umlMachine), docker: dockerBackend };

export const backendNamed = (name: BackendName): LabBackend => BACKENDS[name];

/** Takes the backend that was asked for, or for `auto` the first that lacks nothing. @throws LabError naming all that is missing */
export async function chooseBackend(wanted: Backend, spec: Pick<LabSpec, "needsKernel">): Promise<{ backend: BackendName; why: string }> {
  if (wanted !== "auto") {
    const faults = await labPrerequisites(wanted);
    if (faults.length > 0) throw prerequisitesError(faults);
    return { backend: wanted, why: "it was asked for" };
  }
  const local = await localBackendFor(wanted, spec);
  const faults = await labPrerequisites(local);
  if (local === "uml") {
    // A container under an engine shares this kernel too.
    if (faults.length > 0) throw prerequisitesError(faults);
    return { backend: "uml", why: `its hosts need GRE and ESP, and this machine's kernel has no ${(await kernelFaults()).join(" and no ")}` };
  }
  if (faults.length === 0) return { backend: "nspawn", why: "this is Linux, and systemd-nspawn and the rest are here" };
  const docker = await labPrerequisites("docker");
  if (docker.length > 0) throw prerequisitesError([...faults, ...docker]);
  return { backend: "docker", why: `a Docker engine answers; not nspawn: ${faults.map(({ fault }) => fault).join("; ")}` };
}

/** Which of the backends without an engine is meant: hosts with a kernel of their own only where they must have one. */
export async function localBackendFor(wanted: Backend, { needsKernel = false }: Pick<LabSpec, "needsKernel">): Promise<"nspawn" | "uml"> {
  if (wanted === "uml" || (wanted === "auto" && needsKernel && process.platform === "linux" && (await kernelFaults()).length > 0)) return "uml";
  return "nspawn";
}
