import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { enterArgv } from "./enter.ts";
import { hostFiles } from "./host-files.ts";
import { ensureImage } from "./image.ts";
import { leaderOf } from "./leader.ts";
import type { Machine } from "./machine.ts";
import { supervisorScript } from "./nspawn.ts";
import { hostPaths } from "./paths.ts";
import { isMounted } from "./power.ts";
import { run } from "./run.ts";
import type { LabHost } from "./types.ts";

/** Hosts as systemd-nspawn containers on overlays of a base image, each in a network namespace of its own. */
export const nspawnMachine: Machine = {
  // It takes about a second.
  bootMs: 60_000,
  image: ensureImage,
  createDisk,
  hasDisk: (lab, host) => isMounted(hostPaths(lab, host).root),
  supervisor: supervisorScript,
  enter: (lab, host, argv) => enterArgv(lab, host.name, argv),
  leader: leaderOf,
};

async function createDisk(lab: string, host: LabHost, image: string, all: readonly LabHost[]): Promise<void> {
  const paths = hostPaths(lab, host.name);
  for (const directory of [paths.upper, paths.work, paths.root, paths.docker]) await mkdir(directory, { recursive: true });
  // An overlay's root takes its mode from the upper folder, and sshd refuses keys under a root that others may write.
  await chmod(paths.upper, 0o755);
  await mount(image, paths.upper, paths.work, paths.root);
  for (const { path, text, mode } of await hostFiles(lab, host, all)) await writeFile(join(paths.root, path), text, { mode });
}

/** `volatile` drops fsync: a package installs several times as fast, and a lab's disk need not survive the machine. */
async function mount(lower: string, upper: string, work: string, root: string): Promise<void> {
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work},volatile`;
  await run(["mount", "-t", "overlay", "hawser-lab", "-o", options, root], {
    hint: "the state folder must be on a plain file system such as ext4 or xfs (set XDG_STATE_HOME), its path without commas and colons",
  });
}
