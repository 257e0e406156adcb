import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { didYouMean, suggest } from "../../src/inventory/suggest.ts";

const names = ["gateways", "databases", "witness", "la", "sg", "la-1"];

for (const [word, expected] of [
  ["gateway", "gateways"],
  ["gatewyas", "gateways"],
  ["GATEWAYS", "gateways"],
  ["datbases", "databases"],
  ["witnes", "witness"],
  ["sgg", "sg"],
  ["la1", "la"],
  ["data", "databases"],
  ["zebra", undefined],
  ["", undefined],
] as const) {
  void test(`"${word}" suggests ${expected ?? "nothing"}`, () => assert.equal(suggest(word, names), expected));
}

void test("a hint is a question, or nothing", () => {
  assert.equal(didYouMean("childern", ["hosts", "children"]), 'did you mean "children"?');
  assert.equal(didYouMean("zzz", ["hosts"]), undefined);
});

void test("one letter lost from a word of three or more is always found", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{4,12}$/), fc.nat(), (word, at) => {
      const index = at % word.length;
      assert.equal(suggest(word.slice(0, index) + word.slice(index + 1), [word]), word);
    }),
  );
});
