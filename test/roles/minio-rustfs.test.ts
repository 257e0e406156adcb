import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, planOf, recorded, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { rustfs } from "../../roles/minio/backends/rustfs/backend.ts";
import { rustfsBucket } from "../../roles/minio/backends/rustfs/bucket.ts";
import { documentOf, meaningOf } from "../../roles/minio/backends/rustfs/expiry.ts";
import { assertSite } from "../../roles/minio/backends/rustfs/health.ts";
import { rustfsReplication } from "../../roles/minio/backends/rustfs/replication.ts";
import { rootAccess, rootSecret, usersText } from "../../roles/minio/backends/rustfs/root.ts";
import { rustfsLeavers, rustfsUser } from "../../roles/minio/backends/rustfs/user.ts";
import { documentOf as policyDocument } from "../../roles/minio/backends/policy.ts";
import { newPair } from "../../roles/minio/keys.ts";
import { parseState } from "../../roles/ca/record.ts";
import { ca } from "../../roles/ca/role.ts";
import { minio } from "../../roles/minio/role.ts";
import { schema } from "../../roles/minio/vars.ts";
import { added, ids, measuring, one, view } from "./harness.ts";

const ARTIFACT = { url: "https://releases.example/rustfs", sha256: "a".repeat(64) };
const site = (n: number, changes: object = {}) => ({ backend: "rustfs", artifact: ARTIFACT, address: `10.${n}.0.11`, ...changes });
const VARS = { buckets: [{ name: "photos", expire_days: 30, quota_mb: 512 }, { name: "app.logs" }], users: [{ name: "app", buckets: { photos: "read-write", "app.logs": "read" } }, { name: "boss", admin: true }] };
const PEERS = { "sg-1": site(2, VARS) };
const ABSENT = { out: "absent\n", code: 0 };
const NEW = ["/etc/systemd/system/hawser-objects.service", "/etc/systemd/system/hawser-objects-canary.service", "/etc/hawser-objects/canary.conf"];
const seen = { ...Object.fromEntries(NEW.map((file) => [`minio/file:${file}`, ABSENT])), ...Object.fromEntries(["rustfs_cert.pem", "rustfs_key.pem", "ca.crt"].map((name) => [`minio/symlink:/etc/hawser-objects/tls/${name}`, ABSENT])), "minio/firewall-rule:objects": { out: "nft\n", code: 0 } };

/** The CA's vars alone; what it does is its own tests'. */
const authority = use({ ...ca, facts: () => ({}), tasks: () => undefined }, { host: "la-1" });

interface Changes {
  readonly own?: object;
  readonly peers?: Record<string, unknown>;
  readonly onWarning?: (message: string) => void;
}
const plan = (system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { own = VARS, peers = PEERS, onWarning = () => undefined }: Changes = {}): PlannedResource[] =>
  planOf(use({ ...minio, dependsOn: [authority] }, site(1, own) as never), recorded(system), { host: "la-1", peers, roleFacts: { data: "no", firewall: "nft", keys: [], tls: parseState("") }, seen, onWarning });

void test("S3 is on the host's own address, with the certificate of the role ca, and nothing else listens or asks its makers", () => {
  const resources = plan("debian-12", { own: { ...VARS, clients: ["10.1.0.0/24"] }, peers: { "sg-1": site(2, { ...VARS, clients: ["10.1.0.0/24"] }) } });
  const unit = added(one(resources, "hawser-objects.service"));
  for (const line of ["RUSTFS_ADDRESS=10.1.0.11:8333", "RUSTFS_TLS_PATH=/etc/hawser-objects/tls", "RUSTFS_CONSOLE_ENABLE=false", "RUSTFS_CHECK_UPDATE=false", "RUSTFS_ACCESS_KEY_FILE=/etc/hawser-objects/root.access", "RUSTFS_SECRET_KEY_FILE=/etc/hawser-objects/root.secret", "User=rustfs", "ExecStart=/opt/hawser-objects/rustfs server"]) assert.ok(unit.includes(line), line);
  assert.match(one(resources, "symlink:/etc/hawser-objects/tls/rustfs_key.pem").apply ?? "", /\/etc\/hawser-tls\/objects\/key\.pem/);
  const rule = one(resources, "firewall-rule:objects").apply ?? "";
  for (const text of ["8333", "10.2.0.11", "10.1.0.0/24"]) assert.ok(rule.includes(text), text);
  assert.ok(!ids(resources).some((id) => id.includes("objects-sites")), "sites use S3's port");
});

void test("the first host tells RustFS of replication before buckets, and of buckets before users", () => {
  const made = ids(plan("debian-12")).filter((id) => id.startsWith("rustfs-"));
  assert.deepEqual(made, ["rustfs-replication:sites", "rustfs-bucket:photos", "rustfs-bucket:app.logs", "rustfs-bucket:hawser-canary", "rustfs-user:hawser-canary", "rustfs-user:app", "rustfs-user:boss", "rustfs-leavers:users"]);
});

void test("every system that the role serves has it, CentOS 7 with leave", () => {
  for (const system of ["ubuntu-22.04", "el-9"] as const) assert.ok(plan(system).length > 0);
  const allowed = { ...VARS, allow_eol: true };
  assert.ok(plan("centos-7", { own: allowed, peers: { "sg-1": site(2, allowed) } }).length > 0);
});

void test("one host alone is warned of, and its replication has nobody to replicate to", () => {
  const warnings: string[] = [];
  plan("debian-12", { peers: {}, onWarning: (message) => warnings.push(message) });
  assert.match(warnings.join("\n"), /minio has one host: what its disk loses is lost/);
});

void test("no secret stands in what is planned, and the administrator's keys are made with the users'", () => {
  const given = "0123456789abcdef0123";
  const own = { ...VARS, users: [{ name: "app", access_key: "APPAPP", secret_key: new Secret(given) }] };
  assert.ok(!JSON.stringify(plan("debian-12", { own, peers: { "sg-1": site(2, own) } })).includes(given));
  assert.match(one(plan("debian-12"), "task:keys").summary ?? "", /hawser-root/);
  const keys = { "hawser-root": newPair(), app: newPair() };
  assert.equal(rootAccess(keys).reveal(), `${keys["hawser-root"].access}\n`);
  assert.equal(rootSecret(keys).reveal(), `${keys["hawser-root"].secret.reveal()}\n`);
  assert.equal(usersText(keys, ["app"]).reveal(), `app ${keys.app.access} ${keys.app.secret.reveal()}\n`);
  assert.throws(() => rootAccess({}), /no keys of hawser-root/);
});

for (const [what, own, message, line] of [
  ["a link-local address", { address: "169.254.1.1" }, /replicates to no loopback or link-local address/, 1],
  ["a secret key that is too long", { users: [{ name: "app", access_key: "APPAPP", secret_key: new Secret("x".repeat(41)) }] }, /longer than the 40 characters/, 2],
  ["the administrator's own name", { users: [{ name: "hawser-root" }] }, /hawser-root is RustFS' own administrator/, 2],
] as const) {
  void test(`${what} is refused at the inventory's line`, () => {
    const host = view("la-1", "la", { lines: ["minio.address", "minio.users"] });
    assert.throws(() => rustfs.refuse({ host, vars: schema.parse(site(1, own)) }, []), (error: UsageError) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.ok(error.hint);
      assert.equal(error.source?.line, line);
      return true;
    });
  });
}

const context = { facts: recorded("debian-12") };
const said = (out: string) => ({ out, err: "", code: 0 });
/** As `look` prints it. */
const parts = (found: Readonly<Record<string, string | undefined>>) => said(Object.entries(found).map(([name, out]) => `== ${name} ${out === undefined ? 4 : 0}\n${out ?? ""}\n`).join(""));
const silent = { out: "", err: "GET https://10.1.0.11:8333/x: 000", code: 3 };
const upstream = [{ id: "minio/service:hawser-objects", kind: "service", outcome: "would-change" as const }];
const endpoint = "https://10.1.0.11:8333";

const bucket = { endpoint, bucket: { name: "photos", expire_days: 30, quota_mb: 512 }, versions_days: 7, fresh: false };
const QUOTA = JSON.stringify({ bucket: "photos", quota: 536_870_912, size: 0, quota_type: "HARD" });
/** As a server may print what it was given: elements around it, in another order. */
const RULES = '<?xml version="1.0"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration><Filter><Prefix></Prefix></Filter><ID>hawser-marks</ID><Status>Enabled</Status></Rule><Rule><Expiration><Days>30</Days></Expiration><Filter></Filter><ID>hawser-objects</ID><Status>Enabled</Status></Rule><Rule><ID>hawser-versions</ID><NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration><Status>Enabled</Status></Rule></LifecycleConfiguration>';

void test("a bucket is made with its quota and its expiry, and one that has them is left", () => {
  const change = rustfsBucket.plan(bucket, parts({ bucket: undefined }), context);
  assert.equal(change?.summary, "create, quota, expiry");
  const apply = change.apply?.render() ?? "";
  for (const text of ["PUT https://10.1.0.11:8333/photos", "set-bucket-quota?bucket=photos", '"quota":536870912', "photos?lifecycle=", "<Days>30</Days>", "<NoncurrentDays>7</NoncurrentDays>"]) assert.ok(apply.includes(text), text);
  assert.equal(rustfsBucket.plan(bucket, parts({ bucket: "", quota: QUOTA, rules: RULES }), context), undefined);
});

for (const [what, found, summary] of [
  ["no quota", { quota: JSON.stringify({ bucket: "photos", quota: null, size: 0 }) }, "quota"],
  ["another quota", { quota: QUOTA.replace("536870912", "1") }, "quota"],
  ["no rules", { rules: undefined }, "expiry"],
  ["a rule that is off", { rules: RULES.replace("Enabled", "Disabled") }, "expiry"],
  ["a rule of other days", { rules: RULES.replace("<Days>30", "<Days>3") }, "expiry"],
  ["a rule for a part of it", { rules: RULES.replace("<Filter></Filter>", "<Filter><Prefix>a/</Prefix></Filter>") }, "expiry"],
  ["a rule more", { rules: RULES.replace("</LifecycleConfiguration>", "<Rule><ID>x</ID><Status>Enabled</Status></Rule></LifecycleConfiguration>") }, "expiry"],
] as const) {
  void test(`a bucket with ${what} is repaired`, () => assert.equal(rustfsBucket.plan(bucket, parts({ bucket: "", quota: QUOTA, rules: RULES, ...found }), context)?.summary, summary));
}

void test("a bucket without a quota and an expiry loses those that it has, and keeps what ends former versions", () => {
  const given = { ...bucket, bucket: { name: "photos" } };
  const change = rustfsBucket.plan(given, parts({ bucket: "", quota: QUOTA, rules: RULES }), context);
  assert.equal(change?.summary, "quota, expiry");
  assert.match(change.apply?.render() ?? "", /DELETE https:\/\/10\.1\.0\.11:8333\/rustfs\/admin\/v3\/quota\/photos/);
  assert.equal(meaningOf(documentOf({ versions_days: 7 })).split("\n").length, 2);
});

const pair = newPair();
const app = { endpoint, user: { name: "app", admin: false, buckets: { photos: "read-write" as const } }, pair, fresh: false };
const users = (changes: object = {}): string => JSON.stringify({ [pair.access]: { policyName: "hawser-app", status: "enabled", updatedAt: null, ...changes } });
const POLICY = JSON.stringify({ policy_name: "hawser-app", policy: policyDocument(app.user) });
const healthy = { users: users(), keys: "right", policy: POLICY };

void test("a user is made with keys that only the shell's own printf has, and one that fits is left", () => {
  const change = rustfsUser.plan(app, parts({ users: "{}", keys: "wrong", policy: undefined }), context);
  assert.equal(change?.summary, "create, policy, allow hawser-app");
  for (const line of (change.apply?.render() ?? "").split("\n").filter((each) => each.includes(pair.secret.reveal()))) assert.match(line, /^printf '%s' /);
  assert.equal(rustfsUser.plan(app, parts(healthy), context), undefined);
});

for (const [what, found, summary] of [
  ["another secret key", { keys: "wrong" }, "another secret key"],
  ["no policy", { policy: undefined }, "policy"],
  ["another policy", { policy: JSON.stringify({ policy: { Statement: [{ Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"] }] } }) }, "policy"],
  ["no right", { users: users({ policyName: null }) }, "allow hawser-app"],
  ["a right more", { users: users({ policyName: "hawser-app,readwrite" }) }, "allow hawser-app, take readwrite"],
  ["a ban", { users: users({ status: "disabled" }) }, "enable"],
] as const) {
  void test(`a user with ${what} is repaired`, () => assert.equal(rustfsUser.plan(app, parts({ ...healthy, ...found }), context)?.summary, summary));
}

void test("an administrator has RustFS' own policy for one, which is not asked for", () => {
  const boss = { ...app, user: { name: "boss", admin: true, buckets: {} } };
  assert.equal(rustfsUser.plan(boss, parts({ users: users({ policyName: "consoleAdmin" }), keys: "right" }), context), undefined);
  assert.doesNotMatch(rustfsUser.probe(boss, context).render(), /canned-policy/);
});

void test("users and policies that the role made and nobody has are deleted, and no others", () => {
  const given = { endpoint, users: [app.user], keys: { app: pair }, fresh: false };
  const list = JSON.stringify({ ...JSON.parse(users()), EVE: { policyName: "hawser-eve", status: "enabled" }, HAND: { policyName: "readwrite", status: "enabled" } });
  const change = rustfsLeavers.plan(given, parts({ users: list, policies: JSON.stringify({ "hawser-app": {}, "hawser-eve": {}, readwrite: {} }) }), context);
  assert.equal(change?.summary, "delete EVE, hawser-eve");
  assert.doesNotMatch(change.apply?.render() ?? "", /HAND|name=readwrite|hawser-app/);
  assert.equal(rustfsLeavers.plan(given, parts({ users: users(), policies: JSON.stringify({ "hawser-app": {} }) }), context), undefined);
});

const SITES = ["la-1", "sg-1", "eu-1"].map((name, i) => ({ name, endpoint: `https://10.${i + 1}.0.11:8333`, id: `id-${name}` }));
const [la = assert.fail(), sg = assert.fail(), eu = assert.fail()] = SITES;
const info = (...members: readonly (typeof la)[]): string => JSON.stringify({ enabled: members.length > 0, sites: members.map(({ name, endpoint: at, id }) => ({ name, endpoint: at, deploymentID: id })) });
const replicationOf = (sites: readonly (typeof la)[]) => ({ own: la, sites: sites.map(({ name, endpoint: at }) => ({ name, endpoint: at })), identified: sites, root: pair, fresh: false });
/** What is done, each to whom. */
const told = (sites: readonly (typeof la)[], found: Readonly<Record<string, string | undefined>>): readonly [string | undefined, readonly string[]] => {
  const change = rustfsReplication.plan(replicationOf(sites), parts(found), context);
  return [change?.summary, [...(change?.apply?.render() ?? "").matchAll(/PUT '?(https:\S+?)\/rustfs\/admin\/v3\/site-replication\/(\w+)/g)].map(([, at = "", what = ""]) => `${what} ${at}`)];
};

void test("sites that replicate are left, and new ones are asked for by the first host", () => {
  assert.deepEqual(told([la, sg], { "la-1": info(la, sg), "sg-1": info(la, sg) }), [undefined, []]);
  assert.deepEqual(told([la, sg], { "la-1": info(), "sg-1": info() }), ["add sg-1", [`add ${la.endpoint}`]]);
  assert.deepEqual(told([la], { "la-1": info() }), [undefined, []]);
});

void test("a site that joins is added by one that has the objects, after those that replicate were taken apart: RustFS takes nobody into a group", () => {
  assert.deepEqual(told([la, sg, eu], { "la-1": info(la, sg), "sg-1": info(la, sg), "eu-1": info() }), ["add eu-1", [`remove ${la.endpoint}`, `remove ${sg.endpoint}`, `add ${la.endpoint}`]]);
  assert.deepEqual(told([la, sg, eu], { "la-1": info(), "sg-1": info(sg, eu), "eu-1": info(sg, eu) }), ["add la-1", [`remove ${sg.endpoint}`, `remove ${eu.endpoint}`, `add ${sg.endpoint}`]]);
});

void test("nobody is taken apart before all have answered", () => {
  const apply = rustfsReplication.plan(replicationOf([la, sg, eu]), parts({ "la-1": info(la, sg), "sg-1": info(la, sg), "eu-1": info() }), context)?.apply?.render() ?? "";
  const first = apply.indexOf("site-replication/remove");
  for (const { name, endpoint: at } of [la, sg, eu]) assert.ok(apply.slice(0, first).includes(`GET ${at}/rustfs/admin/v3/site-replication/info`) && apply.slice(0, first).includes(`${name} does not answer`), name);
});

void test("a site that left is removed, and one that was set up anew takes its own place", () => {
  assert.deepEqual(told([la, sg], { "la-1": info(la, sg, eu), "sg-1": info(la, sg) }), ["remove eu-1", [`remove ${la.endpoint}`]]);
  const former = { ...sg, id: "id-former" };
  assert.deepEqual(told([la, sg], { "la-1": info(la, former), "sg-1": info() }), ["add sg-1", [`remove ${la.endpoint}`, `add ${la.endpoint}`]]);
});

void test("a site that does not answer is taken at the others' word, and one that lost the others joins again", () => {
  assert.deepEqual(told([la, sg], { "la-1": info(la, sg), "sg-1": undefined }), [undefined, []]);
  assert.deepEqual(told([la, sg], { "la-1": info(la, sg), "sg-1": info() }), ["join again", [`remove ${la.endpoint}`, `add ${la.endpoint}`]]);
});

void test("the administrator's keys are sent by standard input, and an answer that says no is an error", () => {
  const apply = rustfsReplication.plan(replicationOf([la, sg]), parts({ "la-1": info(), "sg-1": info() }), context)?.apply?.render() ?? "";
  for (const line of apply.split("\n").filter((each) => each.includes(pair.secret.reveal()))) assert.match(line, /^printf '%s' |^a=\$\(printf '%s' /);
  assert.match(apply, /initialSyncErrorMessage/);
});

void test("a check says what a first run makes, and of a RustFS that does not answer that it does not know", () => {
  for (const [fresh, outcome] of [[true, "would-change"], [false, "unknown"]] as const) {
    assert.equal(rustfsBucket.predict?.({ ...bucket, fresh }, silent, upstream, context).outcome, outcome);
    assert.equal(rustfsUser.predict?.({ ...app, fresh }, silent, upstream, context).outcome, outcome);
    assert.equal(rustfsReplication.predict?.({ ...replicationOf([la, sg]), fresh }, silent, upstream, context).outcome, outcome);
  }
  assert.equal(rustfsBucket.predict?.(bucket, parts({ bucket: "", quota: QUOTA, rules: RULES }), upstream, context).outcome, "ok");
  for (const each of [() => rustfsBucket.plan(bucket, silent, context), () => rustfsReplication.plan(replicationOf([la, sg]), silent, context)]) assert.throws(each, /RustFS.* does(?: not answer| not say)/);
});

const sites = [la, sg].map(({ name }, i) => ({ host: view(name, name), vars: schema.parse(site(i + 1)) }));
const measure = measuring((v) => assertSite(v, sites[0] as never, sites));
const differing = (mismatch: boolean): string => JSON.stringify({ enabled: true, BucketStats: { photos: { "id-la-1": { BucketMarkedDeleted: false, QuotaCfgMismatch: mismatch } } } });
for (const [name, right, value, broken, wrong] of [
  ["RustFS", "active\n", "active", "failed\n", "failed"],
  ["sites that it does not replicate with", info(la, sg), 0, info(), 2],
  ["sites that are not in the inventory", info(la, sg), 0, info(la, sg, eu), 1],
  ["changes that another site was not told of", info(la, sg), 0, JSON.stringify({ enabled: true, retryStats: { pending: 2, failed: 1 }, pendingOperation: { kind: "remove" } }), 4],
  ["buckets, users and policies that differ between sites", differing(false), 0, differing(true), 1],
  ["disk free", "/dev/vda 100 20 80 20% /\n", 80, "/dev/vda 100 96 4 96% /\n", 4],
] as const) {
  void test(`verify sees ${name}`, () => assert.deepEqual([measure(name, right), measure(name, broken)], [value, wrong]));
}

void test("a RustFS that does not answer, or that replicates to nobody, measures nothing of what it has", () => {
  assert.equal(measure("sites that it does not replicate with", ""), undefined);
  assert.equal(measure("buckets, users and policies that differ between sites", JSON.stringify({ enabled: false })), undefined);
});

