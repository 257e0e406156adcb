import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostCounts } from "../../src/engine/events.ts";
import { exitCode } from "../../src/report/index.ts";
import { counts } from "./recording.ts";

type Row = readonly [name: string, expected: number, hosts: Partial<HostCounts>[], more?: { check?: boolean; detailedExitcode?: boolean; interrupted?: boolean; result?: "ok" | "failed" }];

const DETAILED = { check: true, detailedExitcode: true };
const TABLE: Row[] = [
  ["nothing to do", 0, [{ ok: 3 }]],
  ["changes made", 0, [{ changed: 3 }]],
  ["a host failed", 2, [{ ok: 1 }, { failed: 1 }]],
  ["a host is unreachable", 4, [{ ok: 1 }, { unreachable: true }]],
  ["a failure wins over an unreachable host", 2, [{ failed: 1 }, { unreachable: true }]],
  ["the run failed and no host did", 2, [{ ok: 1 }], { result: "failed" }],
  ["the run failed for its unreachable host", 4, [{ unreachable: true }], { result: "failed" }],
  ["interrupted", 130, [{ ok: 1, notReached: 2 }], { interrupted: true, result: "failed" }],
  ["interrupted after a failure", 2, [{ failed: 1 }], { interrupted: true, result: "failed" }],
  ["a check with changes", 0, [{ wouldChange: 1 }], { check: true }],
  ["a detailed check with changes", 3, [{ wouldChange: 1 }], DETAILED],
  ["a detailed check with something unknown", 3, [{ unknown: 1 }], DETAILED],
  ["a detailed check with a handler owed", 3, [{ handlersPending: 1 }], DETAILED],
  ["a detailed check without changes", 0, [{ ok: 1 }], DETAILED],
  ["a detailed check that failed", 2, [{ wouldChange: 1, failed: 1 }], DETAILED],
  ["detailed, but no check", 0, [{ changed: 1 }], { detailedExitcode: true }],
];

for (const [name, expected, hosts, more = {}] of TABLE)
  void test(`${expected}: ${name}`, () => {
    const named = Object.fromEntries(hosts.map((host, index) => [`h${index}`, counts(host)]));
    assert.equal(exitCode({ result: more.result ?? "ok", hosts: named, interrupted: more.interrupted === true }, more), expected);
  });

void test("1: no run came about", () => assert.equal(exitCode(undefined, DETAILED), 1));
