import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Secret, sh } from "hawser";
import { runTasks, scratch } from "./harness.ts";

void test("commands and exchanges are told only where that is asked for", async (t) => {
  const folder = scratch(t);
  const declare = (file: string) => runTasks(({ t: declared }) => void declared.file(file, { content: "hello\n" }), {});
  const { events } = await declare(`${folder}/a`);
  assert.deepEqual(events.filter(({ event }) => event === "command" || event === "request"), []);
});

void test("with commands, what is sent to be run is told before it is, by the ids that it is for", async (t) => {
  const folder = scratch(t);
  const { events } = await runTasks(({ t: declared }) => {
    const handler = declared.handler("reload", sh`echo reloaded`);
    declared.task("makes", { check: sh`test -e ${folder}/made`, apply: sh`touch ${folder}/made`, notify: handler });
  }, { detail: "commands" });
  const commands = events.filter((event) => event.event === "command");
  assert.deepEqual(commands.map(({ ids }) => ids), [["r/task:makes"], ["r/handler:reload"]]);
  assert.match(commands[0]?.text ?? "", /^touch .*\/made$/);
  const at = (name: string) => events.findIndex(({ event }) => event === name);
  assert.ok(at("command") < events.findIndex((event) => event.event === "resource" && event.outcome === "changed"));
  assert.equal(at("request"), -1);
});

void test("with requests, each exchange is told with its bytes and its time; a run with nothing to do has two", async (t) => {
  const folder = scratch(t);
  const declare = () => runTasks(({ t: declared }) => void declared.file(`${folder}/a`, { content: "hello\n" }), { detail: "requests" });
  const first = (await declare()).events.filter((event) => event.event === "request");
  assert.deepEqual(first.map(({ what }) => what), ["1 look", "1 look", "1 step, 1 look"]);
  for (const { sent, received, seconds } of first) assert.ok(sent > 100 && received > 10 && seconds > 0);
  const { events } = await declare();
  assert.equal(events.filter(({ event }) => event === "request").length, 2);
});

void test("a command that holds a secret is not shown, and neither is a long one as a whole", async (t) => {
  const folder = scratch(t);
  const { events } = await runTasks(({ t: declared }) => {
    declared.file(`${folder}/secret`, { content: new Secret("canary's 7421") });
    declared.task("reads", { check: sh`test -e ${folder}/read`, apply: sh`cat >${folder}/read`.stdin(new Secret("canary's 7421")) });
    declared.file(`${folder}/long`, { content: randomBytes(4000).toString("hex") });
  }, { detail: "requests" });
  const commands = events.filter((event) => event.event === "command");
  assert.deepEqual(commands.map(({ text }) => text).slice(0, 2), ["(not shown: it holds a secret)", "(not shown: it holds a secret)"]);
  assert.match(commands[2]?.text ?? "", /\(and \d+ characters more\)$/);
  assert.ok(!JSON.stringify(events).includes("canary"));
});
