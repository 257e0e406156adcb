import { withCapabilitiesOf } from "./capabilities.ts";
import { LabError } from "./error.ts";
import { leaderOf } from "./leader.ts";

/** The argv that runs `argv` as root in a host's namespaces, with its capabilities and a clean environment. @throws LabError when it is off */
export async function enterArgv(lab: string, host: string, argv: readonly string[]): Promise<string[]> {
  const leader = await leaderOf(lab, host);
  if (leader === undefined) throw new LabError(`${host} is off`, { hint: "start it first" });
  const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"];
  const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const environment = ["env", "-i", path, "HOME=/root", "LC_ALL=C.UTF-8"];
  return [...(await withCapabilitiesOf(leader)), "nsenter", `--target=${leader}`, ...namespaces, "--", ...environment, ...argv];
}
