import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { newIdentity } from "../../src/inventory/age.ts";
import { Keys } from "../../src/inventory/keys.ts";
import { Crypt, type Format } from "../../src/secrets/crypt.ts";
import { Documents } from "../../src/secrets/document.ts";
import { loadInventory } from "../../src/inventory/index.ts";
import { applyEdits, taggedValues } from "../../src/secrets/tagged.ts";
import { Secret } from "../../src/shell/index.ts";

const folder = mkdtempSync(join(tmpdir(), "hawser-documents-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const [mine, other] = [await newIdentity(), await newIdentity()];
writeFileSync(join(folder, "mine.txt"), `${mine.identity}\n`, { mode: 0o600 });
writeFileSync(join(folder, "other.txt"), `${other.identity}\n`, { mode: 0o600 });
const vault = [{ id: "default", from: new Secret("correct horse") }, { id: "prod", from: new Secret("battery staple") }];

const documentsOf = (who: string, recipients: readonly string[]): Documents => new Documents(new Crypt(new Keys({ env: { HAWSER_AGE_IDENTITY: join(folder, who) }, home: folder, cwd: folder }, vault), async () => recipients));
const documents = documentsOf("mine.txt", [mine.recipient]);
const age: Format = { kind: "age" };

const PLAIN = `# passwords
db: !secret hunter2 # the database's
web:
  # nginx
  key: !secret |
    -----BEGIN KEY-----
    abc
    -----END KEY-----
  list: [!secret one, "plain"]
port: 5432
`;
const sealed = await documents.encryptValues(PLAIN, "f.yml", age);
const opened = async (text: string, docs = documents): Promise<string> => (await docs.open(text, "f.yml", age)).text;

/** What a run sees. */
async function vars(text: string): Promise<Record<string, unknown>> {
  writeFileSync(join(folder, "hosts.yml"), `all: { hosts: { h: } }\n`);
  writeFileSync(join(folder, "vars.yml"), text);
  const { vars: found } = (await loadInventory(join(folder, "hosts.yml"), { env: { HAWSER_AGE_IDENTITY: join(folder, "mine.txt") }, vault, extraVars: [`@${join(folder, "vars.yml")}`] })).host("h");
  return reveal(found) as Record<string, unknown>;
}
function reveal(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(reveal);
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)])) : value;
}
const EXPECTED = { db: "hunter2", web: { key: "-----BEGIN KEY-----\nabc\n-----END KEY-----\n", list: ["one", "plain"] }, port: 5432 };

void test("encrypted values are what a run reads, newline for newline", async () => {
  assert.ok(!/hunter2|BEGIN KEY|\bone\b/.test(sealed));
  assert.deepEqual(await vars(sealed), EXPECTED);
  assert.deepEqual(await vars(await documents.decrypt(sealed, "f.yml")), EXPECTED);
  assert.deepEqual(await vars(await documents.encryptValues(PLAIN, "f.yml", { kind: "vault", id: "prod" })), EXPECTED);
});

void test("outside the values the text stays byte for byte", async () => {
  const tags = ["!secret", "!age"];
  const frame = (text: string): string => applyEdits(text, taggedValues(text, tags, "f.yml").map(({ tagAt, end, comment, block }) => ({ start: tagAt, end, text: `VALUE${comment}${block ? "\n" : ""}` })));
  assert.equal(frame(sealed), frame(PLAIN));
  const rekeyed = await documents.rekey(sealed, "f.yml", (from) => from);
  assert.notEqual(rekeyed, sealed);
  assert.equal(frame(rekeyed), frame(sealed));
});

void test("rekey is for the recipients of now, and for nobody else", async () => {
  const forOther = await documentsOf("mine.txt", [other.recipient]).rekey(sealed, "f.yml", (from) => from);
  await assert.rejects(opened(forOther), { message: /age cannot decrypt this with mine\.txt/ });
  assert.equal(await opened(forOther, documentsOf("other.txt", [])), await opened(sealed));
});

void test("rekey goes from Ansible Vault to age and back, with the tags", async () => {
  const vaulted = await documents.rekey(sealed, "f.yml", () => ({ kind: "vault", id: "prod" }));
  assert.equal(vaulted.match(/!vault/g)?.length, 3);
  assert.equal(vaulted.match(/\$ANSIBLE_VAULT;1\.2;AES256;prod/g)?.length, 3);
  assert.deepEqual(await vars(vaulted), EXPECTED);
  const back = await documents.rekey(vaulted, "f.yml", () => age);
  assert.ok(!back.includes("!vault"));
  assert.deepEqual(await vars(back), EXPECTED);
});

void test("a whole file goes there and back", async () => {
  for (const format of [age, { kind: "vault", id: "prod" }, { kind: "vault", id: "default" }] as const) {
    const whole = await new Crypt(new Keys({ env: {}, home: folder, cwd: folder }, vault), async () => [mine.recipient]).seal("a: 1\n", format);
    const { text, close } = await documents.open(whole, "f.yml", age);
    assert.equal(text, "a: 1\n");
    assert.equal(await close(text), undefined);
    const edited = (await close("a: 2\n")) ?? "";
    assert.equal(edited.split("\n")[0], whole.split("\n")[0]);
    assert.equal(await documents.decrypt(edited, "f.yml"), "a: 2\n");
  }
});

void test("what was not edited keeps its encrypted form, wherever it is moved to", async () => {
  const { text, close } = await documents.open(sealed, "f.yml", age);
  assert.match(text, /db: !age \|- # the database's\n {2}hunter2\n/);
  assert.equal(await close(text), undefined);
  assert.equal(await close(`${text}# a comment\n`), `${sealed}# a comment\n`);
  const changed = (await close(text.replace("hunter2", "hunter3"))) ?? "";
  assert.deepEqual(await vars(changed), { ...EXPECTED, db: "hunter3" });
  assert.equal(changed.slice(changed.indexOf("web:")), sealed.slice(sealed.indexOf("web:")));
  const moved = (await close(`deeper:\n  down: !age |-\n    hunter2\n${text.replace(/db:.*\n.*\n/, "")}`)) ?? "";
  assert.deepEqual(await vars(moved), { web: EXPECTED.web, port: 5432, deeper: { down: "hunter2" } });
  const lines = (of: string): string[] => of.split("\n").map((line) => line.trim());
  assert.deepEqual(lines(moved).slice(2, 9), lines(sealed).slice(2, 9));
});

void test("a new value is written in plain text behind its tag", async () => {
  const { text, close } = await documents.open(sealed, "f.yml", { kind: "vault", id: "default" });
  const added = (await close(`${text}pin: !age 0123\nlogins:\n  - name: ada\n    password: !vault two words\n`)) ?? "";
  assert.ok(!/0123|two words/.test(added));
  assert.match(added, /pin: !age \|\n {2}-----BEGIN/);
  assert.match(added, / {4}password: !vault \|\n {6}\$ANSIBLE_VAULT;1\.1/);
  assert.deepEqual(await vars(added), { ...EXPECTED, pin: "0123", logins: [{ name: "ada", password: "two words" }] });
});

for (const [name, edit, message] of [
  ["a vault value that could have either id", (text: string) => `${text}new: !vault x\n`, /several vault ids \(default, prod\)/],
  ["an empty value", (text: string) => text.replace(/\|- # the database's\n.*\n/, '""\n'), /!age needs a text behind it/],
  ["text that is no YAML", (text: string) => text.replace("port: 5432", "port: ["), /not valid YAML/],
] as const) {
  void test(`${name} is refused when the editor is left`, async () => {
    const { text, close } = await documents.open(sealed, "f.yml", age);
    await assert.rejects(close(edit(text)), { message });
  });
}

void test("a value in plain text behind !age is refused with its line", async () => {
  await assert.rejects(documents.decrypt("a: 1\nb: !age hunter2\n", "f.yml"), (error: { message: string; source: { line: number }; hint: string }) => error.source.line === 2 && !error.message.includes("hunter2") && error.hint.includes("hawser secrets edit f.yml"));
});

void test("a value that no key opens is named by its line", async () => {
  await assert.rejects(documentsOf("other.txt", []).decrypt(sealed, "f.yml"), { source: { file: "f.yml", line: 2, column: 1 } });
});
