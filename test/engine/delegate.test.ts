import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { lane } from "../../src/dsl/lane.ts";
import { Unreachable } from "../../src/engine/session.ts";
import { file } from "../../src/resources/file.ts";
import { sh } from "../../src/shell/index.ts";
import { runPlays, runTasks, scratch, type Ran } from "./harness.ts";

type Declare = Parameters<typeof runTasks>[0];
const lines = (path: string): string[] => (existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : []);
const said = (ran: Ran): string => ran.events.flatMap((event) => (event.event === "failure" ? [event.failure.message] : event.event === "resource" && event.failure ? [event.failure.message] : [])).join("\n");
const ONLY_WEB = { play: { hosts: "web1,web2" }, hosts: ["lb", "web1", "web2"] };

const one = lane("release");

/** Out of the pool on lb, the release, into the pool. */
const rolling = (dir: string, breaks = "none"): Declare => ({ t, host }) => {
  const member = `${dir}/pool/${host.name}`;
  let out: ReturnType<typeof t.task>;
  t.block("release", {
    lane: one,
    before: () => t.on("lb", (there) => {
      const reload = t.handler("reload", sh`echo reloaded >> ${dir}/log`);
      out = t.task("drain", { check: sh`[ ! -e ${member} ]`, apply: sh`rm ${member}; echo drain ${host.name} at ${there.host.name} >> ${dir}/log`, notify: reload });
    }),
    always: () => t.on("lb", () => t.task("put back", { check: sh`[ -e ${member} ]`, apply: sh`touch ${member}; echo back ${host.name} >> ${dir}/log`, needs: [out], predict: "runs" })),
  }, () => {
    t.task("work", { check: sh`[ -e ${dir}/${host.name}.work ]`, apply: sh`[ ! -e ${member} ]; echo work ${host.name} >> ${dir}/log; [ ${host.name} != ${breaks} ]; touch ${dir}/${host.name}.work` });
  });
};

function pool(dir: string): void {
  mkdirSync(`${dir}/pool`);
  for (const name of ["web1", "web2"]) writeFileSync(`${dir}/pool/${name}`, "");
}

test("delegate: a host is taken out of the pool on another one, changed, and put back; each change in its order", async (t) => {
  const dir = scratch(t);
  pool(dir);
  const check = await runTasks(rolling(dir), { ...ONLY_WEB, check: true });
  assert.equal(check.recap.result, "ok", said(check));
  assert.deepEqual(check.outcomes("web1"), { "task:work": "would-change", "task:drain on lb": "would-change", "handler:reload on lb for web1": "would-change", "task:put back on lb": "would-change" });
  const ran = await runTasks(rolling(dir), { ...ONLY_WEB, forks: 1 });
  assert.equal(ran.recap.result, "ok", said(ran));
  assert.deepEqual(lines(`${dir}/log`), ["web1", "web2"].flatMap((host) => [`drain ${host} at lb`, "reloaded", `work ${host}`, `back ${host}`]));
  assert.deepEqual(readdirSync(`${dir}/pool`).sort(), ["web1", "web2"]);
  assert.deepEqual(Object.keys(ran.recap.hosts), ["web1", "web2"], "what is done on lb belongs to whose it is");
  assert.equal(ran.event("task:drain on lb", "web1").on, "lb");
  assert.equal(ran.recap.hosts["web1"]?.changed, 4);
});

test("delegate: with nothing to do, the other host is asked once for all", async (t) => {
  const dir = scratch(t);
  pool(dir);
  await runTasks(rolling(dir), ONLY_WEB);
  const again = await runTasks(rolling(dir), ONLY_WEB);
  assert.equal(again.recap.result, "ok", said(again));
  assert.deepEqual(again.outcomes("web2"), { "task:drain on lb": "skipped", "task:work": "ok", "task:put back on lb": "ok" });
  // The shell is opened, prepared, and looked at.
  assert.equal(again.sessions.get("lb")?.requests, 3);
});

test("delegate: put back also after a failure, and only the host whose it is has failed", async (t) => {
  const dir = scratch(t);
  pool(dir);
  const ran = await runTasks(rolling(dir, "web1"), ONLY_WEB);
  assert.deepEqual(readdirSync(`${dir}/pool`).sort(), ["web1", "web2"]);
  assert.deepEqual([ran.recap.hosts["web1"]?.failed, ran.recap.hosts["web2"]?.failed], [1, 0]);
});

test("delegate to a host of the same play: its own work and the others' go on side by side", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare, host }) => {
    declare.task("own", { check: sh`[ -e ${dir}/${host.name} ]`, apply: sh`touch ${dir}/${host.name}` });
    for (const other of ["a", "b", "c"]) if (other !== host.name) declare.on(other, () => declare.task("note", { check: sh`[ -e ${dir}/${other}.from.${host.name} ]`, apply: sh`touch ${dir}/${other}.from.${host.name}` }));
    declare.task("last", { check: sh`[ -e ${dir}/${host.name}.last ]`, apply: sh`touch ${dir}/${host.name}.last` });
  }, { hosts: ["a", "b", "c"] });
  assert.equal(ran.recap.result, "ok", said(ran));
  assert.deepEqual(readdirSync(dir).length, 12, "everybody works on everybody");
});

test("delegate to the controller, with a value from there", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare, host }) => {
    const version = declare.on("localhost", ({ facts }) => {
      declare.add(file, { path: `${dir}/${host.name}.here`, content: `${facts.os.name}\n` });
      return declare.read("version", { probe: sh`echo 7` });
    });
    declare.add(file, { path: `${dir}/version`, content: version.map((text) => `${text}\n`) });
  });
  assert.equal(ran.recap.result, "ok", said(ran));
  assert.equal(readFileSync(`${dir}/version`, "utf8"), "7\n");
  assert.match(readFileSync(`${dir}/h1.here`, "utf8"), /^\w+/);
});

test("delegate: a host outside of --limit is worked on for those inside", async (t) => {
  const dir = scratch(t);
  pool(dir);
  const ran = await runTasks(rolling(dir), { hosts: ["lb", "web1", "web2"], play: { hosts: "web1,web2" }, limit: "web2" });
  assert.deepEqual(lines(`${dir}/log`), ["drain web2 at lb", "reloaded", "work web2", "back web2"]);
  assert.deepEqual(Object.keys(ran.recap.hosts), ["web2"]);
});

test("delegate: when the other host cannot be reached, who needs it fails before anything is changed", async (t) => {
  const dir = scratch(t);
  pool(dir);
  const ran = await runTasks(rolling(dir), { ...ONLY_WEB, prepare: ({ host }) => {
    if (host === "lb") throw new Unreachable("no answer", { host });
  } });
  assert.deepEqual(lines(`${dir}/log`), []);
  assert.match(said(ran), /lb, which it acts on, cannot be worked on: no answer/);
  assert.deepEqual(ran.recap.hosts["web1"]?.unreachable, false);
  assert.equal(ran.recap.hosts["web1"]?.failed, 1);
});

test("delegate: a handler that is owed on another host is run by the next run", async (t) => {
  const dir = scratch(t);
  const folders = new Map<string, string>();
  const tasks = (fails: boolean): Declare => ({ t: declare, host }) => declare.on("lb", () => {
    const reload = declare.handler("reload", sh`echo ${host.name} >> ${dir}/reloaded`);
    declare.task("pool", { check: sh`[ -e ${dir}/${host.name} ]`, apply: sh`touch ${dir}/${host.name}`, notify: reload });
    declare.task("breaks", { check: sh`${fails ? "false" : "true"}`, apply: sh`false` });
  });
  const ran = await runTasks(tasks(true), { ...ONLY_WEB, play: { hosts: "web1" }, folders });
  assert.deepEqual(ran.recap.pendingHandlers, { lb: ["r/handler:reload on lb for web1"] });
  const again = await runTasks(tasks(false), { ...ONLY_WEB, play: { hosts: "web1" }, folders });
  assert.deepEqual(again.recap.pendingHandlers, {});
  assert.deepEqual(lines(`${dir}/reloaded`), ["web1"]);
});

test("delegate: what could never be right is refused, with its line", async (t) => {
  const dir = scratch(t);
  const refused = (tasks: Declare, message: RegExp): Promise<void> => assert.rejects(runTasks(tasks, ONLY_WEB), message);
  await refused(({ t: declare }) => declare.on("lbb", () => {}), /t\.on\("lbb"\): the inventory has no such host/);
  await refused(({ t: declare }) => declare.on("lb", () => declare.on("web1", () => {})), /r\/on:web1: t\.on cannot stand inside t\.on\("lb"\)/);
  await refused(({ t: declare }) => declare.on("lb", () => declare.block("x", { lane: lane("one") }, () => {})), /a lane cannot stand inside t\.on/);
  await refused(({ t: declare }) => declare.on("lb", () => declare.once("x", () => {})), /t\.once cannot stand inside t\.on/);
  await refused(({ t: declare }) => {
    const own = declare.handler("own", sh`true`);
    declare.on("lb", () => void declare.task("x", { check: sh`true`, apply: sh`true`, notify: own }));
  }, /notifies r\/handler:own, which is a handler of the host itself/);
  await refused(({ t: declare, host }) => declare.on("lb", () => void declare.add(file, { path: `${dir}/pool`, content: host.name })), /r\/file:\S+ on lb for web2 and r\/file:\S+ on lb for web1 both own file:\S+ of lb/);
});

test("once: one host does it, the others wait for it and take its value", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare, host }) => {
    const schema = declare.once("migrate", () => {
      const done = declare.task("migrate", { check: sh`[ -e ${dir}/schema ]`, apply: sh`sleep 0.3; echo 7 > ${dir}/schema; echo ${host.name} >> ${dir}/log` });
      return declare.read("schema", { probe: sh`cat ${dir}/schema`, needs: [done] });
    });
    declare.task("start", { check: sh`[ -e ${dir}/${host.name}.up ]`, apply: sh`[ -e ${dir}/schema ]; touch ${dir}/${host.name}.up` });
    declare.add(file, { path: `${dir}/${host.name}.schema`, content: schema });
  }, { hosts: ["a", "b", "c"] });
  assert.equal(ran.recap.result, "ok", said(ran));
  assert.deepEqual(lines(`${dir}/log`), ["a"]);
  assert.equal(readFileSync(`${dir}/c.schema`, "utf8"), "7");
});

test("once: for the run's hosts, whatever the limit; and for each batch where that is said", async (t) => {
  const dir = scratch(t);
  const tasks = (per: "play" | "batch"): Declare => ({ t: declare, host }) => declare.once("mark", () => void declare.task("mark", { check: sh`[ -e ${dir}/${per}.${host.name} ]`, apply: sh`touch ${dir}/${per}.${host.name}` }), { per });
  const hosts = ["a", "b", "c", "d"];
  await runTasks(tasks("play"), { hosts, limit: "b,c" });
  await runTasks(tasks("batch"), { hosts, play: { serial: 2 } });
  assert.deepEqual(readdirSync(dir).sort(), ["batch.a", "batch.c", "play.b"]);
});

test("once: when it fails, those that wait fail and name the host", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare, host }) => {
    declare.once("migrate", () => void declare.task("migrate", { check: sh`false`, apply: sh`false` }));
    declare.task("start", { check: sh`[ -e ${dir}/${host.name} ]`, apply: sh`touch ${dir}/${host.name}` });
  }, { hosts: ["a", "b"] });
  assert.deepEqual(readdirSync(dir), []);
  assert.match(said(ran), /will not be known: a ended without it/);
  assert.deepEqual([ran.recap.hosts["a"]?.failed, ran.recap.hosts["b"]?.failed], [1, 1]);
});

test("once on another host: done once for all, where every host would own the same", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => declare.once("pool", () => declare.on("lb", () => declare.add(file, { path: `${dir}/pool`, content: "x" }))), ONLY_WEB);
  assert.equal(ran.recap.result, "ok", said(ran));
  assert.ok(existsSync(`${dir}/pool`));
});

test("once in a lane is refused, since who is inside would wait for who is not", async () => {
  await assert.rejects(runTasks(({ t: declare }) => declare.block("x", { lane: lane("one") }, () => declare.once("y", () => {}))), /r\/once:y: t\.once cannot stand in a block with a lane \(x\)/);
});

test("a check of what is done once tells no other host to wait", async (t) => {
  const dir = scratch(t);
  const ran = await runPlays([{ name: "p", hosts: "all", tasks: ({ t: declare }) => declare.once("x", () => void declare.task("x", { check: sh`[ -e ${dir}/x ]`, apply: sh`touch ${dir}/x` })) }], { hosts: ["a", "b"], check: true });
  assert.equal(ran.recap.result, "ok");
  assert.deepEqual([ran.recap.hosts["a"]?.wouldChange, ran.recap.hosts["b"]?.wouldChange, ran.recap.hosts["b"]?.unknown], [1, 0, 0]);
});
