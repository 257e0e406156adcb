import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { BenchLab } from "../lab.ts";
import type { Measured } from "../process.ts";
import type { Mode, WorkloadName } from "../workloads.ts";

/** A way to do a workload. */
export interface Tool {
  readonly version: string;
  /** @returns undefined for what it cannot do. */
  run(lab: BenchLab, workload: WorkloadName, mode: Mode): Promise<Measured | undefined>;
  /** Ends what a run has left behind on this side. */
  cleanUp?(lab: BenchLab): Promise<void>;
}

const PEERS = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "hawser/bench/peers/bin");

/** A peer's program: where bench/peers/install.sh puts it, else on PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [PEERS, ...(process.env["PATH"] ?? "").split(":")];
  return folders.map((folder) => path.join(folder, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What a program prints; undefined when it fails. */
export async function ask(program: string, ...argv: readonly string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(program, argv)).stdout.trim();
  } catch {
    return undefined;
  }
}
