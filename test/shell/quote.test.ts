import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import * as fc from "fast-check";
import { quote } from "../../src/shell/index.ts";

for (const [word, quoted] of [
  ["plain-word_1.0", "plain-word_1.0"],
  ["", "''"],
  ["two words", "'two words'"],
  ["it's", String.raw`'it'\''s'`],
  ["$HOME `x` \\ \n", "'$HOME `x` \\ \n'"],
  ["~", "'~'"],
  ["a=b", "a=b"],
] as const) {
  test(`${JSON.stringify(word)} becomes ${quoted}`, () => assert.equal(quote(word), quoted));
}

test("a NUL byte is refused", () => assert.throws(() => quote("a\0b"), /NUL/));

for (const [program, ...args] of [["dash"], ["bash", "--posix"], ["busybox", "ash"]] as const) {
  test(`any text comes out of ${program} as it went in`, () => {
    const words = fc.sample(fc.string({ unit: "binary" }).filter((word) => !word.includes("\0")), 200);
    const script = words.map((word) => `printf '%s\\0' ${quote(word)}`).join("\n");
    assert.deepEqual(execFileSync(program, [...args, "-s"], { input: script }).toString().split("\0").slice(0, -1), words.map((word) => Buffer.from(word).toString()));
  });
}
