import assert from "node:assert/strict";
import test from "node:test";
import { LabError } from "../../src/lab/error.ts";
import { imageName, mmdebstrapArgv } from "../../src/lab/image.ts";
import { knownHostsLine } from "../../src/lab/keys.ts";
import { withLock } from "../../src/lab/lock.ts";
import { cacheConfig } from "../../src/lab/package-cache.ts";
import { hostPaths } from "../../src/lab/paths.ts";
import { recipeFor } from "../../src/lab/recipe.ts";
import { parseRecord } from "../../src/lab/state.ts";

const record = { version: 1, name: "default", backend: "nspawn", why: "it was asked for", rttMs: 0, hosts: [] };
const source = (suite: string) => ({ uri: "http://a.test/debian", suite, components: ["main"], signedBy: "/k.gpg" });

void test("a record is read back as it was written", () => {
  assert.deepEqual(parseRecord(JSON.stringify(record), "lab.json"), record);
});

for (const [what, text] of [
  ["half a file", '{"version":1,'],
  ["another version", JSON.stringify({ ...record, version: 2 })],
  ["an unknown backend", JSON.stringify({ ...record, backend: "vm" })],
  ["a host without an address", JSON.stringify({ ...record, hosts: [{ name: "la1" }] })],
] as const)
  void test(`a record with ${what} is refused by name, with what to do`, () => {
    assert.throws(() => parseRecord(text, "lab.json"), (error) => error instanceof LabError && /lab\.json/.test(error.message) && /down/.test(error.hint ?? ""));
  });

void test("an error reports its evidence and its hint below the message", () => {
  const error = new LabError("la1 did not boot", { evidence: "one\ntwo", hint: "look" });
  assert.equal(error.report(), "la1 did not boot\n  | one\n  | two\ntry: look");
});

void test("known_hosts brackets an address with a published port", () => {
  assert.equal(knownHostsLine("la1", { address: "198.18.1.11", port: 22 }, "ssh-ed25519 AAAA"), "la1,198.18.1.11 ssh-ed25519 AAAA\n");
  assert.equal(knownHostsLine("la1", { address: "127.0.0.1", port: 2201 }, "ssh-ed25519 AAAA"), "la1,[127.0.0.1]:2201 ssh-ed25519 AAAA\n");
});

void test("an image is built from the controller's sources alone, suite first", () => {
  const argv = mmdebstrapArgv("/x", ["sudo", "cron"], "/hook", { used: [source("bookworm-updates"), source("bookworm")], warnings: [] });
  assert.equal(argv[argv.indexOf("/x") - 1], "bookworm");
  assert.deepEqual(argv.slice(argv.indexOf("/x") + 1), [
    "deb [signed-by=/k.gpg] http://a.test/debian bookworm-updates main",
    "deb [signed-by=/k.gpg] http://a.test/debian bookworm main",
  ]);
  assert.ok(argv.includes("--include=sudo,cron"));
});

void test("an image's name changes with its flavour and its sources", () => {
  const names = [imageName("debian", { used: [source("a")], warnings: [] }), imageName("debian", { used: [source("b")], warnings: [] }), imageName("el", { used: [source("a")], warnings: [] })];
  assert.equal(new Set(names).size, 3);
});

void test("the Debian image asks for no Python, and the EL-like one says what it is", () => {
  assert.doesNotMatch(recipeFor("debian").packages.join(" "), /python|dnf/);
  assert.match(recipeFor("el").script, /not CentOS/);
});

void test("the package cache listens for labs only and keeps its files in its own folder", () => {
  const config = cacheConfig("/cache", "http://proxy.test:1");
  assert.match(config, /^BindAddress: 198\.19\.255\.254$/m);
  assert.match(config, /^CacheDir: \/cache\/cache$/m);
  assert.match(config, /^Proxy: http:\/\/proxy\.test:1$/m);
  assert.doesNotMatch(config, /Remap/);
});

void test("everything of a host lies below its own folder", () => {
  const { directory, ...files } = hostPaths("default", "la1");
  for (const file of Object.values(files)) assert.ok(file.startsWith(`${directory}/`), file);
});

void test("a lock is held by one at a time and freed when its work fails", async () => {
  const order: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    order.push(`${name} in`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push(`${name} out`);
    throw new Error(name);
  };
  const results = await Promise.allSettled(["a", "b"].map((name) => withLock("test of the lab's lock", work(name))));
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "rejected"]);
  assert.deepEqual(order.filter((_, index) => index % 2 === 0).map((entry) => entry.split(" ")[1]), ["in", "in"]);
});

void test("a lock that stays held is an error after the wait, not a hang", async () => {
  await withLock("test of the lab's wait", async () => {
    await assert.rejects(withLock("test of the lab's wait", async () => {}, () => {}, 150), LabError);
  });
});
