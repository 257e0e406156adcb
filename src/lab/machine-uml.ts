import { existsSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quote } from "../shell/quote.ts";
import { cgroupOf, pidsIn } from "./cgroup.ts";
import { LabError } from "./error.ts";
import { hostFiles } from "./host-files.ts";
import type { Machine } from "./machine.ts";
import { hostPaths, labPaths } from "./paths.ts";
import { run } from "./run.ts";
import type { LabHost } from "./types.ts";
import { umlSupervisorScript } from "./uml.ts";
import { ensureUmlImage } from "./uml-image.ts";

/** Hosts as User-Mode Linux: each has a kernel of its own, with GRE, ESP, VRRP, IPVS and netem, and a copy-on-write disk. */
export const umlMachine: Machine = {
  // Three take 10 s together on 2 processors.
  bootMs: 180_000,
  image: ensureUmlImage,
  createDisk,
  hasDisk: async (lab, host) => existsSync(hostPaths(lab, host).base),
  supervisor: umlSupervisorScript,
  enter,
  leader: async () => undefined,
};

/** The disk itself is made by the first boot, and stays over the image it was begun on. A tar file on a second disk brings the files that make the host itself. */
async function createDisk(lab: string, host: LabHost, image: string, all: readonly LabHost[]): Promise<void> {
  const { directory, base, files } = hostPaths(lab, host.name);
  const staged = join(directory, "files");
  const listed = await hostFiles(lab, host, all);
  for (const { path, text, mode } of listed) {
    await mkdir(dirname(join(staged, path)), { recursive: true });
    await writeFile(join(staged, path), text, { mode });
  }
  // Files only: folders keep the modes they have in the image.
  await run(["tar", "--owner=0", "--group=0", "-C", staged, "-cf", files, ...listed.map(({ path }) => path)]);
  await rm(staged, { recursive: true });
  await symlink(image, base);
}

/** A kernel of its own cannot be entered from outside, so this is ssh; the lab's faults never cut it. */
async function enter(lab: string, host: LabHost, argv: readonly string[]): Promise<string[]> {
  if ((await pidsIn(cgroupOf(lab, host.name))).length === 0) throw new LabError(`${host.name} is off`, { hint: "start it first" });
  const options = ["IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=10", "LogLevel=ERROR"];
  const environment = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8";
  const command = `exec env -i ${environment} ${argv.map((word) => quote(word)).join(" ")}`;
  return ["ssh", "-F", "none", "-i", labPaths(lab).key, ...options.flatMap((option) => ["-o", option]), `root@${host.address}`, command];
}
