import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { stringify } from "yaml";
import { ended, start } from "../cli/hawser.ts";
import type { E2eLab } from "./engine-fixture.ts";

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** Runs hawser as a user does. @param state The folder of the journals. @param killAfter Seconds after which it is killed. */
export async function hawser(state: string, args: readonly string[], { killAfter, cwd = process.cwd(), env }: { readonly killAfter?: number | undefined; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<Ended> {
  const began = performance.now();
  const child = start(cwd, args, { HAWSER_RUNS: path.join(state, "runs"), ...env });
  child.stdin.end();
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter * 1000);
  const { code, out, err } = await ended(child);
  clearTimeout(timer);
  return { code, stdout: out, stderr: err, seconds: (performance.now() - began) / 1000 };
}

/** The lab's hosts as an inventory in a folder of its own. @returns the folder */
export async function writeInventory(lab: E2eLab): Promise<string> {
  const folder = path.join(lab.folder, "inventory");
  const ssh = (host: string) => ({ ssh: { user: "root", key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false, address: lab.address(host) } });
  await mkdir(folder);
  await writeFile(path.join(folder, "hosts.yml"), stringify({ lab: { hosts: Object.fromEntries(lab.hosts.map(({ name }) => [name, ssh(name)])) } }));
  return folder;
}
