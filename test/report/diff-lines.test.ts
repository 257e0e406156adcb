import assert from "node:assert/strict";
import { test } from "node:test";
import { diffLinesOf } from "../../src/report/diff-lines.ts";

/** The lines with what differs in brackets. */
function told(diff: string): string[] {
  return diffLinesOf(diff).map(({ kind, text, parts }) => `${kind} ${parts === undefined ? text : text.slice(0, 1) + parts.map((part) => (part.changed ? `[${part.text}]` : part.text)).join("")}`);
}

void test("each line is known for what it is", () => {
  assert.deepEqual(told("--- a\n+++ b\n@@ -1,2 +1,2 @@\n same\n\n-old\n+new\n\\ No newline at end of file\n"), ["head --- a", "head +++ b", "hunk @@ -1,2 +1,2 @@", "same  same", "same ", "old -old", "new +new", "note \\ No newline at end of file"]);
  assert.deepEqual(told("(content hidden: it holds a secret)"), ["note (content hidden: it holds a secret)"]);
});

void test("of a line that replaces another like it, the words that differ are told", () => {
  assert.deepEqual(told("-wal_level = minimal\n+wal_level = logical\n"), ["old -wal_level = [minimal]", "new +wal_level = [logical]"]);
  assert.deepEqual(told("-a = 1\n-b = 2\n+a = 3\n+b = 2 # two\n"), ["old -a = [1]", "old -b = 2", "new +a = [3]", "new +b = 2[ # two]"]);
});

void test("lines that have little in common, and very long ones, are not compared", () => {
  assert.deepEqual(told("-PermitRootLogin yes\n+X11Forwarding no\n"), ["old -PermitRootLogin yes", "new +X11Forwarding no"]);
  const long = "word ".repeat(100);
  assert.deepEqual(told(`-${long}a\n+${long}b\n`), [`old -${long}a`, `new +${long}b`]);
  assert.deepEqual(told("-\n+\n"), ["old -", "new +"]);
});
