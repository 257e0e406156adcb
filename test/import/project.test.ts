import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { linkPackages, typeErrorsIn } from "./typecheck.ts";

const SHOP = path.join(import.meta.dirname, "shop");
const REFERENCE = path.resolve(import.meta.dirname, "../../bench/peers/ansible");

function scratch(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-import-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the command line; gives its exit code and what it printed. */
function hawser(...argv: readonly string[]): { readonly code: number | null; readonly out: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.resolve(import.meta.dirname, "../../bin/hawser.mjs"), ...argv], { encoding: "utf8" });
  return { code: status, out: stdout + stderr };
}

void test("the reference playbooks import, and compile", { timeout: 120_000 }, (t) => {
  const into = path.join(scratch(t), "out");
  const { code, out } = hawser("import", "ansible", REFERENCE, "--into", into);
  assert.equal(code, 0, out);
  assert.match(out, /w2\.yml:12 {2}files: a lookup runs on the controller/);
  assert.doesNotMatch(out, /w1\.yml:\d+ {2}.*has no counterpart/);
  linkPackages(into);
  assert.deepEqual(typeErrorsIn(into), []);
  assert.equal(readFileSync(path.join(into, "roles/w1/files/health.sh"), "utf8"), readFileSync(path.resolve(REFERENCE, "../../w1/files/health.sh"), "utf8"));
});

void test("a project of a real user's shape imports whole, and compiles", { timeout: 120_000 }, (t) => {
  const into = path.join(scratch(t), "out");
  const { code, out } = hawser("import", "ansible", SHOP, "--into", into);
  assert.equal(code, 0, out);
  assert.match(out, /\n48 tasks converted, 0 need a hand\n/);
  assert.match(out, /2 playbooks, 7 roles, 6 templates/);
  linkPackages(into);
  assert.deepEqual(typeErrorsIn(into), []);
  assert.deepEqual(readdirSync(path.dirname(into)), ["out"]);
  assert.match(readFileSync(path.join(into, "inventory/production/group_vars/all/main.yml"), "utf8"), /^# What all hosts share\.\n[\s\S]*^enable_tuning: true$/m);
  assert.equal(readFileSync(path.join(into, "inventory/production/group_vars/all/vault.yml"), "utf8"), readFileSync(path.join(SHOP, "inventory/group_vars/all/vault.yml"), "utf8"));
});

void test("--check writes nothing", (t) => {
  const into = path.join(scratch(t), "out");
  const { code, out } = hawser("import", "ansible", SHOP, "--check", "--into", into);
  assert.equal(code, 0);
  assert.match(out, /48 tasks converted/);
  assert.equal(existsSync(into), false);
});

void test("nothing is overwritten, and nothing is left of an import that failed", (t) => {
  const folder = scratch(t);
  mkdirSync(path.join(folder, "taken"));
  writeFileSync(path.join(folder, "taken/mine"), "x");
  const taken = hawser("import", "ansible", SHOP, "--into", path.join(folder, "taken"));
  assert.equal(taken.code, 1);
  assert.match(taken.out, /is not empty, and an import overwrites nothing/);
  mkdirSync(path.join(folder, "broken"));
  writeFileSync(path.join(folder, "broken/site.yml"), "- hosts: [all\n");
  const broken = hawser("import", "ansible", path.join(folder, "broken"), "--into", path.join(folder, "out"));
  assert.equal(broken.code, 1);
  assert.match(broken.out, /not valid YAML/);
  assert.deepEqual(readdirSync(folder).sort(), ["broken", "taken"]);
});
