import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const USAGE = fileURLToPath(new URL("usage.mjs", import.meta.url));

export interface Usage {
  readonly wallSeconds: number;
  /** User and system time of the hawser process alone. */
  readonly cpuSeconds: number;
  /** The most memory that it held at once, MiB (resident). */
  readonly maxMiB: number;
  readonly code: number | null;
  readonly stdout: string;
}

/** Runs hawser as a user does: a new process, its output piped. */
export async function hawser(argv: readonly string[]): Promise<Usage> {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-usage-"));
  const file = path.join(folder, "usage.json");
  const began = performance.now();
  const child = spawn(process.execPath, ["--import", USAGE, "bin/hawser.mjs", ...argv], { cwd: ROOT, env: { ...process.env, HAWSER_BENCH_USAGE: file }, stdio: ["ignore", "pipe", "inherit"] });
  const out: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  try {
    const [code] = (await once(child, "close")) as [number | null];
    const wallSeconds = (performance.now() - began) / 1000;
    const used = JSON.parse(readFileSync(file, "utf8")) as { readonly cpuSeconds: number; readonly maxMiB: number };
    return { wallSeconds, ...used, code, stdout: Buffer.concat(out).toString() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
