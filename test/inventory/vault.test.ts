import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import * as fc from "fast-check";
import { decryptVault, encryptVault, isVault, vaultIdOf } from "../../src/inventory/vault.ts";

// Made with ansible-vault 2.19 for this test; the password is "correct horse".
const V12 = `$ANSIBLE_VAULT;1.2;AES256;lab
32613939353031623036393465383330376266343135656566313535376364643732383134616634
3962356461633162326538316433363161393665646263310a626634373861666365653663343939
34393163613363623930316631363132623066396630393039333137323962393538316365353433
6665303235323366380a656461343731313462663136663036333934383363346539633531613635
62386363396231313233613462323965353962646230646531643661326262653365
`;

void test("text of ansible-vault is decrypted, indented or not", () => {
  assert.equal(decryptVault(V12, "correct horse"), "schöne Grüße\nline two\n");
  assert.equal(decryptVault(V12.replaceAll(/^/gm, "      "), "correct horse"), "schöne Grüße\nline two\n");
});

void test("whatever was encrypted comes back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ minLength: 1 }), (plain, password) => {
      assert.equal(decryptVault(encryptVault(plain, password), password), Buffer.from(plain).toString());
    }),
    { numRuns: 25 },
  );
});

for (const [name, text, password, message] of [
  ["a wrong password", V12, "wrong horse", /^wrong vault password, or the vault text was changed$/],
  ["a changed byte", V12.replace(/65\n$/, "66\n"), "correct horse", /^wrong vault password, or the vault text was changed$/],
  ["a body that is not hex", `${V12}xyz`, "correct horse", /is damaged/],
  ["no body", "$ANSIBLE_VAULT;1.1;AES256", "x", /is damaged/],
  ["a missing line", "$ANSIBLE_VAULT;1.1;AES256\n61620a6162", "x", /is damaged/],
  ["an old version", "$ANSIBLE_VAULT;1.0;AES\n00", "x", /^Ansible Vault format 1.0 is not supported/],
  ["another cipher", "$ANSIBLE_VAULT;1.1;AES\n00", "x", /^the Ansible Vault cipher AES is not supported/],
  ["something else", "hello", "x", /^this is not Ansible Vault text/],
] as const) {
  void test(`${name} is refused`, () => {
    assert.throws(() => decryptVault(text, password), { message });
  });
}

void test("a vault is known by its header", () => {
  assert.equal(isVault(V12), true);
  assert.equal(isVault("a: 1"), false);
});

void test("the id stands in the header, and `default` is none", () => {
  assert.equal(vaultIdOf(V12), "lab");
  assert.equal(vaultIdOf(encryptVault("x", "y", "prod")), "prod");
  assert.equal(vaultIdOf(encryptVault("x", "y")), undefined);
  assert.equal(vaultIdOf(encryptVault("x", "y", "default")), undefined);
});

const none = spawnSync("ansible-vault", ["--version"]).error !== undefined && "ansible-vault is not installed";

void test("ansible-vault reads what hawser writes, and the other way round", { skip: none }, () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-vault-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const password = join(folder, "password");
  writeFileSync(password, "correct horse\n", { mode: 0o600 });
  const file = join(folder, "vault.yml");
  const ansible = (...args: string[]): void => {
    const { status, stderr } = spawnSync("ansible-vault", [...args, file], { encoding: "utf8", env: { ...process.env, ANSIBLE_LOCAL_TEMP: folder } });
    assert.equal(status, 0, stderr);
  };
  for (const [text, id] of [["schöne Grüße\nline two\n", undefined], ["x".repeat(31), "prod"], ["", undefined]] as const) {
    writeFileSync(file, encryptVault(text, "correct horse", id));
    ansible("decrypt", "--vault-id", `${id ?? "default"}@${password}`);
    assert.equal(readFileSync(file, "utf8"), text);
    if (text === "") continue;
    ansible("encrypt", "--vault-id", `${id ?? "default"}@${password}`);
    const theirs = readFileSync(file, "utf8");
    assert.equal(decryptVault(theirs, "correct horse"), text);
    // The same header, the same width of lines, the same last newline.
    const shape = (vault: string): string => vault.replaceAll(/[0-9a-f]/g, "0").split("\n").slice(1).join("\n").slice(0, 810);
    const ours = encryptVault(text, "correct horse", id);
    assert.equal(ours.split("\n")[0], theirs.split("\n")[0]);
    assert.equal(shape(ours), shape(theirs));
  }
});
