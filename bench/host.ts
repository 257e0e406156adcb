import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { installPrerequisites, labDown, labExec, labUp } from "../src/lab/index.ts";

/** A lab host at a distance, and the inventory by which hawser reaches it. */
export interface BenchHost {
  readonly address: string;
  readonly key: string;
  readonly knownHosts: string;
  readonly inventory: string;
  /** Brings it back to where W1 was never applied. */
  reset(): Promise<void>;
  down(): Promise<void>;
}

/** @param rttMs Round-trip time between controller and host, in milliseconds. */
export async function benchHost(rttMs: number): Promise<BenchHost> {
  await installPrerequisites();
  const name = `bench-${rttMs}`;
  const address = `198.18.${80 + (rttMs % 100)}.11`;
  await labDown(name);
  const state = await labUp({ name, rttMs, hosts: [{ name: "bench", address, region: "one", image: "debian" }] }, { backend: "nspawn" });
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-bench-"));
  const ssh = { user: "root", address, key: state.keyPath, known_hosts: state.knownHostsPath, host_key_checking: "strict", config: false, agent: false };
  writeFileSync(path.join(folder, "hosts.yml"), JSON.stringify({ all: { hosts: { bench: { ssh } } } }));
  const reset = readFileSync(new URL("reset.sh", import.meta.url), "utf8");
  return {
    address,
    key: state.keyPath,
    knownHosts: state.knownHostsPath,
    inventory: folder,
    reset: async () => void (await labExec(name, "bench", ["sh", "-c", reset])),
    down: async () => {
      await labDown(name);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
