import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { wantsColor } from "../../src/cli/color.ts";
import { Project } from "./project.ts";

const NAMES = ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM"];
const before = NAMES.map((name) => [name, process.env[name]] as const);

function set(env: Readonly<Record<string, string>>): void {
  for (const name of NAMES) {
    if (env[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = env[name];
  }
}

afterEach(() => set(Object.fromEntries(before.filter((each): each is [string, string] => each[1] !== undefined))));

for (const [env, tty, wanted] of [
  [{}, true, true],
  [{}, false, false],
  [{ TERM: "dumb" }, true, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ NO_COLOR: "" }, true, true],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ FORCE_COLOR: "" }, false, true],
  [{ FORCE_COLOR: "0" }, true, false],
  [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
  [{ CLICOLOR: "0" }, true, false],
  [{ CLICOLOR: "1" }, false, false],
  [{ CLICOLOR_FORCE: "1" }, false, true],
  [{ CLICOLOR_FORCE: "0" }, false, false],
] as const) {
  void test(`${Object.entries(env).map(([name, value]) => `${name}=${value}`).join(" ") || "nothing said"} ${tty ? "on" : "without"} a terminal: ${wanted ? "colours" : "none"}`, () => {
    set(env);
    assert.equal(wantsColor({ isTTY: tty }), wanted);
  });
}

void test("--color wins over the environment, and marks the words that differ in a diff", { timeout: 60_000 }, async (t) => {
  const project = new Project(t);
  project.playbook(`t.file("FOLDER/conf", { content: "wal_level = logical\\n" });`);
  writeFileSync(`${project.folder}/conf`, "wal_level = minimal\n");
  // The project sets NO_COLOR.
  const { out } = await project.run("--check", "--diff", "--color", "always");
  assert.ok(out.includes("\u001b[31m-wal_level = \u001b[7mminimal\u001b[27m\u001b[39m"), JSON.stringify(out));
  assert.ok(out.includes("\u001b[32m+wal_level = \u001b[7mlogical\u001b[27m\u001b[39m"));
  assert.ok(!(await project.run("--check", "--diff")).out.includes("\u001b"));
  const wrong = await project.run("--color", "sometimes");
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /Allowed choices are auto, always, never/);
});
