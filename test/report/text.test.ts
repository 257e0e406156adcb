import assert from "node:assert/strict";
import { test } from "node:test";
import { cells, clean, cutEnd, cutMiddle, duration, place } from "../../src/report/text.ts";

const WIDTHS: [string, number][] = [["abc", 3], ["東京", 4], ["e\u0301", 1], ["🚀", 2], ["👨‍👩‍👧", 2], ["한글", 4], ["\x1b[31mred\x1b[39m", 3], ["✔ ✖ │ …", 7], ["", 0]];
for (const [text, width] of WIDTHS) void test(`${JSON.stringify(text)} is ${width} columns wide`, () => assert.equal(cells(text), width));

void test("texts are cut to a width, never through a wide character", () => {
  assert.equal(cutEnd("abcdef", 4), "abc…");
  assert.equal(cutEnd("東京都", 4), "東…");
  assert.equal(cutMiddle("strongswan/file:/etc/swanctl/conf.d/sg.conf", 20), "strong…onf.d/sg.conf");
  for (let width = 0; width < 12; width++) assert.ok(cells(cutMiddle("東京/file:é", width)) <= width, String(width));
});

void test("only the last state of a rewritten line stays", () => assert.equal(clean("10%\r50%\r100%\r\nnext"), "100%\nnext"));

const DURATIONS: [number, string][] = [[0.04, "0.0 s"], [1.25, "1.3 s"], [5, "5 s"], [9.97, "10 s"], [59.4, "59 s"], [59.7, "1 min 00 s"], [185, "3 min 05 s"]];
for (const [seconds, text] of DURATIONS) void test(`${seconds} seconds are ${text}`, () => assert.equal(duration(seconds), text));

function at(file: string): string {
  return place({ file, line: 1, column: 2 }, "/srv/site/deep");
}

void test("a file is named relative to the working directory where that is shorter", () => {
  assert.equal(at("/srv/site/deep/a.ts"), "a.ts:1:2");
  assert.equal(at("/etc/x"), "/etc/x:1:2");
  assert.equal(at("inventory/x.yml"), "inventory/x.yml:1:2");
});
