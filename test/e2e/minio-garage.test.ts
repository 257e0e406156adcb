import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Inventory } from "hawser";
import book from "../../playbooks/minio.ts";
import { labCut, labHeal, labSetRtt } from "../../src/lab/index.ts";
import { withoutArtifact } from "../artifacts/index.ts";
import { E2eLab, skip } from "./engine-fixture.ts";
import { DATA, drillReadsBack, FULL, objectsOf, s3Client, whereShown } from "./objects-fixture.ts";
import { proveRole, unavailable } from "./role-proof.ts";

/** The role minio with its backend garage. */
const NAME = "e2e-garage";
const HOSTS = ["la", "sg", "eu"] as const;
type Host = (typeof HOSTS)[number];
const lab = new E2eLab(NAME, ["198.18.151", "198.18.152", "198.18.153"], { la: "debian", sg: "debian", eu: "debian" });

/** Given, not made: it is looked for everywhere afterwards. */
const SECRET = randomBytes(32).toString("hex");
const GIVEN = `GK${randomBytes(12).toString("hex")}`;
process.env["E2E_GARAGE_SECRET"] = SECRET;

const inventory = async (): Promise<Inventory> => await objectsOf(lab, HOSTS, { backend: "garage", given: { access: GIVEN, secret: "E2E_GARAGE_SECRET" }, vars: { arrives_within_s: 5, garage: { capacity_gb: 1 } } });

const { s3, s3Until, travels } = s3Client(lab, 60);
const API = "curl -sSf -K /etc/hawser-objects/admin.curl http://127.0.0.1:3903/v2";
/** Tells the admin API of a host, as an operator would; `$id` is the id of the bucket. */
const tell = (call: string, body: object, bucket?: string): string =>
  `${bucket === undefined ? "" : `id=$(${API}/GetBucketInfo?globalAlias=${bucket} | sed -n 's/^  "id": "\\([0-9a-f]*\\)".*/\\1/p'); `}echo '${JSON.stringify(body)}' | ${API}/${call} --data-binary @- >/dev/null`;
const applied = (...roles: readonly object[]): string => `${tell("UpdateClusterLayout", { roles })}; ${layoutVersion}; ${API}/ApplyClusterLayout --data-binary '{"version":'$((v + 1))'}' >/dev/null`;
const layoutVersion = `v=$(${API}/GetClusterLayout | sed -n 's/^  "version": \\([0-9]*\\).*/\\1/p')`;
const nodeId = async (host: Host): Promise<string> => (await lab.exec(host, `od -An -v -tx1 ${DATA}/meta/node_key.pub | tr -d ' \\n'`)).trim();
const unit = (name: string, words: string): string => `systemctl ${words} ${name}`;
/** A node that nobody has ever seen. */
const GONE = "ab".repeat(32);

const why = skip || withoutArtifact("garage");
if (why !== false) await unavailable({ test: import.meta, roles: ["minio"], backend: "garage" }, why);

void describe("one cluster of Garage over three zones", { skip: why }, () => {
  before(() => lab.up(), { timeout: 240_000 });
  after(() => lab.down());

  const proof = proveRole({
    test: import.meta,
    roles: ["minio"],
    backend: "garage",
    lab,
    book,
    inventory,
    servers: { minio: { name: "Garage", on: "la", version: "/opt/hawser-objects/garage --version" } },
    drifts: [
      { what: "no TLS before S3", by: { la: unit("hawser-objects-tls", "stop") }, repairs: [/^la .*service:hawser-objects-tls/] },
      { what: "a node that was stopped", by: { sg: unit("hawser-objects", "stop") }, repairs: [/^sg .*service:hawser-objects/] },
      { what: "another consistency", by: { eu: "sed -i 's/^consistency_mode.*/consistency_mode = \"degraded\"/' /etc/hawser-objects/garage.toml; systemctl restart hawser-objects" }, repairs: [/^eu .*garage\.toml/] },
      { what: "a secret that others read, and keys", by: { sg: "chmod 644 /etc/hawser-objects/rpc.secret /etc/hawser-objects/keys" }, repairs: [/^sg .*rpc\.secret/, /^sg .*task:keys/] },
      { what: "a bucket without its quota, another without its expiry", by: { la: `${tell('UpdateBucket?id="$id"', { quotas: { maxSize: null, maxObjects: null } }, "photos")}; ${tell('UpdateBucket?id="$id"', { lifecycleRules: [] }, "app-logs")}` }, repairs: [/^la .*garage-bucket:photos/, /^la .*garage-bucket:app-logs/] },
      { what: "a right that nobody gave", by: { sg: `a=$(sed -n 's/^app \\([^ ]*\\) .*/\\1/p' /etc/hawser-objects/keys); ${tell("AllowBucketKey", { bucketId: "'$id'", accessKeyId: "'$a'", permissions: { write: true } }, "app-logs")}` }, repairs: [/^la .*garage-bucket:app-logs/] },
      { what: "a user that may make buckets", by: { eu: `a=$(sed -n 's/^app \\([^ ]*\\) .*/\\1/p' /etc/hawser-objects/keys); ${tell('UpdateKey?id="$a"', { allow: { createBucket: true } })}` }, repairs: [/^la .*garage-key:app/] },
      { what: "the key of a user that left", by: { eu: tell("ImportKey", { accessKeyId: `GK${"0".repeat(24)}`, secretAccessKey: "0".repeat(64), name: "hawser/eve" }) }, repairs: [/^la .*garage-leavers/] },
      { what: "a node in another zone", by: async () => lab.exec("sg", applied({ id: await nodeId("sg"), zone: "nowhere", capacity: 1_000_000_000, tags: ["sg"] })), repairs: [/^la .*garage-layout/] },
    ],
    faults: [
      { what: "a node is gone", by: { eu: unit("hawser-objects", "stop") }, heal: { eu: unit("hawser-objects", "start") }, expect: [/: Garage/, /S3 with a key/, /S3 without a key/, /RPC to eu/, /nodes out of reach/, /partitions that lack a copy/, /an object reaches eu/, /bytes and ETag at eu/, /a deletion reaches eu/] },
      { what: "two nodes are gone", by: { sg: unit("hawser-objects", "stop"), eu: unit("hawser-objects", "stop") }, heal: { sg: unit("hawser-objects", "start"), eu: unit("hawser-objects", "start") }, expect: [/partitions without a quorum/] },
      { what: "no TLS", by: { sg: unit("hawser-objects-tls", "stop") }, heal: { sg: unit("hawser-objects-tls", "start") }, expect: [/TLS before S3/, /S3 with a key/, /an object reaches sg/] },
      { what: "no health check", by: { la: unit("hawser-objects-canary", "stop") }, heal: { la: unit("hawser-objects-canary", "start") }, expect: [/health check/] },
      { what: "a layout that was prepared and not applied", by: async () => lab.exec("sg", tell("UpdateClusterLayout", { roles: [{ id: await nodeId("sg"), zone: "elsewhere", capacity: 1_000_000_000, tags: ["sg"] }] })), heal: { sg: `${API}/RevertClusterLayout -X POST >/dev/null` }, expect: [/layout changes that are not applied/] },
      {
        what: "a node of no host",
        by: { la: applied({ id: GONE, zone: "gone", capacity: null, tags: ["gone"] }) },
        heal: { la: `${applied({ id: GONE, remove: true })}; ${layoutVersion}; ${API}/ClusterLayoutSkipDeadNodes --data-binary '{"version":'$v',"allowMissingData":false}' >/dev/null` },
        expect: [/nodes that are not in the inventory/, /layout versions that a node lacks/],
      },
      { what: "a full disk", by: { la: FULL }, heal: { la: `umount -l ${DATA}; umount -l ${DATA}` }, expect: [/disk free/] },
    ],
    reboots: ["sg"],
    settles: 90,
  });

  void test("an object that is written in one zone is in the others, 84 ms away, large or small, and so is its deletion", { timeout: 180_000 }, async () => {
    await labSetRtt(NAME, 84);
    for (const [from, to] of [["la", "sg"], ["sg", "eu"], ["eu", "la"]] as const) {
      for (const kib of [1, 20_000]) await travels(from, to, kib);
    }
    await labSetRtt(NAME, 0);
  });

  void test("users may do what was said, and no more", { timeout: 60_000 }, async () => {
    assert.match(await s3("la", "app", "PUT", "app-logs/no"), /^403/);
    assert.match(await s3("sg", "app", "PUT", "hawser-canary/no"), /^403/);
    assert.match(await s3("sg", "hawser-canary", "HEAD", "photos"), /^403/);
    assert.match(await s3("eu", "app", "PUT", "photos/yes"), /^200/);
    assert.match(await lab.exec("eu", `${API}/GetKeyInfo?id=${GIVEN}`), /"createBucket": true[^]*"owner": true/);
  });

  void test("keys and secrets that were made are the same in all zones, and only the other hosts get to the RPC", { timeout: 60_000 }, async () => {
    for (const file of ["keys", "rpc.secret"]) {
      const all = await Promise.all(HOSTS.map((host) => lab.exec(host, `cat /etc/hawser-objects/${file}`)));
      assert.equal(new Set(all).size, 1, file);
    }
    assert.match(await lab.exec("la", "ss -Hltn"), new RegExp(`${lab.address("la").replaceAll(".", String.raw`\.`)}:3901`));
    assert.doesNotMatch(await lab.exec("la", "ss -Hltn"), /(?:0\.0\.0\.0|\*|\[::\]):(?:3900|3901|3903)\s/);
  });

  void test("a zone that is cut off cannot write; the others go on, nothing that was acknowledged is lost, and it catches up", { timeout: 300_000 }, async () => {
    await labCut(NAME, "eu", "la");
    await labCut(NAME, "eu", "sg");
    try {
      for (const host of ["la", "sg"] as const) for (const n of [1, 2, 3]) {
        await lab.exec(host, `echo ${host} ${n} >/root/object`);
        await s3Until("200", host, "app", "PUT", `photos/cut/${host}/${n}`);
      }
      assert.doesNotMatch(await s3("eu", "app", "PUT", "photos/cut/eu"), /^200/);
    } finally {
      await labHeal(NAME);
    }
    for (const from of ["la", "sg"] as const) for (const n of [1, 2, 3]) {
      await s3Until("200", "eu", "app", "GET", `photos/cut/${from}/${n}`);
      assert.equal((await lab.exec("eu", "cat /root/object")).trim(), `${from} ${n}`);
    }
    await proof.healthy();
  });

  void test("a host that is set up anew takes its place, and gets keys and objects from the others", { timeout: 400_000 }, async () => {
    await lab.exec("la", "echo kept >/root/object");
    assert.match(await s3("la", "app", "PUT", "photos/kept"), /^200 /);
    const [keys, former] = [await lab.exec("la", "cat /etc/hawser-objects/keys"), await nodeId("eu")];
    await lab.exec("eu", "systemctl stop 'hawser-objects*'; rm -rf /var/lib/hawser-objects /etc/hawser-objects");
    const said = await proof.run();
    assert.equal(said.recap.result, "ok", said.trouble);
    assert.equal(await lab.exec("eu", "cat /etc/hawser-objects/keys"), keys);
    assert.notEqual(await nodeId("eu"), former);
    assert.doesNotMatch(await lab.exec("la", `${API}/GetClusterLayout`), new RegExp(former));
    await proof.healthy();
    await s3Until("200", "eu", "app", "GET", "photos/kept");
    assert.equal((await lab.exec("eu", "cat /root/object")).trim(), "kept");
  });

  void test("a drill finds what it wrote in each zone, more than S3 lists at once, and takes it away", { timeout: 300_000 }, () => drillReadsBack(lab, HOSTS, "garage"));

  void test("no key and no secret is in a command line, a log or a file that others read", { timeout: 120_000 }, async () => {
    const made = (await lab.exec("la", "sed -n 's/^app [^ ]* //p' /etc/hawser-objects/keys; cat /etc/hawser-objects/rpc.secret /etc/hawser-objects/admin.token")).trim().split("\n");
    assert.equal(made.length, 3);
    for (const host of HOSTS) {
      const found = await whereShown(lab, host, [SECRET, ...made], DATA);
      assert.equal(found.trim(), "", host);
    }
  });
});
