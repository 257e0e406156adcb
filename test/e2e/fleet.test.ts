import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { hawser } from "../../bench/fleet/controller.ts";
import { Fleet } from "../../bench/fleet/fleet.ts";
import { type Model, modelHost } from "../../bench/fleet/model.ts";
import { skip } from "./engine-fixture.ts";

interface Recap {
  readonly hosts: Readonly<Record<string, { readonly ok: number; readonly changed: number; readonly failed: number; readonly unreachable: boolean; readonly requests: number }>>;
}

/** SIMULATED hosts: real ssh servers that answer as one real lab host did. Figures of bigger fleets are in docs/performance.md. */
void describe("a fleet of simulated hosts", { skip }, () => {
  const HOSTS = 60;
  let model: Model;
  let fleet: Fleet;
  before(async () => {
    model = await modelHost();
    const folder = mkdtempSync(path.join(tmpdir(), "hawser-model-"));
    writeFileSync(path.join(folder, "hosts.yml"), JSON.stringify({ all: { hosts: { model: { ssh: model.ssh } } } }));
    const { code, stdout } = await hawser(["run", "bench/w1.ts", "-i", folder]);
    rmSync(folder, { recursive: true });
    assert.equal(code, 0, stdout);
    fleet = await Fleet.start({ hosts: HOSTS, mute: 2, connectTimeout: 2, real: model.real });
  }, { timeout: 300_000 });
  after(async () => {
    await fleet?.stop();
    await model?.down();
  });

  void test("costs each host what it costs one, and those that do not answer hold nobody back", { timeout: 120_000 }, async () => {
    const { stdout, code } = await hawser(["run", "bench/w1.ts", "-i", fleet.inventory, "-o", "json"]);
    const recap = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Recap;
    const all = Object.entries(recap.hosts);
    const mute = all.filter(([, { unreachable }]) => unreachable).map(([host]) => host);
    assert.deepEqual(mute, ["mute1", "mute2"]);
    assert.notEqual(code, 0);
    const others = all.filter(([host]) => !mute.includes(host)).map(([, { ok, changed, failed, requests }]) => ({ ok, changed, failed, requests }));
    assert.equal(others.length, HOSTS);
    assert.deepEqual(new Set(others.map((counts) => JSON.stringify(counts))).size, 1);
    assert.deepEqual({ ...others[0], ok: 0 }, { ok: 0, changed: 0, failed: 0, requests: 2 });
    const counts = await fleet.counts();
    assert.equal(counts.opened, HOSTS, "one connection each");
  });

  void test("tells it on a screen's worth of lines", { timeout: 120_000 }, async () => {
    const { stdout } = await hawser(["run", "bench/w1.ts", "-i", fleet.inventory, "--limit", "all:!mute1:!mute2"]);
    assert.match(stdout, /60 hosts +✔ ok/);
    assert.ok(stdout.split("\n").length < 20, stdout);
  });
});
