import { installPrerequisites, labDown, labSshArgs, labUp } from "../../src/lab/index.ts";
import type { RealHost } from "./recorder.ts";

const LAB = "fleet";

/** The one real host whose answers the fleet gives: a lab host. */
export interface Model {
  readonly real: RealHost;
  /** Settings under `ssh` by which hawser reaches it. */
  readonly ssh: Readonly<Record<string, unknown>>;
  down(): Promise<void>;
}

export async function modelHost(): Promise<Model> {
  await installPrerequisites();
  await labDown(LAB);
  const address = "198.18.68.11";
  const state = await labUp({ name: LAB, hosts: [{ name: "model", address, region: "one", image: "debian" }] }, { backend: "nspawn" });
  return {
    real: await labSshArgs(LAB, "model"),
    ssh: { user: "root", address, key: state.keyPath, known_hosts: state.knownHostsPath, host_key_checking: "strict", config: false, agent: false },
    down: () => labDown(LAB),
  };
}
