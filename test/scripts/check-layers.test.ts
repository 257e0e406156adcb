import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkLayers, importsOf } from "../../scripts/check-layers.ts";

function within<T>(files: Readonly<Record<string, string>>, look: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), "hawser-layers-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return look(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

function complaints(files: Readonly<Record<string, string>>): string[] {
  return within(files, checkLayers).map(({ file, line, message }) => `${file}:${line}: ${message}`);
}

const ALLOWED: [file: string, specifier: string][] = [
  ["src/shell/a.ts", "../errors/index.ts"],
  ["src/inventory/a.ts", "../shell/index.ts"],
  ["src/resources/a.ts", "../shell/index.ts"],
  ["src/dsl/a.ts", "../resources/index.ts"],
  ["src/engine/a.ts", "../dsl/index.ts"],
  ["src/engine/deep/a.ts", "../../inventory/index.ts"],
  ["src/connection/a.ts", "../engine/session.ts"],
  ["src/report/a.ts", "../engine/events.ts"],
  ["src/report/a.ts", "./b.ts"],
  ["src/report/a.ts", "listr2"],
  ["src/cli/a.ts", "../lab/index.ts"],
  ["src/cli/a.ts", "../index.ts"],
  ["src/index.ts", "./report/index.ts"],
  ["bin/hawser.mjs", "../src/cli/main.ts"],
  ["roles/consul/role.ts", "hawser"],
  ["roles/consul/role.ts", "hawser/roles/base"],
  ["roles/consul/deep/a.ts", "../helpers.ts"],
  ["roles/consul/role.ts", "node:path"],
  ["roles/consul/role.test.ts", "../../src/dsl/index.ts"],
  ["playbooks/drills/cut.ts", "../site.ts"],
];
for (const [file, specifier] of ALLOWED)
  void test(`${file} may import ${specifier}`, () => assert.deepEqual(complaints({ [file]: `import { a } from "${specifier}";` }), []));

const REFUSED: [file: string, specifier: string, message: RegExp][] = [
  ["src/errors/a.ts", "../shell/index.ts", /errors must not import shell/],
  ["src/shell/a.ts", "../resources/index.ts", /shell must not import resources/],
  ["src/resources/a.ts", "../dsl/index.ts", /resources must not import dsl/],
  ["src/dsl/a.ts", "../engine/index.ts", /dsl must not import engine/],
  ["src/engine/a.ts", "../connection/index.ts", /engine must not import connection/],
  ["src/connection/a.ts", "../engine/run.ts", /connection imports only engine\/session\.ts of engine, not src\/engine\/run\.ts/],
  ["src/report/a.ts", "../engine/session.ts", /report imports only engine\/events\.ts of engine/],
  ["src/report/a.ts", "../shell/index.ts", /report must not import shell/],
  ["src/lab/a.ts", "../engine/events.ts", /lab must not import engine/],
  ["src/lab/a.ts", "../cli/main.ts", /lab must not import cli/],
  ["src/index.ts", "./cli/main.ts", /index\.ts must not import cli/],
  ["src/index.ts", "./lab/index.ts", /index\.ts must not import lab/],
  ["src/engine/a.ts", "../index.ts", /engine must not import index\.ts/],
  ["src/engine/a.ts", "hawser", /engine must not import index\.ts/],
  ["src/engine/a.ts", "../../roles/base/role.ts", /src imports nothing outside src/],
  ["bin/hawser.mjs", "../scripts/x.ts", /bin does not import scripts\/x\.ts/],
  ["roles/consul/role.ts", "../base/role.ts", /roles\/consul\/ imports only "hawser"/],
  ["roles/consul/role.ts", "../../src/dsl/index.ts", /imports only "hawser"/],
  ["roles/consul/role.ts", "zod", /not "zod"/],
  ["playbooks/site.ts", "../roles/base/role.ts", /playbooks\/ imports only "hawser"/],
];
for (const [file, specifier, message] of REFUSED)
  void test(`${file} may not import ${specifier}`, () => {
    const [only = "", ...others] = complaints({ [file]: `// the first line\nimport type { a } from "${specifier}";` });
    assert.match(only, message);
    assert.ok(only.startsWith(`${file}:2: `));
    assert.deepEqual(others, []);
  });

void test("a folder without arrows is an error, once", () => {
  assert.deepEqual(complaints({ "src/misc/a.ts": "", "src/misc/b.ts": "" }).length, 1);
  assert.match(complaints({ "src/stray.ts": "" })[0] ?? "", /^src\/stray\.ts:1: src\/stray\.ts is no known layer/);
});

void test("a cycle is shown with its path; one of types alone is none", () => {
  const cycle = { "src/dsl/a.ts": `import "./b.ts";`, "src/dsl/b.ts": `\nexport * from "./c.ts";`, "src/dsl/c.ts": `import { a } from "./a.ts";` };
  assert.deepEqual(complaints(cycle), ["src/dsl/c.ts:1: a cycle of imports: src/dsl/a.ts -> src/dsl/b.ts -> src/dsl/c.ts -> src/dsl/a.ts"]);
  assert.deepEqual(complaints({ ...cycle, "src/dsl/c.ts": `import type { a } from "./a.ts";` }), []);
});

const STATEMENTS: [text: string, found: string[]][] = [
  [`import a from 'x'`, ["1 x"]],
  [`import a, { b as c, type D } from "x";`, ["1 x"]],
  [`import {\n  a,\n  b,\n} from "x";\nimport * as n from "y";`, ["1 x", "5 y"]],
  [`import type { A } from "x"; import type B from "y";`, ["1 x type", "1 y type"]],
  [`import type from "x"; import type, { a } from "y"`, ["1 x", "1 y"]],
  [`export * from "x"; export * as n from "y"; export type { A } from "z"; export { a } from "w"`, ["1 x", "1 y", "1 z type", "1 w"]],
  [`export { a }\nimport b from "x"`, ["2 x"]],
  [`import "x" ; import j from "y" with { type: "json" }`, ["1 x", "1 y"]],
  [`const m = await import("x"); await import(/* c */ \`y\`, {}); await import(name); await import(\`z\${name}\`)`, ["1 x", "1 y"]],
  [`// import "a"\n/* import "b" */ import /* c */ x /* d */ from "e"`, ["2 e"]],
  [`const s = 'import "a"'; const t = \`\nimport "b"; \${f(\`\nimport "c"\`)}\`;\nimport "d"`, ["4 d"]],
  [`const r = /["'\`]/g;\nimport "d"; x = a / b; y = "/"; import "e"`, ["2 d", "2 e"]],
  [`export const from = 1; export function f(a: string) { return a }\nlet x = "y"`, []],
  [`import { "odd name" as a } from "x"`, ["1 x"]],
  [`thing.import("x"); $import("y")`, []],
];
for (const [text, expected] of STATEMENTS)
  void test(`imports of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(importsOf(text).map(({ specifier, line, typeOnly }) => `${line} ${specifier}${typeOnly ? " type" : ""}`), expected);
  });

function run(files: Readonly<Record<string, string>>): { status: number | null; stdout: string } {
  const script = fileURLToPath(new URL("../../scripts/check-layers.ts", import.meta.url));
  return within(files, (root) => spawnSync(process.execPath, ["--import", "tsx", script, root], { encoding: "utf8" }));
}

void test("the exit code is 1 with findings and 0 without", () => {
  const bad = run({ "src/errors/a.ts": `import "../cli/a.ts";` });
  assert.equal(bad.status, 1);
  assert.equal(bad.stdout, "src/errors/a.ts:1: errors must not import cli (src/cli/a.ts)\n");
  assert.equal(run({ "src/errors/a.ts": "" }).status, 0);
});
