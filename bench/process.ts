import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export interface Measured {
  /** Wall-clock, from the start of the process to its end. */
  readonly seconds: number;
  /** Of the process and all its children, user and system together. */
  readonly cpuSeconds: number;
  /** The most that one of its processes held, in MiB. */
  readonly rssMiB: number;
  /** Resources that it changed on all hosts, where the tool says so. */
  readonly changed?: number;
  /** The most that a host cost, as the recap counts; only hawser counts them. */
  readonly requests?: number;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What a program run by `timed` is given. */
export interface TimedOptions {
  /** Where GNU time may leave its note. */
  readonly folder: string;
  /** Default: the top of this repository. */
  readonly cwd?: string;
  readonly input?: string;
  readonly inputFile?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program under GNU time. @throws when it fails, with the end of what it printed */
export async function timed(argv: readonly string[], { folder, cwd = ROOT, input = "", inputFile, env = {} }: TimedOptions): Promise<Measured & { readonly stdout: string }> {
  const note = path.join(folder, "time");
  const began = performance.now();
  const command = inputFile === undefined ? argv : ["sh", "-c", 'f=$1; shift; exec "$@" <"$f"', "sh", inputFile, ...argv];
  const child = spawn("/usr/bin/time", ["-f", "%U %S %M", "-o", note, ...command], { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  // oxlint-disable-next-line promise/avoid-new
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const seconds = (performance.now() - began) / 1000;
  const stdout = Buffer.concat(out).toString();
  if (code !== 0) throw new Error(`${argv.join(" ")} exited ${code}:\n${stdout.slice(-2000)}\n${Buffer.concat(err).toString().slice(-2000)}`);
  const [user = 0, system = 0, kilobytes = 0] = (readFileSync(note, "utf8").trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  rmSync(note);
  return { seconds, cpuSeconds: user + system, rssMiB: kilobytes / 1024, stdout };
}
