import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";

/** Why there can be no terminal, for `skip`; false when there can. */
export const noTerminal = spawnSync("script", ["--version"]).status === 0 ? false : "it needs script(1), which makes the terminal";

/** What is typed when a text has appeared on the screen since the last time. */
export type Typing = readonly (readonly [shown: string, typed: string])[];

/** Where a program runs. */
export interface Place {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** For the shell, such as `</dev/null`. */
  readonly redirect?: string;
  /** The window's size, for whoever draws over it. */
  readonly rows?: number;
}

/**
 * Starts a program on a terminal of its own. It takes its shell's place, so that Ctrl-C reaches it alone: some shells end of it as well,
 * and which shell there is depends on whoever runs the tests.
 */
export function startOnTerminal(argv: readonly string[], { cwd, env, redirect = "", rows }: Place = {}): ChildProcessWithoutNullStreams {
  const size = rows === undefined ? "" : `stty rows ${rows} cols 120; `;
  const command = `${size}exec ${argv.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ")} ${redirect}`;
  return spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], { cwd, stdio: "pipe", env: { ...process.env, NO_COLOR: "1", TERM: "xterm", SHELL: "/bin/sh", ...env } });
}

/** Runs a program on a terminal of its own, and types. */
export async function onTerminal(argv: readonly string[], typing: Typing, place: Place): Promise<{ code: number | null; screen: string }> {
  const child = startOnTerminal(argv, place);
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
