import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { E2eLab } from "./engine-fixture.ts";

const HAWSER = fileURLToPath(new URL("../../bin/hawser.mjs", import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** Runs hawser as a user does. @param state The folder of the journals. @param killAfter Seconds after which it is killed. */
export async function hawser(state: string, args: readonly string[], { killAfter, cwd, env }: { readonly killAfter?: number | undefined; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<Ended> {
  const began = performance.now();
  const child = spawn(process.execPath, [HAWSER, ...args], { env: { ...process.env, HAWSER_RUNS: path.join(state, "runs"), NO_COLOR: "1", ...env }, stdio: ["ignore", "pipe", "pipe"], cwd });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter * 1000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { code, ...said, seconds: (performance.now() - began) / 1000 };
}

/** The lab's hosts as an inventory in a folder of its own. @returns the folder */
export async function writeInventory(lab: E2eLab): Promise<string> {
  const folder = path.join(lab.folder, "inventory");
  const ssh = (host: string) => ({ ssh: { user: "root", key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false, address: lab.address(host) } });
  await mkdir(folder);
  await writeFile(path.join(folder, "hosts.yml"), stringify({ lab: { hosts: Object.fromEntries(lab.hosts.map(({ name }) => [name, ssh(name)])) } }));
  return folder;
}
