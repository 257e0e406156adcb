import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { defineRole, use } from "../../src/dsl/role.ts";
import type { Tasks } from "../../src/dsl/tasks.ts";
import { planOf } from "../../src/engine/plan-of.ts";
import { UsageError } from "../../src/errors/index.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { Secret, sh } from "../../src/shell/index.ts";

function declare(tasks: (t: Tasks) => void): ReturnType<typeof planOf> {
  const role = defineRole(import.meta, { name: "r", summary: "", vars: z.strictObject({}), tasks: ({ t }) => tasks(t) });
  return planOf(use(role, {}), recorded("debian-12"));
}

for (const [what, tasks, message] of [
  ["two owners of a file", (t: Tasks) => void [t.file("/a", { content: "1" }), t.symlink("/a", "/b")], /both own file:\/a/],
  ["a line in a file that another resource owns", (t: Tasks) => void [t.file("/a", { content: "1" }), t.line("/a", { line: "x" })], /both own file:\/a/],
  ["the same id twice", (t: Tasks) => void [t.task("x", { check: sh`true`, apply: sh`true` }), t.task("x", { check: sh`true`, apply: sh`true` })], /declared twice/],
  ["a relative path", (t: Tasks) => void t.file("etc/motd", { content: "" }), /absolute/],
  ["a mode with three digits", (t: Tasks) => void t.file("/a", { content: "", mode: "644" }), /four octal digits/],
  ["a misspelt argument", (t: Tasks) => void t.file("/a", { contents: "x" } as never), /contents|content/],
  ["an export that is not declared", (t: Tasks) => t.export("x", t.read("x", { probe: sh`echo` })), /not among the role's exports/],
  ["a template that is not there", (t: Tasks) => void t.template("/a", "none.ejs", {}), /has no templates\/none\.ejs/],
  ["a secret in a command", (t: Tasks) => void t.task("x", { check: sh`true`, apply: sh`login ${new Secret("x") as never}` }), /process list/],
] as const) {
  test(`${what} is refused with its line`, () => {
    assert.throws(
      () => {
        declare(tasks);
      },
      (error: Error & { source?: { file: string; line: number } }) => {
        assert.match(error.message, message);
        if (error instanceof UsageError && error.source) assert.match(error.source.file, /declarations\.test\.ts$/);
        return true;
      },
    );
  });
}

void test("two roles may need the same package, and may not differ about it", () => {
  const role = (name: string, tasks: (t: Tasks) => void, dependsOn: Parameters<typeof planOf>[0][] = []) => use(defineRole(import.meta, { name, summary: "", vars: z.strictObject({}), dependsOn, tasks: ({ t }) => tasks(t) }), {});
  const planned = (other: (t: Tasks) => void) => planOf(role("b", (t) => void t.package("curl"), [role("a", other)]), recorded("debian-12")).map(({ id }) => id);
  assert.deepEqual(planned((t) => void t.package("curl")), ["a/package:curl", "b/package:curl"]);
  assert.throws(() => planned((t) => void t.package("curl", { state: "absent" })), /both own package:curl/);
});
