import { readFile } from "node:fs/promises";
import { cgroupOf, pidsIn } from "./cgroup.ts";
import { absentAs } from "./sources.ts";

/**
 * The controller's pid of a host's PID 1: it is one level of pid namespaces below this process and numbered 1 there.
 * @returns undefined when the host is off or only starting
 */
export async function leaderOf(lab: string, host: string): Promise<number | undefined> {
  const levels = (await nsPids(process.pid)).length;
  for (const pid of await pidsIn(cgroupOf(lab, host))) {
    const ids = await nsPids(pid);
    if (ids.length === levels + 1 && ids.at(-1) === 1) return pid;
  }
  return undefined;
}

/** A process's ids, one for each pid namespace it is in; none when it has just ended. */
async function nsPids(pid: number): Promise<number[]> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(absentAs("")).catch(endedAs);
  const line = /^NSpid:\s*(.*)$/m.exec(status)?.[1];
  return line === undefined ? [] : line.split(/\s+/).map(Number);
}

function endedAs(cause: unknown): string {
  if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  return "";
}
