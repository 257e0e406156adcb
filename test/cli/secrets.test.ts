import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { temporary } from "../connection/keys.ts";
import { until } from "../connection/run.ts";

const BIN = fileURLToPath(new URL("../../bin/hawser.mjs", import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe("hawser secrets", () => {
  const folder = temporary({ after });
  const env: Record<string, string> = { ...(process.env as Record<string, string>), HAWSER_AGE_IDENTITY: join(folder, "me.txt"), XDG_RUNTIME_DIR: join(folder, "runtime"), NO_COLOR: "1" };
  const file = (name: string): string => join(folder, name);
  const read = (name: string): string => readFileSync(file(name), "utf8");

  /** @param input For standard input. @param more Environment. */
  const hawser = (args: readonly string[], input = "", more: Record<string, string> = {}): Promise<Ended> =>
    new Promise((resolve) => {
      const child = execFile(process.execPath, [BIN, "secrets", ...args], { cwd: folder, env: { ...env, ...more } }, (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }));
      child.stdin?.end(input);
    });
  const ok = async (args: readonly string[], input = "", more: Record<string, string> = {}): Promise<Ended> => {
    const ended = await hawser(args, input, more);
    assert.equal(ended.code, 0, ended.err);
    return ended;
  };
  /** An editor that is a shell script; `$1` is the file. */
  const editor = (script: string): Record<string, string> => {
    writeFileSync(file("editor"), `#!/bin/sh\n${script}\n`);
    chmodSync(file("editor"), 0o700);
    return { VISUAL: file("editor") };
  };
  const leftovers = (): string[] => ["/dev/shm", "/tmp", env["XDG_RUNTIME_DIR"] ?? ""].flatMap((place) => readdirSync(place).filter((name) => name.startsWith("hawser-secret-")).map((name) => join(place, name)));

  before(async () => {
    mkdirSync(file("runtime"));
    mkdirSync(file("inv/group_vars"), { recursive: true });
    mkdirSync(file("inv/kept/h"), { recursive: true });
    writeFileSync(file("inv/hosts.yml"), "all: { hosts: { h: { ssh: { kind: local } } } }\n");
    writeFileSync(file("inv/recipients.txt"), `# the team\n${(await ok(["keygen"])).out}`);
  });

  it("keygen writes a private identity, prints the public key, and overwrites none", async () => {
    assert.equal(statSync(file("me.txt")).mode & 0o777, 0o600);
    assert.match(read("inv/recipients.txt"), /^# the team\nage1[a-z0-9]{58}\n$/);
    const again = await hawser(["keygen"]);
    assert.equal(again.code, 1);
    assert.match(again.err, /me\.txt exists, and was left as it is[^]*its public key is age1/);
    const other = await ok(["keygen", "-o", "keys/other.txt"]);
    assert.ok(read("keys/other.txt").includes(`# public key: ${other.out}AGE-SECRET-KEY-1`));
  });

  it("encrypts a value from standard input into YAML, which decrypts again", async () => {
    const { out, err } = await ok(["encrypt", "-i", "inv", "--name", "db_password"], "hunter2\n");
    assert.match(out, /^db_password: !age \|\n {2}-----BEGIN AGE/);
    assert.equal(err, "encrypted for 1 recipient of inv/recipients.txt\n");
    assert.equal((await ok(["decrypt"], out)).out, "hunter2\n");
    assert.equal((await ok(["decrypt"], out.split("\n").slice(1).join("\n"))).out, "hunter2\n");
    writeFileSync(file("inv/group_vars/all.yml"), `# ours\n${out}port: 5432 # theirs\n`);
  });

  it("shows a file decrypted and leaves it", async () => {
    const before = read("inv/group_vars/all.yml");
    assert.equal((await ok(["view", "inv/group_vars/all.yml"])).out, "# ours\ndb_password: !secret |-\n  hunter2\nport: 5432 # theirs\n");
    assert.equal(read("inv/group_vars/all.yml"), before);
  });

  it("encrypts files in place, as wholes or by value, and decrypts them for their owner alone", async () => {
    writeFileSync(file("inv/group_vars/whole.yml"), "a: 1\n", { mode: 0o644 });
    writeFileSync(file("inv/group_vars/some.yml"), "a: 1\nb: !secret two # here\n", { mode: 0o644 });
    await ok(["encrypt", "inv/group_vars/whole.yml"]);
    await ok(["encrypt", "--values", "inv/group_vars/some.yml"]);
    assert.match(read("inv/group_vars/whole.yml"), /^-----BEGIN AGE/);
    assert.match(read("inv/group_vars/some.yml"), /^a: 1\nb: !age \| # here\n {2}-----BEGIN AGE/);
    assert.equal(statSync(file("inv/group_vars/some.yml")).mode & 0o777, 0o644);
    await ok(["decrypt", "inv/group_vars/whole.yml", "inv/group_vars/some.yml"]);
    assert.equal(read("inv/group_vars/whole.yml"), "a: 1\n");
    assert.equal(read("inv/group_vars/some.yml"), "a: 1\nb: !secret |- # here\n  two\n");
    assert.equal(statSync(file("inv/group_vars/whole.yml")).mode & 0o777, 0o600);
  });

  it("edits values in plain text, keeps what was not touched, and leaves nothing behind", async () => {
    const before = read("inv/group_vars/all.yml");
    assert.match((await ok(["edit", "inv/group_vars/all.yml"], "", editor('stat -fc %T "$1" > fs; stat -c %a "$1" "$(dirname "$1")" > modes'))).err, /was not changed/);
    assert.equal(read("inv/group_vars/all.yml"), before);
    assert.equal(read("modes"), "600\n700\n");
    if (existsSync("/dev/shm")) assert.equal(read("fs"), "tmpfs\n");
    await ok(["edit", "inv/group_vars/all.yml"], "", editor('grep -q hunter2 "$1" && echo "pin: !age 1234" >> "$1"'));
    const edited = read("inv/group_vars/all.yml");
    assert.ok(edited.startsWith(before));
    assert.match(edited.slice(before.length), /^pin: !age \|\n {2}-----BEGIN AGE/);
    assert.deepEqual(leftovers(), []);
  });

  it("edits a whole file that was not there", async () => {
    await ok(["edit", "inv/group_vars/new.yml"], "", editor('echo "a: 1" > "$1"'));
    assert.match(read("inv/group_vars/new.yml"), /^-----BEGIN AGE/);
    assert.equal((await ok(["view", "inv/group_vars/new.yml"])).out, "a: 1\n");
  });

  it("changes nothing and leaves nothing when the editor fails, or what it left is no YAML", async () => {
    const before = read("inv/group_vars/all.yml");
    for (const [script, message] of [["echo x >> \"$1\"; exit 3", /exited 3: nothing was changed/], ['echo "a: [" >> "$1"', /not valid YAML/], ['rm "$1"', /removed the file/]] as const) {
      const ended = await hawser(["edit", "inv/group_vars/all.yml"], "", editor(script));
      assert.equal(ended.code, 1);
      assert.match(ended.err, message);
      assert.ok(!ended.err.includes("hunter2"));
    }
    assert.equal(read("inv/group_vars/all.yml"), before);
    assert.deepEqual(leftovers(), []);
  });

  it("wipes when it is told to end, and ends the editor", async () => {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      const child = spawn(process.execPath, [BIN, "secrets", "edit", "inv/group_vars/all.yml"], { cwd: folder, env: { ...env, ...editor(`echo $$ > ${file("pid")}; exec sleep 60`) }, stdio: "ignore" });
      const ended = new Promise((resolve) => child.once("close", resolve));
      await until(() => existsSync(file("pid")) && read("pid") !== "");
      assert.equal(leftovers().length, 1);
      child.kill(signal);
      assert.equal(await ended, signal === "SIGTERM" ? 143 : 129);
      assert.deepEqual(leftovers(), []);
      await until(() => spawnSync("kill", ["-0", read("pid").trim()]).status !== 0);
      writeFileSync(file("pid"), "");
    }
  });

  it("rekeys an inventory for another list, once-only outputs too, all or nothing", async () => {
    const { identity } = { identity: file("keys/other.txt") };
    const theirs = (/public key: (age1\w+)/.exec(read("keys/other.txt")) ?? [])[1] ?? "";
    writeFileSync(file("inv/kept/h/token.age"), "x\n");
    await ok(["encrypt", "inv/kept/h/token.age"]);
    writeFileSync(file("inv/recipients.txt"), `${theirs}\n`);
    const { err } = await ok(["rekey", "-i", "inv"]);
    assert.match(err, /^rekeyed inv\/group_vars\/all\.yml: 2 secrets, for 1 recipient of inv\/recipients\.txt\nrekeyed inv\/group_vars\/new\.yml: 1 secret, .*\nrekeyed inv\/kept\/h\/token\.age: 1 secret, .*\n$/);
    assert.equal((await hawser(["view", "inv/group_vars/all.yml"])).code, 1);
    assert.match((await ok(["view", "inv/group_vars/all.yml"], "", { HAWSER_AGE_IDENTITY: identity })).out, /hunter2/);
    assert.equal((await ok(["view", "inv/kept/h/token.age"], "", { HAWSER_AGE_IDENTITY: identity })).out, "x\n");
    const before = read("inv/group_vars/all.yml");
    const refused = await hawser(["rekey", "-i", "inv"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /age cannot decrypt this with me\.txt[^]*inv\/group_vars\/all\.yml:2/);
    assert.equal(read("inv/group_vars/all.yml"), before);
  });

  it("does the same for Ansible Vault, by id, from files and programs", async () => {
    writeFileSync(file("old.txt"), "correct horse\n", { mode: 0o600 });
    writeFileSync(file("new-client.sh"), '#!/bin/sh\n[ "$1 $2" = "--vault-id new" ] && echo battery staple\n');
    chmodSync(file("new-client.sh"), 0o700);
    const ids = ["--vault-id", "old@old.txt", "--vault-id", "new@new-client.sh"];
    const { out } = await ok(["encrypt", "--vault", "--vault-id", "old@old.txt", "--name", "x"], "one line\n");
    assert.match(out, /^x: !vault \|\n {2}\$ANSIBLE_VAULT;1\.2;AES256;old\n/);
    writeFileSync(file("v.yml"), out);
    const unsure = await hawser(["encrypt", "--vault", ...ids], "x");
    assert.match(unsure.err, /several vault ids \(old, new\)/);
    await ok(["rekey", ...ids, "--to", "vault", "--encrypt-vault-id", "new", "v.yml"]);
    assert.match(read("v.yml"), /AES256;new\n/);
    assert.equal((await ok(["view", "--vault-id", "new@new-client.sh", "v.yml"])).out, "x: !secret |-\n  one line\n");
    assert.equal((await ok(["view", "v.yml"], "", { HAWSER_VAULT_IDS: "new@new-client.sh" })).out, "x: !secret |-\n  one line\n");
    assert.match((await hawser(["view", "--vault-id", "old@old.txt", "v.yml"])).err, /wrong vault password/);
    await ok(["rekey", ...ids, "--to", "age", "--recipient", read("inv/recipients.txt").trim(), "v.yml"]);
    assert.match(read("v.yml"), /^x: !age \|\n {2}-----BEGIN AGE/);
  });

  for (const [name, args, input, message] of [
    ["nothing on standard input", ["encrypt", "-i", "inv"], "", /nothing to encrypt on standard input/],
    ["nobody to encrypt for", ["encrypt", "-i", "nowhere"], "x", /nobody to encrypt for[^]*--recipient/],
    ["an identity as recipient", ["encrypt", "-r", "AGE-SECRET-KEY-1X"], "x", /takes a public key; this is an identity/],
    ["a recipient that is no key", ["encrypt", "-r", "age1x"], "x", /age1x is not an age public key/],
    ["a file that is not there", ["view", "gone.yml"], "", /gone\.yml does not exist/],
    ["a file without secrets", ["decrypt", "inv/hosts.yml"], "", /there is nothing encrypted in inv\/hosts\.yml/],
    ["a file that is encrypted already", ["encrypt", "inv/group_vars/new.yml"], "", /is encrypted already/],
    ["a file without values to encrypt", ["encrypt", "--values", "inv/hosts.yml"], "", /has no value behind !secret/],
    ["a vault id without a file", ["view", "--vault-id", "x@", "v.yml"], "", /"x@" is not a vault id: write name@file/],
    ["options of both worlds", ["encrypt", "--vault", "-r", "age1x"], "x", /--recipient is age's/],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const ended = await hawser(args, input);
      assert.equal(ended.code, 1);
      assert.match(ended.err, message);
      assert.equal(ended.out, "");
    });
  }
});
