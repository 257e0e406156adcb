import assert from "node:assert/strict";
import { test } from "node:test";
import { LineSplitter } from "../../src/engine/lines.ts";

/** The lines of some chunks, with `hunter2` taken out. */
function lines(...chunks: readonly string[]): string[] {
  const found: string[] = [];
  const splitter = new LineSplitter((line) => found.push(line), (line) => line.replaceAll("hunter2", "[secret]"));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return found;
}

test("chunks become lines", () => assert.deepEqual(lines("a\r\nb", "c\n\nd"), ["a", "bc", "d"]));

test("a secret across two chunks is one", () => assert.deepEqual(lines("x hun", "ter2 y\n"), ["x [secret] y"]));

test("a secret where a long line is cut leaves no half", () => {
  for (const before of [3_990, 3_995, 3_999]) {
    const [line = ""] = lines(`${"x".repeat(before)}hunter2\n`);
    assert.equal(line.length, Math.min(4_000, before + 8));
    assert.ok(!line.includes("hun"));
  }
});

test("a line that never ends is held in part, and what was cut in two there is not shown", () => {
  const chunk = `${"x".repeat(9_993)}hunter2`;
  const found = lines(...Array.from({ length: 20 }, () => chunk), "end\nnext\n");
  assert.equal(found[0]?.length, 4_000);
  assert.ok(found[0]?.endsWith("[secret]end"));
  assert.equal(found[1], "next");
});
