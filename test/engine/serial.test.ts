import assert from "node:assert/strict";
import { test } from "node:test";
import type { Serial } from "../../src/dsl/play.ts";
import { serialBatches } from "../../src/engine/serial.ts";

const HOSTS = ["a", "b", "c", "d", "e", "f", "g"];

for (const [serial, sizes] of [
  [undefined, [7]],
  [1, [1, 1, 1, 1, 1, 1, 1]],
  [3, [3, 3, 1]],
  [100, [7]],
  ["50%", [3, 3, 1]],
  ["1%", [1, 1, 1, 1, 1, 1, 1]],
  [[1, 2, "100%"], [1, 2, 4]],
  [[1, 3], [1, 3, 3]],
] as const satisfies readonly (readonly [Serial | undefined, readonly number[]])[]) {
  test(`serial ${JSON.stringify(serial)} of 7 hosts: ${sizes.join(", ")}`, () => {
    const batches = serialBatches(HOSTS, serial);
    assert.deepEqual(batches.map((batch) => batch.length), sizes);
    assert.deepEqual(batches.flat(), HOSTS);
  });
}
