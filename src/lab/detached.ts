import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { makeCgroup } from "./cgroup.ts";

/** The argv that joins a cgroup (made here) before anything else, then becomes `argv`. */
export async function inCgroup(cgroup: string, argv: readonly string[]): Promise<string[]> {
  const files = await makeCgroup(cgroup);
  return ["/bin/sh", "-euc", `for file in ${files.join(" ")}; do echo $$ >"$file"; done; exec "$@"`, "sh", ...argv];
}

/**
 * Starts a program that outlives this process, in a cgroup of its own, its output appended to a log file.
 *
 * It joins the cgroup itself before it does anything else, so even when this process is killed right here, what runs is found.
 */
export async function startDetached(cgroup: string, argv: readonly string[], logFile: string): Promise<void> {
  const [command = "", ...args] = await inCgroup(cgroup, argv);
  const log = await open(logFile, "a");
  try {
    const child = spawn(command, args, { detached: true, cwd: "/", stdio: ["ignore", log.fd, log.fd] });
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
  } finally {
    await log.close();
  }
}
