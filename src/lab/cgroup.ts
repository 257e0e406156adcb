import { existsSync, readdirSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "./error.ts";
import { absentAs } from "./sources.ts";

/**
 * Every long-running process of a lab starts in a cgroup below `hawser/LAB`, and its children stay there. So membership
 * says what belongs to whom: no pid is ever recorded, and none that was reused can be killed by mistake.
 *
 * A cgroup is named here by its path below a hierarchy's root, without a leading slash.
 */
export const cgroupOf = (lab: string, part?: string): string => (part === undefined ? `hawser/${lab}` : `hawser/${lab}/${part}`);

/** For what all labs share. A lab's name cannot begin with an underscore. */
export const SHARED_CGROUP = "hawser/_shared";

/**
 * Where the kernel's hierarchies are mounted: v2 alone; or the hybrid layout, v2 beside systemd's and the controllers' v1
 * ones. A host must be in its own cgroup in each of them, or two hosts share one and end each other's services.
 *
 * The first one decides membership: it is the one that systemd-nspawn goes by.
 */
function hierarchies(): string[] {
  const top = "/sys/fs/cgroup";
  if (existsSync(join(top, "cgroup.procs"))) return [top];
  const mounted = readdirSync(top, { withFileTypes: true }).filter((entry) => entry.isDirectory() && existsSync(join(top, entry.name, "cgroup.procs")));
  const names = mounted.map(({ name }) => name);
  const first = ["unified", "systemd"].filter((name) => names.includes(name));
  if (first.length > 0) return [...first, ...names.filter((name) => !first.includes(name))].map((name) => join(top, name));
  throw new LabError("this machine has neither cgroup v2 nor systemd's v1 hierarchy mounted in /sys/fs/cgroup");
}

/** Makes a cgroup. @returns the files into which a process writes its pid to join it, one for each hierarchy */
export async function makeCgroup(cgroup: string): Promise<string[]> {
  const folders = hierarchies().map((hierarchy) => join(hierarchy, cgroup));
  for (const folder of folders)
    await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      throw new LabError(`cannot make the cgroup ${folder}`, { cause, evidence: String(cause), hint: "run as root, outside a container whose cgroups are read-only" });
    });
  for (const folder of folders.filter((folder) => folder.startsWith("/sys/fs/cgroup/cpuset/"))) await fillCpuset(folder);
  return folders.map((folder) => join(folder, "cgroup.procs"));
}

/** A v1 cpuset takes no process before it is told its processors and memory nodes: all that its parent has. */
async function fillCpuset(folder: string): Promise<void> {
  if (dirname(folder) === "/sys/fs/cgroup") return;
  await fillCpuset(dirname(folder));
  for (const file of ["cpuset.cpus", "cpuset.mems"])
    if ((await readFile(join(folder, file), "utf8")).trim() === "") await writeFile(join(folder, file), await readFile(join(dirname(folder), file), "utf8"));
}

/** All pids in a cgroup and below; none when it does not exist. */
export async function pidsIn(cgroup: string): Promise<number[]> {
  const [first = ""] = hierarchies();
  return pidsBelow(join(first, cgroup));
}

/**
 * Ends every process in a cgroup with SIGKILL and removes the cgroup. Repeats while there are any, as a dying shell may
 * just have forked.
 * @throws LabError when something survives 10 s
 */
export async function killCgroup(cgroup: string): Promise<void> {
  // A process that v1's freezer has stopped does not even end.
  if (!freezer(cgroup).v2 && (await isFrozen(cgroup))) await freezeCgroup(cgroup, false);
  const deadline = performance.now() + 10_000;
  for (let pids = await pidsIn(cgroup); pids.length > 0; pids = await pidsIn(cgroup)) {
    if (performance.now() > deadline) throw new LabError(`processes in ${cgroup} survive SIGKILL`, { evidence: `pids: ${pids.join(" ")}` });
    for (const pid of pids) signal(pid);
    await sleep(10);
  }
  for (const hierarchy of hierarchies()) await remove(join(hierarchy, cgroup));
}

/** Removes the cgroup that all labs are below, unless something else is in it, such as an image that is being built. */
export async function removeIdleRoot(): Promise<void> {
  if ((await cgroupNames("hawser")).length === 0) await killCgroup("hawser");
}

/** The names of the cgroups right below one. */
export async function cgroupNames(cgroup: string): Promise<string[]> {
  const found = await Promise.all(hierarchies().map((hierarchy) => children(join(hierarchy, cgroup))));
  return [...new Set(found.flat().map((child) => basename(child)))];
}

/**
 * Stops all processes in a cgroup and below, or lets them go on; returns when they have all stopped. A power cut ends stopped ones too.
 * @throws LabError when they have not stopped within 10 s
 */
export async function freezeCgroup(cgroup: string, frozen: boolean): Promise<void> {
  const { folder, v2 } = freezer(cgroup);
  if (v2) await writeFile(join(folder, "cgroup.freeze"), frozen ? "1" : "0");
  else await writeFile(join(folder, "freezer.state"), frozen ? "FROZEN" : "THAWED");
  const deadline = performance.now() + 10_000;
  while ((await isFrozen(cgroup)) !== frozen) {
    if (performance.now() > deadline) throw new LabError(`the processes in ${cgroup} do not ${frozen ? "stop" : "go on"}`);
    await sleep(5);
  }
}

/** Whether all processes in a cgroup are stopped. */
export async function isFrozen(cgroup: string): Promise<boolean> {
  const { folder, v2 } = freezer(cgroup);
  const text = await readFile(join(folder, v2 ? "cgroup.events" : "freezer.state"), "utf8").catch(goneAs(""));
  return v2 ? /^frozen 1$/m.test(text) : text.trim() === "FROZEN";
}

/** The v2 freezer where there is one, as it lets stopped processes be killed; else that of v1. */
function freezer(cgroup: string): { folder: string; v2: boolean } {
  const v2 = hierarchies().find((hierarchy) => hierarchy === "/sys/fs/cgroup" || basename(hierarchy) === "unified");
  return { folder: join(v2 ?? "/sys/fs/cgroup/freezer", cgroup), v2: v2 !== undefined };
}

async function pidsBelow(folder: string): Promise<number[]> {
  const own = await readFile(join(folder, "cgroup.procs"), "utf8").catch(goneAs(""));
  const below = await Promise.all((await children(folder)).map((child) => pidsBelow(child)));
  return [...own.split("\n").filter(Boolean).map(Number), ...below.flat()];
}

/** Removes empty cgroups from the leaves up. The kernel may need a moment after the last process is gone. */
async function remove(folder: string): Promise<void> {
  for (const child of await children(folder)) await remove(child);
  const deadline = performance.now() + 5_000;
  for (;;) {
    try {
      await rmdir(folder);
      return;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT") return;
      if (code !== "EBUSY" || performance.now() > deadline) throw new LabError(`cannot remove the cgroup ${folder}`, { cause });
      await sleep(10);
    }
  }
}

async function children(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(goneAs([]));
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}

/** A cgroup may vanish between listing and reading; the kernel then says ENOENT or ENODEV. */
function goneAs<T>(value: T): (cause: unknown) => T {
  return (cause) => ((cause as NodeJS.ErrnoException).code === "ENODEV" ? value : absentAs(value)(cause));
}
