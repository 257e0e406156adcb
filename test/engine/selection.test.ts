import assert from "node:assert/strict";
import { test } from "node:test";
import { use } from "../../src/dsl/role.ts";
import { sh } from "../../src/shell/index.ts";
import { roleOf, runPlays } from "./harness.ts";

const role = roleOf(({ t }) => {
  t.task("one", { check: sh`true`, apply: sh`true`, tags: ["first"] });
  t.block("both", { tags: ["config"] }, () => {
    t.task("two", { check: sh`true`, apply: sh`true` });
    t.task("three", { check: sh`true`, apply: sh`true`, tags: ["always"] });
  });
  t.task("four", { check: sh`true`, apply: sh`true`, tags: ["never", "danger"] });
});
const other = { ...roleOf(({ t }) => void t.task("five", { check: sh`true`, apply: sh`true` })), name: "other" };
const plays = [
  { name: "p", hosts: "all", roles: [use(role, {}, { tags: ["base"] })] },
  { name: "q", hosts: "all", roles: [use(other, {})] },
];

const CASES: readonly [string, Parameters<typeof runPlays>[1] & object, readonly string[]][] = [
  ["everything but never", {}, ["one", "two", "three", "five"]],
  ["a tag, and what is tagged always", { selection: { tags: ["first"] } }, ["one", "three"]],
  ["a block's tag", { selection: { tags: ["config"] } }, ["two", "three"]],
  ["a tag of the use", { selection: { tags: ["base"] } }, ["one", "two", "three", "four"]],
  ["never by another of its tags", { selection: { tags: ["danger"] } }, ["three", "four"]],
  ["skip tags win", { selection: { skipTags: ["config"] } }, ["one", "five"]],
  ["a role", { selection: { roles: ["other"] } }, ["five"]],
  ["from a resource on", { selection: { startAt: "r/task:two" } }, ["two", "three", "five"]],
  ["from a resource of a later play on", { selection: { startAt: "task:five" } }, ["five"]],
];

for (const [name, setting, expected] of CASES) {
  test(name, async () => {
    const ran = await runPlays(plays, setting);
    const outcomes = ran.events.flatMap((event) => (event.event === "resource" && event.outcome === "ok" ? [event.id.slice(event.id.indexOf(":") + 1)] : []));
    assert.deepEqual(outcomes, expected);
  });
}

for (const [option, selection, hint] of [
  ["--tags", { tags: ["frist"] }, "did you mean first?"],
  ["--skip-tags", { skipTags: ["confg"] }, "did you mean config?"],
  ["--role", { roles: ["othr"] }, "did you mean other?"],
  ["--start-at", { startAt: "r/task:tow" }, "did you mean r/task:two?"],
] as const) {
  test(`a typo in ${option} is an error that names the right word`, async () => {
    await assert.rejects(runPlays(plays, { selection }), (error: Error & { hint?: string }) => error.message.startsWith(option) && error.hint === hint);
  });
}
