import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { file } from "../../src/resources/file.ts";
import { sh } from "../../src/shell/index.ts";
import { runTasks, scratch } from "./harness.ts";

type Declare = Parameters<typeof runTasks>[0];

test("after a rescue that makes it good the host goes on, and the recap says rescued", async (t) => {
  const dir = scratch(t);
  const tasks: Declare = ({ t: declare }) => {
    const reload = declare.handler("reload", sh`touch ${dir}/reloaded`);
    declare.block("new", { rescue: () => void declare.task("old", { check: sh`[ -e ${dir}/old ]`, apply: sh`touch ${dir}/old` }), afterRescue: "go on" }, () => {
      declare.add(file, { path: `${dir}/conf`, content: "x" }, { notify: reload });
      declare.task("breaks", { check: sh`exit 1`, apply: sh`exit 1` });
      declare.task("after it", { check: sh`exit 1`, apply: sh`touch ${dir}/never` });
    });
    declare.task("next", { check: sh`[ -e ${dir}/next ]`, apply: sh`touch ${dir}/next` });
  };
  const ran = await runTasks(tasks);
  assert.equal(ran.recap.result, "ok", JSON.stringify(ran.events.filter(({ event }) => event === "failure")));
  assert.deepEqual(ran.outcomes(), { [`file:${dir}/conf`]: "changed", "task:breaks": "rescued", "task:after it": "skipped", "task:old": "changed", "task:next": "changed", "handler:reload": "changed" });
  assert.deepEqual([ran.recap.hosts["h1"]?.failed, ran.recap.hosts["h1"]?.rescued], [0, 1]);
  assert.ok(existsSync(`${dir}/reloaded`) && !existsSync(`${dir}/never`));
});

test("a rescue that fails itself leaves the host failed", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.block("new", { rescue: () => void declare.task("worse", { check: sh`exit 1`, apply: sh`exit 1` }), afterRescue: "go on" }, () => void declare.task("breaks", { check: sh`exit 1`, apply: sh`exit 1` }));
    declare.task("next", { check: sh`[ -e ${dir}/next ]`, apply: sh`touch ${dir}/next` });
  });
  assert.equal(ran.recap.result, "failed");
  assert.ok(!existsSync(`${dir}/next`));
});

test("afterRescue without a rescue is refused", async () => {
  await assert.rejects(runTasks(({ t: declare }) => declare.block("x", { afterRescue: "go on" }, () => {})), /r\/block:x: afterRescue without a rescue/);
});

/** Out of the pool, the work, into the pool. */
const pooled = (dir: string, breaks = false): Declare => ({ t: declare }) => {
  let out: ReturnType<typeof declare.task>;
  declare.block("release", {
    before: () => (out = declare.task("out", { check: sh`[ ! -e ${dir}/in ]`, apply: sh`rm ${dir}/in; echo out >> ${dir}/log` })),
    always: () => void declare.task("in", { check: sh`[ -e ${dir}/in ]`, apply: sh`touch ${dir}/in; echo in >> ${dir}/log`, needs: [out], predict: "runs" }),
  }, () => void declare.task("work", { check: sh`[ -e ${dir}/work ]`, apply: sh`echo work >> ${dir}/log; ${breaks ? "false" : "true"}; touch ${dir}/work` }));
};

test("before is applied only when the block has something to do, always in every case; the check foretells both", async (t) => {
  const dir = scratch(t);
  writeFileSync(`${dir}/in`, "");
  const lines = (): string[] => (existsSync(`${dir}/log`) ? readFileSync(`${dir}/log`, "utf8").trim().split("\n") : []);
  const check = await runTasks(pooled(dir), { check: true });
  assert.deepEqual(check.outcomes(), { "task:work": "would-change", "task:out": "would-change", "task:in": "would-change" });
  assert.equal((await runTasks(pooled(dir))).recap.result, "ok");
  assert.deepEqual(lines(), ["out", "work", "in"]);
  const again = await runTasks(pooled(dir));
  assert.deepEqual(again.outcomes(), { "task:out": "skipped", "task:work": "ok", "task:in": "ok" });
  assert.deepEqual((await runTasks(pooled(dir), { check: true })).outcomes(), { "task:out": "skipped", "task:work": "ok", "task:in": "ok" });
  rmSync(`${dir}/work`);
  rmSync(`${dir}/log`);
  assert.equal((await runTasks(pooled(dir, true))).recap.result, "failed");
  assert.deepEqual(lines(), ["out", "work", "in"], "also after a failure");
});

test("an interrupt in a block still runs what is due always", async (t) => {
  const dir = scratch(t);
  writeFileSync(`${dir}/in`, "");
  const interrupt = new AbortController();
  const ran = await runTasks(({ t: declare }) => {
    declare.block("release", {
      before: () => void declare.task("out", { check: sh`[ ! -e ${dir}/in ]`, apply: sh`rm ${dir}/in` }),
      always: () => void declare.task("in", { check: sh`[ -e ${dir}/in ]`, apply: sh`touch ${dir}/in` }),
    }, () => {
      declare.task("zx", { check: sh`[ -e ${dir}/zx ]`, apply: async ({ $ }) => {
        await $`touch ${dir}/zx; test ! -e ${dir}/in`;
        interrupt.abort();
      } });
      declare.task("never", { check: sh`[ -e ${dir}/never ]`, apply: sh`touch ${dir}/never` });
    });
  }, { interrupt: interrupt.signal });
  assert.equal(ran.recap.interrupted, true);
  assert.ok(existsSync(`${dir}/in`) && existsSync(`${dir}/zx`) && !existsSync(`${dir}/never`));
});
