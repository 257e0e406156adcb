import { homedir, hostname } from "node:os";
import path from "node:path";
import { readFileSync } from "node:fs";

type Env = Readonly<Record<string, string | undefined>>;

/** Where the journals of runs lie: $HAWSER_RUNS, else `hawser/runs` below $XDG_STATE_HOME, by default ~/.local/state. */
export function runsFolder(env: Env = process.env): string {
  const named = env["HAWSER_RUNS"];
  if (named !== undefined && named !== "") return path.resolve(named);
  const given = env["XDG_STATE_HOME"];
  const state = given !== undefined && path.isAbsolute(given) ? given : path.join(env["HOME"] ?? homedir(), ".local/state");
  return path.join(state, "hawser/runs");
}

/** The process that writes a journal, so that others can see whether it still lives. */
export interface Writer {
  readonly machine: string;
  readonly pid: number;
  /** When the process began, in clock ticks since the machine's start: process ids are used again. Undefined outside Linux. */
  readonly began?: number;
}

export function thisProcess(): Writer {
  const began = beginOf(process.pid);
  return { machine: hostname(), pid: process.pid, ...(began !== undefined && { began }) };
}

/** True, false, or undefined when that cannot be seen from this machine. */
export function isAlive({ machine, pid, began }: Writer): boolean | undefined {
  if (machine !== hostname()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return began === undefined || beginOf(pid) === began;
}

/** Field 22 of proc_pid_stat(5); the second, the program's name, may hold blanks and brackets. */
function beginOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return undefined;
  }
}
