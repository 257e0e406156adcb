import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { lane } from "../../src/dsl/lane.ts";
import { defineRole, fact, use } from "../../src/dsl/role.ts";
import { Unreachable } from "../../src/engine/session.ts";
import { UsageError } from "../../src/errors/index.ts";
import { file } from "../../src/resources/file.ts";
import { sh } from "../../src/shell/index.ts";
import { runPlays, runTasks, scratch } from "./harness.ts";

/** A role in which every host takes a token that every other host reads. */
const exchange = (dir: string) =>
  defineRole(import.meta, {
    name: "exchange",
    summary: "Hosts that take values of one another.",
    vars: z.strictObject({}),
    exports: { token: z.string() },
    tasks({ t, host, peers }) {
      const made = t.task("make", { check: sh`[ -e ${dir}/${host.name}.token ]`, apply: sh`echo token-of-${host.name} > ${dir}/${host.name}.token` });
      t.export("token", t.read("token", { probe: sh`cat ${dir}/${host.name}.token`, needs: [made] }));
      for (const peer of peers) t.add(file, { path: `${dir}/${host.name}.knows.${peer.host.name}`, content: peer.exports.token });
    },
  });

test("hosts take values that other hosts read, each after it was made there", async (t) => {
  const dir = scratch(t);
  const plays = [{ name: "p", hosts: "all", roles: [use(exchange(dir), {})] }];
  const ran = await runPlays(plays, { hosts: ["a", "b", "c"], forks: 1 });
  assert.equal(ran.recap.result, "ok", JSON.stringify(ran.events.filter((event) => event.event === "failure")));
  assert.equal(readFileSync(`${dir}/a.knows.c`, "utf8"), "token-of-c");
  assert.equal(readFileSync(`${dir}/c.knows.b`, "utf8"), "token-of-b");
});

test("a limited run reads the hosts that it does not change", async (t) => {
  const dir = scratch(t);
  const plays = [{ name: "p", hosts: "all", roles: [use(exchange(dir), {})] }];
  await runPlays(plays, { hosts: ["a", "b"] });
  const { rmSync } = await import("node:fs");
  rmSync(`${dir}/a.knows.b`);
  rmSync(`${dir}/b.knows.a`);
  const ran = await runPlays(plays, { hosts: ["a", "b"], limit: "a" });
  assert.equal(ran.recap.result, "ok", JSON.stringify(ran.events));
  assert.deepEqual(Object.keys(ran.recap.hosts), ["a"]);
  assert.ok(existsSync(`${dir}/a.knows.b`));
  assert.ok(!existsSync(`${dir}/b.knows.a`));
});

test("when a producer fails, its waiters fail at once and name it", async (t) => {
  const dir = scratch(t);
  const role = defineRole(import.meta, {
    name: "one-way",
    summary: "b waits for a.",
    vars: z.strictObject({}),
    exports: { token: z.string() },
    tasks({ t: declare, host, peers }) {
      if (host.name === "a") {
        declare.task("breaks", { check: sh`exit 1`, apply: sh`exit 1` });
        declare.export("token", declare.read("token", { probe: sh`echo x` }));
      } else if (peers[0]) declare.add(file, { path: `${dir}/b`, content: peers[0].exports.token });
    },
  });
  const ran = await runPlays([{ name: "p", hosts: "all", roles: [use(role, {})] }], { hosts: ["a", "b"] });
  assert.equal(ran.recap.result, "failed");
  assert.match(ran.event(`file:${dir}/b`, "b").failure?.message ?? "", /a: one-way\.token.*a ended without it/);
});

test("hosts that would wait for one another are refused before anything is changed", async (t) => {
  const dir = scratch(t);
  const role = defineRole(import.meta, {
    name: "circle",
    summary: "Each takes the other's value before it reads its own.",
    vars: z.strictObject({}),
    exports: { token: z.string() },
    tasks({ t: declare, host, peers }) {
      declare.add(file, { path: `${dir}/${host.name}.first`, content: "x" });
      const [peer] = peers;
      if (peer) declare.add(file, { path: `${dir}/${host.name}`, content: peer.exports.token });
      declare.export("token", declare.read("token", { probe: sh`echo x` }));
    },
  });
  await assert.rejects(runPlays([{ name: "p", hosts: "all", roles: [use(role, {})] }], { hosts: ["a", "b"] }), /hosts would wait for one another/);
  assert.ok(!existsSync(`${dir}/a.first`));
});

test("an unreachable host is in the recap, and the others go on", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare, host }) => void declare.add(file, { path: `${dir}/${host.name}`, content: "x" }), {
    hosts: ["a", "b"],
    prepare: (session) => {
      if (session.host === "a") throw new Unreachable("connection refused", { host: "a", hint: "is sshd running?" });
    },
  });
  assert.equal(ran.recap.hosts["a"]?.unreachable, true);
  assert.equal(ran.recap.hosts["b"]?.changed, 1);
  assert.equal(ran.recap.result, "failed");
});

test("serial batches change one after the other; a failed share ends the run", async (t) => {
  const dir = scratch(t);
  const hosts = ["a", "b", "c", "d"];
  const ran = await runTasks(({ t: declare, host }) => {
    declare.task("log", { check: sh`[ -e ${dir}/log ] && grep -qx ${host.name} ${dir}/log`, apply: sh`echo ${host.name} >> ${dir}/log; [ ${host.name} != b ]` });
  }, { hosts, play: { serial: 2, maxFailPercentage: 49 } });
  assert.deepEqual(readFileSync(`${dir}/log`, "utf8").trim().split("\n").sort(), ["a", "b"]);
  assert.equal(ran.recap.hosts["c"]?.notReached, 1);
  assert.equal(ran.recap.hosts["d"]?.notReached, 1);
});

test("a lane lets one host in at a time, and closes when one fails", async (t) => {
  const dir = scratch(t);
  const one = lane("restarts");
  const tasks = (bad: string): Parameters<typeof runTasks>[0] => ({ t: declare, host }) => {
    declare.block("rolling", { lane: one }, () => {
      declare.task("enter", { check: sh`[ -e ${dir}/${host.name} ]`, apply: sh`mkdir ${dir}/inside; touch ${dir}/${host.name}; sleep 0.1; rmdir ${dir}/inside; [ ${host.name} != ${bad} ]` });
    });
  };
  const ran = await runTasks(tasks("none"), { hosts: ["a", "b", "c"] });
  assert.equal(ran.recap.result, "ok", "mkdir would fail if two were inside");
  const { rmSync } = await import("node:fs");
  for (const name of ["a", "b", "c"]) rmSync(`${dir}/${name}`);
  const failing = await runTasks(tasks("a"), { hosts: ["a", "b", "c"] });
  assert.equal(failing.recap.hosts["b"]?.skipped, 1);
  assert.match(failing.event("task:enter", "c").cause ?? "", /a failed in the lane restarts/);
  const nothing = await runTasks(tasks("none"), { hosts: ["a"] });
  assert.equal(nothing.recap.hosts["a"]?.requests, 3, "who has nothing to do does not enter");
});

test("rescue puts back what the run replaced, always runs in every case", async (t) => {
  const dir = scratch(t);
  const { writeFileSync } = await import("node:fs");
  writeFileSync(`${dir}/conf`, "good\n");
  const ran = await runTasks(({ t: declare }) => {
    const reload = declare.handler("reload", sh`touch ${dir}/reloaded`);
    let conf: ReturnType<typeof declare.add>;
    declare.block("upgrade", { rescue: () => void declare.restore(conf), always: () => void declare.task("clean", { check: sh`[ -e ${dir}/clean ]`, apply: sh`touch ${dir}/clean` }) }, () => {
      conf = declare.add(file, { path: `${dir}/conf`, content: "bad\n" }, { notify: reload });
      declare.task("breaks", { check: sh`exit 1`, apply: sh`exit 1` });
    });
  });
  assert.equal(readFileSync(`${dir}/conf`, "utf8"), "good\n");
  assert.ok(existsSync(`${dir}/clean`));
  assert.equal(ran.recap.result, "failed");
  assert.deepEqual(ran.recap.pendingHandlers, {}, "what was rolled back owes no handler");
});

test("the second run on a host is told who is there, and waits or fails", async (t) => {
  const dir = scratch(t);
  const folders = new Map<string, string>();
  const slow: Parameters<typeof runTasks>[0] = ({ t: declare }) => void declare.task("slow", { check: sh`[ -e ${dir}/slow ]`, apply: sh`touch ${dir}/running; while [ ! -e ${dir}/go ]; do sleep 0.05; done; touch ${dir}/slow` });
  const first = runTasks(slow, { folders });
  while (!existsSync(`${dir}/running`)) await new Promise((resolve) => setTimeout(resolve, 20));
  const second = await runTasks(slow, { folders, lockTimeout: 0 });
  const failure = second.events.find((event) => event.event === "failure");
  assert.match(failure?.event === "failure" ? failure.failure.message : "", /another run works on this host: .*@/);
  const check = await runTasks(slow, { folders, check: true });
  assert.ok(check.events.some((event) => event.event === "warning" && event.message.includes("a run works on this host now")));
  const { writeFileSync } = await import("node:fs");
  const waiting = runTasks(slow, { folders, lockTimeout: 20 });
  writeFileSync(`${dir}/go`, "");
  assert.equal((await first).recap.result, "ok");
  assert.equal((await waiting).recap.result, "ok");
});

test("a lost connection in a batch is found again by its mark, and nothing runs twice", async (t) => {
  const dir = scratch(t);
  let cut = false;
  const ran = await runTasks(({ t: declare }) => {
    declare.task("long", { check: sh`[ -e ${dir}/done ]`, apply: sh`echo begun >> ${dir}/log; echo one; sleep 1; echo two; touch ${dir}/done` });
    declare.add(file, { path: `${dir}/after`, content: "x" });
  }, {
    prepare: (session) => {
      session.afterSend = (script) => {
        if (cut || !script.includes("| setsid ")) return;
        cut = true;
        setTimeout(() => session.cut(), 300);
      };
    },
  });
  assert.equal(ran.recap.result, "ok", JSON.stringify(ran.events));
  assert.equal(ran.sessions.get("h1")?.reconnects, 1);
  assert.equal(readFileSync(`${dir}/log`, "utf8"), "begun\n");
  assert.deepEqual(ran.events.flatMap((event) => (event.event === "output" && event.stream === "stdout" ? [event.line] : [])), ["one", "two"]);
});

test("a controller that dies leaves no batch half done", async (t) => {
  const dir = scratch(t);
  const folders = new Map<string, string>();
  const abort = new AbortController();
  const tasks: Parameters<typeof runTasks>[0] = ({ t: declare }) => {
    for (const i of [1, 2, 3]) declare.task(`step ${i}`, { check: sh`[ -e ${dir}/${i} ]`, apply: sh`sleep 0.3; touch ${dir}/${i}` });
  };
  await runTasks(tasks, {
    folders,
    abort: abort.signal,
    interrupt: abort.signal,
    prepare: (session) => {
      session.afterSend = (script) => {
        if (script.includes("| setsid ")) setTimeout(() => { abort.abort(); session.cut(); session.gone = true; }, 200);
      };
    },
  });
  const again = await runTasks(tasks, { folders, lockTimeout: 20 });
  assert.equal(again.recap.result, "ok");
  assert.equal(again.recap.hosts["h1"]?.changed, 0, "the first batch went on to its end");
});

test("an interrupt stops after the current batch, with every resource in the recap", async (t) => {
  const dir = scratch(t);
  const interrupt = new AbortController();
  const ran = await runTasks(({ t: declare }) => {
    const first = declare.task("first", { check: sh`[ -e ${dir}/1 ]`, apply: sh`touch ${dir}/1` });
    declare.task("zx", { check: sh`[ -e ${dir}/2 ]`, apply: async ({ $ }) => void (await $`touch ${dir}/2`), needs: [first] });
    declare.task("third", { check: sh`[ -e ${dir}/3 ]`, apply: sh`touch ${dir}/3` });
  }, {
    interrupt: interrupt.signal,
    prepare: (session) => {
      session.afterSend = (script) => {
        if (script.includes("| setsid ")) interrupt.abort();
      };
    },
  });
  assert.equal(ran.recap.interrupted, true);
  assert.equal(ran.outcomes()["task:first"], "changed");
  assert.ok(!existsSync(`${dir}/2`));
  assert.equal(ran.recap.hosts["h1"]?.notReached, 2);
});

test("a later play that cannot be declared ends the run with a recap of what was done", async (t) => {
  const dir = scratch(t);
  const facts = (): { kind: ReturnType<typeof fact<z.ZodEnum<{ yes: "yes"; no: "no" }>>> } => ({ kind: fact(sh`[ -e ${dir}/1 ] && echo yes || echo no`, z.enum(["yes", "no"])) });
  const role = defineRole(import.meta, {
    name: "fickle",
    summary: "Refuses a host that has changed.",
    vars: z.strictObject({}),
    facts,
    tasks: ({ t: declare, facts: { kind } }) => {
      if (kind === "yes") throw new Error("not any more");
      declare.task("x", { check: sh`true`, apply: sh`false` });
    },
  });
  const ran = await runPlays([
    { name: "first", hosts: "all", tasks: ({ t: declare }) => void declare.task("change", { check: sh`[ -e ${dir}/1 ]`, apply: sh`touch ${dir}/1` }) },
    { name: "second", hosts: "all", roles: [use(role, {})] },
    { name: "third", hosts: "all", tasks: ({ t: declare }) => void declare.task("never", { check: sh`false`, apply: sh`touch ${dir}/3` }) },
  ]);
  assert.equal(ran.recap.result, "failed");
  assert.equal(ran.recap.hosts["h1"]?.changed, 1);
  assert.match(JSON.stringify(ran.events.filter(({ event }) => event === "failure")), /fickle: not any more/);
  assert.ok(!existsSync(`${dir}/3`));
});

test("a role refuses hosts that do not fit one another before any is contacted, at the inventory's line", async () => {
  const numbered = defineRole(import.meta, {
    name: "numbered",
    summary: "Hosts with numbers of their own.",
    vars: z.strictObject({ number: z.number() }),
    validate({ vars, host, peers }) {
      const same = peers.find((peer) => peer.vars.number === vars.number);
      if (same) throw new UsageError(`${host.name} and ${same.host.name} both have the number ${vars.number}`, { source: host.at("numbered", "number") });
    },
    tasks() {},
  });
  const contacted: string[] = [];
  const run = (numbers: Record<string, number>) => runPlays([{ name: "p", hosts: "all", roles: [use(numbered, (host) => ({ number: numbers[host.name] ?? 0 }))] }], { hosts: Object.keys(numbers), prepare: ({ host }) => contacted.push(host) });
  // Also a host outside of the limit counts.
  await assert.rejects(run({ a: 1, b: 2, c: 1 }), (error) => error instanceof UsageError && error.message === "a and c both have the number 1" && error.source?.file === "hosts.yml");
  assert.deepEqual(contacted, []);
  assert.equal((await run({ a: 1, b: 2 })).recap.result, "ok");
});

test("what a role's own validate throws by mistake points at the role", async () => {
  const broken = defineRole(import.meta, { name: "broken", summary: "Errs.", vars: z.strictObject({}), validate: () => void JSON.parse("{"), tasks() {} });
  await assert.rejects(runPlays([{ name: "p", hosts: "all", roles: [use(broken, {})] }], {}), (error) => error instanceof UsageError && /^broken: .*JSON/.test(error.message) && (error.source?.file ?? "").endsWith("hosts.test.ts"));
});
