import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor } from "../../src/engine/redactor.ts";
import { SealedSecret } from "../../src/inventory/secrets.ts";
import { Secret } from "../../src/shell/index.ts";

function redact(secrets: readonly string[], text: string): string {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add(new Secret(secret));
  return redactor.text(text);
}

for (const [secrets, text, expected] of [
  [[], "nothing to hide", "nothing to hide"],
  [["hunter2"], "password hunter2!", "password [secret]!"],
  [["a.b*c("], "a.b*c( axbbc(", "[secret] axbbc("],
  [["short", "shorter"], "shorter", "[secret]"],
  [["hunter2"], `as ${Buffer.from("hunter2").toString("base64")}`, "as [secret]"],
  [["-----BEGIN KEY-----\nabcdefgh\n-----END KEY-----"], "line: abcdefgh", "line: [secret]"],
  [["abc"], "abc is too short to be told from words", "abc is too short to be told from words"],
] as const) {
  test(`${JSON.stringify(text)} without ${secrets.length} secrets`, () => assert.equal(redact(secrets, text), expected));
}

const TRICKY = `it's "so" $HOME \\ 100% a&b`;
const KEY = `-----BEGIN KEY-----\n${"abcdefgh".repeat(8)}\nzz/yy==\n-----END KEY-----\n`;

for (const [how, secret, text] of [
  ["base64 of echo", "hunter2", Buffer.from("hunter2\n").toString("base64").replace(/=+$/, "")],
  ["base64 for URLs", "??>>??>>", Buffer.from("??>>??>>").toString("base64url")],
  ["hex", "hunter2", Buffer.from("hunter2").toString("hex")],
  ["upper case hex", "hunter2", Buffer.from("hunter2").toString("hex").toUpperCase()],
  ["a URL", TRICKY, encodeURIComponent(TRICKY)],
  ["a form", TRICKY, encodeURIComponent(TRICKY).replaceAll("%20", "+")],
  ["JSON", TRICKY, JSON.stringify(TRICKY).slice(1, -1)],
  ["a quoted word of a shell", TRICKY, TRICKY.replaceAll("'", String.raw`'\''`)],
  ["a word in double quotes", TRICKY, TRICKY.replaceAll(/["\\$`]/g, String.raw`\$&`)],
  ["HTML", TRICKY, "it's &quot;so&quot; $HOME \\ 100% a&amp;b"],
  ["JSON of several lines", KEY, JSON.stringify(KEY).slice(1, -1)],
  ["its first line", KEY, "-----BEGIN KEY-----"],
  ["its last line", KEY, "-----END KEY-----"],
  ["a short line of it", KEY, "zz/yy=="],
] as const) {
  test(`a secret is known as ${how}`, () => assert.equal(redact([secret], `<${text}>`), "<[secret]>"));
}

test("base64 of a pair leaves nothing that its secret can be told from", () => {
  for (const user of ["a", "ab", "abc"]) assert.match(redact(["hunter22"], Buffer.from(`${user}:hunter22;more`).toString("base64")), /^.{2,6}\[secret\].{6,9}$/);
});

test("base64 that was wrapped after 76 columns leaves nothing of it", () => {
  const wrapped = Buffer.from(KEY).toString("base64").match(/.{1,76}/g) ?? [];
  for (const line of wrapped) assert.match(redact([KEY], line), /^\[secret\]=*$/);
});

test("secrets of vars, settings and lists are learnt, those that were not fetched left out", () => {
  const redactor = new Redactor();
  const vars: Record<string, unknown> = { a: [{ b: new Secret("hunter2") }], c: new SealedSecret(), d: null };
  vars["self"] = vars;
  redactor.addAll(vars);
  assert.equal(redactor.text("hunter2 is out"), "[secret] is out");
});

test("events and errors are redacted wherever a text stands in them", () => {
  const redactor = new Redactor();
  redactor.add(new Secret("hunter2"));
  assert.deepEqual(redactor.deep({ event: "x", at: 1, id: "line:hunter2", failure: { hosts: ["hunter2", null], ok: true } }), { event: "x", at: 1, id: "line:[secret]", failure: { hosts: ["[secret]", null], ok: true } });
  const error = new Error("outer hunter2", { cause: new TypeError("inner hunter2") });
  redactor.error(error);
  assert.equal(error.message, "outer [secret]");
  assert.ok(!`${error.stack} ${(error.cause as Error).stack} ${(error.cause as Error).message}`.includes("hunter2"));
});
