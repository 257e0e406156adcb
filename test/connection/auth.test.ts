import assert from "node:assert/strict";
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Unreachable } from "../../src/engine/session.ts";
import { Secret } from "../../src/shell/index.ts";
import { authServer, PASSPHRASE, refused, WRONG } from "./auth-server.ts";
import { LOGIN_PASSWORD, need } from "./sshd.ts";

const skip = need(["sshd", "openssh-server"], ["ssh-keygen", "openssh-client"]) ?? false;
const secret = (text: string): Secret => new Secret(text);

describe("logging in", { skip }, () => {
  const { path, config, login, attempts, log } = authServer();

  for (const name of ["right", "rsa", "ecdsa"]) {
    it(`works with the ${name === "right" ? "ed25519" : name} key in a file`, async () => assert.equal(await login("key", { keys: [path(name)] }), "hwtkey"));
  }
  for (const name of ["locked", "pem"]) {
    it(`works with the encrypted key ${name} and its passphrase`, async () => assert.equal(await login("key", { keys: [path(name)], passphrase: secret(PASSPHRASE) }), "hwtkey"));
    it(`names the encrypted key ${name} that the passphrase does not open`, () => assert.rejects(login("key", { keys: [path(name)], passphrase: secret(WRONG) }), refused(new RegExp(`nothing to try; not usable: .*/${name} \\(the passphrase does not open it\\); no password given$`), /check `ssh: \{ passphrase \}`/)));
    it(`names the encrypted key ${name} that has no passphrase given`, () => assert.rejects(login("key", { keys: [path(name)] }), refused(new RegExp(`/${name} \\(encrypted, no passphrase given\\)`), /passphrase.*or add the key to an ssh agent/)));
  }

  it("names the key that the host does not take, and what it takes", () => assert.rejects(login("key", { keys: [path("wrong")] }), refused(/^web1: hwtkey@127\.0\.0\.1:\d+ lets hwtkey not in: tried .*\/wrong; no password given; the host takes publickey$/, /authorized_keys/)));

  it("refuses a key of the inventory that is unusable, before it connects", async () => {
    copyFileSync(path("right"), path("open"));
    chmodSync(path("open"), 0o644);
    writeFileSync(path("text"), "no key", { mode: 0o600 });
    const from = log().length;
    for (const [name, message, hint] of [
      ["open", /the key .*\/open has mode 0644, so others on this machine may use it/, /chmod 600 .*\/open/],
      ["gone", /cannot read the key .*\/gone: ENOENT/, /check `ssh: \{ key \}`/],
      ["text", /unusable key .*\/text \(/, /check `ssh: \{ key \}`/],
      ["right.pub", /unusable key .*\/right\.pub \(a public key; the private one is needed\)/, /check/],
    ] as const) {
      await assert.rejects(login("key", { keys: [path(name)] }), (error) => error instanceof Unreachable && refused(message, hint)(error), name);
    }
    assert.equal(log().length, from);
  });

  it("passes over a key of the ssh configuration that is unusable, and says why", () =>
    assert.rejects(login("key", config(`IdentityFile ${path("open")}\nIdentityFile ${path("gone")}\nIdentityFile ${path("wrong")}\nCertificateFile ${path("right-cert.pub")}\n`)), refused(/tried .*\/wrong; not usable: .*\/open \(mode 0644, must be 0600\), .*\/right-cert\.pub \(user certificates are not supported\); no password/, /authorized_keys/)));

  it("signs with key files without asking first, which is a round trip less", async () => {
    for (const name of ["right", "rsa", "ecdsa", "locked"]) {
      const from = log().length;
      await login("key", { keys: [path("wrong"), path(name)], passphrase: secret(PASSPHRASE) });
      assert.match(log().slice(from), /Failed publickey for hwtkey [^]*Accepted publickey for hwtkey /, name);
      assert.doesNotMatch(log().slice(from), /Postponed/, name);
    }
  });

  const right = secret(LOGIN_PASSWORD);
  for (const [name, user, how, seen] of [
    ["by password", "pass", { password: right }, ["password Accepted"]],
    ["by keyboard-interactive", "kbd", { password: right }, ["keyboard-interactive Accepted"]],
    ["by password after a key that is not taken", "login", { keys: ["wrong"], password: right }, ["publickey Failed", "password Accepted"]],
    ["by the second of two keys", "key", { keys: ["wrong", "right"] }, ["publickey Failed", "publickey Accepted"]],
    ["by a key and then a password", "twice", { keys: ["right"], password: right }, ["publickey Partial", "password Accepted"]],
    ["by a password and then a key", "turned", { keys: ["right"], password: right }, ["password Partial", "publickey Accepted"]],
    ["by a key and then keyboard-interactive", "third", { keys: ["right"], password: right }, ["publickey Partial", "keyboard-interactive Accepted"]],
  ] as const) {
    it(`works ${name}`, async () => {
      const wanted = { ...how, ...("keys" in how ? { keys: how.keys.map((key) => path(key)) } : {}) };
      assert.deepEqual(await attempts(user, wanted), { seen, result: { status: "fulfilled", value: `hwt${user}` } });
    });
  }

  for (const [name, user, seen, message] of [
    ["password", "pass", ["password Failed"], /lets hwtpass not in: tried password; the host takes password$/],
    ["keyboard-interactive password", "kbd", ["keyboard-interactive Failed"], /tried password, keyboard-interactive; the host takes keyboard-interactive$/],
  ] as const) {
    it(`sends a wrong ${name} once`, async () => {
      const { seen: all, result } = await attempts(user, { keys: [], password: secret(WRONG) });
      assert.deepEqual(all.filter((line) => line.startsWith(name.split(" ")[0] as string)), seen);
      refused(message, /`ssh: \{ user, key, password \}`/)((result as PromiseRejectedResult).reason);
    });
  }

  it("does not say that no password was given where only keys are taken", () => assert.rejects(login("key", { keys: [path("wrong")], password: right }), refused(/tried .*\/wrong; the host takes publickey$/)));
});
