import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { matches, readKnownHosts, recordedName } from "../../src/connection/known-hosts.ts";
import { keyPair, temporary } from "./keys.ts";
import { need } from "./sshd.ts";

for (const [name, port, expected] of [
  ["web1", 22, "web1"],
  ["Web1.Example.COM", 22, "web1.example.com"],
  ["web1", 2222, "[web1]:2222"],
  ["2001:DB8::1", 22, "2001:db8::1"],
  ["2001:db8::1", 2222, "[2001:db8::1]:2222"],
] as const) {
  void test(`${name} at port ${port} is recorded as ${expected}`, () => assert.equal(recordedName(name, port), expected));
}

const hashed = (name: string, salt = Buffer.alloc(20, 7).toString("base64")): string => `|1|${salt}|${createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64")}`;

const PATTERNS: readonly (readonly [hosts: string, name: string, found: boolean])[] = [
  ["web1", "web1", true],
  ["web1", "web10", false],
  ["WEB1", "web1", true],
  ["web1,10.0.0.1", "10.0.0.1", true],
  ["*", "anything", true],
  ["*.example.com", "web1.example.com", true],
  ["*.example.com", "example.com", false],
  ["web?", "web1", true],
  ["web?", "web", false],
  ["web?", "web10", false],
  ["w.b1", "web1", false],
  ["10.0.0.*", "10.0.0.254", true],
  ["*,!web1", "web1", false],
  ["!web1,*", "web1", false],
  ["!web1,*", "web2", true],
  ["!web1", "web2", false],
  ["*.example.com,!*.lab.example.com", "a.lab.example.com", false],
  ["web1", "[web1]:2222", false],
  ["[web1]:2222", "[web1]:2222", true],
  ["[web1]:2222", "web1", false],
  ["[web*]:2222", "[web7]:2222", true],
  ["[*]:*", "[web7]:99", true],
  ["*", "[web7]:99", true],
  ["[2001:db8::1]:2222", "[2001:db8::1]:2222", true],
  [hashed("web1"), "web1", true],
  [hashed("web1"), "web2", false],
  [hashed("[web1]:2222"), "[web1]:2222", true],
  ["|1|c2FsdA==", "web1", false],
  ["|1|", "web1", false],
  ["|2|c2FsdA==|c2FsdA==", "web1", false],
];

for (const [hosts, name, found] of PATTERNS) {
  void test(`the host field ${hosts} ${found ? "speaks" : "does not speak"} of ${name}`, () => assert.equal(matches(hosts, name), found));
}

void test("ssh-keygen -F finds the same names", { skip: need(["ssh-keygen", "openssh-client"]) ?? false }, (t) => {
  const folder = temporary(t);
  const { publicKey } = keyPair(folder, "host");
  const file = join(folder, "known_hosts");
  for (const [hosts, name, found] of PATTERNS) {
    writeFileSync(file, `${hosts} ${publicKey}\n`);
    const { status } = spawnSync("ssh-keygen", ["-F", name, "-f", file], { stdio: "ignore" });
    assert.equal(status === 0, found, `${hosts} and ${name}`);
  }
});

describe("reading known_hosts", () => {
  it("keeps files and lines, markers and kinds of key", async (t) => {
    const folder = temporary(t);
    const [mine, all] = [join(folder, "mine"), join(folder, "all")];
    writeFileSync(mine, "# web1 ssh-rsa AAAA\n\n web1,web2\tssh-ed25519 AAAA a comment\r\nweb1 ssh-rsa BBBB\n   \nweb1 ssh-rsa\n@later web1 ssh-rsa AAAA\n@revoked * ssh-ed25519 CCCC\n@revoked web1\n");
    writeFileSync(all, "@cert-authority *.example.com ssh-ed25519 DDDD");
    const { entries: found } = await readKnownHosts([mine, join(folder, "none"), all]);
    assert.deepEqual(
      found.map(({ file, line, marker, hosts, type, blob }) => [file === mine ? "mine" : "all", line, marker, hosts, type, blob.toString("base64")]),
      [
        ["mine", 3, "none", "web1,web2", "ssh-ed25519", "AAAA"],
        ["mine", 4, "none", "web1", "ssh-rsa", "BBBB"],
        ["mine", 8, "revoked", "*", "ssh-ed25519", "CCCC"],
        ["all", 1, "cert-authority", "*.example.com", "ssh-ed25519", "DDDD"],
      ],
    );
  });

  it("does not pass over a file that it cannot read", async (t) => {
    const folder = temporary(t);
    await assert.rejects(readKnownHosts([folder]), { name: "UsageError", message: `cannot read ${folder}: EISDIR` });
  });

  it("finds what ssh-keygen -H has hashed", { skip: need(["ssh-keygen", "openssh-client"]) ?? false }, async (t) => {
    const folder = temporary(t);
    const file = join(folder, "known_hosts");
    const { publicKey } = keyPair(folder, "host");
    writeFileSync(file, `web1.example.com,10.0.0.1 ${publicKey}\n[web1]:2222 ${publicKey}\n`);
    execFileSync("ssh-keygen", ["-H", "-f", file], { stdio: "ignore" });
    const known = await readKnownHosts([file]);
    const found = (name: string, port: number): number[] => known.of(recordedName(name, port)).map(({ line }) => line);
    assert.ok(known.entries.every(({ hosts }) => hosts.startsWith("|1|")));
    assert.deepEqual([found("web1.example.com", 22), found("10.0.0.1", 22), found("web1", 2222), found("web1", 22), found("web1.example.com", 2222)], [[1], [2], [3], [], []]);
  });

  it("finds each line once, in the order of the files, and reads a file again only when it has changed", async (t) => {
    const folder = temporary(t);
    const file = join(folder, "known_hosts");
    writeFileSync(file, "*.lan,!b.lan ssh-rsa AAAA\na.lan,A.lan,x ssh-ed25519 BBBB\nb.lan ssh-rsa CCCC\n@revoked a.lan ssh-rsa DDDD\n");
    const known = await readKnownHosts([file]);
    const found = (name: string): number[] => known.of(name).map(({ line }) => line);
    assert.deepEqual([found("a.lan"), found("b.lan"), found("c.lan"), found("y")], [[1, 2, 4], [3], [1], []]);
    assert.equal(await readKnownHosts([file]), known);
    appendFileSync(file, "y ssh-rsa AAAA\n");
    assert.deepEqual((await readKnownHosts([file])).of("y").map(({ line }) => line), [5]);
  });
});
