import assert from "node:assert/strict";
import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import test from "node:test";
import * as fc from "fast-check";
import { decryptVault, isVault } from "../../src/inventory/vault.ts";

const hex = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("hex");

/** Writes the format from its description, so that the reader is not tested against its own mistakes alone. */
function encryptVault(plain: string, password: string, header = "$ANSIBLE_VAULT;1.1;AES256"): string {
  const salt = randomBytes(32);
  const key = pbkdf2Sync(password, salt, 10_000, 80, "sha256");
  const padding = 16 - (Buffer.byteLength(plain) % 16);
  const cipher = createCipheriv("aes-256-ctr", key.subarray(0, 32), key.subarray(64));
  const body = Buffer.concat([cipher.update(Buffer.concat([Buffer.from(plain), Buffer.alloc(padding, padding)])), cipher.final()]);
  const mac = createHmac("sha256", key.subarray(32, 64)).update(body).digest();
  return [header, ...(hex([hex(salt), hex(mac), hex(body)].join("\n")).match(/.{1,80}/g) ?? [])].join("\n");
}

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
