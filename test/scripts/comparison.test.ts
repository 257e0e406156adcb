import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = "docs/comparison.md";

interface TestLink {
  readonly line: number;
  readonly file: string;
  /** The test's name as it stands in the file; undefined where the link has none. */
  readonly name: string | undefined;
}

/** Links to tests. Their title is the test's name. */
function testLinks(text: string): TestLink[] {
  return [...text.matchAll(/\]\((\.\.\/test\/[^)\s]+)(?: "((?:[^"\\]|\\.)*)")?\)/g)].map((match) => ({
    line: text.slice(0, match.index).split("\n").length,
    file: (match[1] ?? "").slice("../".length),
    name: match[2]?.replaceAll(String.raw`\"`, '"'),
  }));
}

/** The names that a test file gives its tests, as they are written. */
function namesIn(source: string): Set<string> {
  const names = [...source.matchAll(/\b(?:test|it|describe)\(\s*("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)/g)].map(([, quoted = ""]) => quoted);
  return new Set(names.map((quoted) => (quoted.startsWith('"') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1))));
}

function broken(text: string): string[] {
  return testLinks(text).flatMap(({ line, file, name }) => {
    const say = (message: string): string[] => [`${PAGE}:${line}: ${file}: ${message}`];
    if (!existsSync(path.join(ROOT, file))) return say("there is no such file");
    if (name === undefined) return say("the link names no test: write the test's name as its title");
    return namesIn(readFileSync(path.join(ROOT, file), "utf8")).has(name) ? [] : say(`it has no test "${name}"`);
  });
}

/** Rows of tables without a link to a test, by their first words. */
function unproven(text: string): string[] {
  const rows = text.split("\n").filter((line) => line.startsWith("| ") && !/^\|[ |]*(---|Ansible \|)/.test(line) && line !== "| | hawser |");
  return rows.filter((row) => testLinks(row).length === 0).map((row) => row.slice(0, 60));
}

test("every row of the comparison has its test, and every such link names one that exists", () => {
  const text = readFileSync(path.join(ROOT, PAGE), "utf8");
  assert.deepEqual(broken(text), []);
  assert.deepEqual(unproven(text), []);
  assert.ok(testLinks(text).length >= 50);
});

test("a link to a test that is gone, or was renamed, is found", () => {
  const own = "[test](../test/scripts/comparison.test.ts";
  assert.deepEqual(broken(`| a | ${own} "a link to a test that is gone, or was renamed, is found") |`), []);
  assert.deepEqual(broken(`\n${own} "no such") [x](../test/none.test.ts "y") ${own})`), [
    `${PAGE}:2: test/scripts/comparison.test.ts: it has no test "no such"`,
    `${PAGE}:2: test/none.test.ts: there is no such file`,
    `${PAGE}:2: test/scripts/comparison.test.ts: the link names no test: write the test's name as its title`,
  ]);
  assert.deepEqual(unproven("| Ansible | hawser |\n| --- | --- |\n| nothing | shown |\n"), ["| nothing | shown |"]);
  assert.deepEqual([...namesIn('void test("a \\"b\\"", () => {}); it(`c ${d}`)')], ['a "b"', "c ${d}"]);
});
