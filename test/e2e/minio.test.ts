import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { loadInventory, type Inventory } from "hawser";
import { stringify } from "yaml";
import book from "../../playbooks/minio.ts";
import { labCut, labHeal, labSetRtt } from "../../src/lab/index.ts";
import { builtArtifact, withoutArtifact } from "../artifacts/index.ts";
import { E2eLab, skip } from "./engine-fixture.ts";
import { DATA, drillReadsBack, FULL, s3Client, whereShown } from "./objects-fixture.ts";
import { proveRole, unavailable } from "./role-proof.ts";

const NAME = "e2e-minio";
const HOSTS = ["la", "sg"] as const;
const lab = new E2eLab(NAME, ["198.18.137", "198.18.138"], { la: "debian", sg: "debian" });

/** What needs no hosts is proved by test/roles/minio.test.ts. */
const long = process.env["HAWSER_EVIDENCE"] === undefined ? "it takes minutes, and runs where evidence is kept: HAWSER_EVIDENCE=FOLDER" : false;
const why = skip || withoutArtifact("seaweedfs") || long;
if (why !== false && why !== long) await unavailable({ test: import.meta, roles: ["minio"] }, why);

/** Given, not made: it is looked for everywhere afterwards. */
const SECRET = `canary${randomBytes(15).toString("hex")}`;
process.env["E2E_MINIO_SECRET"] = SECRET;

async function inventory(): Promise<Inventory> {
  const folder = await mkdtemp(path.join(lab.folder, "inventory-"));
  const { file = "", sha256 = "" } = builtArtifact("seaweedfs") ?? {};
  const vars = {
    artifact: { file, sha256 },
    buckets: [{ name: "photos", quota_mb: 512 }, { name: "app-logs", expire_days: 30 }],
    users: [{ name: "app", buckets: { photos: "read-write", "app-logs": "read" } }, { name: "given", admin: true, access_key: "GIVEN", secret_key: "!env" }],
    canary_every_s: 5,
    arrives_within_s: 5,
  };
  const host = (name: string) => ({ public_address: lab.address(name), ssh: { user: "root", address: lab.address(name), key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false } });
  const text = stringify({ objects: { vars: { ca: { host: "la" }, minio: vars }, hosts: Object.fromEntries(HOSTS.map((name) => [name, host(name)])) } });
  await writeFile(path.join(folder, "hosts.yml"), text.replace('secret_key: "!env"', "secret_key: !env E2E_MINIO_SECRET"));
  return await loadInventory(folder);
}

const { s3, s3Until, travels, writeInACut } = s3Client(lab, 30, (user) => (user === "given" ? `printf "ACCESS=GIVEN\\nSECRET=%s\\n" "$(sed -n 's/.*"secretKey": "\\(canary[0-9a-f]*\\)".*/\\1/p' /etc/hawser-objects/identities.json)"` : undefined));
const unit = (name: string, words: string): string => `systemctl ${words} ${name}`;

void describe("object storage in two regions", { skip: why }, () => {
  before(() => lab.up(), { timeout: 180_000 });
  after(() => lab.down());

  const proof = proveRole({
    test: import.meta,
    roles: ["minio"],
    lab,
    book,
    inventory,
    servers: { minio: { name: "SeaweedFS", on: "la", version: "/opt/hawser-objects/weed version" } },
    drifts: [
      { what: "a stopped puller", by: { la: unit("hawser-objects-from-sg", "stop") }, repairs: [/^la .*service:hawser-objects-from-sg/] },
      { what: "another user in the file", by: { sg: `sed -i 's/"app"/"eve"/' /etc/hawser-objects/identities.json` }, repairs: [/^sg .*identities\.json/] },
      { what: "folders that others read, and nothing else", by: { sg: `chmod 0711 /etc/hawser-objects /etc/hawser-tls/objects; chmod 0755 ${DATA}` }, repairs: [/^sg .*directory:\/etc\/hawser-objects$/, /^sg .*directory:\/etc\/hawser-tls\/objects$/, /^sg .*directory:\/var\/lib\/hawser-objects$/] },
      { what: "keys that others read", by: { la: "chmod 644 /etc/hawser-objects/keys" }, repairs: [/^la .*task:keys/] },
      { what: "a bucket without its quota and another's expiry", by: { sg: `printf '%s\\n' 's3.bucket.quota -name photos -op remove' 'fs.configure -locationPrefix=/buckets/app-logs/ -delete -apply' | /opt/hawser-objects/weed -config_dir=/etc/hawser-objects shell -master=127.0.0.1:9333 -filer=${lab.address("sg")}:8888 >/dev/null` }, repairs: [/^sg .*task:buckets/] },
      { what: "a puller of a host that left", by: { la: "printf '[Service]\\nExecStart=/bin/sleep 9999\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/hawser-objects-from-gone.service; systemctl enable -q --now hawser-objects-from-gone" }, repairs: [/^la .*task:sites that left/] },
    ],
    faults: [
      { what: "no volumes", by: { la: unit("hawser-objects-store", "stop") }, heal: { la: unit("hawser-objects-store hawser-objects", "restart") }, expect: [/volumes and master/, /volumes that can still be made/] },
      { what: "no S3", by: { sg: unit("hawser-objects", "stop") }, heal: { sg: unit("hawser-objects", "start") }, expect: [/filer and S3/, /S3 with a key/, /S3 without a key/, /an object reaches sg/, /bytes and ETag at sg/, /behind sg/] },
      { what: "everybody may read", by: { la: `sed -i 's/"identities": \\[/"identities": [{"name":"anonymous","actions":["Read","List"]},/' /etc/hawser-objects/identities.json; systemctl restart hawser-objects` }, heal: "apply", expect: [/S3 without a key/] },
      { what: "a puller that does not delete", by: { sg: "sed -i 's/-isActivePassive/& -b.doDeleteFiles=false/' /etc/systemd/system/hawser-objects-from-la.service; systemctl daemon-reload; systemctl restart hawser-objects-from-la" }, heal: "apply", expect: [/a deletion reaches sg/] },
      { what: "no puller", by: { sg: unit("hawser-objects-from-la", "stop") }, heal: { sg: unit("hawser-objects-from-la", "start") }, expect: [/puller from la/, /behind la/] },
      { what: "no health check", by: { la: unit("hawser-objects-canary", "stop") }, heal: { la: unit("hawser-objects-canary", "start") }, expect: [/health check/] },
      { what: "a full disk", by: { la: FULL }, heal: { la: `systemctl stop 'hawser-objects*'; umount ${DATA}; umount ${DATA}; systemctl start hawser-objects-store hawser-objects hawser-objects-from-sg hawser-objects-canary` }, expect: [/disk free/] },
      { what: "a certificate about to end", by: { la: "cd /etc/hawser-objects && cp own.crt /root/own.crt && openssl req -new -x509 -key own.key -days 5 -subj /CN=la -out own.crt" }, heal: { la: "cp /root/own.crt /etc/hawser-objects/own.crt" }, expect: [/certificate/] },
    ],
    reboots: ["sg"],
    settles: 90,
  });

  void test("an object that is written in one region is in the other, 84 ms away, large or small, and so is its deletion", { timeout: 120_000 }, async () => {
    await labSetRtt(NAME, 84);
    for (const [from, to] of [["la", "sg"], ["sg", "la"]] as const) {
      for (const kib of [1, 20_000]) await travels(from, to, kib);
    }
  });

  void test("users may do what was said, and no more", { timeout: 60_000 }, async () => {
    assert.match(await s3("la", "app", "PUT", "app-logs/no"), /^403/);
    assert.match(await s3("sg", "app", "PUT", "hawser-canary/no"), /^403/);
    assert.match(await s3("sg", "hawser-canary", "HEAD", "photos"), /^403/);
    assert.match(await s3("la", "given", "PUT", "app-logs/yes"), /^200/);
    assert.match(await s3("la", "given", "PUT", "no-such-bucket/no"), /^404/);
  });

  void test("the keys that were made are the same in both regions, and the filer asks for a site's certificate", { timeout: 60_000 }, async () => {
    const [one, other] = await Promise.all(HOSTS.map((host) => lab.exec(host, "cat /etc/hawser-objects/keys")));
    assert.equal(one, other);
    // Whether curl gets to read why depends on who closes first.
    const filer = (own: string) => lab.exec("la", `curl -s -o /dev/null -w '%{http_code}' --max-time 5 -k ${own} https://${lab.address("la")}:8888/buckets/ || :`);
    assert.equal((await filer("")).trim(), "000");
    assert.notEqual((await filer("--cert /etc/hawser-objects/own.crt --key /etc/hawser-objects/own.key")).trim(), "000", "with one it answers, whatever it says");
  });

  void test("a cut loses nothing that was acknowledged, and both regions go on meanwhile", { timeout: 120_000 }, async () => {
    await writeInACut("la", "sg");
    await proof.healthy();
  });

  void test("of two writes to one key on both sides of a cut, the later is kept in both regions", { timeout: 120_000 }, async () => {
    await labCut(NAME, "la", "sg");
    try {
      for (const host of HOSTS) {
        // SeaweedFS compares times by the second.
        await lab.exec(host, `echo written in ${host} >/root/object; s=$(date +%s); while [ "$(date +%s)" = "$s" ]; do sleep 0.05; done`);
        assert.match(await s3(host, "app", "PUT", "photos/both"), /^200 /);
      }
    } finally {
      await labHeal(NAME);
    }
    const later = await s3("sg", "app", "HEAD", "photos/both");
    await s3Until(later, "la", "app", "HEAD", "photos/both");
    assert.equal(await s3("sg", "app", "HEAD", "photos/both"), later);
  });

  void test("a host that is set up anew gets the keys and all objects from the other", { timeout: 300_000 }, async () => {
    await lab.exec("la", "echo kept >/root/object");
    assert.match(await s3("la", "app", "PUT", "photos/kept"), /^200 /);
    await s3Until("200", "sg", "app", "HEAD", "photos/kept");
    const keys = await lab.exec("la", "cat /etc/hawser-objects/keys");
    await lab.exec("la", "systemctl stop 'hawser-objects*'; rm -rf /var/lib/hawser-objects /etc/hawser-objects");
    const said = await proof.run();
    assert.equal(said.recap.result, "ok", said.trouble);
    assert.equal(await lab.exec("la", "cat /etc/hawser-objects/keys"), keys);
    await s3Until("200", "la", "app", "GET", "photos/kept");
    assert.equal((await lab.exec("la", "cat /root/object")).trim(), "kept");
    await proof.healthy();
  });

  void test("a drill finds what it wrote in each region, more than S3 lists at once, and takes it away", { timeout: 300_000 }, () => drillReadsBack(lab, HOSTS, "seaweedfs"));

  void test("no key is in a command line, a log or a file that others read", { timeout: 120_000 }, async () => {
    const made = (await lab.exec("la", "sed -n 's/^app [^ ]* //p' /etc/hawser-objects/keys")).trim();
    assert.ok(made.length >= 40);
    for (const host of HOSTS) {
      const found = await whereShown(lab, host, [SECRET, made]);
      assert.equal(found.trim(), "", host);
    }
  });
});
