import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { StepAnswer, StepQuestion } from "../../src/engine/step.ts";
import { file } from "../../src/resources/file.ts";
import { sh } from "../../src/shell/index.ts";
import { runTasks, scratch } from "./harness.ts";

/** Answers questions in order, and says what was there when each was asked. */
function answering(answers: Readonly<Record<string, StepAnswer>>, watch: () => string = () => ""): { asked: string[]; step: (question: StepQuestion) => Promise<StepAnswer> } {
  const asked: string[] = [];
  return {
    asked,
    step: async ({ host, id, summary, diff, handler }) => {
      const short = id.split(/[/:]/).at(-1) ?? "";
      asked.push(`${host} ${short} ${summary}${diff === undefined ? "" : " with a diff"}${handler ? " (handler)" : ""}${watch()}`);
      return answers[short] ?? "apply";
    },
  };
}

const tasks = (dir: string): Parameters<typeof runTasks>[0] => ({ t, host }) => {
  const reload = t.handler("reload", sh`touch ${dir}/${host.name}.reloaded`);
  t.task("ok", { check: sh`true`, apply: sh`false` });
  t.add(file, { path: `${dir}/${host.name}.conf`, content: "x\n" }, { notify: reload });
  t.task("second", { check: sh`[ -e ${dir}/${host.name}.2 ]`, apply: sh`touch ${dir}/${host.name}.2` });
  t.task("zx", { check: sh`[ -e ${dir}/${host.name}.3 ]`, apply: async ({ $ }) => void (await $`touch ${dir}/${host.name}.3`) });
};

test("step asks before each change, after the one before it was applied", async (t) => {
  const dir = scratch(t);
  const { asked, step } = answering({}, () => (existsSync(`${dir}/h1.conf`) ? " after conf" : ""));
  const ran = await runTasks(tasks(dir), { step });
  assert.equal(ran.recap.result, "ok");
  assert.deepEqual(asked, ["h1 h1.conf create with a diff", "h1 second run after conf", "h1 zx run after conf", "h1 reload run (handler) after conf"]);
  const again = answering({});
  await runTasks(tasks(dir), { step: again.step });
  assert.deepEqual(again.asked, [], "nothing to do is not asked about");
});

test("step: what is declined is skipped, and a handler stays owed", async (t) => {
  const dir = scratch(t);
  const folders = new Map<string, string>();
  const ran = await runTasks(tasks(dir), { step: answering({ second: "skip", zx: "skip", reload: "skip" }).step, folders });
  assert.equal(ran.recap.result, "ok");
  assert.deepEqual(ran.outcomes(), { "task:ok": "ok", [`file:${dir}/h1.conf`]: "changed", "task:second": "skipped", "task:zx": "skipped", "handler:reload": "skipped" });
  assert.equal(ran.event("task:second").cause, "declined at --step");
  assert.deepEqual(ran.recap.pendingHandlers, { h1: ["r/handler:reload"] });
  assert.ok(!existsSync(`${dir}/h1.2`) && !existsSync(`${dir}/h1.3`) && !existsSync(`${dir}/h1.reloaded`));
  await runTasks(tasks(dir), { folders });
  assert.ok(existsSync(`${dir}/h1.reloaded`));
});

test("step: quit stops all hosts, as an interrupt does, with what is due always", async (t) => {
  const dir = scratch(t);
  writeFileSync(`${dir}/a.in`, "");
  const { asked, step } = answering({ work: "quit" });
  const ran = await runTasks(({ t: declare, host }) => {
    declare.block("release", {
      before: () => void declare.task("out", { check: sh`[ ! -e ${dir}/${host.name}.in ]`, apply: sh`rm ${dir}/${host.name}.in` }),
      always: () => void declare.task("in", { check: sh`[ -e ${dir}/${host.name}.in ]`, apply: sh`touch ${dir}/${host.name}.in` }),
    }, () => void declare.task("work", { check: sh`[ -e ${dir}/${host.name}.work ]`, apply: sh`touch ${dir}/${host.name}.work` }));
  }, { hosts: ["a", "b"], step });
  assert.equal(ran.recap.interrupted, true);
  assert.deepEqual(asked, ["a out run", "a work run"]);
  assert.ok(existsSync(`${dir}/a.in`));
  assert.deepEqual(Object.keys(ran.recap.hosts), ["a", "b"]);
});
