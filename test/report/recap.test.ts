import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostCounts } from "../../src/engine/events.ts";
import { recapText } from "../../src/report/recap.ts";
import { colors } from "../../src/report/style.ts";
import { cells } from "../../src/report/text.ts";
import { counts } from "./recording.ts";

interface Some {
  check?: boolean;
  width?: number;
  result?: "ok" | "failed";
  interrupted?: boolean;
  pendingHandlers?: Record<string, string[]>;
  resumable?: boolean;
}

function recap(hosts: Record<string, Partial<HostCounts>>, { check = false, width = Infinity, result = "ok", interrupted = false, pendingHandlers = {}, resumable = false }: Some = {}): string[] {
  const all = Object.fromEntries(Object.entries(hosts).map(([host, some]) => [host, counts(some)]));
  const event = { at: 0, event: "recap", result, hosts: all, pendingHandlers, interrupted, seconds: 1.5 } as const;
  const style = { color: colors(false), cwd: "/", diff: false, hostWidth: 8, check, width, resumable };
  return recapText({ recap: event, failures: [], seconds: () => 0.5 }, style).trim().split("\n");
}

const LAST_LINES: [string, Parameters<typeof recap>][] = [
  ["no changes: everything is as declared (1.5 s)", [{ a: { ok: 3 } }]],
  ["no changes: everything is as declared (1.5 s)", [{ a: { ok: 3 } }, { check: true }]],
  ["3 changes made on 2 hosts: everything is as declared (1.5 s)", [{ a: { changed: 1 }, b: { changed: 2 } }]],
  ["1 change made on 1 host; 1 handler still owed: run again to run it (1.5 s)", [{ a: { changed: 1, handlersPending: 1 } }]],
  ["2 changes pending on 1 host: run without --check to apply (1.5 s)", [{ a: { wouldChange: 2 }, b: { ok: 1 } }, { check: true }]],
  ["1 host ok, 1 failed, 1 unreachable: fix the cause above and run again with --limit a,b (1.5 s)", [{ a: { failed: 1 }, b: { unreachable: true }, c: {} }]],
  ["1 host ok, 1 unreachable: check the connection to it and run again with --limit b (1.5 s)", [{ a: {}, b: { unreachable: true } }]],
  ["interrupted: 1 host ok, 1 unfinished; run again with --limit b to go on (1.5 s)", [{ a: {}, b: { notReached: 4 } }, { interrupted: true, result: "failed" }]],
  ["the run failed; 1 host ok: fix the cause above and run again (1.5 s)", [{ a: {} }, { result: "failed" }]],
  ["0 hosts ok, 9 failed: fix the causes above and run again (1.5 s)", [Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`h${index}`, { failed: 1 }]))]],
];

for (const [expected, input] of LAST_LINES) void test(expected, () => assert.equal(recap(...input).at(-1), expected));

void test("a run that has a journal is gone on with", () => {
  assert.equal(recap({ a: { failed: 1 }, c: {} }, { resumable: true }).at(-1), "1 host ok, 1 failed: fix the cause above and go on with hawser resume (1.5 s)");
  assert.equal(recap({ a: {}, b: { notReached: 4 } }, { interrupted: true, result: "failed", resumable: true }).at(-1), "interrupted: 1 host ok, 1 unfinished; go on with hawser resume (1.5 s)");
});

void test("columns are aligned also when names are wide", () => {
  const lines = recap({ "東京-1": { changed: 12 }, "sg-1": { ok: 3 } }).slice(0, 3);
  assert.equal(new Set(lines.map(cells)).size, 2, "the title is trimmed of its indent, the rows are alike");
  assert.equal(cells(lines[1] ?? ""), cells(lines[2] ?? ""));
});

void test("a narrow terminal does without the columns that are all zeros", () => {
  const title = recap({ "la-gw-1": { ok: 4, changed: 1 } }, { width: 60 })[0] ?? "";
  assert.match(title, /ok +changed +requests +seconds$/);
});

void test("a check has its own columns, and every host a word", () => {
  const lines = recap({ a: { unreachable: true }, b: { notReached: 1 }, c: { unknown: 1 }, d: { ok: 1 } }, { check: true });
  assert.match(lines[0] ?? "", /ok +would change +unknown +skipped/);
  assert.ok(!lines[0]?.includes(" changed"));
  assert.deepEqual(lines.slice(1, 5).map((line) => line.replace(/ {2,}\d.*/, "").trim()), ["a     ✖ unreachable", "b     ✖ unfinished", "c     ? unknown", "d     ✔ ok"]);
});

void test("pending handlers are named", () => {
  const lines = recap({ a: { handlersPending: 2 } }, { pendingHandlers: { a: ["reload", "restart"], b: [] } });
  assert.ok(lines.includes("  a  handlers pending: reload, restart"));
});

void test("of many hosts those that fared alike share a row, and who did not come through keeps its own", () => {
  const fleet = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`web-${index}`, { ok: 5, requests: 2 }]));
  const lines = recap({ ...fleet, "web-3": { ok: 4, changed: 1, requests: 4 }, "web-8": { failed: 1 }, "web-9": { failed: 1 }, "db-1": { unreachable: true } }, { result: "failed" });
  const names = lines.slice(1, -2).map((line) => line.trim().split(/ {2,}/).slice(0, 2).join(", "));
  assert.deepEqual(names, ["37 hosts, ✔ ok", "web-3, + changed", "web-8, ✖ failed", "web-9, ✖ failed", "db-1, ✖ unreachable"]);
  assert.equal(recap(fleet).length, 4, "a title, a row, an empty line, the last line");
});
