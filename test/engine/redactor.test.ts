import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor } from "../../src/engine/redactor.ts";
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
