import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { appendKnownHost } from "../../src/connection/known-hosts-append.ts";
import { temporary } from "./keys.ts";

const never = (): Promise<boolean> => Promise.resolve(false);
/** What a connection does: its line is needless once it is there. */
const unless = (file: string, text: string) => (): Promise<boolean> => Promise.resolve(readFileSync(file, { encoding: "utf8", flag: "a+" }).includes(text));

describe("recording a host key", () => {
  it("makes the folder and the file, for their owner only", async (t) => {
    const folder = join(temporary(t), "a/.ssh");
    const file = join(folder, "known_hosts");
    await appendKnownHost(file, "web1 ssh-ed25519 AAAA", never);
    assert.equal(readFileSync(file, "utf8"), "web1 ssh-ed25519 AAAA\n");
    assert.deepEqual([statSync(file).mode & 0o777, statSync(folder).mode & 0o777], [0o600, 0o700]);
  });

  it("leaves the mode of a file that is there, and ends its last line", async (t) => {
    const file = join(temporary(t), "known_hosts");
    writeFileSync(file, "old ssh-rsa AAAA", { mode: 0o644 });
    await appendKnownHost(file, "new ssh-rsa BBBB", never);
    assert.equal(readFileSync(file, "utf8"), "old ssh-rsa AAAA\nnew ssh-rsa BBBB\n");
    assert.equal(statSync(file).mode & 0o777, 0o644);
  });

  it("writes nothing that has become needless", async (t) => {
    const file = join(temporary(t), "known_hosts");
    await appendKnownHost(file, "web1 ssh-rsa AAAA", () => Promise.resolve(true));
    assert.deepEqual(readdirSync(join(file, "..")), []);
  });

  it("writes whole lines, each once, however many ask at a time", async (t) => {
    const file = join(temporary(t), "known_hosts");
    const lines = Array.from({ length: 60 }, (_, i) => `host${i % 20} ssh-rsa ${"A".repeat(3000)}${i % 20}.`);
    await Promise.all(lines.map((line) => appendKnownHost(file, line, unless(file, line))));
    assert.deepEqual(readFileSync(file, "utf8").trimEnd().split("\n").sort(), [...new Set(lines)].sort());
    assert.deepEqual(readdirSync(join(file, "..")), ["known_hosts"]);
  });

  it("does so across processes", async (t) => {
    const file = join(temporary(t), "known_hosts");
    const source = `
      import { readFileSync } from "node:fs";
      import { appendKnownHost } from ${JSON.stringify(join(import.meta.dirname, "../../src/connection/known-hosts-append.ts"))};
      const [file, own] = process.argv.slice(1);
      const has = (text) => () => Promise.resolve(readFileSync(file, { encoding: "utf8", flag: "a+" }).includes(text));
      for (let i = 0; i < 15; i += 1) for (const text of ["shared" + i + " ssh-rsa AAAA", own + i + " ssh-rsa AAAA"]) await appendKnownHost(file, text, has(text));
    `;
    const children = ["one", "two", "three"].map((own) => spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", source, file, own], { stdio: "inherit" }));
    t.after(() => children.map((child) => child.kill()));
    assert.deepEqual(await Promise.all(children.map((child) => new Promise((resolve) => child.once("close", resolve)))), [0, 0, 0]);
    const wanted = ["shared", "one", "two", "three"].flatMap((name) => Array.from({ length: 15 }, (_, i) => `${name}${i} ssh-rsa AAAA`));
    assert.deepEqual(readFileSync(file, "utf8").trimEnd().split("\n").sort(), wanted.sort());
  });

  it("takes away a lock that was left over, and no other", async (t) => {
    const file = join(temporary(t), "known_hosts");
    const lock = `${file}.hawser-lock`;
    writeFileSync(lock, "");
    utimesSync(lock, Date.now() / 1000 - 60, Date.now() / 1000 - 60);
    await appendKnownHost(file, "web1 ssh-rsa AAAA", never);
    writeFileSync(lock, "");
    const waiting = appendKnownHost(file, "web2 ssh-rsa AAAA", never);
    const early = await Promise.race([waiting.then(() => "written"), new Promise((resolve) => setTimeout(() => resolve("waits"), 200))]);
    assert.equal(early, "waits");
    assert.equal(readFileSync(file, "utf8"), "web1 ssh-rsa AAAA\n");
    utimesSync(lock, Date.now() / 1000 - 60, Date.now() / 1000 - 60);
    await waiting;
    assert.deepEqual(readdirSync(join(file, "..")), ["known_hosts"]);
  });

  it("says which file it cannot write, and the next one is not stuck", async (t) => {
    const folder = temporary(t);
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "known_hosts"));
    await assert.rejects(appendKnownHost(join(folder, "file/known_hosts"), "x", never), /cannot record a host key in .*file\/known_hosts: E/);
    for (let i = 0; i < 2; i += 1) await assert.rejects(appendKnownHost(join(folder, "known_hosts"), "x", never), { name: "UsageError", message: /known_hosts: EISDIR/ });
    assert.deepEqual(readdirSync(folder).sort(), ["file", "known_hosts"]);
  });
});
