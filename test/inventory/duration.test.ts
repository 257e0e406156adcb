import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKeepOpen } from "../../src/inventory/index.ts";

for (const [text, seconds] of [
  ["off", 0],
  ["0", 0],
  ["90", 90],
  ["90s", 90],
  ["10m", 600],
  ["1h30m", 5400],
  ["1h1m1s", 3661],
  ["24h", 86_400],
  ["86401", undefined],
  ["24h1s", undefined],
  ["999999h", undefined],
  ["", undefined],
  ["1.5h", undefined],
  ["-1", undefined],
  ["10 m", undefined],
  ["5m1h", undefined],
  ["1d", undefined],
  ["on", undefined],
] as const) {
  void test(`${JSON.stringify(text)} keeps connections open for ${seconds ?? "no known number of"} seconds`, () => assert.equal(parseKeepOpen(text), seconds));
}
