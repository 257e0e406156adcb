import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { cgroupOf, killCgroup, pidsIn } from "./cgroup.ts";
import { startDetached } from "./detached.ts";
import { enterArgv } from "./enter.ts";
import { LabError, tail } from "./error.ts";
import { ensureKey } from "./keys.ts";
import { hostNamespace } from "./names.ts";
import { destroyNamespace } from "./network.ts";
import { supervisorScript } from "./nspawn.ts";
import { hostPaths, labPaths } from "./paths.ts";
import { poll, sshAnswers } from "./ready.ts";
import { run, tryRun } from "./run.ts";
import type { LabHost } from "./types.ts";

/** A boot takes about a second; a minute without an answer is a failure. */
const BOOT_MS = 60_000;

/** Its exit status tells of failed units, which are no fault of the lab. */
export const BOOT_OVER = ["timeout", "20", "systemctl", "is-system-running", "--wait"];

/** Gives a host a fresh disk over its base image, with its name, keys and the lab's hosts file. */
export async function createDisk(lab: string, host: LabHost, image: string, hostsFile: string): Promise<void> {
  const paths = hostPaths(lab, host.name);
  for (const directory of [paths.upper, paths.work, paths.root, paths.docker]) await mkdir(directory, { recursive: true });
  // An overlay's root takes its mode from the upper folder, and sshd refuses keys under a root that others may write.
  await chmod(paths.upper, 0o755);
  await mount(image, paths.upper, paths.work, paths.root);
  await ensureKey(paths.hostKey, host.name);
  const put = (file: string, text: string, mode: number): Promise<void> => writeFile(join(paths.root, file), text, { mode });
  await put("etc/hostname", `${host.name}\n`, 0o644);
  await put("etc/hosts", hostsFile, 0o644);
  await put("etc/machine-id", `${randomUUID().replaceAll("-", "")}\n`, 0o444);
  await put("etc/ssh/ssh_host_ed25519_key", await readFile(paths.hostKey, "utf8"), 0o600);
  await put("etc/ssh/ssh_host_ed25519_key.pub", await readFile(`${paths.hostKey}.pub`, "utf8"), 0o644);
  await put("root/.ssh/authorized_keys", await readFile(`${labPaths(lab).key}.pub`, "utf8"), 0o600);
}

/** `volatile` drops fsync: a package installs several times as fast, and a lab's disk need not survive the machine. */
async function mount(lower: string, upper: string, work: string, root: string): Promise<void> {
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work},volatile`;
  await run(["mount", "-t", "overlay", "hawser-lab", "-o", options, root], {
    hint: "the state folder must be on a plain file system such as ext4 or xfs (set XDG_STATE_HOME), its path without commas and colons",
  });
}

/** Starts the script that boots a host, detached from this process, in a cgroup of its own. */
export async function powerOn(lab: string, host: LabHost): Promise<void> {
  const paths = hostPaths(lab, host.name);
  await writeFile(paths.supervisor, supervisorScript(lab, host));
  await startDetached(cgroupOf(lab, host.name), ["/bin/sh", paths.supervisor], paths.console);
}

/**
 * Waits until sshd answers and the boot is over: until then some units are not there yet, and only root may log in. A unit
 * that takes long to start holds that up by 20 s at most.
 * @throws LabError with the console's tail when the host dies or takes longer than a minute
 */
export async function awaitBoot(lab: string, host: LabHost): Promise<void> {
  const started = performance.now();
  const dead = async (): Promise<boolean> => performance.now() - started > 1000 && (await pidsIn(cgroupOf(lab, host.name))).length === 0;
  if (await poll(() => sshAnswers(host.address, 22), BOOT_MS, dead)) {
    await tryRun(await enterArgv(lab, host.name, BOOT_OVER));
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

/** Removes a host with its disk, whatever state a crash left it in. */
export async function destroyHost(lab: string, host: string): Promise<void> {
  await powerCut(lab, host);
  const paths = hostPaths(lab, host);
  if (await isMounted(paths.root)) await run(["umount", paths.root]);
  await rm(paths.directory, { recursive: true, force: true });
}

/** Whether a host has both its disk and its record; a crash may have left only part of it. */
export async function hasDisk(lab: string, host: string): Promise<boolean> {
  return existsSync(hostPaths(lab, host).supervisor) && (await isMounted(hostPaths(lab, host).root));
}

async function isMounted(directory: string): Promise<boolean> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return mounts.split("\n").some((line) => line.split(" ")[4] === directory);
}
