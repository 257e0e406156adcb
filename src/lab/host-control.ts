import { hostOf } from "./lab.ts";
import { labPaths } from "./paths.ts";
import { tryRun, type Ran } from "./run.ts";
import { sshEndpoint } from "./state.ts";

/**
 * Runs a command in a host as root, in its namespaces, for looking at a host whose network is broken; a host with a kernel of its own
 * is reached over ssh.
 * @returns how it ended, whatever its exit status
 * @throws LabError when there is no such host, or it is off
 */
export async function labExec(lab: string, host: string, argv: readonly string[], options: { readonly input?: string } = {}): Promise<Ran> {
  return tryRun(await labExecArgv(lab, host, argv), options);
}

/** The argv that `labExec` runs, for a caller that wants its own terminal on it. */
export async function labExecArgv(lab: string, host: string, argv: readonly string[]): Promise<string[]> {
  const { host: found, backend } = await hostOf(lab, host);
  return backend.enter(lab, found, argv);
}

/** The argv of an ssh command that connects as root; a remote command may be appended. It reads no ssh configuration of the user. */
export async function labSshArgs(lab: string, host: string): Promise<string[]> {
  const { host: found } = await hostOf(lab, host);
  const { address, port } = sshEndpoint(found);
  const { key, knownHosts } = labPaths(lab);
  const options = ["IdentitiesOnly=yes", "StrictHostKeyChecking=yes", `UserKnownHostsFile=${knownHosts}`, "ConnectTimeout=10", "LogLevel=ERROR"];
  return ["ssh", "-F", "none", "-i", key, "-p", String(port), ...options.flatMap((option) => ["-o", option]), `root@${address}`];
}

/** Power and cable of single hosts, for tests and drills. */
export const labHost = {
  /** Shuts the host down in good order and waits until it is off, at most 30 s. */
  async stop(lab: string, host: string): Promise<void> {
    const { host: found, backend } = await hostOf(lab, host);
    await backend.stop(lab, found);
  },
  /** Cuts the power: all its processes end at once, its disk stays. */
  async kill(lab: string, host: string): Promise<void> {
    const { backend } = await hostOf(lab, host);
    await backend.cut(lab, host);
  },
  /** Boots a host that is off from its disk and waits until sshd answers, at most 60 s, or 180 s with a kernel of its own. */
  async start(lab: string, host: string): Promise<void> {
    const { host: found, backend } = await hostOf(lab, host);
    await backend.start(lab, found);
  },
  /** Stops all of the host's processes where they are, as when its machine hangs. Its clock goes on. */
  async freeze(lab: string, host: string): Promise<void> {
    const { host: found, backend } = await hostOf(lab, host);
    await backend.freeze(lab, found, true);
  },
  /** Lets a frozen host go on. */
  async thaw(lab: string, host: string): Promise<void> {
    const { host: found, backend } = await hostOf(lab, host);
    await backend.freeze(lab, found, false);
  },
  /** Pulls the host's cable; nothing in the host is told. */
  async unplug(lab: string, host: string): Promise<void> {
    const { host: found, backend } = await hostOf(lab, host);
    await backend.link(lab, found, false);
  },
  async plug(lab: string, host: string): Promise<void> {
    const { host: found, backend } = await hostOf(lab, host);
    await backend.link(lab, found, true);
  },
} as const;
