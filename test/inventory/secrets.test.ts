import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { Encrypter, armor, generateX25519Identity, identityToRecipient } from "age-encryption";
import { loadInventory, type LoadOptions } from "../../src/inventory/index.ts";
import { Secret } from "../../src/shell/index.ts";
import { brief, directoryOf, load, problemsOf } from "./fixture.ts";

const withVar = (yaml: string): string => `g:\n  hosts:\n    h:\n      x: ${yaml}\n`;

async function reveal(yaml: string, options: LoadOptions = {}): Promise<string> {
  const { x } = (await load(withVar(yaml), options)).host("h").vars;
  assert.ok(x instanceof Secret);
  return x.reveal();
}

async function refusal(yaml: string, options: LoadOptions = {}): Promise<string[]> {
  return (await problemsOf(withVar(yaml), options)).map(brief);
}

const indent = (text: string): string => text.trim().replaceAll(/^/gm, "        ");
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);

async function age(text: string): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(text));
}

// Made with ansible-vault 2.19 for this test; the password is "correct horse", the text "one line".
const VAULT = `$ANSIBLE_VAULT;1.1;AES256
37383330363939633462653765333532336333613837666265633836653734616539633865616336
6166353836633237353337613433643638656635313962640a336532633332346232643965303664
32373964656166313361613036346564343935356661336139383730366134633063363032373062
6265323830386438340a643237623438663030393064353263373766303061363432313464303164
3631
`;
const keys = directoryOf({ "age.txt": `# created: today\n${identity}\n`, vault: "correct horse\n", wrong: "wrong horse\n", script: "#!/bin/sh\necho x\n", "other.txt": `${await generateX25519Identity()}\n`, "none.txt": "# nothing\n" });
const env = { HAWSER_AGE_IDENTITY: join(keys, "age.txt"), HAWSER_VAULT_PASSWORD_FILE: join(keys, "vault") };

void test("!secret takes the text as it stands, digits too", async () => {
  assert.equal(await reveal("!secret hunter2"), "hunter2");
  assert.equal(await reveal("!secret 0123"), "0123");
  assert.equal(await reveal("!secret yes"), "yes");
  assert.equal(await reveal('!secret " two words "'), " two words ");
});

void test("!env takes an environment variable, which must be set", async () => {
  assert.equal(await reveal("!env DB_PASSWORD", { env: { DB_PASSWORD: "hunter2" } }), "hunter2");
  assert.deepEqual(await refusal("!env DB_PASSWORD"), ["hosts.yml:4:10: !env: the environment variable DB_PASSWORD is not set"]);
  assert.deepEqual(await refusal("!env DB_PASSWORD", { env: { DB_PASSWORD: "" } }), ["hosts.yml:4:10: !env: the environment variable DB_PASSWORD is empty"]);
});

void test("!file takes a file without its last newline, from the inventory directory, and nobody else may read it", async () => {
  const cwd = directoryOf({ "hosts.yml": withVar("!file keys/db"), "keys/db": "one\ntwo\n" });
  const secret = async (): Promise<unknown> => (await loadInventory(".", { cwd })).host("h").vars["x"];
  const found = await secret();
  assert.ok(found instanceof Secret);
  assert.equal(found.reveal(), "one\ntwo");
  chmodSync(join(cwd, "keys/db"), 0o640);
  await assert.rejects(secret, { message: /^hosts\.yml:4:10: !file: keys\/db has mode 0640, so others can reach the secret in it; run: chmod 600 keys\/db\n/ });
  chmodSync(join(cwd, "keys/db"), 0o400);
  assert.ok((await secret()) instanceof Secret);
  writeFileSync(join(cwd, "hosts.yml"), withVar("!file keys"));
  await assert.rejects(secret, { message: /is not a file/ });
  writeFileSync(join(cwd, "hosts.yml"), withVar("!file gone"));
  await assert.rejects(secret, { message: /!file: gone does not exist/ });
});

void test("!age is decrypted with the identity file", async () => {
  const text = await age("hunter2\n");
  assert.equal(await reveal(`!age |\n${indent(text)}`, { env }), "hunter2");
  const home = directoryOf({ ".config/hawser/age.txt": `${identity}\n` });
  assert.equal(await reveal(`!age |\n${indent(text)}`, { home }), "hunter2");
});

void test("!vault is decrypted with the password file", async () => {
  assert.equal(await reveal(`!vault |\n${indent(VAULT)}`, { env }), "one line");
});

for (const [name, yaml, named, message] of [
  ["no identity file", "!age x", {}, /^hosts\.yml:4:10: !age: \/home\/ada\/\.config\/hawser\/age\.txt does not exist$/],
  ["an identity file without one", "!age x", { HAWSER_AGE_IDENTITY: join(keys, "none.txt") }, /holds no age identity/],
  ["text that is not age's", "!age x", env, /age cannot decrypt this with .*age\.txt/],
  ["no password file", "!vault x", {}, /!vault: set HAWSER_VAULT_PASSWORD_FILE/],
  ["a wrong password", `!vault |\n${indent(VAULT)}`, { HAWSER_VAULT_PASSWORD_FILE: join(keys, "wrong") }, /!vault: wrong vault password/],
  ["a password script", `!vault |\n${indent(VAULT)}`, { HAWSER_VAULT_PASSWORD_FILE: join(keys, "script") }, /script is a script, but not executable; run: chmod 700 /],
  ["text that is not a vault's", "!vault x", env, /!vault: this is not Ansible Vault text/],
] as const) {
  void test(`${name} is reported where the secret stands`, async () => {
    const found = await refusal(yaml, { env: named });
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", message);
  });
}

void test("another identity does not open it", async () => {
  const found = await refusal(`!age |\n${indent(await age("x"))}`, { env: { HAWSER_AGE_IDENTITY: join(keys, "other.txt") } });
  assert.match(found[0] ?? "", /^hosts\.yml:4:10: !age: age cannot decrypt this with/);
});

void test("a wholly encrypted file is read, and what is in it is secret", async () => {
  const files = { "hosts.yml": "g: { hosts: { h: } }", "group_vars/g/vault.yml": await age("db_password: hunter2\npin: 1234\non_call: true\nssh: { port: 2222 }\n") };
  const found = await problemsOf(files, { env });
  assert.deepEqual(found.map(brief), ["group_vars/g/vault.yml:4:14: ssh.port must be a port from 1 to 65535, not a secret"]);
  assert.equal(found[0]?.excerpt, undefined);
  const { vars } = (await load({ ...files, "group_vars/g/vault.yml": await age("db_password: hunter2\npin: 1234\non_call: true\n") }, { env })).host("h");
  assert.equal(JSON.stringify(vars), '{"db_password":"[secret]","pin":"[secret]","on_call":true}');
});

void test("Ansible's !unsafe is plain text", async () => {
  assert.equal((await load(withVar('!unsafe "{{ x }}"'))).host("h").vars["x"], "{{ x }}");
});

void test("sealed secrets need no key, and cannot be revealed", async () => {
  const files = { "hosts.yml": withVar("!env NOT_SET"), "group_vars/g.yml": VAULT };
  const { x } = (await load(files, { secrets: "sealed" })).host("h").vars;
  assert.ok(x instanceof Secret);
  assert.throws(() => x.reveal(), { message: /was not decrypted/ });
  assert.equal(JSON.stringify(x), '"[secret]"');
});
