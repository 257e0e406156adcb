import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { kept, merged, take, written, type Evidence } from "../../scripts/status/evidence.ts";
import { statusPage } from "../../scripts/status/page.ts";

const debian = { name: "a", os: "Debian GNU/Linux 12 (bookworm)", family: "debian" } as const;
const el = { name: "b", os: "EL-like lab host (Debian underneath, not CentOS)", family: "el", like: true } as const;
const shown = (changes: Partial<Evidence> = {}): Evidence => ({
  role: "etcd",
  step: "apply",
  result: "passed",
  hosts: [debian],
  server: { name: "etcd", version: "3.4.23" },
  test: "test/e2e/quorum.test.ts",
  date: "2026-01-02",
  commit: "01234567",
  tree: "89abcdef",
  ...changes,
});

/** The cells of a role's row. */
function rowOf(role: string, evidence: readonly Evidence[]): string[] {
  const page = statusPage(new Map([[role, evidence]]));
  const row = page.split("\n").find((line) => line.startsWith(`| [${role}]`) || line.startsWith(`| ${role} `)) ?? assert.fail(`no row of ${role}`);
  return row.split("|").slice(1, -1).map((cell) => cell.trim());
}

test("a role's row says the systems, the server, and each step", () => {
  assert.deepEqual(rowOf("etcd", [shown({ hosts: [debian, el] }), shown({ step: "again", result: "failed", reason: "3 changed" }), shown({ step: "reboot", result: "skipped", reason: "shares the kernel" })]), [
    "[etcd](#etcd)",
    "Debian 12, EL-like",
    "etcd 3.4.23",
    "✔",
    "✖ failed",
    "–",
    "–",
    "skipped",
    "–",
    "–",
    "–",
  ]);
});

test("a role without evidence was not run against the real server", () => {
  assert.deepEqual(rowOf("etcd", []).slice(0, 4), ["etcd", "none", "not run against the real server", "–"]);
});

test("a step that could not be run here, and a server that only stands in, are no proof", () => {
  const unavailable = rowOf("etcd", [shown({ result: "unavailable", reason: "no program", hosts: [] })]);
  assert.deepEqual(unavailable.slice(1, 4), ["none", "not run against the real server", "not run"]);
  assert.equal(rowOf("etcd", [shown({ server: { name: "etcd", version: "1.0", standIn: "a contract server" } })])[2], "not run against the real server: a contract server");
  const { server: _, ...without } = shown();
  assert.equal(rowOf("etcd", [without])[2], "not run against the real server");
});

test("a role that has a choice of servers has a row for each, the usual one first", () => {
  const all = [shown({ backend: "other", result: "failed" }), shown(), shown({ backend: "another", result: "unavailable", reason: "none to be had", hosts: [] })];
  const page = statusPage(new Map([["etcd", all]]));
  const rows = page.split("\n").filter((line) => line.startsWith("| [etcd")).map((line) => line.split("|").slice(1, 5).map((cell) => cell.trim()));
  assert.deepEqual(rows, [
    ["[etcd](#etcd)", "Debian 12", "etcd 3.4.23", "✔"],
    ["[etcd: another](#etcd-another)", "none", "not run against the real server", "not run"],
    ["[etcd: other](#etcd-other)", "Debian 12", "etcd 3.4.23", "✖ failed"],
  ]);
  for (const heading of ["## etcd\n", "## etcd: another\n", "## etcd: other\n"]) assert.ok(page.includes(heading), heading);
  assert.match(page, /applied from nothing \| not run: none to be had/);
});

test("one test that fails makes the step fail, whatever another one shows", () => {
  assert.equal(rowOf("etcd", [shown(), shown({ result: "failed", test: "test/e2e/other.test.ts" })])[3], "✖ failed");
});

test("the newest result of a step and test counts, and not having been able to run replaces none", () => {
  const before = [shown(), shown({ step: "verify" })];
  const after = merged(before, [shown({ step: "verify", result: "failed" }), shown({ result: "unavailable" }), shown({ step: "drill", result: "unavailable" }), shown({ test: "test/e2e/another.test.ts" })]);
  assert.deepEqual(after.map(({ step, result, test: file }) => `${step} ${result} ${path.basename(file, ".test.ts")}`), ["apply passed another", "apply passed quorum", "verify failed quorum", "drill unavailable quorum"]);
});

test("not having been able to run is known as of the last time", () => {
  assert.deepEqual(merged([shown({ result: "unavailable" })], [shown({ result: "unavailable", tree: "new" })]).map(({ tree }) => tree), ["new"]);
});

test("evidence is taken from lines and kept by role, and a line that was cut off is named", (t) => {
  const root = mkdtempSync(path.join(tmpdir(), "hawser-status-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const lines = path.join(root, "lines");
  mkdirSync(lines);
  writeFileSync(path.join(lines, "quorum.jsonl"), [shown(), shown({ role: "gre", step: "drill" })].map((each) => `${JSON.stringify(each)}\n`).join(""));
  assert.deepEqual(take(root, written(lines)), ["etcd", "gre"]);
  assert.deepEqual(kept(root), new Map([["etcd", [shown()]], ["gre", [shown({ role: "gre", step: "drill" })]]]));
  assert.equal(readFileSync(path.join(root, "docs/status/etcd.json"), "utf8").endsWith("\n"), true);
  writeFileSync(path.join(lines, "torn.jsonl"), '{"role":"etc');
  assert.throws(() => written(lines), /torn\.jsonl:1 is no line of evidence/);
});
