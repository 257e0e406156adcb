import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { closeKept } from "../src/connection/keeper/control.ts";
import { installPrerequisites, labDown, labExec, labUp } from "../src/lab/index.ts";

/** Lab hosts at a distance, and how each tool reaches them. */
export interface BenchLab {
  readonly rttMs: number;
  readonly addresses: readonly string[];
  readonly key: string;
  readonly knownHosts: string;
  /** For what the tools need on this side: inventories, sockets, logs. */
  readonly folder: string;
  /** Runs shell text on every host as root, without ssh. */
  onAll(script: string): Promise<void>;
  down(): Promise<void>;
}

/** How many hosts work at once where it is not measured. */
const AT_ONCE = 2;

/** @param rttMs Round-trip time between controller and hosts, in milliseconds. */
export async function benchLab(rttMs: number, hosts: number): Promise<BenchLab> {
  await installPrerequisites();
  const name = `bench-${rttMs}`;
  const all = Array.from({ length: hosts }, (_, i) => ({ name: `bench${i + 1}`, address: `198.18.${80 + (rttMs % 100)}.${11 + i}`, region: "one", image: "debian" as const }));
  await labDown(name);
  const state = await labUp({ name, rttMs, hosts: all }, { backend: "nspawn" });
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-bench-"));
  const ssh = { user: "root", key: state.keyPath, known_hosts: state.knownHostsPath, host_key_checking: "strict", config: false, agent: false };
  writeFileSync(path.join(folder, "hosts.yml"), JSON.stringify({ all: { hosts: Object.fromEntries(all.map((host) => [host.name, { ssh: { ...ssh, address: host.address } }])) } }));
  const run = async (host: string, script: string): Promise<void> => {
    const { code, stderr } = await labExec(name, host, ["sh", "-c", script]);
    if (code !== 0) throw new Error(`on ${host}: exited ${code}: ${stderr.trim()}`);
  };
  return {
    rttMs,
    addresses: all.map(({ address }) => address),
    key: state.keyPath,
    knownHosts: state.knownHostsPath,
    folder,
    onAll: async (script) => {
      const left = all.map((host) => host.name);
      const work = async (): Promise<void> => {
        for (let host = left.shift(); host !== undefined; host = left.shift()) await run(host, script);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    },
    down: async () => {
      await closeKept(all.map((host) => host.name));
      await labDown(name);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
