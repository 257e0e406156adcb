import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BenchHost } from "./host.ts";

export type Mode = "noop" | "apply" | "check";

export interface Measured {
  /** Wall-clock, from the start of the process to its end. */
  readonly seconds: number;
  /** What the recap counted; the floor has none. */
  readonly requests?: number;
}

/** A way to do a workload; undefined for a mode that it does not have. */
export type Tool = (host: BenchHost, mode: Mode) => Promise<Measured | undefined>;

const ROOT = fileURLToPath(new URL("..", import.meta.url));

async function timed(program: string, argv: readonly string[], input = ""): Promise<{ readonly seconds: number; readonly stdout: string }> {
  const began = performance.now();
  const child = spawn(program, argv, { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.end(input);
  // oxlint-disable-next-line promise/avoid-new
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`${program} ${argv.join(" ")} exited ${code}: ${Buffer.concat(err).toString()}`);
  return { seconds: (performance.now() - began) / 1000, stdout: Buffer.concat(out).toString() };
}

const run = (host: BenchHost, ...flags: readonly string[]): ReturnType<typeof timed> => timed(process.execPath, ["bin/hawser.mjs", "run", "bench/w1.ts", "-i", host.inventory, "--output", "json", ...flags]);

/** Brings a host to where W1 has nothing to do. */
export async function prepare(host: BenchHost): Promise<void> {
  await run(host);
}

/** As a user runs it: a new process each time, with nothing kept but the compiled code. */
const hawser: Tool = async (host, mode) => {
  const { seconds, stdout } = await run(host, ...(mode === "check" ? ["--check"] : []));
  const recap = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { readonly hosts: Readonly<Record<string, { readonly changed: number; readonly requests: number }>> };
  const counts = recap.hosts["bench"];
  if (!counts || (mode === "apply") !== counts.changed > 0) throw new Error(`this was no ${mode}: ${JSON.stringify(counts)}`);
  return { seconds, requests: counts.requests };
};

/** One script over one cold ssh connection. */
const floor: Tool = async (host, mode) => {
  if (mode !== "noop") return undefined;
  const options = ["-F", "none", "-i", host.key, "-o", `UserKnownHostsFile=${host.knownHosts}`, "-o", "ControlMaster=no", "-o", "BatchMode=yes"];
  const { seconds } = await timed("ssh", [...options, `root@${host.address}`, "sh"], readFileSync(new URL("floor.sh", import.meta.url), "utf8"));
  return { seconds };
};

export const TOOLS: Readonly<Record<string, Tool>> = { hawser, floor };
