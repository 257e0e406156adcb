import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { labDown, labExec } from "../../src/lab/index.ts";
import { withoutArtifact } from "../artifacts/index.ts";
import { VERSIONS } from "./consul-vault-fixture.ts";
import { Recorder, type Figures } from "./evidence.ts";
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

/** What `hawser drill --output json` says at its end. */
interface Drill {
  readonly event: "drill";
  readonly detectionSeconds: number | null;
  readonly switchSeconds: number | null;
  readonly requestsSent: number;
  readonly requestsLost: number;
  readonly vipHoldersMax: number;
  readonly writes: readonly { readonly role: string; readonly acknowledged: number; readonly lost: number | null }[];
}

const recorder = new Recorder({
  test: import.meta,
  roles: [],
  lab: LAB,
  servers: {
    "postgres-pglogical": { name: "PostgreSQL", on: "la-1", version: "/usr/lib/postgresql/15/bin/postgres --version" },
    "consul-vault": { name: "Consul and OpenBao", on: "la-1", version: VERSIONS },
    minio: { name: "SeaweedFS", on: "la-1", version: "/opt/hawser-objects/weed version" },
    envoy: { name: "Envoy", on: "la-1", version: "/opt/hawser-envoy/envoy --version" },
    echo: { name: "grpcio", on: "la-1", version: "dpkg-query -W -f '${Version}' python3-grpcio" },
    monitoring: { name: "Prometheus", on: "la-1", version: "prometheus --version 2>&1" },
  },
});

void describe("the whole site in two regions and a witness, on real kernels", { skip }, () => {
  const inventory = skip === false ? regionsInventory(LAB, [234, 235, 236]) : { path: "", drop: () => {} };

  before(async () => {
    await kernelLab();
    await labDown(LAB);
    // The parts of OpenBao's key are kept on this machine, encrypted for whoever may open it.
    const identity = await generateIdentity();
    const file = path.join(inventory.path, "identity.txt");
    writeFileSync(file, `${identity}\n`, { mode: 0o600 });
    writeFileSync(path.join(inventory.path, "recipients.txt"), `${await identityToRecipient(identity)}\n`);
    process.env["HAWSER_AGE_IDENTITY"] = file;
  }, minutes(20));
  after(async () => {
    await labDown(LAB);
    inventory.drop();
  });

  void test("one command builds it from nothing", minutes(60), async (t) => {
    const { code, out, err } = await hawser(inventory.path, "run", SITE, "--probe-timeout", PATIENCE);
    assert.equal(code, 0, `${err}\n${out.slice(-6000)}`);
    t.diagnostic(out.trim().split("\n").at(-1) ?? "");
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

  let drill: Drill | undefined;
  /** Seconds since the epoch. */
  let began = 0;
  void test("the tunnel is cut and comes back while all of them are written to, and the address has one holder", minutes(15), async (t) => {
    began = Math.floor(Date.now() / 1000);
    const { out, err } = await hawser(inventory.path, "drill", "tunnel-cut", "-p", SITE, "--rate", "20", "--for", "20", "--return-after", "5", "--within", "240", "--report", path.join(inventory.path, "drill.html"), "--output", "json");
    const said = JSON.parse(out.trim().split("\n").at(-1) || "{}") as Drill;
    assert.equal(said.event, "drill", err || out.slice(-2000));
    drill = said;
    t.diagnostic(JSON.stringify(drill));
    assert.equal(drill.vipHoldersMax, 1);
    assert.deepEqual([...new Set(drill.writes.map(({ role }) => role))].sort(), ["consul-vault", "echo", "minio", "postgres-pglogical"]);
  });

  /** What was acknowledged of a role's writes, or calls. */
  function kept(writer: string): Figures {
    assert.ok(drill, "the drill ended");
    const writes = drill.writes.filter(({ role }) => role === writer);
    const lost = writes.reduce((sum, each) => sum + (each.lost ?? 0), 0);
    assert.deepEqual(writes.filter((each) => each.acknowledged === 0), [], "each of them had some acknowledged");
    assert.equal(lost, 0);
    return { kind: "tunnel-cut", acknowledged: writes.reduce((sum, each) => sum + each.acknowledged, 0), lost, switchSeconds: drill.switchSeconds ?? "none" };
  }

  for (const [roles, writer, what] of [
    [["postgres-pglogical"], "postgres-pglogical", "rows that Postgres"],
    [["minio"], "minio", "objects that the object storage"],
    [["consul-vault"], "consul-vault", "keys that Consul"],
    [["envoy", "echo"], "echo", "calls that a gRPC service behind the mesh"],
  ] as const) void test(`none of the ${what} acknowledged is lost`, recorder.step("drill", async () => await Promise.resolve(kept(writer)), roles));

  void test("both regions' monitors told of it", minutes(2), recorder.step("drill", async () => {
    const figures: Record<string, number> = {};
    for (const [host, address] of [["la-1", "10.10.0.11"], ["sg-1", "10.20.0.11"]] as const) {
      const query = `count(max_over_time(ALERTS{alertname="BackupPathActive",alertstate="firing"}[${Math.ceil(Date.now() / 1000 - began)}s]))`;
      const { stdout } = await labExec(LAB, host, ["curl", "-fsS", "--max-time", "30", "-G", "--data-urlencode", `query=${query}`, `http://${address}:9090/api/v1/query`]);
      const { data } = JSON.parse(stdout) as { readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] } };
      figures[`alerts at ${host}`] = Number(data.result[0]?.value[1] ?? 0);
      assert.ok((figures[`alerts at ${host}`] ?? 0) > 0, `${host}: ${stdout}`);
    }
    return figures;
  }, ["monitoring"]));
});
