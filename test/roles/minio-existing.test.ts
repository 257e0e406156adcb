import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { planOf, recorded, Secret, use, UsageError, z, type Kind, type PlannedResource } from "../../src/index.ts";
import { existing } from "../../roles/minio/backends/existing/backend.ts";
import { minioBucket } from "../../roles/minio/backends/existing/bucket.ts";
import { assertSite } from "../../roles/minio/backends/existing/health.ts";
import { unavailable } from "../e2e/role-proof.ts";
import { documentOf, meaningOf } from "../../roles/minio/backends/policy.ts";
import { siteReplication } from "../../roles/minio/backends/existing/replication.ts";
import { minioLeavers, minioUser } from "../../roles/minio/backends/existing/user.ts";
import { newPair } from "../../roles/minio/keys.ts";
import { parseState } from "../../roles/ca/record.ts";
import { ca } from "../../roles/ca/role.ts";
import { minio } from "../../roles/minio/role.ts";
import { schema } from "../../roles/minio/vars.ts";
import { added, ids, measuring, one, view } from "./harness.ts";

// No MinIO and no mc were to be had: what follows meets a stand-in of mc, mc-stand-in, and proves nothing about the real one.
await unavailable({ test: import.meta, roles: ["minio"], backend: "minio-existing" }, "no MinIO was to be had: its tests meet a stand-in of mc");
const STAND_IN = fileURLToPath(new URL("mc-stand-in", import.meta.url));
const context = { facts: recorded("debian-12") };
const SITES = ["la", "sg"].map((alias) => ({ alias, endpoint: `https://${alias}.example:9000` }));

interface StandIn {
  readonly sites: Record<string, { access: string; secret: string; data: string; down?: boolean }>;
  readonly data: Record<string, { buckets: Record<string, object>; users: Record<string, { secret: string; policies: string[] }>; policies: Record<string, unknown>; sites: string[] }>;
  readonly commands: string[];
}

void describe("MinIO sites that are there already, with a stand-in of mc", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-mc-"));
  const file = path.join(folder, "state.json");
  after(() => rmSync(folder, { recursive: true, force: true }));
  const state = (): StandIn => JSON.parse(readFileSync(file, "utf8")) as StandIn;
  const change = (by: (now: StandIn) => void): void => {
    const now = state();
    by(now);
    writeFileSync(file, JSON.stringify(now));
  };

  beforeEach(() => {
    const empty = () => ({ buckets: {}, users: {}, policies: {}, sites: [] as string[] });
    const fresh: StandIn = { sites: {}, data: {}, commands: [] };
    for (const { alias, endpoint } of SITES) {
      fresh.sites[endpoint] = { access: "admin", secret: `secret-${alias}`, data: alias };
      fresh.data[alias] = { ...empty(), sites: [endpoint] };
    }
    writeFileSync(file, JSON.stringify(fresh));
    writeFileSync(path.join(folder, "mc.env"), SITES.map(({ alias, endpoint }) => `export MC_HOST_${alias}='${endpoint.replace("://", `://admin:secret-${alias}@`)}'\n`).join(""));
    rmSync(path.join(folder, "mc.users"), { force: true });
    chmodSync(STAND_IN, 0o755);
  });

  /** As the host's shell would run it, with the role's folder and program moved aside. */
  function shell(text: string): { out: string; err: string; code: number } {
    const moved = text.replaceAll("/opt/hawser-objects/mc", STAND_IN).replaceAll("/etc/hawser-objects", folder);
    const { stdout, stderr, status } = spawnSync("sh", ["-e"], { input: moved, encoding: "utf8", env: { ...process.env, MC_STATE: file } });
    return { out: stdout, err: stderr, code: status ?? 1 };
  }

  /** Looks, applies, and looks again: then nothing is left to do. @returns what it said that it would do */
  function converge<S extends z.ZodType>(kind: Kind<S>, args: z.output<S>): string | undefined {
    const look = () => kind.plan(args, shell(kind.probe(args, context).render()), context);
    const planned = look();
    if (planned === undefined) return undefined;
    const ran = shell(planned.apply?.render() ?? "");
    assert.equal(ran.code, 0, ran.err + ran.out);
    assert.equal(look(), undefined, `${planned.summary} did not converge`);
    return planned.summary;
  }

  void test("empty sites, or sites of which one holds data, are made to replicate; the one with data comes first", () => {
    change(({ data }) => (data["sg"] as StandIn["data"][string]).buckets["photos"] = {});
    assert.equal(converge(siteReplication, { sites: SITES }), "add la, sg");
    assert.deepEqual(state().sites["https://la.example:9000"]?.data, "sg");
    assert.match(state().commands.find((each) => each.includes("replicate add")) ?? "", /--replicate-ilm-expiry sg la$/);
    assert.equal(converge(siteReplication, { sites: SITES }), undefined);
  });

  void test("two sites that both hold data are refused before anything is done", () => {
    change(({ data }) => Object.values(data).forEach((each, i) => (each.buckets[`b${i}`] = {})));
    assert.throws(() => converge(siteReplication, { sites: SITES }), /la and sg hold data, and MinIO takes sites of which one holds any/);
    assert.ok(!state().commands.some((each) => each.includes("replicate add")));
  });

  void test("a third site joins those that replicate, and is refused while it holds data", () => {
    converge(siteReplication, { sites: SITES });
    const third = { alias: "eu", endpoint: "https://eu.example:9000" };
    change((now) => {
      now.sites[third.endpoint] = { access: "admin", secret: "secret-eu", data: "eu" };
      now.data["eu"] = { buckets: { theirs: {} }, users: {}, policies: {}, sites: [third.endpoint] };
    });
    writeFileSync(path.join(folder, "mc.env"), `${readFileSync(path.join(folder, "mc.env"), "utf8")}export MC_HOST_eu='https://admin:secret-eu@eu.example:9000'\n`);
    assert.throws(() => converge(siteReplication, { sites: [...SITES, third] }), /eu holds data/);
    change(({ data }) => delete (data["eu"] as StandIn["data"][string]).buckets["theirs"]);
    assert.equal(converge(siteReplication, { sites: [...SITES, third] }), "add eu");
    assert.match(state().commands.findLast((each) => each.includes("replicate add")) ?? "", /la sg eu$/);
  });

  void test("a site that does not answer, or takes the keys for wrong ones, is said", () => {
    change(({ sites }) => ((sites["https://sg.example:9000"] as { down?: boolean }).down = true));
    assert.throws(() => converge(siteReplication, { sites: SITES }), /the MinIO of sg does not say with whom it replicates: .*connection refused/);
  });

  void test("buckets get their quota and their expiry, and lose them", () => {
    const bucket = { name: "photos", quota_mb: 512, expire_days: 30 };
    assert.equal(converge(minioBucket, { alias: "la", bucket }), "create, quota, expiry");
    assert.deepEqual(state().data["la"]?.buckets["photos"], { quota: 536_870_912, rules: { Rules: [{ ID: "hawser", Status: "Enabled", Expiration: { Days: 30 } }] } });
    assert.equal(converge(minioBucket, { alias: "la", bucket }), undefined);
    assert.equal(converge(minioBucket, { alias: "la", bucket: { name: "photos" } }), "quota, expiry");
    assert.deepEqual(state().data["la"]?.buckets["photos"], {});
    assert.equal(converge(minioBucket, { alias: "la", bucket: { name: "app.logs" } }), "create");
  });

  void test("users get their key by standard input, their policy, and no other", () => {
    const pair = newPair();
    const user = { name: "app", admin: false, buckets: { photos: "read-write" as const } };
    assert.equal(converge(minioUser, { alias: "la", user, pair }), "create, policy, allow hawser-app");
    assert.deepEqual(state().data["la"]?.users[pair.access], { policies: ["hawser-app"], secret: pair.secret.reveal() });
    assert.equal(converge(minioUser, { alias: "la", user, pair }), undefined);
    change(({ data }) => data["la"]?.users[pair.access]?.policies.push("readwrite"));
    assert.equal(converge(minioUser, { alias: "la", user, pair }), "take readwrite");
    assert.equal(converge(minioUser, { alias: "la", user: { ...user, buckets: { photos: "read" } }, pair }), "policy");
    assert.equal(converge(minioUser, { alias: "la", user, pair: { ...pair, secret: newPair().secret } }), "another secret key, policy");
    assert.equal(converge(minioUser, { alias: "la", user: { ...user, admin: true }, pair: { ...pair, secret: newPair().secret } }), "another secret key, allow consoleAdmin, take hawser-app");
    assert.ok(!state().commands.some((each) => each.includes(pair.secret.reveal())), "no key in a command line");
  });

  void test("users that left are deleted, those of the operator stay", () => {
    const pair = newPair();
    change(({ data }) => Object.assign((data["la"] as StandIn["data"][string]).users, { [pair.access]: { secret: "", policies: ["hawser-app"] }, EVE: { secret: "", policies: ["hawser-eve"] }, HAND: { secret: "", policies: ["readonly"] } }));
    assert.equal(converge(minioLeavers, { alias: "la", users: ["app"], keys: { app: pair } }), "delete EVE");
    assert.deepEqual(Object.keys(state().data["la"]?.users ?? {}), [pair.access, "HAND"]);
  });
});

void test("a policy means the same whatever order its parts stand in", () => {
  const document = documentOf({ name: "app", admin: false, buckets: { photos: "read" } });
  const turned = { Statement: [...(document?.Statement ?? [])].toReversed().map((each) => ({ ...each, Action: [...each.Action].toReversed() })) };
  assert.equal(meaningOf(document), meaningOf(turned));
  assert.notEqual(meaningOf(document), meaningOf(documentOf({ name: "app", admin: false, buckets: { photos: "read-write" } })));
});

const ARTIFACT = { url: "https://releases.example/mc", sha256: "a".repeat(64) };
const own = (n: number, changes: object = {}) => ({ backend: "minio-existing", artifact: ARTIFACT, address: `10.${n}.0.11`, existing: { endpoint: `https://minio-${n}.example:9000`, access_key: "ADMIN", secret_key: new Secret(`admin-secret-${n}`) }, ...changes });
const ABSENT = { out: "absent\n", code: 0 };
const authority = use({ ...ca, facts: () => ({}), tasks: () => undefined }, { host: "la-1" });
const plan = (vars: object = {}): PlannedResource[] =>
  planOf(use({ ...minio, dependsOn: [authority] }, own(1, vars) as never), recorded("debian-12"), { host: "la-1", peers: { "sg-1": own(2) }, roleFacts: { data: "no", firewall: "nft", keys: [], tls: parseState("") }, seen: { "minio/file:/etc/hawser-objects/canary.conf": ABSENT, "minio/file:/etc/hawser-objects/mc.env": ABSENT } });

void test("nothing is served: no certificate, no port, no server; mc has the keys in a file of root's, and no plan shows them", () => {
  const resources = plan();
  for (const part of ["certificate:", "firewall-rule:", "service:hawser-objects.service"]) assert.ok(!ids(resources).some((id) => id.startsWith(part)), part);
  assert.ok(ids(resources).includes("download:/opt/hawser-objects/mc"));
  assert.equal(one(resources, "/etc/hawser-objects/mc.env").summary, "create");
  assert.doesNotMatch(JSON.stringify(resources.map(({ diff, summary, probe }) => ({ diff, summary, probe }))), /admin-secret/);
});

void test("the health check goes to the endpoints", () => {
  const conf = added(one(plan(), "canary.conf"));
  assert.match(conf, /OWN='https:\/\/minio-1\.example:9000'\nSITES='sg-1=https:\/\/minio-2\.example:9000'/);
  assert.match(conf, /TRUSTED='\/etc\/hawser-objects\/trusted\.pem'/);
});

const refusal = (vars: object, peer: object = {}) => () => {
  const sites = [own(1, vars), own(2, peer)].map((each, i) => ({ host: view(`h-${i}`, "", { lines: ["minio.backend", "minio.existing.endpoint", "minio.users"] }), vars: schema.parse(each) }));
  existing.refuse(sites[0] as never, sites.slice(1));
};
for (const [what, vars, peer, message, line] of [
  ["no endpoint", { existing: undefined }, {}, /says no endpoint/, 1],
  ["one endpoint twice", {}, { existing: own(1).existing }, /both have the MinIO at/, 2],
  ["a secret key that MinIO does not take", { users: [{ name: "app", access_key: "APP", secret_key: new Secret("x".repeat(41)) }] }, {}, /longer than the 40 characters/, 3],
  ["an access key that MinIO does not take", { users: [{ name: "app", access_key: "A".repeat(21), secret_key: new Secret("x".repeat(40)) }] }, {}, /longer than the 20 characters/, 3],
] as const) {
  void test(`${what} is refused at the inventory's line`, () => {
    assert.throws(refusal(vars, peer), (error: UsageError) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.equal(error.source?.line, line);
      return true;
    });
  });
}

const sites = [1, 2].map((n) => ({ host: view(`h-${n}`, ""), vars: schema.parse(own(n)) }));
const measure = measuring((v) => assertSite(v, sites[0] as never, sites));
const both = { enabled: true, sites: [1, 2].map((n) => ({ endpoint: `https://minio-${n}.example:9000`, name: `h_${n}` })) };
const even = { Enabled: true, MaxBuckets: 2, BucketStats: {}, PolicyStats: null };
for (const [name, healthy, value, broken, wrong] of [
  ["servers that are not online", { status: "success", info: { servers: [{ state: "online" }] } }, 0, { status: "success", info: { servers: [{ state: "online" }, { state: "offline" }] } }, 1],
  ["sites that it does not replicate with", both, 0, { enabled: false }, 2],
  ["that differ between sites", even, 0, { ...even, BucketStats: { photos: {} } }, 1],
  ["that differ between sites", even, 0, { Enabled: false }, undefined],
] as const) {
  void test(`verify sees ${name}: ${String(wrong)}`, () => assert.deepEqual([measure(name, JSON.stringify(healthy)), measure(name, JSON.stringify(broken))], [value, wrong]));
}
