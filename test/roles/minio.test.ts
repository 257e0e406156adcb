import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, Secret, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { DrillPlan } from "../../src/dsl/drill-plan.ts";
import { assertStore, behind, freeVolumes } from "../../roles/minio/backends/seaweedfs/health.ts";
import { identitiesOf } from "../../roles/minio/backends/seaweedfs/identities.ts";
import { sourcesOf } from "../../roles/minio/backends/seaweedfs/sources.ts";
import { declareWrites } from "../../roles/minio/drill.ts";
import { arrivalOf, assertS3 } from "../../roles/minio/health.ts";
import { allKeys, newPair, parseKeys } from "../../roles/minio/keys.ts";
import { parseState } from "../../roles/ca/record.ts";
import { ca } from "../../roles/ca/role.ts";
import { minio } from "../../roles/minio/role.ts";
import { bucketsOf, schema } from "../../roles/minio/vars.ts";
import { added, ids, measuring, one, view } from "./harness.ts";

const ARTIFACT = { url: "https://releases.example/4.48/linux_amd64.tar.gz", sha256: "a".repeat(64) };
const site = (n: number, changes: object = {}) => ({ artifact: ARTIFACT, address: `10.${n}.0.11`, ...changes });
const BUCKETS = { buckets: [{ name: "photos", expire_days: 30, quota_mb: 512 }, { name: "app.logs" }], users: [{ name: "app", buckets: { photos: "read-write", "app.logs": "read" } }] };
const ABSENT = { out: "absent\n", code: 0 };
const FILES = ["/etc/hawser-objects/security.toml", "/etc/hawser-objects/canary.conf", ...["hawser-objects-store", "hawser-objects", "hawser-objects-from-sg-1", "hawser-objects-from-eu-1", "hawser-objects-from-la-1", "hawser-objects-canary"].map((unit) => `/etc/systemd/system/${unit}.service`)];
const seen = { ...Object.fromEntries(FILES.map((file) => [`minio/file:${file}`, ABSENT])), "minio/task:buckets": { out: "", code: 1 }, ...Object.fromEntries(["objects", "objects-sites"].map((rule) => [`minio/firewall-rule:${rule}`, { out: "nft\n", code: 0 }])) };

/** The CA's vars alone; what it does is its own tests'. */
const authority = use({ ...ca, facts: () => ({}), tasks: () => undefined }, { host: "la-1" });

interface Changes {
  readonly own?: object;
  readonly host?: string;
  readonly peers?: Record<string, unknown>;
  readonly data?: "yes" | "no";
  readonly onWarning?: (message: string) => void;
}
const plan = (system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { own = {}, host = "la-1", peers = { "sg-1": site(2) }, data = "no", onWarning = () => undefined }: Changes = {}): PlannedResource[] =>
  planOf(use({ ...minio, dependsOn: [authority] }, site(1, own) as never), recorded(system), { host, peers, roleFacts: { data, firewall: "nft", keys: [], tls: parseState("") }, seen, onWarning });

void test("each region takes the others' changes by a puller of its own", () => {
  const unit = added(one(plan("debian-12"), "hawser-objects-from-sg-1.service"));
  for (const word of ["filer.sync", "-isActivePassive", "-a=10.2.0.11:8888", "-b=10.1.0.11:8888", "-a.filerProxy", "-a.path=/buckets"]) assert.ok(unit.includes(word), word);
});

void test("of three, all go by the first", () => {
  const sites = ["la-1", "sg-1", "eu-1"].map((name, i) => ({ host: view(name, name), vars: schema.parse(site(i)) }));
  assert.deepEqual(sites.map((own) => sourcesOf(own, sites).map(({ host }) => host.name)), [["sg-1", "eu-1"], ["la-1"], ["la-1"]]);
});

void test("volumes and master listen on the loopback address, report home to nobody, and every port asks for a site's certificate", () => {
  const resources = plan("debian-12");
  const store = added(one(resources, "hawser-objects-store.service"));
  for (const word of ["-ip.bind=127.0.0.1", "-master.telemetry=false", "-volume.minFreeSpace=5"]) assert.ok(store.includes(word), word);
  const gateway = added(one(resources, "hawser-objects.service"));
  for (const word of ["-ip.bind=10.1.0.11", "-s3.iam=false", "-s3.autoCreateBucket=false", "-s3.config=/etc/hawser-objects/identities.json", "-s3.cert.file=", "-s3.port.iceberg=0", "-s3.port.lance=0"]) assert.ok(gateway.includes(word), word);
  const security = added(one(resources, "security.toml"));
  for (const part of ["https.master", "https.volume", "https.filer", "grpc.master", "grpc.volume", "grpc.filer", "grpc.s3", "grpc.client"]) assert.match(security, new RegExp(String.raw`\[${part}\]\ncert = "/etc/hawser-objects/own.crt"`));
});

void test("S3 is open to clients and peers, replication to the peers alone", () => {
  const resources = plan("debian-12", { own: { clients: ["10.1.0.0/24"] } });
  const rule = (name: string): string => one(resources, `firewall-rule:${name}`).apply ?? "";
  for (const text of ["8333", "10.2.0.11", "10.1.0.0/24"]) assert.ok(rule("objects").includes(text), text);
  for (const text of ["8888", "18888", "10.2.0.11"]) assert.ok(rule("objects-sites").includes(text), text);
  assert.ok(!rule("objects-sites").includes("10.1.0.0/24"));
});

void test("buckets get their expiry and quota, the health check's too", () => {
  const { probe, apply = "" } = one(plan("debian-12", { own: BUCKETS, peers: { "sg-1": site(2, BUCKETS) } }), "task:buckets");
  assert.match(probe, /^curl [^\n]*\/dir\/status >\/dev\/null 2>&1 \|\| exit 1\n/, "a shell without a master would wait");
  for (const text of ["s3.bucket.create -name photos", `s3.bucket.quota -name photos -op set -sizeMB 512`, "fs.configure -locationPrefix=/buckets/photos/ -ttl=30d -apply", "s3.bucket.create -name app.logs", "fs.configure -locationPrefix=/buckets/hawser-canary/ -ttl=1d -apply"]) assert.ok(apply.includes(text), text);
  assert.deepEqual(bucketsOf(schema.parse(site(1, BUCKETS))).map(({ name }) => name), ["photos", "app.logs", "hawser-canary"]);
});

void test("users get their buckets and nothing else; given keys are used, others made", () => {
  const vars = schema.parse(site(1, { ...BUCKETS, users: [...BUCKETS.users, { name: "boss", admin: true, access_key: "BOSS", secret_key: new Secret("0123456789abcdef") }] }));
  const made = { app: newPair(), "hawser-canary": newPair() };
  const { identities } = JSON.parse(identitiesOf(vars, made).reveal()) as { identities: { name: string; credentials: { accessKey: string; secretKey: string }[]; actions: string[] }[] };
  assert.deepEqual(identities.map(({ name }) => name), ["hawser-canary", "app", "boss"]);
  assert.deepEqual(identities[1]?.actions, ["Read:photos", "List:photos", "Write:photos", "Tagging:photos", "Read:app.logs", "List:app.logs"]);
  assert.deepEqual(identities[2]?.credentials, [{ accessKey: "BOSS", secretKey: "0123456789abcdef" }]);
  assert.equal(identities[1]?.credentials[0]?.secretKey, made.app.secret.reveal());
  assert.equal(allKeys(vars, made)["boss"]?.access, "BOSS");
  assert.throws(() => identitiesOf(vars, {}), /no keys of hawser-canary/);
});

void test("made keys are as S3's, never twice the same, and are read back as secrets", () => {
  const [one_, two] = [newPair(), newPair()];
  assert.match(one_.access, /^HW[A-Z0-9]{18}$/);
  assert.match(one_.secret.reveal(), /^[\w-]{40}$/);
  assert.notEqual(one_.secret.reveal(), two.secret.reveal());
  const back = parseKeys(`app ${one_.access} ${one_.secret.reveal()}\nbroken line\n`);
  assert.deepEqual(Object.keys(back), ["app"]);
  assert.ok(back["app"]?.secret instanceof Secret && back["app"].secret.reveal() === one_.secret.reveal());
});

void test("a program by itself is put there, a release is unpacked", () => {
  assert.ok(ids(plan("debian-12")).includes("archive:/opt/hawser-objects:weed"));
  assert.ok(ids(plan("debian-12", { own: { artifact: { ...ARTIFACT, url: "https://releases.example/weed" } } })).includes("download:/opt/hawser-objects/weed"));
});

void test("one host alone is warned of", () => {
  const said: string[] = [];
  plan("debian-12", { peers: {}, onWarning: (message) => said.push(message) });
  assert.match(said.join("\n"), /minio has one host/);
});

const SECRET = { access_key: "APP", secret_key: new Secret("0123456789abcdef") };
for (const [what, own, peers, message] of [
  ["another set of buckets", BUCKETS, { "sg-1": site(2) }, /minio\.buckets differs between la-1 and sg-1/],
  ["other keys", { users: [{ name: "app", ...SECRET }] }, { "sg-1": site(2, { users: [{ name: "app", ...SECRET, secret_key: new Secret("fedcba9876543210") }] }) }, /app has other keys on la-1 than on sg-1/],
  ["one address twice", {}, { "sg-1": site(1) }, /both have the address 10\.1\.0\.11/],
  ["a bucket twice", { buckets: [{ name: "one" }, { name: "one" }] }, {}, /names one twice/],
  ["a user twice", { users: [{ name: "app" }, { name: "app" }] }, {}, /has app twice/],
  ["a bucket that is none", { users: [{ name: "app", buckets: { photo: "read" } }], buckets: [{ name: "photos" }] }, {}, /let into the bucket photo,/],
  ["one port twice", { s3_port: 8888 }, {}, /port 8888\/tcp of la-1 is wanted twice/],
  ["CentOS 7 without leave", {}, {}, /support ended on 2024-06-30/],
] as const) {
  void test(`${what} is refused before any host is touched`, () => {
    assert.throws(() => plan(what.startsWith("CentOS") ? "centos-7" : "debian-12", { own, peers }), (error: Error & { hint?: string }) => {
      assert.ok(error instanceof UsageError, error.message);
      assert.match(error.message, message);
      assert.ok(error.hint);
      return true;
    });
  });
}

for (const [what, vars, message] of [
  ["an unknown backend", { backend: "ceph" }, /backend/],
  ["no artifact", { artifact: undefined }, /artifact/],
  ["a wrong sha256", { artifact: { ...ARTIFACT, sha256: "abc" } }, /sha256/],
  ["a bucket's name in capitals", { buckets: [{ name: "Photos" }] }, /lower case letters/],
  ["a bucket's name with a quote", { buckets: [{ name: "a'b" }] }, /lower case letters/],
  ["the health check's bucket", { buckets: [{ name: "hawser-canary" }] }, /health check's own bucket/],
  ["half a key", { users: [{ name: "app", access_key: "APP" }] }, /give access_key and secret_key, or neither/],
  ["a short secret key", { users: [{ name: "app", access_key: "APP", secret_key: new Secret("short") }] }, /16 to 64/],
  ["a port whose gRPC port is none", { filer_port: 60_000 }, /at most 55535/],
  ["an expiry that SeaweedFS has no room for", { buckets: [{ name: "photos", expire_days: 256 }] }, /255/],
] as const) {
  void test(`${what} does not pass the schema`, () => {
    const parsed = schema.safeParse(site(1, vars));
    assert.match(parsed.success ? "" : JSON.stringify(parsed.error.issues), message);
  });
}

const sites = ["la-1", "sg-1"].map((name, i) => ({ host: view(name, name), vars: schema.parse(site(i + 1)) }));
const measure = measuring((v) => {
  assertS3(v, sites[0] as never, sites);
  assertStore(v, sites[0] as never, sites);
});
const OFFSET = 'SeaweedFS_filerSync_sync_offset{clientName="a",path="/buckets",sourceFiler="10.2.0.11:8888",targetFiler="10.1.0.11:8888"} 1.7e+18\n';
for (const [name, healthy, value, broken, wrong] of [
  ["filer and S3", "active\n", "active", "failed\n", "failed"],
  ["puller from sg-1", "active\n", "active", "inactive\n", "inactive"],
  ["S3 with a key", "200 none\n", "200", "403 none\n", "403"],
  ["S3 without a key", "403", "403", "200", "200"],
  ["an object reaches sg-1", "1000 312 yes 401\n1010\n", 312, "1000 none no none\n1010\n", undefined],
  ["its bytes and ETag at sg-1 are the same", "1000 312 yes 401\n1010\n", "yes", "1000 312 no 401\n1010\n", "no"],
  ["a deletion reaches sg-1", "1000 312 yes 401\n1010\n", 401, "1000 312 yes none\n1010\n", undefined],
  ["behind sg-1", `${OFFSET}1700000002\n`, 2, `${OFFSET}1700000100\n`, 100],
  ["volumes that can still be made", '{"Topology":{"Free":7,"Max":8}}', 7, '{"Topology":{"Free":0,"Max":8}}', 0],
  ["disk free", "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 100 20 80 20% /\n", 80, "/dev/vda 100 96 4 96% /\n", 4],
  ["certificate", "3649\n", 3649, "3\n", 3],
] as const) {
  void test(`verify sees ${name}`, () => assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]));
}

void test("a measurement that is too old, or none, counts as none", () => {
  assert.equal(arrivalOf("1000 312 yes 401\n1100\n", 99), undefined);
  assert.equal(arrivalOf("1100\n", 99), undefined);
  assert.equal(behind("1700000002\n"), undefined);
  assert.equal(behind(`${OFFSET.replace("1.7e+18", "0")}1700000002\n`), undefined);
  assert.equal(freeVolumes(""), undefined);
});

void test("a drill writes objects to the own region's S3, and reads back there what it lists, however many", () => {
  const d = new DrillPlan("minio");
  declareWrites(d, sites[0] as never);
  const [writes] = d.written;
  assert.match(writes?.write.render() ?? "", /PUT https:\/\/10\.1\.0\.11:8333\/hawser-canary\/drill\/"\$key" "\$f"/);
  assert.match(writes?.read?.render() ?? "", /GET 'https:\/\/10\.1\.0\.11:8333\/hawser-canary\?list-type=2&prefix=drill%2F'"\$prefix\$\{after:\+&start-after=drill%2F\$after\}"/);
  assert.match(writes?.clean?.render() ?? "", /DELETE https:\/\/10\.1\.0\.11:8333\/hawser-canary\/drill\/"\$name"/);
});

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
