import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { cgroupOf, killCgroup, pidsIn } from "./cgroup.ts";
import { startDetached } from "./detached.ts";
import { LabError, tail } from "./error.ts";
import { hostNamespace } from "./names.ts";
import { destroyNamespace } from "./network.ts";
import { hostPaths } from "./paths.ts";
import { poll, sshAnswers } from "./ready.ts";
import { run, tryRun } from "./run.ts";
import type { LabHost } from "./types.ts";

/** Its exit status tells of failed units, which are no fault of the lab. */
export const BOOT_OVER = ["timeout", "20", "systemctl", "is-system-running", "--wait"];

/** Starts the script that boots a host, detached from this process, in a cgroup of its own. */
export async function powerOn(lab: string, host: LabHost, script: string): Promise<void> {
  const paths = hostPaths(lab, host.name);
  await writeFile(paths.supervisor, script);
  await startDetached(cgroupOf(lab, host.name), ["/bin/sh", paths.supervisor], paths.console);
}

/**
 * Waits until sshd answers and the boot is over: until then some units are not there yet, and only root may log in. A unit
 * that takes long to start holds that up by 20 s at most.
 * @param within in ms
 * @param enter what runs a command in the host
 * @throws LabError with the console's tail when the host dies or takes longer
 */
export async function awaitBoot(lab: string, host: LabHost, within: number, enter: (argv: readonly string[]) => Promise<string[]>): Promise<void> {
  const started = performance.now();
  const dead = async (): Promise<boolean> => performance.now() - started > 1000 && (await pidsIn(cgroupOf(lab, host.name))).length === 0;
  if (await poll(() => sshAnswers(host.address, 22), within, dead)) {
    await tryRun(await enter(BOOT_OVER));
    return;
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  throw new LabError(`${host.name} did not answer on ${host.address}:22 within ${seconds} s of being started`, {
    evidence: tail(await readFile(hostPaths(lab, host.name).console, "utf8")),
    hint: `read ${hostPaths(lab, host.name).console}`,
  });
}

/** Cuts the power: every process of the host ends at once, its disk stays as it is. */
export async function powerCut(lab: string, host: string): Promise<void> {
  await killCgroup(cgroupOf(lab, host));
  await destroyNamespace(hostNamespace(lab, host));
}

/** Removes a host with its disk, whatever it was made of and whatever state a crash left it in. */
export async function destroyHost(lab: string, host: string): Promise<void> {
  await powerCut(lab, host);
  const paths = hostPaths(lab, host);
  if (await isMounted(paths.root)) await run(["umount", paths.root]);
  await rm(paths.directory, { recursive: true, force: true });
}

/** Whether a host was started before; a crash may have left only part of its disk. */
export const wasStarted = (lab: string, host: string): boolean => existsSync(hostPaths(lab, host).supervisor);

export async function isMounted(directory: string): Promise<boolean> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return mounts.split("\n").some((line) => line.split(" ")[4] === directory);
}
