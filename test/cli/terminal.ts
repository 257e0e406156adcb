import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** Why there can be no terminal, for `skip`; false when there can. */
export const noTerminal = spawnSync("script", ["--version"]).status === 0 ? false : "it needs script(1), which makes the terminal";

/** What is typed when a text has appeared on the screen since the last time. */
export type Typing = readonly (readonly [shown: string, typed: string])[];

/** Runs a program on a terminal of its own, and types. @param redirect For the shell, such as `</dev/null`. */
export async function onTerminal(argv: readonly string[], typing: Typing, { cwd, env, redirect = "" }: { cwd: string; env?: Record<string, string>; redirect?: string }): Promise<{ code: number | null; screen: string }> {
  const command = `exec ${argv.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ")} ${redirect}`;
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], { cwd, stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, NO_COLOR: "1", SHELL: "/bin/sh", ...env } });
  let [screen, seen, at] = ["", 0, 0];
  child.stdout.on("data", (chunk: Buffer) => {
    screen += chunk.toString();
    for (let next = typing[at]; next !== undefined; next = typing[at]) {
      const found = screen.indexOf(next[0], seen);
      if (found === -1) return;
      seen = found + next[0].length;
      at += 1;
      child.stdin.write(next[1]);
    }
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, screen: screen.replaceAll("\r", "") };
}
