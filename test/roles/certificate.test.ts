import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { Sh } from "../../src/index.ts";
import { certificateOf, pinnedPair, type PinnedPair } from "../../roles/base/certificate.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-pair-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pairOf = (changes: Partial<PinnedPair> = {}): PinnedPair => ({ key: join(folder, "own.key"), certificate: join(folder, "own.crt"), host: "la-1", names: ["DNS:la-1", "DNS:*.la-1", "IP Address:10.10.0.1"], days: 90, usage: "serverAuth, clientAuth", ...changes });
const run = (command: Sh) => spawnSync("sh", ["-e"], { input: command.render(), encoding: "utf8" });
const check = (changes?: Partial<PinnedPair>) => run(pinnedPair(pairOf(changes)).check).status;
const make = (changes?: Partial<PinnedPair>): void => {
  const { status, stderr } = run(pinnedPair(pairOf(changes)).apply);
  assert.equal(status, 0, stderr);
};
const text = () => spawnSync("openssl", ["x509", "-in", join(folder, "own.crt"), "-noout", "-text"], { encoding: "utf8" }).stdout;

void test("a pair that was made is there, its key closed to others, its certificate open", () => {
  assert.equal(check(), 1);
  make();
  assert.equal(check(), 0);
  assert.deepEqual(["own.key", "own.crt"].map((name) => statSync(join(folder, name)).mode & 0o777), [0o600, 0o644]);
  for (const part of ["CA:TRUE", "DNS:la-1, DNS:*.la-1, IP Address:10.10.0.1", "TLS Web Server Authentication, TLS Web Client Authentication"]) assert.ok(text().includes(part), part);
});

void test("one for another name, one that ends in 30 days and one of another key are made anew", () => {
  make();
  assert.equal(check({ names: ["DNS:la-2"] }), 1);
  assert.equal(check({ names: ["IP Address:10.10.0.11"] }), 1);
  assert.equal(check({ names: ["DNS:la"] }), 1);
  make({ days: 29 });
  assert.equal(check(), 1);
  make();
  spawnSync("sh", ["-c", `openssl ecparam -name prime256v1 -genkey -noout -out ${join(folder, "own.key")}`]);
  assert.equal(check(), 1);
});

void test("HAProxy's file has both, and a group may read the key where it is told to", () => {
  make({ joined: true });
  assert.equal(check({ joined: true }), 0);
  assert.match(spawnSync("cat", [join(folder, "own.key")], { encoding: "utf8" }).stdout, /PRIVATE KEY[\s\S]+BEGIN CERTIFICATE/);
  if (process.getuid?.() !== 0) return;
  make({ group: "daemon" });
  assert.deepEqual([check({ group: "daemon" }), check()], [0, 1]);
});

void test("a certificate that signs nothing says so", () => {
  make({ signs: false, usage: "serverAuth" });
  assert.match(text(), /CA:FALSE/);
  assert.doesNotMatch(text(), /Certificate Sign|Client Authentication/);
});

void test("what is no certificate is not taken for one", () => assert.throws(() => certificateOf("absent\n"), /no certificate/));
