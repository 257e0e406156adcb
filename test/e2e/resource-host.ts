import { spawnSync } from "node:child_process";
import { labExecArgv, labUp, type LabSpec } from "../../src/lab/index.ts";
import { factsProbe, parseFacts } from "../../src/resources/facts-probe.ts";
import type { Facts } from "../../src/resources/facts.ts";
import { render, type TestHost } from "../resources/harness.ts";

export const LAB = "e2e-system";

/** A subnet of its own, so that it stands beside any lab that is up. */
const SPEC: LabSpec = {
  name: LAB,
  hosts: [
    { name: "deb", address: "198.18.77.11", region: "la", image: "debian" },
    { name: "el", address: "198.18.77.12", region: "la", image: "el" },
  ],
};

/** A lab host on which kinds are applied for real. */
export interface ResourceHost extends TestHost {
  readonly facts: Facts;
  /** Runs shell text and returns its trimmed output, whatever its exit code. */
  say(script: string): string;
}

/** Brings the lab up and returns its Debian and its EL-like host. */
export async function resourceHosts(): Promise<{ deb: ResourceHost; el: ResourceHost }> {
  await labUp(SPEC);
  return { deb: await hostOf("deb"), el: await hostOf("el") };
}

async function hostOf(name: string): Promise<ResourceHost> {
  const [program = "", ...argv] = await labExecArgv(LAB, name, []);
  const run: TestHost["run"] = (script, { setE = false } = {}) => {
    // As the engine does it: evaluated in a subshell, with a clean environment and no input.
    const body = 'umask 077; cd /; ( eval "$1" ) </dev/null';
    const env = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root"];
    const done = spawnSync(program, [...argv, ...env, "sh", "-c", body, "sh", setE ? `set -e\n${script}` : script], { maxBuffer: 64 * 1024 * 1024, timeout: 300_000 });
    return { out: done.stdout.toString(), err: done.stderr.toString(), code: done.status ?? 255 };
  };
  const facts = parseFacts(run(render(factsProbe)));
  return { shell: "dash", root: "/tmp", run, facts, say: (script) => run(script).out.trim() };
}
