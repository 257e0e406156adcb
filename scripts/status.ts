/**
 * Writes docs/status.md from the evidence in docs/status: `npm run status -- [--check] [--take FOLDER] [--run [FILE…]]`.
 *
 * `--check` writes nothing, and exits 1 when the page is not what the evidence gives. `--take` first adds what tests have written to
 * FOLDER, where HAWSER_EVIDENCE pointed. `--run` runs the end-to-end tests that give evidence, or those named, and takes that;
 * it exits 1 when one failed, after its evidence was taken.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { kept, take, written } from "./status/evidence.ts";
import { servings, statusPage } from "./status/page.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = path.join(ROOT, "docs/status.md");
const TESTS = path.join(ROOT, "test/e2e");

/** Tests that give evidence say so by what they import. */
const giving = (): string[] => readdirSync(TESTS).filter((name) => name.endsWith(".test.ts") && /from "\.\/(role-proof|evidence)\.ts"/.test(readFileSync(path.join(TESTS, name), "utf8"))).map((name) => path.join(TESTS, name));

/** One test file after the other. @returns whether all passed */
function runTests(files: readonly string[]): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-evidence-"));
  try {
    const { status } = spawnSync(process.execPath, ["--import", "tsx", "--test", "--test-concurrency=1", ...files], { cwd: ROOT, stdio: "inherit", env: { ...process.env, HAWSER_EVIDENCE: folder } });
    console.log(`evidence of ${take(ROOT, written(folder)).join(", ") || "no role"}`);
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Roles that are not any more what was tried, each with the steps of which nothing is as new as the role. */
function changedSince(): string[] {
  return [...kept(ROOT)].flatMap(([role, each]) => servings(role, each).map(([title, all]) => [role, title, all] as const)).flatMap(([role, title, all]) => {
    const now = treeOf(role);
    const fresh = new Set(all.filter(({ tree }) => tree === now).map(({ step }) => step));
    const tried = all.filter(({ result }) => result !== "unavailable");
    const stale = [...new Set(tried.map(({ step }) => step))].filter((step) => !fresh.has(step));
    return stale.length === 0 ? [] : [fresh.size === 0 ? title : `${title} (${stale.join(", ")})`];
  });
}

function treeOf(role: string): string {
  try {
    return execFileSync("git", ["rev-parse", `HEAD:roles/${role}`], { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "none";
  }
}

function main(): number {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { check: { type: "boolean" }, take: { type: "string" }, run: { type: "boolean" } } });
  if (positionals.length > 0 && !values.run) throw new Error(`${positionals.join(" ")}: files are for --run`);
  if (values.take !== undefined) take(ROOT, written(values.take));
  const passed = !values.run || runTests(positionals.length > 0 ? positionals : giving());
  const page = statusPage(kept(ROOT));
  const same = existsSync(PAGE) && readFileSync(PAGE, "utf8") === page;
  if (values.check) {
    if (!same) console.error("docs/status.md is not what the evidence gives: npm run status");
    return same ? 0 : 1;
  }
  if (!same) {
    writeFileSync(`${PAGE}.new`, page);
    renameSync(`${PAGE}.new`, PAGE);
  }
  const changed = changedSince();
  if (changed.length > 0) console.log(`changed since they were tried: ${changed.join(", ")} (npm run status -- --run)`);
  return passed ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
