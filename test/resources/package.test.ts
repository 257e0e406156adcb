import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import * as fc from "fast-check";
import { packageKind } from "../../src/resources/package.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { compareDebian, compareRpm, matchesRpmPin } from "../../src/resources/versions.ts";
import { render, runCases } from "./harness.ts";

runCases(packageKind);

const plan = (args: unknown, out: string) => packageKind.plan(packageKind.args.parse(args), { out, err: "", code: 0 }, { facts: recorded("debian-12") });

void test("installs of one kind become one command", () => {
  const [a, b] = [plan({ name: "a" }, "absent\n"), plan({ name: "b", version: "1:2" }, "absent\n")];
  assert.equal(a?.merge?.key, b?.merge?.key);
  assert.match(render(a?.merge?.apply([a.merge.item, b?.merge?.item ?? ""]) ?? assert.fail()), /install a b=1:2$/);
});

for (const [key, other] of [
  ["hold", { hold: true }], ["recommends", { recommends: false }], ["allowRemoval", { allowRemoval: true }], ["listsAge", { listsAge: 1 }], ["latest", { state: "latest" }],
] as const) {
  void test(`installs that differ in ${key} stay two commands`, () => {
    assert.notEqual(plan({ name: "a" }, "absent\n")?.merge?.key, plan({ name: "b", ...other }, "absent\n")?.merge?.key);
  });
}

const words = fc.array(fc.constantFrom("0", "1", "9", "10", "007", "a", "B", "rc", ".", "+", "~", "-1", "deb12u1"), { minLength: 1, maxLength: 8 });
const versions = fc.tuple(fc.constantFrom("", "1:", "12:"), words).map(([epoch, parts]) => `${epoch}0${parts.join("")}`);

void test("Debian versions compare as dpkg compares them", { skip: spawnSync("dpkg", ["--version"]).status !== 0 }, () => {
  fc.assert(
    fc.property(versions, versions, (a, b) => {
      const operator = compareDebian(a, b) < 0 ? "lt" : compareDebian(a, b) > 0 ? "gt" : "eq";
      const asked = spawnSync("dpkg", ["--compare-versions", a, operator, b]);
      assert.equal(asked.status, 0, `${a} ${operator} ${b}: ${asked.stderr.toString()}`);
    }),
    { numRuns: 300 },
  );
});

for (const [a, order, b] of [
  ["1.0", "<", "1.1"], ["1.10", ">", "1.9"], ["1.0~rc1", "<", "1.0"], ["1.0^git1", ">", "1.0"], ["1.0^git1", "<", "1.0.1"], ["2:1.0", ">", "9.9"],
  ["1.0-2", ">", "1.0-1"], ["1.0", "=", "1.0-7"], ["1.0a", ">", "1.0"], ["1.a", "<", "1.1"], ["20240131123456789012", ">", "20240131123456789011"], ["1..0", "=", "1.0"],
] as const) {
  void test(`rpm: ${a} ${order} ${b}`, () => {
    const found = Math.sign(compareRpm(a, b));
    assert.equal(found, { "<": -1, "=": 0, ">": 1 }[order]);
    assert.equal(Math.sign(compareRpm(b, a)) + found, 0);
  });
}

void test("rpm pins", () => {
  for (const pin of ["1.2", "1.2-3.el9", "4:1.2", "4:1.2-3.el9", "1.*", "4:1.2-3*"]) assert.ok(matchesRpmPin("4:1.2-3.el9", pin), pin);
  for (const pin of ["1.2-3", "1", "0:1.2", "5:1.*"]) assert.ok(!matchesRpmPin("4:1.2-3.el9", pin), pin);
});
