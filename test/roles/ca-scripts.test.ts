import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { beginRestore, endRestore, lookAtAuthority, makeAuthority, parseSeen, parseTrusted, TRUSTED } from "../../roles/ca/authority.ts";
import { certificateInstalled } from "../../roles/ca/installed.ts";
import { certificateIssued, issuedText, parseIssued } from "../../roles/ca/issue.ts";
import { keyScript } from "../../roles/ca/key.ts";
import { lookAt, parseState, parseTold, sound, TELL } from "../../roles/ca/record.ts";
import { recorded, type Sh } from "../../src/index.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "hawser-ca-"));
  for (const folder of ["hawser-ca", "hawser-tls/web"]) mkdirSync(path.join(root, folder), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Runs a host's script in a folder in place of /etc. */
function run(command: Sh, shell = "sh") {
  const { status, stdout, stderr } = spawnSync(shell, ["-e"], { input: command.render().replaceAll("/etc/hawser-", `${root}/hawser-`), encoding: "utf8" });
  return { code: status ?? -1, out: stdout, err: stderr };
}
function ran(command: Sh): string {
  const { code, out, err } = run(command);
  assert.equal(code, 0, err);
  return out;
}
const at = (file: string): string => path.join(root, file);
const read = (file: string): string => readFileSync(at(file), "utf8");
const context = { facts: recorded("debian-12") };
const made = { name: "hawser", generation: 1, days: 3650, permitted: [] as string[] };
const begin = (changes: object = {}): void => {
  ran(makeAuthority({ ...made, ...changes }));
  writeFileSync(at("hawser-ca/active"), "1\n");
};
const SPEC = "a".repeat(32);
const { username } = userInfo();
const MODE = `600 ${username} ${spawnSync("id", ["-gn"], { encoding: "utf8" }).stdout.trim()}`;

/** Asks for a certificate as a run does, and returns what was done at the CA and on the host. */
function obtain({ names = ["DNS:la-1", "IP:10.0.0.1"], usage = "both" as const, days = 365, spec = SPEC, joined = false } = {}): (string | undefined)[] {
  if (run(sound("web", spec)).code !== 0) ran(keyScript("web", "la-1"));
  const request = existsSync(at("hawser-tls/web/next-request.pem")) ? read("hawser-tls/web/next-request.pem") : read("hawser-tls/web/request.pem");
  const asked = { host: "la-1", name: "web", names, usage, spec, days, request, ready: true };
  const signing = certificateIssued.plan(asked, { ...run(certificateIssued.probe(asked, context)) }, context);
  if (signing?.apply) ran(signing.apply);
  const wanted = { name: "web", spec, mode: MODE, joined, issued: parseIssued(ran(issuedText("la-1", "web"))), trusted: parseTrusted(ran(TRUSTED)) };
  const installing = certificateInstalled.plan(wanted, run(certificateInstalled.probe(wanted, context)), context);
  if (installing?.apply) ran(installing.apply);
  return [signing?.summary, installing?.summary];
}
const state = () => parseState(ran(lookAt("web")));
const certificate = () => new X509Certificate(read("hawser-tls/web/cert.pem"));

void test("a CA signs leaves only, is closed to others, and says what it is", () => {
  begin();
  const own = new X509Certificate(read("hawser-ca/1/cert.pem"));
  assert.equal(own.ca, true);
  assert.equal(own.subject, "CN=hawser CA 1");
  assert.equal(Math.round((Date.parse(own.validTo) - Date.now()) / 86_400_000), 3650);
  assert.equal(Math.round((Date.now() - Date.parse(own.validFrom)) / 60_000), 60);
  assert.match(spawnSync("openssl", ["x509", "-in", at("hawser-ca/1/cert.pem"), "-noout", "-text"], { encoding: "utf8" }).stdout, /CA:TRUE, pathlen:0[\s\S]*Certificate Sign, CRL Sign/);
  assert.deepEqual(["hawser-ca/1", "hawser-ca/1/key.pem"].map((file) => statSync(at(file)).mode & 0o777), [0o700, 0o600]);
  assert.deepEqual(parseSeen(ran(lookAtAuthority({ leaf_days: 365 }))), { generations: [1], kept: [], active: 1, issued: [], ending: false, expired: false });
});

void test("a host gets what the controller says, whatever its request says, and nothing a second time", () => {
  begin();
  assert.deepEqual(obtain(), ["sign", "put in place"]);
  assert.equal(certificate().subjectAltName, "DNS:la-1, IP Address:10.0.0.1");
  assert.equal(certificate().subject, "CN=la-1");
  assert.equal(certificate().ca, false);
  assert.deepEqual(certificate().keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  assert.match(read("hawser-tls/web/key.pem"), /^-----BEGIN PRIVATE KEY-----/);
  assert.deepEqual(["key.pem", "cert.pem", "trusted.pem"].map((file) => statSync(at(`hawser-tls/web/${file}`)).mode & 0o777), [0o600, 0o644, 0o644]);
  assert.deepEqual(obtain(), [undefined, undefined]);
  const { whole, lasting, valid, generation, key } = state();
  assert.deepEqual({ whole, lasting, valid, generation, key }, { whole: true, lasting: true, valid: true, generation: 1, key: MODE });
  assert.deepEqual(parseTold(ran(TELL)).map(({ name, generation: by }) => [name, by]), [["web", 1]]);
  assert.deepEqual(parseSeen(ran(lookAtAuthority({ leaf_days: 365 }))).issued, ["la-1"]);
});

void test("other names, a key that was touched, and an end that is near give another key and certificate", () => {
  begin();
  obtain();
  const keys = new Set([read("hawser-tls/web/key.pem")]);
  assert.deepEqual(obtain({ names: ["DNS:la-2"], spec: "b".repeat(32) }), ["sign: it is asked for otherwise now", "put in place again: its files were changed"].map((word, i) => (i === 0 ? word : "renew")));
  assert.equal(certificate().subjectAltName, "DNS:la-2");
  keys.add(read("hawser-tls/web/key.pem"));
  writeFileSync(at("hawser-tls/web/key.pem"), "nothing\n");
  assert.equal(state().whole, false);
  assert.deepEqual(obtain({ names: ["DNS:la-2"], spec: "b".repeat(32) }), ["sign: another key", "put in place again: its files were changed"]);
  keys.add(read("hawser-tls/web/key.pem"));
  obtain({ days: 29, spec: "c".repeat(32) });
  assert.deepEqual([state().lasting, state().valid], [false, true]);
  keys.add(read("hawser-tls/web/key.pem"));
  assert.deepEqual(obtain({ spec: "c".repeat(32) }), ["sign: another key", "renew"]);
  keys.add(read("hawser-tls/web/key.pem"));
  assert.equal(keys.size, 5);
});

void test("nothing is good for longer than its CA", () => {
  begin({ days: 365 });
  obtain({ days: 800 });
  assert.equal(certificate().validTo, new X509Certificate(read("hawser-ca/1/cert.pem")).validTo);
});

void test("a request that is not signed by its key, and a certificate of another CA or key, are taken nowhere", () => {
  begin();
  obtain();
  const request = read("hawser-tls/web/request.pem").split("\n");
  const broken = request.map((line, i) => (i === request.length - 3 ? line.slice(0, 10) + (line[10] === "A" ? "B" : "A") + line.slice(11) : line)).join("\n");
  const asked = { host: "la-1", name: "other", names: ["DNS:la-1"], usage: "server" as const, spec: SPEC, days: 365, request: broken, ready: true };
  const { code, err } = run(certificateIssued.plan(asked, run(certificateIssued.probe(asked, context)), context)?.apply ?? assert.fail());
  assert.notEqual(code, 0);
  assert.match(err, /not signed by its own key/);
  assert.equal(existsSync(at("hawser-ca/issued/la-1/other/cert.pem")), false);
  const before = read("hawser-tls/web/cert.pem");
  for (const [issued, message] of [[read("hawser-ca/1/cert.pem"), /not of the key/], [before, /no CA that is trusted/]] as const) {
    ran(makeAuthority({ ...made, generation: 2 }));
    const wanted = { name: "web", spec: "d".repeat(32), mode: MODE, joined: false, issued: { generation: 1, pem: issued }, trusted: [{ generation: 2, pem: read("hawser-ca/2/cert.pem") }] };
    const apply = certificateInstalled.plan(wanted, run(certificateInstalled.probe(wanted, context)), context)?.apply;
    if (!apply) assert.fail("it would be installed already");
    assert.match(run(apply).err, message);
    assert.equal(read("hawser-tls/web/cert.pem"), before);
    rmSync(at("hawser-ca/2"), { recursive: true });
  }
});

void test("a change of CA is trusted first, keeps the key, and leaves a chain that verifies at each step", () => {
  begin();
  obtain();
  const key = read("hawser-tls/web/key.pem");
  ran(makeAuthority({ ...made, generation: 2 }));
  assert.deepEqual(obtain(), [undefined, "trust generations 1 and 2"]);
  writeFileSync(at("hawser-ca/active"), "2\n");
  assert.deepEqual(obtain(), ["sign by generation 2", "renew: signed by generation 2"]);
  rmSync(at("hawser-ca/1"), { recursive: true });
  assert.deepEqual(obtain(), [undefined, "trust generation 2"]);
  assert.deepEqual(obtain(), [undefined, undefined]);
  assert.equal(read("hawser-tls/web/key.pem"), key);
});

void test("a CA that is held to names signs no others that a client would take", () => {
  begin({ permitted: ["DNS:mesh.internal", "IP:10.0.0.0/8", "IP:fd00::/8"] });
  obtain({ names: ["DNS:web.mesh.internal", "IP:10.1.2.3"] });
  assert.throws(() => obtain({ names: ["DNS:bank.example"], spec: "e".repeat(32) }), /permitted subtree violation/);
  assert.throws(() => obtain({ names: ["IP:192.0.2.1"], spec: "f".repeat(32) }), /permitted subtree violation/);
});

void test("a CA that ends soon says so, and one that has ended signs nothing", () => {
  begin();
  for (const [left, ending, expired] of [[366, false, false], [364, true, false], [-1, true, true]] as const) {
    writeFileSync(at("hawser-ca/1/ends"), `${Math.floor(Date.now() / 1000) + left * 86_400}\n`);
    const seen = parseSeen(ran(lookAtAuthority({ leaf_days: 365 })));
    assert.deepEqual([seen.ending, seen.expired], [ending, expired]);
  }
  assert.throws(() => obtain(), /the CA of generation 1 has ended: count ca\.generation up/);
});

void test("a CA whose files are not whole is not made over", () => {
  begin();
  rmSync(at("hawser-ca/1/cert.pem"));
  assert.match(run(makeAuthority(made)).err, /without a whole key and certificate/);
  assert.ok(existsSync(at("hawser-ca/1/key.pem")));
});

void test("certificate and key in one file where that is asked for, and not any more when it is not", () => {
  begin();
  obtain({ joined: true, spec: "1".repeat(32) });
  assert.equal(read("hawser-tls/web/joined.pem"), read("hawser-tls/web/cert.pem") + read("hawser-tls/web/key.pem"));
  assert.equal(statSync(at("hawser-tls/web/joined.pem")).mode & 0o777, 0o600);
  obtain();
  assert.equal(existsSync(at("hawser-tls/web/joined.pem")), false);
});

void test("a CA that was kept comes back, and signs as before", () => {
  begin();
  obtain();
  const [key, own] = [read("hawser-ca/1/key.pem"), read("hawser-ca/1/cert.pem")];
  rmSync(at("hawser-ca/1"), { recursive: true });
  assert.match(run(TRUSTED).err, /no CA on this host|No such file/);
  ran(beginRestore(made));
  writeFileSync(at("hawser-ca/1.new/key.pem"), key, { mode: 0o600 });
  writeFileSync(at("hawser-ca/1.new/cert.pem"), own);
  ran(endRestore(made, own));
  assert.deepEqual(obtain(), [undefined, undefined]);
  assert.deepEqual(obtain({ spec: "2".repeat(32) }), ["sign: it is asked for otherwise now", "renew"]);
});
