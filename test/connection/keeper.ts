import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sshConnector, type Target } from "../../src/connection/index.ts";
import type { Session } from "../../src/engine/session.ts";
import { until } from "./run.ts";

interface Scope {
  after(clean: () => void | Promise<void>): void;
}

export interface KeeperHome {
  /** Where the keeper has its socket. */
  readonly folder: string;
  /** The keepers of this home that run now. */
  pids(): number[];
  sockets(): string[];
}

/** A place of its own for the keepers that this process starts; they end, and the place goes, with the test. */
export function keeperHome(t: Scope): KeeperHome {
  const runtime = mkdtempSync(join(tmpdir(), "hawser-keeper-"));
  const before = process.env["XDG_RUNTIME_DIR"];
  process.env["XDG_RUNTIME_DIR"] = runtime;
  const folder = join(runtime, "hawser");
  const pids = (): number[] => readdirSync("/proc").filter((name) => /^\d+$/.test(name) && commandLine(name).includes(`${folder}/`)).map(Number);
  t.after(async () => {
    if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
    else process.env["XDG_RUNTIME_DIR"] = before;
    for (const pid of pids()) kill(pid, "SIGTERM");
    await until(() => pids().length === 0).catch(() => {
      for (const pid of pids()) kill(pid, "SIGKILL");
    });
    rmSync(runtime, { recursive: true, force: true });
  });
  return { folder, pids, sockets: () => readdirSync(folder).filter((name) => name.endsWith(".sock")) };
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** What one run does with a host: it has a connector of its own. */
export async function visit<T>(target: Target, work: (session: Session) => Promise<T>): Promise<T> {
  const connector = sshConnector();
  try {
    return await work(await connector.open(target));
  } finally {
    await connector.close();
  }
}
