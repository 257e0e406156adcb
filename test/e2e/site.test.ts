import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { labDown } from "../../src/lab/index.ts";
import { withoutArtifact } from "../artifacts/index.ts";
import { costsOf, hawser, kernelLab, playbookFile, regionsInventory, verifiedAtLast } from "./regions-fixture.ts";

/**
 * The whole system from nothing, on real kernels, with the servers of `npm run artifacts`. It has a command of its own: npm run test:site.
 */
const linux = process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0;
const skip = linux ? withoutArtifact("consul", "openbao", "seaweedfs", "envoy") : "hosts with kernels of their own need root on Linux on x86";
const LAB = "e2e-site";
const SITE = playbookFile("site");
/** Seconds for a look: Docker's commands may take that long on a lab host. */
const PATIENCE = "150";
const minutes = (count: number) => ({ timeout: count * 60_000 });

interface Drill {
  readonly event: "drill";
  readonly vipHoldersMax: number;
  readonly writes: readonly { readonly role: string; readonly acknowledged: number; readonly lost: number | null }[];
}

void describe("the whole site in two regions and a witness, on real kernels", { skip }, () => {
  const inventory = skip === false ? regionsInventory(LAB, [234, 235, 236]) : { path: "", drop: () => {} };

  before(async () => {
    await kernelLab();
    await labDown(LAB);
    // The parts of OpenBao's key are kept on this machine, encrypted for whoever may open it.
    const identity = path.join(inventory.path, "identity.txt");
    process.env["HAWSER_AGE_IDENTITY"] = identity;
    const { code, out, err } = await hawser(inventory.path, "secrets", "keygen", "-o", identity);
    assert.equal(code, 0, err);
    writeFileSync(path.join(inventory.path, "recipients.txt"), out);
  }, minutes(20));
  after(async () => {
    await labDown(LAB);
    inventory.drop();
  });

  void test("one command builds it from nothing", minutes(60), async () => {
    const { code, out, err } = await hawser(inventory.path, "run", SITE, "--probe-timeout", PATIENCE);
    assert.equal(code, 0, `${err}\n${out.slice(-6000)}`);
  });

  void test("a second run changes nothing, in at most three requests a host and play", minutes(10), async (t) => {
    const { code, out, err } = await hawser(inventory.path, "run", SITE, "--probe-timeout", PATIENCE, "--output", "json");
    assert.equal(code, 0, err);
    for (const [host, { changed, requests, plays }] of costsOf(out)) {
      t.diagnostic(`${host}: ${requests} requests for ${plays} plays`);
      assert.equal(changed, 0, `${host} changed`);
      assert.ok(requests <= 3 * plays, `${host}: ${requests} requests for ${plays} plays`);
    }
  });

  void test("verified: every limit is kept", minutes(20), async (t) => {
    const seen = await verifiedAtLast(inventory.path, SITE);
    assert.deepEqual(seen.assertions.filter(({ ok }) => !ok), []);
    t.diagnostic(`${seen.assertions.length} limits`);
  });

  void test("with the tunnel cut, nothing is lost that the databases, objects, Consul or a gRPC service acknowledged", minutes(15), async (t) => {
    const { out, err } = await hawser(inventory.path, "drill", "tunnel-cut", "-p", SITE, "--rate", "20", "--for", "20", "--return-after", "5", "--within", "240", "--report", path.join(inventory.path, "drill.html"), "--output", "json");
    const drill = JSON.parse(out.trim().split("\n").at(-1) || "{}") as Drill;
    assert.equal(drill.event, "drill", err || out.slice(-2000));
    t.diagnostic(JSON.stringify(drill));
    assert.equal(drill.vipHoldersMax, 1);
    assert.deepEqual(drill.writes.filter(({ acknowledged, lost }) => acknowledged === 0 || (lost ?? 0) > 0), []);
    assert.deepEqual([...new Set(drill.writes.map(({ role }) => role))].sort(), ["consul-vault", "echo", "minio", "postgres-pglogical"]);
  });
});
