import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { encryptVault } from "../../src/inventory/vault.ts";
import { loadInventory } from "../../src/inventory/index.ts";
import { Secret } from "../../src/shell/index.ts";
import { brief, directoryOf, load, problemsOf } from "./fixture.ts";

const withVars = (vars: Readonly<Record<string, string>>): string => `g:\n  hosts:\n    h:\n${Object.entries(vars).map(([name, yaml]) => `      ${name}: ${yaml}\n`).join("")}`;
const PATH = process.env["PATH"] ?? "";

function reveal(value: unknown): string {
  assert.ok(value instanceof Secret);
  return value.reveal();
}

void test("!command takes what a program prints, without its last newline and without a shell", async () => {
  const { vars } = (await load(withVars({ a: '!command [printf, "%s\\n", "two $words;"]', b: "!command\n        - echo\n        - 007" }), { env: { PATH } })).host("h");
  assert.equal(reveal(vars["a"]), "two $words;");
  assert.equal(reveal(vars["b"]), "007");
  assert.equal(JSON.stringify(vars), '{"a":"[secret]","b":"[secret]"}');
});

void test("!command runs in the inventory's folder, once for each distinct command, and several at a time", async () => {
  // Each waits until all four have begun: one after the other they would never end.
  const script = '#!/bin/sh\necho "$1" >> log\nuntil [ "$(wc -l < log)" -ge 4 ]; do sleep 0.02; done\necho "of $1"\n';
  const cwd = directoryOf({ "hosts.yml": `g: { hosts: { h: , i: } }\n`, "group_vars/g.yml": ["a", "b", "c", "d"].map((name) => `${name}: !command [./get, ${name}]\n`).join(""), "host_vars/h.yml": "again: !command [./get, a]\n", get: script });
  chmodSync(join(cwd, "get"), 0o700);
  const inventory = await loadInventory(".", { cwd, env: { PATH, HAWSER_SECRET_TIMEOUT: "20" } });
  assert.equal(reveal(inventory.host("h").vars["again"]), "of a");
  assert.equal(reveal(inventory.host("i").vars["d"]), "of d");
  assert.deepEqual(readFileSync(join(cwd, "log"), "utf8").trim().split("\n").sort(), ["a", "b", "c", "d"]);
});

for (const [name, yaml, message, env] of [
  ["a text instead of a list", "!command op read x", 'hosts.yml:4:10: !command needs a program and its arguments as a list (no shell is run: write !command [op, read, "op://vault/item/field"])', {}],
  ["an empty list", "!command []", /needs a program/, {}],
  ["a list in a list", "!command [a, [b]]", /needs a program/, {}],
  ["no such program", "!command [no-such-program-here]", "hosts.yml:4:10: !command: no-such-program-here cannot be run: there is no such program", {}],
  ["a program that fails", '!command [sh, -c, "echo hunter2; echo locked >&2; exit 3"]', "hosts.yml:4:10: !command: sh exited 3: locked", {}],
  ["a program that fails silently", '!command [sh, -c, "exit 3"]', "hosts.yml:4:10: !command: sh exited 3 and said nothing on standard error", {}],
  ["a program that prints nothing", "!command ['true']", "hosts.yml:4:10: !command: true printed nothing", {}],
  ["a program that does not end", '!command [sh, -c, "echo waiting >&2; sleep 3 & exec sleep 3"]', "hosts.yml:4:10: !command: sh did not end within 0.3 s and was stopped: waiting", { HAWSER_SECRET_TIMEOUT: "0.3" }],
  ["a wrong limit", "!command [echo, x]", /HAWSER_SECRET_TIMEOUT must be a number of seconds, not "soon"/, { HAWSER_SECRET_TIMEOUT: "soon" }],
  ["output that is not text", String.raw`!command [printf, '\377']`, /what printf printed is not UTF-8 text/, {}],
] as const) {
  void test(`${name} is reported where the secret stands`, async () => {
    const found = (await problemsOf(withVars({ x: yaml }), { env: { PATH, ...env } })).map(brief);
    assert.equal(found.length, 1);
    if (typeof message === "string") assert.equal(found[0], message);
    else assert.match(found[0] ?? "", message);
  });
}

void test("views run no command", async () => {
  const cwd = directoryOf(withVars({ x: "!command [touch, ran]" }));
  const inventory = await loadInventory(".", { cwd, env: { PATH }, secrets: "sealed" });
  assert.equal(JSON.stringify(inventory.host("h").vars), '{"x":"[secret]"}');
  assert.ok(!existsSync(join(cwd, "ran")));
});

const vaulted = (text: string, password: string, id?: string): string => `!vault |\n${encryptVault(text, password, id).trim().replaceAll(/^/gm, "        ")}`;

void test("each vault is opened with the password of its id, else with any that fits", async () => {
  const cwd = directoryOf({ "hosts.yml": withVars({ a: vaulted("of dev", "one", "dev"), b: vaulted("of prod", "two", "prod"), c: vaulted("renamed", "two", "old"), d: vaulted("plain", "three") }), "dev.txt": "one\n", "prod-client": '#!/bin/sh\necho "$@" >> asked\necho two\n', "rest.sh": "#!/bin/sh\necho three\n" });
  for (const name of ["prod-client", "rest.sh"]) chmodSync(join(cwd, name), 0o700);
  const { vars } = (await loadInventory(".", { cwd, env: { PATH, HAWSER_VAULT_IDS: "dev@dev.txt, prod@prod-client", HAWSER_VAULT_PASSWORD_FILE: "rest.sh" } })).host("h");
  assert.deepEqual(["a", "b", "c", "d"].map((name) => reveal(vars[name])), ["of dev", "of prod", "renamed", "plain"]);
  // Asked once, as Ansible asks programs of that name.
  assert.equal(readFileSync(join(cwd, "asked"), "utf8"), "--vault-id prod\n");
});

for (const [name, files, message] of [
  ["no password that fits", {}, /no vault password opens this vault text of the id other, or it was changed; tried dev, prod/],
  ["a program that others can change", { mode: 0o777 }, /prod would be run, but has mode 0777, so others can change it; run: chmod 700/],
  ["a program that fails", { script: "#!/bin/sh\necho no network >&2\nexit 1\n" }, /exited 1: no network/],
  ["a program that prints nothing", { script: "#!/bin/sh\n" }, /printed no vault password/],
] as const) {
  void test(`vault ids: ${name} is reported`, async () => {
    const { mode = 0o700, script = "#!/bin/sh\necho two\n" } = files as { mode?: number; script?: string };
    const cwd = directoryOf({ "hosts.yml": withVars({ a: vaulted("x", "three", "other") }), "dev.txt": "one\n", prod: script });
    chmodSync(join(cwd, "prod"), mode);
    await assert.rejects(loadInventory(".", { cwd, env: { PATH, HAWSER_VAULT_IDS: `dev@${join(cwd, "dev.txt")},prod@${join(cwd, "prod")}` } }), { message });
  });
}

void test("a list of vault ids that cannot be read is reported", async () => {
  const found = (await problemsOf(withVars({ a: vaulted("x", "y") }), { env: { HAWSER_VAULT_IDS: "dev@" } })).map(brief);
  assert.match(found[0] ?? "", /"dev@" is not a vault id: write name@file/);
});

void test("a password can be given instead of a file", async () => {
  const files = withVars({ a: vaulted("x", "y") });
  assert.equal(reveal((await load(files, { vault: [{ id: "default", from: new Secret("y") }] })).host("h").vars["a"]), "x");
});
