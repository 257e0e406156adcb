import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { file } from "../../src/resources/file.ts";
import { sh } from "../../src/shell/index.ts";
import { runTasks, scratch } from "./harness.ts";

test("a check predicts and leaves no trace, not even a lock", async (t) => {
  const dir = scratch(t);
  const folders = new Map<string, string>();
  const ran = await runTasks(({ t: declare }) => {
    const restart = declare.handler("restart", sh`touch ${dir}/restarted`);
    declare.add(file, { path: `${dir}/a`, content: "a" }, { notify: restart });
    declare.task("copy", { check: sh`[ -e ${dir}/b ]`, apply: sh`cp ${dir}/a ${dir}/b` });
  }, { check: true, folders });
  assert.deepEqual(ran.outcomes(), { [`file:${dir}/a`]: "would-change", "task:copy": "would-change", "handler:restart": "would-change" });
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual(readdirSync(folders.get("h1") as string), []);
  assert.equal(ran.recap.hosts["h1"]?.requests, 3);
});

test("edits stacked on a file that is not there yet are predicted one on the other", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.add(file, { path: `${dir}/a`, content: "one\n", once: true });
    declare.add({ ...file, kind: "same", claims: () => [] }, { path: `${dir}/a`, content: "one\n" });
  }, { check: true });
  assert.deepEqual(ran.outcomes(), { [`file:${dir}/a`]: "would-change", [`same:${dir}/a`]: "ok" });
});

test("an erring check is an error, unless a need would change first", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.task("alone", { check: sh`no-such-command-at-all`, apply: sh`true` });
    const install = declare.task("install", { check: sh`[ -e ${dir}/x ]`, apply: sh`touch ${dir}/x` });
    declare.task("needs it", { check: sh`no-such-command-at-all`, apply: sh`true`, needs: [install] });
    declare.task("claims", { check: sh`no-such-command-at-all`, apply: sh`true`, needs: [install], absent: "while-needs-absent" });
    declare.task("runs", { check: sh`true`, apply: sh`true`, needs: [install], predict: "runs" });
    const unsure = declare.task("needs it too", { check: sh`no-such-command-at-all`, apply: sh`true`, needs: [install] });
    declare.task("runs after one of two", { check: sh`[ 1 ]`, apply: sh`true`, needs: [unsure, install], predict: "runs" });
    declare.task("runs perhaps", { check: sh`[ 2 ]`, apply: sh`true`, needs: [unsure], predict: "runs" });
  }, { check: true });
  assert.deepEqual(ran.outcomes(), { "task:alone": "failed", "task:install": "would-change", "task:needs it": "unknown", "task:claims": "would-change", "task:runs": "would-change", "task:needs it too": "unknown", "task:runs after one of two": "would-change", "task:runs perhaps": "unknown" });
  assert.match(ran.event("task:runs perhaps").cause ?? "", /runs if r\/task:needs it too changes, which is unknown/);
  assert.match(ran.event("task:needs it").cause ?? "", /task:install would change first/);
  assert.match(ran.event("task:alone").failure?.hint ?? "", /command is missing/);
});

test("a value that would only be known after a change makes unknown what needs it, not what merely uses it, nor a file that is not there yet", async (t) => {
  const dir = scratch(t);
  writeFileSync(`${dir}/there`, "0\n");
  const ran = await runTasks(({ t: declare }) => {
    const made = declare.task("make", { check: sh`[ -e ${dir}/n ]`, apply: sh`echo 1 > ${dir}/n` });
    const n = declare.read("n", { probe: sh`cat ${dir}/n`, needs: [made] });
    declare.add(file, { path: `${dir}/m`, content: n });
    declare.add(file, { path: `${dir}/there`, content: n });
    declare.task("uses", { check: sh`[ -e ${dir}/u ]`, uses: { n }, apply: async ({ uses, $ }) => void (await $`echo ${uses.n}`) });
    declare.given("list", n.map((text) => text.split(",")), () => {});
  }, { check: true });
  assert.deepEqual(ran.outcomes(), { "task:make": "would-change", "read:n": "ok", [`file:${dir}/m`]: "would-change", [`file:${dir}/there`]: "unknown", "task:uses": "would-change", "given:list": "unknown" });
  assert.equal(ran.event(`file:${dir}/m`).summary, "create");
  assert.match(ran.event(`file:${dir}/there`).cause ?? "", /r\/task:make would change first/);
});

test("waiting changes nothing: a gate is ok where something would open it, and unknown where nothing would", async (t) => {
  const dir = scratch(t);
  const tasks: Parameters<typeof runTasks>[0] = ({ t: declare }) => {
    const lonely = declare.gate("opened by somebody else", { probe: sh`[ -e ${dir}/open ]`, within: 5, every: 0.1 });
    const made = declare.add(file, { path: `${dir}/made`, content: "x" });
    const gate = declare.gate("made", { probe: sh`[ -e ${dir}/made ]`, within: 5, every: 0.1, needs: [made] });
    declare.waitFor("open", { path: `${dir}/made`, needs: [gate] });
    // It is told of what the gates wait for.
    declare.task("after", { check: sh`cat ${dir}/made >/dev/null 2>&1 || exit 2; [ -e ${dir}/after ]`, apply: sh`touch ${dir}/after`, absent: "while-needs-absent", needs: [gate, lonely] });
  };
  const said = await runTasks(tasks, { check: true });
  assert.deepEqual(said.outcomes(), { "gate:opened by somebody else": "unknown", [`file:${dir}/made`]: "would-change", "gate:made": "ok", "wait-for:open": "ok", "task:after": "unknown" });
  assert.match(said.event("gate:opened by somebody else").cause ?? "", /nothing would change before it: a run would wait/);
  writeFileSync(`${dir}/open`, "");
  assert.equal((await runTasks(tasks, { check: true })).outcomes()["task:after"], "would-change");
  const ran = await runTasks(tasks);
  assert.deepEqual(ran.outcomes(), { "gate:opened by somebody else": "ok", [`file:${dir}/made`]: "changed", "gate:made": "ok", "wait-for:open": "ok", "task:after": "changed" });
});

test("a diff never shows a secret", async (t) => {
  const dir = scratch(t);
  writeFileSync(`${dir}/a`, "old\n");
  const { Secret } = await import("../../src/shell/index.ts");
  const ran = await runTasks(({ t: declare }) => {
    declare.add(file, { path: `${dir}/a`, content: new Secret("hunter2-hunter2\n") });
    declare.task("says it", { check: sh`cat`.stdin(new Secret("hunter2-hunter2")), apply: sh`true` });
  });
  assert.ok(!JSON.stringify(ran.events).includes("hunter2"));
});

test("a refusal that an earlier change may mend is unknown, also where it is not named in needs", async (t) => {
  const dir = scratch(t);
  const tasks: Parameters<typeof runTasks>[0] = ({ t: declare }) => {
    declare.file(`${dir}/made`, { content: "x" });
    declare.line(`${dir}/other`, { line: "y", create: false });
  };
  const said = await runTasks(tasks, { check: true });
  const id = `line:${dir}/other:y`;
  assert.equal(said.event(id).outcome, "unknown");
  assert.match(said.event(id).cause ?? "", /other is not there, and r\/file:\S+\/made would change first; what it depends on can be named in its `needs`/);
  writeFileSync(`${dir}/made`, "x");
  assert.equal((await runTasks(tasks, { check: true })).event(id).outcome, "failed");
});
