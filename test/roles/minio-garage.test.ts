import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Secret, planOf, recorded, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { garageBucket } from "../../roles/minio/backends/garage/bucket.ts";
import { garageLayout, garageNodes } from "../../roles/minio/backends/garage/cluster.ts";
import { assertCluster } from "../../roles/minio/backends/garage/health.ts";
import { garageKey, garageLeavers } from "../../roles/minio/backends/garage/key.ts";
import { changesOf, foreignTo, layoutSchema, type Node } from "../../roles/minio/backends/garage/layout.ts";
import { rightsOn } from "../../roles/minio/backends/garage/rights.ts";
import { adminCurl, adminToken, rpcSecret } from "../../roles/minio/backends/garage/secrets.ts";
import { refuse, weaknesses } from "../../roles/minio/backends/garage/zones.ts";
import { newPair } from "../../roles/minio/keys.ts";
import { parseState } from "../../roles/ca/record.ts";
import { ca } from "../../roles/ca/role.ts";
import { minio } from "../../roles/minio/role.ts";
import { schema, usersOf } from "../../roles/minio/vars.ts";
import { added, ids, measuring, one, view } from "./harness.ts";

const ARTIFACT = { url: "https://releases.example/garage", sha256: "a".repeat(64) };
const site = (n: number, changes: object = {}, garage: object = {}) => ({ backend: "garage", artifact: ARTIFACT, address: `10.${n}.0.11`, garage: { zone: `zone-${n}`, ...garage }, ...changes });
const VARS = { buckets: [{ name: "photos", expire_days: 30, quota_mb: 512 }, { name: "app.logs" }], users: [{ name: "app", buckets: { photos: "read-write", "app.logs": "read" } }, { name: "boss", admin: true }] };
const PEERS = { "sg-1": site(2, VARS), "eu-1": site(3, VARS) };
const ABSENT = { out: "absent\n", code: 0 };
const UNITS = ["hawser-objects", "hawser-objects-tls", "hawser-objects-canary"].map((unit) => `/etc/systemd/system/${unit}.service`);
const FILES = ["garage.toml", "tls.cfg", "canary.conf"].map((name) => `/etc/hawser-objects/${name}`);
const seen = { ...Object.fromEntries([...UNITS, ...FILES].map((file) => [`minio/file:${file}`, ABSENT])), ...Object.fromEntries(["objects", "objects-sites"].map((rule) => [`minio/firewall-rule:${rule}`, { out: "nft\n", code: 0 }])) };

/** The CA's vars alone; what it does is its own tests'. */
const authority = use({ ...ca, facts: () => ({}), tasks: () => undefined }, { host: "la-1" });

interface Changes {
  readonly own?: object;
  readonly host?: string;
  readonly peers?: Record<string, unknown>;
  readonly data?: string;
  readonly onWarning?: (message: string) => void;
}
const plan = (system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { own = VARS, host = "la-1", peers = PEERS, data = "no", onWarning = () => undefined }: Changes = {}): PlannedResource[] =>
  planOf(use({ ...minio, dependsOn: [authority] }, site(1, own) as never), recorded(system), { host, peers, roleFacts: { data, firewall: "nft", keys: [], tls: parseState("") }, seen, onWarning });

void test("RPC is on the host's own address, and open to the other hosts alone; S3 and the admin API of Garage are on the loopback address", () => {
  const resources = plan("debian-12", { own: { ...VARS, clients: ["10.1.0.0/24"] } });
  const conf = added(one(resources, "garage.toml"));
  for (const line of ['rpc_bind_addr = "10.1.0.11:3901"', 'rpc_public_addr = "10.1.0.11:3901"', "[s3_api]", 'api_bind_addr = "127.0.0.1:3900"', 'api_bind_addr = "127.0.0.1:3903"', "replication_factor = 3", 'consistency_mode = "consistent"']) assert.ok(conf.includes(line), line);
  const rule = (name: string): string => one(resources, `firewall-rule:${name}`).apply ?? "";
  for (const text of ["3901", "10.2.0.11", "10.3.0.11"]) assert.ok(rule("objects-sites").includes(text), text);
  assert.ok(!rule("objects-sites").includes("10.1.0.0/24"));
  for (const text of ["8333", "10.2.0.11", "10.1.0.0/24"]) assert.ok(rule("objects").includes(text), text);
});

void test("clients meet TLS with the certificate of the role ca, by a unit and a configuration that are not the system's", () => {
  const resources = plan("debian-12");
  const conf = added(one(resources, "/etc/hawser-objects/tls.cfg"));
  assert.match(conf, /bind 10\.1\.0\.11:8333 ssl crt \/etc\/hawser-tls\/objects\/joined\.pem ssl-min-ver TLSv1\.2\n server garage 127\.0\.0\.1:3900/);
  assert.match(added(one(resources, "hawser-objects-tls.service")), /User=garage[^]*haproxy -Ws -f \/etc\/hawser-objects\/tls\.cfg/);
  assert.ok(!ids(resources).some((id) => id.includes("haproxy.cfg") || id === "service:haproxy.service"));
});

void test("on EL, HAProxy is let to its ports by SELinux", () => {
  const allows = (system: "debian-12" | "el-9"): boolean => ids(plan(system)).includes("task:SELinux lets HAProxy connect");
  assert.deepEqual([allows("el-9"), allows("debian-12")], [true, false]);
});

void test("a program by itself is put there, an archive is unpacked", () => {
  assert.ok(ids(plan("debian-12")).includes("download:/opt/hawser-objects/garage"));
  assert.ok(ids(plan("debian-12", { own: { ...VARS, artifact: { ...ARTIFACT, url: "https://releases.example/garage.tar.gz" } } })).includes("archive:/opt/hawser-objects:garage"));
});

void test("the secrets of the cluster are made with the keys, kept with them, and each another one", () => {
  const keys = { "hawser-rpc": newPair(), "hawser-admin": newPair() };
  const [rpc, token, curl] = [rpcSecret(keys), adminToken(keys), adminCurl(keys)];
  assert.match(rpc.reveal(), /^[0-9a-f]{64}\n$/);
  assert.notEqual(rpc.reveal(), token.reveal());
  assert.equal(curl.reveal(), `header = "Authorization: Bearer ${token.reveal().trim()}"\n`);
  assert.throws(() => rpcSecret({}), /no keys of hawser-rpc/);
  const made = one(plan("debian-12"), "task:keys").summary ?? "";
  for (const name of ["hawser-canary", "hawser-rpc", "hawser-admin", "app", "boss"]) assert.ok(made.includes(name), name);
});

void test("no secret stands in what is planned", () => {
  const given = "0123456789abcdef0123";
  const own = { ...VARS, users: [{ name: "app", access_key: "GKAPPAPP", secret_key: new Secret(given) }] };
  const peers = { "sg-1": site(2, own), "eu-1": site(3, own) };
  assert.ok(!JSON.stringify(plan("debian-12", { own, peers })).includes(given));
});

const admin = { admin_port: 3903, fresh: false };
const pair = newPair();
const key = { ...admin, user: "app", pair, admin: false };
const digest = createHash("sha256").update(pair.secret.reveal()).digest("hex");
const said = (out: string) => ({ out, err: "", code: 0 });
const context = { facts: recorded("debian-12") };

void test("a user's key is imported by standard input; one that fits is left, and another secret for it is refused", () => {
  const change = garageKey.plan(key, said("absent\n"), context);
  assert.equal(change?.summary, "import");
  const text = change.apply?.render() ?? "";
  for (const line of text.split("\n").filter((each) => each.includes(pair.secret.reveal()))) assert.match(line, /^printf '%s' /, "the shell's own printf alone has it");
  assert.equal(garageKey.plan(key, said(`name hawser/app\nmakes false\nsecret ${digest}\n`), context), undefined);
  assert.equal(garageKey.plan(key, said(`name hawser/app\nmakes true\nsecret ${digest}\n`), context)?.summary, "may make no buckets");
  assert.throws(() => garageKey.plan(key, said(`name hawser/app\nmakes false\nsecret ${"0".repeat(64)}\n`), context), /another secret key in Garage/);
});

void test("keys of users that left are deleted, those that an operator made by hand stay", () => {
  const list = JSON.stringify([{ id: pair.access, name: "hawser/app" }, { id: "GKold", name: "hawser/eve" }, { id: "GKhand", name: "by hand" }]);
  const change = garageLeavers.plan({ ...admin, keys: { app: pair }, users: ["app"] }, said(list), context);
  assert.equal(change?.summary, "delete the key of eve");
  assert.match(change.apply?.render() ?? "", /DeleteKey\?id=GKold/);
  assert.doesNotMatch(change.apply?.render() ?? "", /GKhand/);
});

const bucketInfo = (changes: object = {}): string => JSON.stringify({ id: "b1", quotas: { maxSize: 536_870_912, maxObjects: null }, lifecycleRules: [{ ID: "hawser", Status: "Enabled", Expiration: { Days: 30 } }], keys: [{ accessKeyId: pair.access, permissions: { read: true, write: true } }], ...changes });
const bucket = { ...admin, bucket: { name: "photos", expire_days: 30, quota_mb: 512 }, users: [{ name: "app", admin: false, buckets: { photos: "read-write" as const } }], keys: { app: pair } };

void test("a bucket gets its quota, its expiry, and the rights that the vars give, and no others", () => {
  const apply = garageBucket.plan(bucket, said("\n"), context)?.apply?.render() ?? "";
  for (const text of ["CreateBucket", '"globalAlias":"photos"', '"maxSize":536870912', '"Expiration":{"Days":30}', "AllowBucketKey", '"read":true,"write":true,"owner":false']) assert.ok(apply.includes(text), text);
  assert.equal(garageBucket.plan(bucket, said(bucketInfo()), context), undefined);
  assert.equal(garageBucket.plan(bucket, said(bucketInfo({ lifecycleRules: [{ Expiration: { Days: 30 }, Status: "Enabled", ID: "hawser" }] })), context), undefined);
  for (const [changes, summary] of [
    [{ quotas: { maxSize: null, maxObjects: null } }, "quota"],
    [{ quotas: { maxSize: 536_870_912, maxObjects: 9 } }, "quota"],
    [{ lifecycleRules: null }, "expiry"],
    [{ lifecycleRules: [{ ID: "hawser", Status: "Disabled", Expiration: { Days: 30 } }] }, "expiry"],
    [{ keys: [] }, "allow app"],
    [{ keys: [{ accessKeyId: pair.access, permissions: { read: true, write: true, owner: true } }] }, "deny app"],
    [{ keys: [{ accessKeyId: pair.access, permissions: { read: true, write: true } }, { accessKeyId: "GKeve", permissions: { read: true } }] }, "deny GKeve"],
  ] as const) assert.equal(garageBucket.plan(bucket, said(bucketInfo(changes)), context)?.summary, summary);
});

void test("what a bucket's probe prints is the same however many objects there are", () => {
  const probe = garageBucket.probe(bucket, context).render();
  assert.match(probe, /grep -Ev '\^ {2}"\(objects\|bytes\|unfinished\[A-Za-z\]\*\)":'/);
});

void test("rights are as the vars say: admin owns, and may make buckets", () => {
  assert.deepEqual(rightsOn({ name: "a", admin: false, buckets: { b: "read" } }, "b"), { read: true, write: false, owner: false });
  assert.deepEqual(rightsOn({ name: "a", admin: false, buckets: { b: "read" } }, "c"), { read: false, write: false, owner: false });
  assert.deepEqual(rightsOn({ name: "a", admin: true, buckets: {} }, "c"), { read: true, write: true, owner: true });
});

const GB = 1_000_000_000;
const nodes: readonly Node[] = ["la-1", "sg-1"].map((host, i) => ({ id: `id-${host}`, host, address: `10.${i + 1}.0.11`, zone: host.slice(0, 2), capacity: 100 * GB }));
const roleOf = ({ id, host, zone, capacity }: Node) => ({ id, zone, capacity, tags: [host] });
const layoutOf = (changes: object = {}) => layoutSchema.parse({ version: 4, roles: nodes.map(roleOf), stagedRoleChanges: [], ...changes });

void test("the layout is the inventory's: a new host is added, another zone changed, one that was set up anew takes its own place", () => {
  assert.deepEqual(changesOf(nodes, layoutOf()), []);
  const third: Node = { id: "id-eu-1", host: "eu-1", address: "10.3.0.11", zone: "eu", capacity: 100 * GB };
  assert.deepEqual(changesOf([...nodes, third], layoutOf()), [roleOf(third)]);
  assert.deepEqual(changesOf(nodes.map((node) => ({ ...node, zone: "us" })), layoutOf()).length, 2);
  assert.deepEqual(changesOf(nodes, layoutOf({ roles: [roleOf(nodes[0] as Node), { ...roleOf(nodes[1] as Node), id: "id-former" }] })), [roleOf(nodes[1] as Node), { id: "id-former", remove: true }]);
});

void test("a host that left the inventory stays in the layout, since its objects have to be moved first", () => {
  assert.deepEqual(changesOf(nodes.slice(0, 1), layoutOf()), []);
});

void test("changes that somebody has prepared by hand are not applied along with others", () => {
  const foreign = layoutOf({ roles: [], stagedRoleChanges: [{ id: "id-by-hand", remove: true }] });
  assert.deepEqual(foreignTo(changesOf(nodes, foreign), foreign), ["id-by-hand"]);
  const given = { ...admin, rpc_port: 3901, nodes };
  assert.throws(() => garageLayout.plan(given, said(JSON.stringify(foreign)), context), /somebody has prepared changes/);
  const apply = garageLayout.plan(given, said(JSON.stringify(layoutOf({ roles: [] }))), context)?.apply?.render() ?? "";
  assert.match(apply, /UpdateClusterLayout[^]*"version":5[^]*ApplyClusterLayout/);
  assert.doesNotMatch(apply, /SkipDeadNodes/);
});

void test("nodes that are not known are connected; one that is known and down is left to come back", () => {
  const given = { ...admin, rpc_port: 3901, nodes };
  assert.equal(garageNodes.plan(given, said("id-la-1\nid-sg-1\n"), context), undefined);
  const change = garageNodes.plan(given, said("id-la-1\n"), context);
  assert.equal(change?.summary, "connect sg-1");
  assert.match(change.apply?.render() ?? "", /id-sg-1@10\.2\.0\.11:3901/);
});

void test("a check says what a first run makes, and of a Garage that does not answer that it does not know", () => {
  const [silent, upstream] = [{ out: "", err: "refused", code: 3 }, [{ id: "minio/service:hawser-objects", kind: "service", outcome: "would-change" as const }]];
  for (const [fresh, outcome] of [[true, "would-change"], [false, "unknown"]] as const) {
    assert.equal(garageBucket.predict?.({ ...bucket, fresh }, silent, upstream, context).outcome, outcome);
    assert.equal(garageLayout.predict?.({ ...admin, fresh, rpc_port: 3901, nodes }, silent, upstream, context).outcome, outcome);
  }
  assert.equal(garageBucket.predict?.(bucket, said(bucketInfo()), upstream, context).outcome, "ok");
});

const parsed = (zones: readonly string[], garage: object = {}) => zones.map((zone, i) => ({ host: view(`h-${i}`, zone), vars: schema.parse({ backend: "garage", artifact: ARTIFACT, address: `10.${i}.0.11`, garage }) }));
for (const [zones, garage, words] of [
  [["la", "sg", "eu"], {}, []],
  [["la", "sg"], {}, [/2 copies in 2 zones: when a zone is lost, nothing can be written any more, anywhere/]],
  [["la", "la", "sg"], { replication_factor: 3 }, [/3 copies in 2 zones: when a zone is lost, nothing can be written or read any more/]],
  [["la", "la"], { replication_factor: 2 }, [/2 copies in one zone: when a zone is lost, nothing can be written or read/]],
  [["la"], {}, [/one copy in one zone/]],
  [["la", "sg"], { consistency_mode: "dangerous" }, [/an acknowledged write may be in one zone alone/]],
  [["la", "sg", "eu"], { consistency_mode: "degraded" }, [/a read may miss/]],
] as const) {
  void test(`${zones.join(" and ")} ${JSON.stringify(garage)}: ${words.length === 0 ? "no warning" : "what is weak is said"}`, () => {
    const warnings = weaknesses(parsed(zones, garage));
    assert.equal(warnings.length, words.length, warnings.join("\n"));
    for (const [i, word] of words.entries()) assert.match(warnings[i] ?? "", word);
  });
}

void test("two zones are warned of in the plan", () => {
  const warnings: string[] = [];
  plan("debian-12", { peers: { "sg-1": site(2, VARS) }, onWarning: (message) => warnings.push(message) });
  assert.match(warnings.join("\n"), /nothing can be written any more/);
});

const refused = (own: object, garage: object, peers: readonly object[]) => () => {
  const sites = [{ own, garage }, ...peers.map((each) => ({ own: {}, garage: each }))].map((each, i) => ({ host: view(`h-${i}`, "", { lines: ["minio.users", "minio.garage.replication_factor", "minio.garage.consistency_mode", "region"] }), vars: schema.parse({ backend: "garage", artifact: ARTIFACT, address: `10.${i}.0.11`, ...each.own, garage: each.garage }) }));
  refuse(sites[0] as never, sites.slice(1));
};
const zones = [{ zone: "b" }, { zone: "c" }];
for (const [what, own, garage, peers, message, line] of [
  ["no zone", {}, {}, zones, /has no region, which is its zone/, 4],
  ["more copies than hosts", {}, { zone: "a", replication_factor: 4 }, zones, /is 4, and there are 3 hosts/, 2],
  ["another number of copies", {}, { zone: "a", replication_factor: 2 }, zones, /replication_factor differs between h-0 and h-1/, 2],
  ["another consistency", {}, { zone: "a", consistency_mode: "degraded" }, zones, /consistency_mode differs/, 3],
  ["the cluster's own name", { users: [{ name: "hawser-rpc" }] }, { zone: "a" }, zones, /hawser-rpc is the cluster's own/, 1],
  ["a short access key", { users: [{ name: "app", access_key: "APP", secret_key: new Secret("0123456789abcdef") }] }, { zone: "a" }, zones, /takes none of less than 8/, 1],
] as const) {
  void test(`${what} is refused at the inventory's line`, () => {
    assert.throws(refused(own, garage, peers), (error: UsageError) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.ok(error.hint);
      assert.equal(error.source?.line, line);
      return true;
    });
  });
}

void test("a cluster that was made with another number of copies is refused, before Garage is told to start with it", () => {
  assert.throws(() => plan("debian-12", { data: "2" }), /was made with 2 copies, and minio\.garage\.replication_factor is 3 now/);
  assert.ok(plan("debian-12", { data: "3" }).length > 0);
});

void test("CentOS 7 is refused: its HAProxy is too old", () => {
  assert.throws(() => plan("centos-7", { own: { ...VARS, allow_eol: true }, peers: Object.fromEntries(Object.entries(PEERS).map(([name, vars]) => [name, { ...vars, allow_eol: true }])) }), /HAProxy 1\.5/);
});

const sites = parsed(["la", "sg", "eu"]);
const measure = measuring((v) => assertCluster(v, sites[0] as never, sites));
const HEALTH = { storageNodes: 3, storageNodesUp: 3, partitions: 256, partitionsQuorum: 256, partitionsAllOk: 256 };
const status = (up: boolean): string => JSON.stringify({ nodes: [{ isUp: up, role: { tags: ["h-1"] } }, { isUp: true, role: null }] });
const layout = (changes: object = {}): string => JSON.stringify({ version: 1, roles: [{ id: "a", zone: "la", capacity: 1, tags: ["h-0"] }], stagedRoleChanges: [], ...changes });
for (const [name, healthy, value, broken, wrong] of [
  ["Garage", "active\n", "active", "failed\n", "failed"],
  ["TLS before S3", "active\n", "active", "failed\n", "failed"],
  ["RPC to h-1", status(true), "up", status(false), "down"],
  ["nodes out of reach", JSON.stringify(HEALTH), 0, JSON.stringify({ ...HEALTH, storageNodesUp: 2 }), 1],
  ["partitions without a quorum", JSON.stringify(HEALTH), 0, JSON.stringify({ ...HEALTH, partitions: 0, partitionsQuorum: 0 }), undefined],
  ["partitions that lack a copy", JSON.stringify(HEALTH), 0, JSON.stringify({ ...HEALTH, partitionsAllOk: 0 }), 256],
  ["layout changes that are not applied", layout(), 0, layout({ stagedRoleChanges: [{ id: "b", remove: true }] }), 1],
  ["nodes that are not in the inventory", layout(), 0, layout({ roles: [{ id: "b", zone: "la", capacity: 1, tags: ["gone"] }] }), 1],
  ["layout versions that a node lacks", JSON.stringify({ currentVersion: 3, minAck: 3 }), 0, JSON.stringify({ currentVersion: 3, minAck: 2 }), 1],
  ["disk free", "/dev/vda 100 20 80 20% /\n", 80, "/dev/vda 100 96 4 96% /\n", 4],
] as const) {
  void test(`verify sees ${name}`, () => assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]));
}

void test("a Garage that does not answer measures nothing", () => assert.equal(measure("nodes out of reach", ""), undefined));

void test("every user of the vars and the health check has a key", () => {
  assert.deepEqual(usersOf(schema.parse(site(1, VARS))).map(({ name }) => name), ["hawser-canary", "app", "boss"]);
});
