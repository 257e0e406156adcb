import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { planOf, recorded, Secret, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { certificateInstalled } from "../../roles/ca/installed.ts";
import { constraintOf, permits, wrongName, wrongRange } from "../../roles/ca/names.ts";
import { refuseOwn } from "../../roles/ca/own.ts";
import { parseState } from "../../roles/ca/record.ts";
import { ca } from "../../roles/ca/role.ts";
import { schema } from "../../roles/ca/vars.ts";
import { ids, one, view } from "./harness.ts";

interface Changes {
  readonly own?: object;
  readonly host?: string;
  readonly peers?: Record<string, object>;
  readonly authority?: object;
  readonly openssl?: "yes" | "no";
  readonly onWarning?: (message: string) => void;
}
const NONE = { generations: [], kept: [], active: undefined, issued: [], ending: false, expired: false };
const plan = ({ own = {}, host = "la-1", peers = { "sg-1": { host: "la-1" } }, authority = {}, openssl = "yes", onWarning = () => undefined }: Changes = {}): PlannedResource[] =>
  planOf(use(ca, { host: "la-1", ...own }), recorded("debian-12"), { host, peers, roleFacts: { authority: { ...NONE, ...authority }, leaves: [], openssl }, onWarning });

void test("the CA is made on its host alone, once no host trusts another one", () => {
  assert.deepEqual(ids(plan()), ["directory:/etc/hawser-tls", "read:certificates of the host", "directory:/etc/hawser-ca", "no-other-ca:la-1", "no-other-ca:sg-1", "task:CA of generation 1", "task:first generation", "read:CAs that are trusted"]);
  assert.deepEqual(ids(plan({ host: "sg-1", peers: { "la-1": { host: "la-1" } } })), ["directory:/etc/hawser-tls", "read:certificates of the host"]);
  assert.ok(ids(plan({ openssl: "no" })).includes("package:openssl"));
});

void test("a CA that is there is looked after, and nobody is waited for", () => {
  assert.deepEqual(ids(plan({ authority: { generations: [1], active: 1, issued: ["la-1", "sg-1"] } })).slice(3), ["task:CA of generation 1", "file:/etc/hawser-ca/1/key.pem", "read:CAs that are trusted"]);
});

void test("the key is made with openssl alone, and is in no command line", () => {
  const apply = one(plan(), "task:CA of generation 1").apply ?? "";
  assert.match(apply, /^umask 077/);
  assert.match(apply, /pathlen:0/);
  assert.doesNotMatch(apply, /nameConstraints|addext/);
  assert.match(one(plan({ own: { permitted: ["DNS:mesh.internal", "IP:10.0.0.0/9"] } }), "task:CA of generation 1").apply ?? "", /nameConstraints = critical, permitted;DNS:mesh\.internal, permitted;IP:10\.0\.0\.0\/255\.128\.0\.0/);
});

void test("another generation is made, then signs, then is alone, each in a run of its own", () => {
  const said: string[] = [];
  const steps = [{ generations: [1], active: 1 }, { generations: [1, 2], active: 1 }, { generations: [1, 2], active: 2 }, { generations: [2], active: 2 }].map((authority) => {
    const found = ids(plan({ own: { generation: 2 }, peers: { "sg-1": { host: "la-1", generation: 2 } }, authority, onWarning: (message) => said.push(message) }));
    return found.filter((id) => /sign by|forget/.test(id));
  });
  assert.deepEqual(steps, [["task:sign by generation 2"], ["task:sign by generation 2"], ["task:forget generation 1"], []]);
  assert.equal(said.length, 3);
  assert.match(said[0] ?? "", /changes over from generation 1 to 2: run again/);
});

void test("a CA that nears its end is warned of, and nobody is waited for once it has ended", () => {
  const said: string[] = [];
  plan({ authority: { generations: [1], active: 1, ending: true }, onWarning: (message) => said.push(message) });
  assert.match(said.join("\n"), /generation 1 ends in less than 365 days.*count ca\.generation up/);
  const step = one(plan({ own: { generation: 2 }, peers: { "sg-1": { host: "la-1", generation: 2 } }, authority: { generations: [1], active: 1, ending: true, expired: true } }), "task:sign by generation 2");
  assert.doesNotMatch(step.probe, /not known yet/);
});

void test("a host that has certificates and is not in the playbook holds a change up, and is named", () => {
  const said: string[] = [];
  const found = ids(plan({ own: { generation: 2 }, peers: { "sg-1": { host: "la-1", generation: 2 } }, authority: { generations: [1, 2], active: 1, issued: ["la-1", "sg-9"] }, onWarning: (message) => said.push(message) }));
  assert.ok(!found.some((id) => /sign by|forget/.test(id)));
  assert.match(said.join("\n"), /sg-9 has certificates and no part in this playbook.*remove \/etc\/hawser-ca\/issued\/NAME on la-1/);
});

for (const [what, changes, message] of [
  ["a CA's host that has no part in it", { own: { host: "la-2" }, peers: { "sg-1": { host: "la-2" } } }, /ca\.host is la-2, which does not use the role ca/],
  ["two hosts that each have the CA", { peers: { "sg-1": { host: "sg-1" } } }, /ca\.host is la-1 on la-1 and sg-1 on sg-1/],
  ["different generations", { peers: { "sg-1": { host: "la-1", generation: 2 } } }, /ca\.generation is 1 on la-1 and 2 on sg-1/],
  ["a generation that is gone back to", { authority: { generations: [3], active: 3 } }, /ca\.generation is 1, and the CA has come to 3/],
] as const) {
  void test(`${what} is refused before any host is touched`, () => {
    assert.throws(() => plan(changes), (error: Error & { hint?: string }) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.ok(error.hint);
      return true;
    });
  });
}

for (const [vars, message] of [
  [{}, /which host has the CA's key/],
  [{ host: "a", own: { certificate: "x" } }, /either `host`/],
  [{ host: "a", days: 400, leaf_days: 365 }, /can sign nothing for 365 days/],
  [{ host: "a", permitted: ["10.0.0.0/8"] }, /neither DNS:DOMAIN nor IP/],
  [{ host: "a", leaf_days: 30 }, />=60|60/],
  [{ host: "a", generaton: 2 }, /generaton/],
] as const) {
  void test(`vars ${JSON.stringify(vars)} are refused`, () => assert.match(JSON.stringify(schema.safeParse(vars).error?.issues ?? []), message));
}

void test("names of certificates, and ranges of a CA", () => {
  assert.deepEqual(["DNS:la-1", "DNS:*.mesh.internal", "DNS:server.la.consul", "IP:10.0.0.1", "IP:fd00::1", "URI:spiffe://mesh/web"].map(wrongName), Array(6).fill(undefined));
  for (const name of ["la-1", "DNS:10.0.0.1", "DNS:a b", "DNS:a,b", "DNS:$x", "IP:10.0.0", "URI:x", "URI:spiffe://a,b", "DNS:", "EMAIL:a@b"]) assert.ok(wrongName(name), name);
  assert.match(wrongName("DNS:10.0.0.1") ?? "", /write IP:10\.0\.0\.1/);
  assert.deepEqual(["DNS:mesh.internal", "IP:10.0.0.0/8", "IP:fd00::/8"].map(wrongRange), Array(3).fill(undefined));
  for (const range of ["DNS:*.mesh", "IP:10.0.0.0", "IP:10.0.0.0/33", "URI:x"]) assert.ok(wrongRange(range), range);
  assert.deepEqual(["IP:10.0.0.0/8", "IP:10.0.0.0/9", "IP:0.0.0.0/0", "IP:fd00::/20", "DNS:a"].map(constraintOf), ["IP:10.0.0.0/255.0.0.0", "IP:10.0.0.0/255.128.0.0", "IP:0.0.0.0/0.0.0.0", "IP:fd00::/ffff:f000:0:0:0:0:0:0", "DNS:a"]);
  const ranges = ["DNS:mesh.internal", "IP:10.0.0.0/8"];
  assert.deepEqual(["DNS:mesh.internal", "DNS:a.mesh.internal", "DNS:*.mesh.internal", "IP:10.9.9.9", "URI:spiffe://x"].map((name) => permits(ranges, name)), Array(5).fill(true));
  assert.deepEqual(["DNS:xmesh.internal", "DNS:internal", "IP:11.0.0.1", "IP:fd00::1"].map((name) => permits(ranges, name)), Array(4).fill(false));
  assert.equal(permits([], "DNS:anything"), true);
});

void test("a record says what there is, and nothing where there is none", () => {
  assert.deepEqual(parseState(""), { spec: undefined, generation: undefined, trusts: [], certificate: undefined, mode: undefined, key: undefined, whole: false, lasting: false, valid: false });
  assert.deepEqual(parseState("spec a\ngeneration 2\ntrusts 1:x 2:y\ncertificate c\nmode 640 root web\nwhole\nvalid\nkey 600 root root\n"), { spec: "a", generation: 2, trusts: ["1:x", "2:y"], certificate: "c", mode: "640 root web", key: "600 root root", whole: true, lasting: false, valid: true });
});

void test("a check promises a certificate for another key, and none for a folder whose mode is mended", () => {
  const args = certificateInstalled.args.parse({ name: "web", spec: "a", mode: "640 root web", joined: false });
  const whole = "spec a\ngeneration 1\ntrusts 1:x\ncertificate c\nmode 640 root web\nwhole\nlasting\nvalid\nkey 640 root web\n";
  const predicted = (out: string, kind: string) => certificateInstalled.predict?.(args, { out, err: "", code: 0 }, [{ id: `web/${kind}:x`, kind, outcome: "would-change" }], { facts: recorded("debian-12") }).outcome;
  assert.deepEqual([predicted(whole, "directory"), predicted(whole, "task"), predicted("", "directory")], ["ok", "would-change", "would-change"]);
});

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});

void describe("a CA of the operator's own", () => {
  let folder: string;
  const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "hawser-own-"));
    for (const name of ["ca", "other", "web", "between"]) openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", `${name}.key`);
    for (const [name, key, is] of [["ca", "ca", "TRUE"], ["other", "other", "TRUE"], ["none", "other", "FALSE"]] as const) openssl("req", "-x509", "-new", "-key", `${key}.key`, "-subj", `/CN=${name}`, "-days", "100", "-addext", `basicConstraints=critical,CA:${is}`, "-out", `${name}.pem`);
    openssl("req", "-x509", "-new", "-key", "between.key", "-subj", "/CN=between", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "100", "-addext", "basicConstraints=critical,CA:TRUE", "-out", "between.pem");
    openssl("req", "-x509", "-new", "-key", "web.key", "-subj", "/CN=web", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "50", "-addext", "basicConstraints=critical,CA:FALSE", "-out", "web.pem");
    openssl("req", "-x509", "-new", "-key", "web.key", "-subj", "/CN=web", "-CA", "between.pem", "-CAkey", "between.key", "-days", "50", "-addext", "basicConstraints=critical,CA:FALSE", "-out", "below.pem");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const host = view("la-1", "la", { lines: ["ca.own.certificate", "ca.own.certificates.web.certificate", "ca.own.certificates.web.key"] });
  const refuse = (certificate: string, { leaf = "web.pem", key = "web.key", days = 0 } = {}): void => refuseOwn(host, { certificate: certificate.split(" ").map(read).join(""), certificates: { web: { certificate: leaf.split(" ").map(read).join(""), key: new Secret(read(key)) } } }, new Date(Date.now() + days * 86_400_000));

  void test("is taken when all fits, also with another one beside it and certificates between", () => {
    for (const [authority, leaf] of [["ca.pem", "web.pem"], ["other.pem ca.pem", "web.pem"], ["ca.pem", "below.pem between.pem"]] as const) assert.doesNotThrow(() => refuse(authority, { leaf }));
  });

  for (const [what, run, line, message] of [
    ["has expired", () => refuse("ca.pem", { days: 101 }), 1, /CN=ca has expired: it was good until/],
    ["is not valid yet", () => refuse("ca.pem", { days: -1 }), 1, /CN=ca is not valid yet: it is good from/],
    ["is no CA", () => refuse("none.pem"), 1, /CN=none is no CA/],
    ["has not signed the certificate", () => refuse("other.pem"), 2, /web is not signed by CN=other, but by CN=ca/],
    ["has not signed it, and what is between is missing", () => refuse("ca.pem", { leaf: "below.pem" }), 2, /not signed by CN=ca, but by CN=between/],
    ["has signed one that has ended", () => refuse("ca.pem", { days: 51 }), 2, /CN=web has expired/],
    ["has signed one of another key", () => refuse("ca.pem", { key: "other.key" }), 3, /key of web is not that of its certificate/],
    ["is no certificate", () => refuse("web.key"), 1, /it holds no certificate/],
    ["has signed one whose key is none", () => refuse("ca.pem", { key: "web.pem" }), 3, /key of web cannot be read/],
  ] as const) {
    void test(`that ${what} is refused at its line`, () => {
      assert.throws(run, (error: UsageError) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        assert.equal(error.source?.line, line);
        assert.ok(error.hint);
        return true;
      });
    });
  }
});
