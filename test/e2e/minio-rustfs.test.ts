import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Inventory } from "hawser";
import book from "../../playbooks/minio.ts";
import { labSetRtt } from "../../src/lab/index.ts";
import { withoutArtifact } from "../artifacts/index.ts";
import { E2eLab, follow, skip } from "./engine-fixture.ts";
import { DATA, drillReadsBack, FULL, objectsOf, s3Client, whereShown } from "./objects-fixture.ts";
import { proveRole, unavailable } from "./role-proof.ts";

/** The role minio with its backend rustfs. */
const NAME = "e2e-rustfs";
const HOSTS = ["la", "sg"] as const;
/** It joins, and leaves again. */
const THIRD = "eu";
type Host = (typeof HOSTS)[number];
const lab = new E2eLab(NAME, ["198.18.154", "198.18.155", "198.18.156"], { la: "debian", sg: "debian", eu: "debian" });

/** Given, not made: it is looked for everywhere afterwards. */
const SECRET = randomBytes(20).toString("hex");
const GIVEN = `HW${randomBytes(9).toString("hex").toUpperCase()}`;
process.env["E2E_RUSTFS_SECRET"] = SECRET;

const inventoryOf = async (hosts: readonly string[]): Promise<Inventory> => await objectsOf(lab, hosts, { backend: "rustfs", given: { access: GIVEN, secret: "E2E_RUSTFS_SECRET" }, vars: { arrives_within_s: 10, rustfs: { scan_every_s: 10 } } });
const inventory = async (): Promise<Inventory> => await inventoryOf(HOSTS);

const { s3, s3Until, travels, writeInACut } = s3Client(lab, 180);
const FOLDER = "/etc/hawser-objects";
/** Asks RustFS as its administrator does. @param sent What is sent, as JSON. */
const tell = (host: Host, method: string, call: string, sent?: object): string =>
  `${sent === undefined ? "" : `printf '%s' '${JSON.stringify(sent)}' | `}sh ${FOLDER}/tell.sh ${FOLDER}/s3.sh ${FOLDER}/admin.key /etc/hawser-tls/objects/trusted.pem ${method} 'https://${lab.address(host)}:8333/${call}' ${sent === undefined ? "" : "-"}`;
const admin = (host: Host, method: string, call: string, sent?: object): string => tell(host, method, `rustfs/admin/v3/${call}`, sent);
const unit = (name: string, words: string): string => `systemctl ${words} ${name}`;
const APP = `a=$(sed -n 's/^app \\([^ ]*\\) .*/\\1/p' ${FOLDER}/keys)`;
/** A request of the administrator's that names the user `app`. */
const ofApp = (host: Host, method: string, call: string, sent?: object): string => `${APP}; ${admin(host, method, call, sent).replace("$a", `'"$a"'`)}`;

const why = skip || withoutArtifact("rustfs");
if (why !== false) await unavailable({ test: import.meta, roles: ["minio"], backend: "rustfs" }, why);

void describe("RustFS in two regions", { skip: why }, () => {
  before(() => lab.up(), { timeout: 240_000 });
  after(() => lab.down());

  const proof = proveRole({
    test: import.meta,
    roles: ["minio"],
    backend: "rustfs",
    lab,
    book,
    inventory,
    servers: { minio: { name: "RustFS", on: "la", version: "/opt/hawser-objects/rustfs --version | head -n 1" } },
    drifts: [
      { what: "a site that was stopped", by: { sg: unit("hawser-objects", "stop") }, repairs: [/^sg .*service:hawser-objects/] },
      { what: "another region in the unit", by: { la: "sed -i 's/us-east-1/us-west-9/' /etc/systemd/system/hawser-objects.service" }, repairs: [/^la .*hawser-objects\.service/] },
      { what: "keys that others read", by: { sg: `chmod 644 ${FOLDER}/root.secret ${FOLDER}/keys` }, repairs: [/^sg .*root\.secret/, /^sg .*task:keys/] },
      { what: "a bucket without its quota, another without its expiry", by: { la: `${admin("la", "DELETE", "quota/photos")} >/dev/null; ${tell("la", "DELETE", "app-logs?lifecycle=")}` }, repairs: [/^la .*rustfs-bucket:photos/, /^la .*rustfs-bucket:app-logs/] },
      { what: "a policy that allows more", by: { sg: `printf '%s' '${JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"] }] })}' | ${admin("sg", "PUT", "add-canned-policy?name=hawser-app")} -` }, repairs: [/^la .*rustfs-user:app/] },
      { what: "a user with another secret key", by: { la: ofApp("la", "PUT", "add-user?accessKey=$a", { secretKey: "0".repeat(40), status: "enabled" }) }, repairs: [/^la .*rustfs-user:app/] },
      { what: "a user that was disabled", by: { la: ofApp("la", "PUT", "set-user-status?accessKey=$a&status=disabled") }, repairs: [/^la .*rustfs-user:app/] },
      { what: "a user that left, with its policy", by: { la: `${admin("la", "PUT", "add-canned-policy?name=hawser-eve", { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::photos/*"] }] })}; ${admin("la", "PUT", "add-user?accessKey=EVE00000", { secretKey: "0".repeat(40), status: "enabled" })}; ${admin("la", "PUT", "set-user-or-group-policy?isGroup=false&policyName=hawser-eve&userOrGroup=EVE00000")}` }, repairs: [/^la .*rustfs-leavers/] },
    ],
    faults: [
      { what: "a site is gone", by: { sg: unit("hawser-objects", "stop") }, heal: { sg: unit("hawser-objects", "start") }, expect: [/: RustFS/, /S3 with a key/, /S3 without a key/, /an object reaches sg/, /bytes and ETag at sg/, /a deletion reaches sg/] },
      { what: "no health check", by: { la: unit("hawser-objects-canary", "stop") }, heal: { la: unit("hawser-objects-canary", "start") }, expect: [/health check/] },
      { what: "replication that was taken apart", by: { la: admin("la", "PUT", "site-replication/remove", { all: true }) }, heal: "apply", expect: [/sites that it does not replicate with/, /an object reaches sg/] },
      { what: "a full disk", by: { la: FULL }, heal: { la: `umount -l ${DATA}; umount -l ${DATA}` }, expect: [/disk free/] },
    ],
    reboots: ["sg"],
    settles: 120,
  });

  void test("an object that is written in one region is in the other, 84 ms away, large or small, and so is its deletion", { timeout: 180_000 }, async () => {
    await labSetRtt(NAME, 84);
    for (const [from, to] of [["la", "sg"], ["sg", "la"]] as const) {
      for (const kib of [1, 20_000]) await travels(from, to, kib);
    }
    await labSetRtt(NAME, 0);
  });

  void test("users may do what was said, and no more", { timeout: 60_000 }, async () => {
    // Who sends much is refused before it has been read.
    for (const host of HOSTS) await lab.exec(host, "echo small >/root/object");
    assert.match(await s3("la", "app", "PUT", "app-logs/no"), /^403/);
    assert.match(await s3("sg", "app", "PUT", "hawser-canary/no"), /^403/);
    assert.match(await s3("sg", "hawser-canary", "HEAD", "photos"), /^403/);
    assert.match(await s3("sg", "app", "PUT", "photos/yes"), /^200/);
  });

  void test("a cut loses nothing that was acknowledged, and both regions go on meanwhile", { timeout: 300_000 }, async () => {
    await writeInACut("la", "sg");
    await proof.healthy();
  });

  void test("a drill finds what it wrote in each region, more than S3 lists at once, and takes it away", { timeout: 300_000 }, () => drillReadsBack(lab, HOSTS, "rustfs"));

  for (const [anew, other] of [["sg", "la"], ["la", "sg"]] as const) {
    void test(`${anew}, set up anew, takes its place, and gets keys and objects from ${other}`, { timeout: 400_000 }, async () => {
      await lab.exec(other, `echo kept in ${other} >/root/object`);
      assert.match(await s3(other, "app", "PUT", `photos/kept/${other}`), /^200 /);
      await s3Until("200", anew, "app", "HEAD", `photos/kept/${other}`);
      const keys = await lab.exec(other, `cat ${FOLDER}/keys`);
      await lab.exec(anew, `systemctl stop 'hawser-objects*'; rm -rf ${DATA} ${FOLDER}`);
      const said = await proof.run();
      assert.equal(said.recap.result, "ok", said.trouble);
      assert.equal(await lab.exec(anew, `cat ${FOLDER}/keys`), keys);
      await s3Until("200", anew, "app", "GET", `photos/kept/${other}`);
      assert.equal((await lab.exec(anew, "cat /root/object")).trim(), `kept in ${other}`);
      await proof.healthy();
      await travels(other, anew, 1);
      await travels(anew, other, 1);
    });
  }

  void test("a third region joins by an edit of the inventory and gets all objects, and leaves by another one", { timeout: 400_000 }, async () => {
    await lab.exec("sg", "echo joined >/root/object");
    assert.match(await s3("sg", "app", "PUT", "photos/joined"), /^200 /);
    const joined = await follow(book, { inventory: await inventoryOf([...HOSTS, THIRD]), check: false });
    assert.equal(joined.recap.result, "ok", joined.trouble);
    for (const [object, said] of [["joined", "joined"], ["kept/la", "kept in la"], ["kept/sg", "kept in sg"]] as const) {
      await s3Until("200", THIRD, "app", "GET", `photos/${object}`);
      assert.equal((await lab.exec(THIRD, "cat /root/object")).trim(), said);
    }
    // A bucket with a quota takes nothing (503) until the first pass has counted what is in it.
    await s3Until("200", THIRD, "app", "PUT", "photos/counted");
    await travels(THIRD, "sg", 1);
    const left = await proof.run();
    assert.equal(left.recap.result, "ok", left.trouble);
    assert.doesNotMatch(await lab.exec("sg", admin("sg", "GET", "site-replication/info")), new RegExp(lab.address(THIRD).replaceAll(".", String.raw`\.`)));
    await proof.healthy();
    assert.match(await s3("la", "app", "PUT", "photos/without-it"), /^200 /);
    await s3Until("200", "sg", "app", "HEAD", "photos/without-it");
    assert.match(await s3(THIRD, "app", "HEAD", "photos/without-it"), /^40[34]/);
  });

  void test("no key is in a command line, a log or a file that others read", { timeout: 120_000 }, async () => {
    const made = (await lab.exec("la", `sed -n -e 's/^app [^ ]* //p' -e 's/^hawser-root [^ ]* //p' ${FOLDER}/keys`)).trim().split("\n");
    assert.equal(made.length, 2);
    for (const host of HOSTS) {
      const found = await whereShown(lab, host, [SECRET, ...made], DATA);
      assert.equal(found.trim(), "", host);
    }
  });
});
