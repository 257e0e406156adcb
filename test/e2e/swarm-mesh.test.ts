import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { labDown, labExec, labUp, type LabState } from "../../src/lab/index.ts";
import { Recorder } from "./evidence.ts";
import { kernelLab } from "./regions-fixture.ts";
import { ALL, book, changed, inventoryOf, load, met, migrating, ran, SERVICE, tasksOf, type Host } from "./swarm-fixture.ts";

/**
 * The routing mesh, which needs IPVS, on hosts with kernels of their own, and a client whose requests go through it while nodes are
 * drained, rebooted and updated. It takes long on few processors, so it has a command of its own: npm run test:swarm.
 */
const linux = process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0;
const skip = linux ? false : "hosts with kernels of their own need root on Linux on x86";
const LAB = "e2e-swarm";
const ADDRESSES: Readonly<Record<string, string>> = { la1: "198.18.131.11", sg1: "198.18.132.11", w1: "198.18.133.11" };
const REGIONS: Readonly<Record<string, string>> = { la1: "la", sg1: "sg", w1: "witness" };
const recorder = new Recorder({ test: import.meta, roles: ["swarm"], lab: LAB, servers: { swarm: { name: "Docker Engine", on: "la1", version: "docker version --format '{{.Server.Version}}'" } } });
const minutes = (count: number) => ({ timeout: count * 60_000 });
const address = (host: string): string => ADDRESSES[host] ?? "";

/** Runs shell text on a host as root. @throws when it fails */
async function on(host: Host, script: string): Promise<string> {
  const { code, stdout, stderr } = await labExec(LAB, host, ["sh", "-c", script]);
  if (code !== 0) throw new Error(`on ${host}: ${script.slice(0, 200)}\nexited ${code}: ${stderr.trim()}`);
  return stdout.trim();
}

/** By the mesh of a host that runs no task. */
const CLIENT = load("  request '' 198.18.133.11");

void describe("the routing mesh under load", { skip }, () => {
  let state: LabState | undefined;
  let folder = "";
  before(async () => {
    await kernelLab();
    await labDown(LAB);
    folder = await mkdtemp(path.join(tmpdir(), "hawser-swarm-"));
    state = await labUp({ name: LAB, rttMs: 84, hosts: ALL.map((name) => ({ name, address: address(name), region: REGIONS[name] ?? "", image: "debian" as const })) }, { backend: "uml" });
  }, minutes(20));
  after(async () => {
    await labDown(LAB);
    if (folder !== "") await rm(folder, { recursive: true, force: true });
  });
  const inventory = (image: string) => inventoryOf({ folder, key: state?.keyPath ?? "", knownHosts: state?.knownHostsPath ?? "", address }, ALL, { ha: true, services: { web: { ...SERVICE, image, ports: [{ target: 8080, published: 8080 }] } } });

  /** What a client met while something was done. */
  async function under(what: () => Promise<unknown>): Promise<{ readonly good: number; readonly bad: number; readonly said: string }> {
    await on("w1", CLIENT);
    const began = performance.now();
    await what();
    const { answered, lost } = await met((script) => on("w1", script));
    return { good: answered, bad: lost, said: `${answered} requests answered, ${lost} lost, in ${((performance.now() - began) / 1000).toFixed(0)} s` };
  }

  void test("from nothing", minutes(25), async (t) => {
    const said = await ran(book, await inventory("web:1"));
    t.diagnostic(`three engines, a cluster and a service from nothing in ${said.seconds.toFixed(0)} s`);
    assert.deepEqual(changed(await ran(book, await inventory("web:1"))), []);
    assert.equal((await tasksOf(on, "web")).length, 2);
  });

  // What was measured of all three is the role's drill.
  const figures: Record<string, number> = {};
  for (const [what, name, act, least] of [
    ["a drain", "drained", async () => await ran(migrating("true"), await inventory("web:1"), "sg1"), 20],
    ["a hot migration with a reboot", "rebooted", async () => await ran(migrating("reboot"), await inventory("web:1"), "sg1"), 20],
    ["a rolling update", "updated", async () => await ran(book, await inventory("web:2")), 1],
  ] as const) {
    void test(`${what} loses no request`, minutes(10), async (t) => {
      const { good, bad, said } = await under(act);
      t.diagnostic(said);
      assert.ok(good >= least, said);
      assert.equal(bad, 0, said);
      figures[`answered while ${name}`] = good;
    });
  }

  void test("what the client met is written down", recorder.step("drill", async () => {
    assert.equal(Object.keys(figures).length, 3, "all three went well");
    return await Promise.resolve({ ...figures, lost: 0 });
  }));
});
