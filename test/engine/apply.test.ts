import assert from "node:assert/strict";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { file } from "../../src/resources/file.ts";
import { sh } from "../../src/shell/index.ts";
import { runTasks, scratch } from "./harness.ts";

for (const shell of ["dash", "bash", "busybox ash"]) {
  test(`a first run changes, a second changes nothing in three requests (${shell})`, async (t) => {
    const dir = scratch(t);
    const tasks: Parameters<typeof runTasks>[0] = ({ t: declare }) => {
      for (let i = 0; i < 30; i++) declare.add(file, { path: `${dir}/${i}`, content: `${i}\n` });
      declare.task("touch", { check: sh`[ -e ${dir}/touched ]`, apply: sh`touch ${dir}/touched` });
    };
    const first = await runTasks(tasks, { shell });
    assert.deepEqual({ ...first.recap.hosts["h1"], requests: 0 }, { ok: 0, changed: 31, wouldChange: 0, unknown: 0, skipped: 0, failed: 0, rescued: 0, notReached: 0, handlersPending: 0, unreachable: false, requests: 0 });
    assert.equal(first.recap.hosts["h1"]?.requests, 4, "open, facts, look, apply with its proof");
    const second = await runTasks(tasks, { shell });
    assert.equal(second.recap.hosts["h1"]?.changed, 0);
    assert.equal(second.recap.hosts["h1"]?.requests, 3);
  });
}

test("a handler runs once at the end, after all that notified it", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    const restart = declare.handler("restart", sh`cat ${dir}/a ${dir}/b >> ${dir}/log`);
    declare.add(file, { path: `${dir}/a`, content: "a\n" }, { notify: restart });
    declare.add(file, { path: `${dir}/b`, content: "b\n" }, { notify: restart });
  });
  assert.equal(ran.outcomes()["handler:restart"], "changed");
  assert.equal(readFileSync(`${dir}/log`, "utf8"), "a\nb\n");
});

test("a handler that is owed runs in the next run, also when nothing changes then", async (t) => {
  const dir = scratch(t);
  const folders = new Map<string, string>();
  let broken = true;
  const tasks: Parameters<typeof runTasks>[0] = ({ t: declare }) => {
    const restart = declare.handler("restart", sh`echo restarted >> ${dir}/log`);
    declare.add(file, { path: `${dir}/a`, content: "a\n" }, { notify: restart });
    declare.task("fails", { check: sh`[ -n ${broken ? "" : "x"} ]`, apply: sh`echo why >&2; exit 7` });
  };
  const first = await runTasks(tasks, { folders });
  assert.equal(first.recap.result, "failed");
  assert.deepEqual(first.recap.pendingHandlers, { h1: ["r/handler:restart"] });
  const { failure } = first.event("task:fails");
  assert.equal(failure?.exitCode, 7);
  assert.equal(failure?.stderr, "why");
  assert.match(failure?.source?.file ?? "", /apply\.test\.ts$/);
  broken = false;
  const second = await runTasks(tasks, { folders });
  assert.equal(second.outcomes()[`file:${dir}/a`], "ok");
  assert.equal(second.outcomes()["handler:restart"], "changed");
  assert.equal(readFileSync(`${dir}/log`, "utf8"), "restarted\n");
  assert.deepEqual(second.recap.pendingHandlers, {});
});

test("a run that ends leaves nothing on the host that its batches have printed, whether or not they failed", async (t) => {
  const dir = scratch(t);
  for (const apply of [sh`echo printed; touch ${dir}/x`, sh`echo printed; exit 7`, sh`echo printed; sleep 60`]) {
    const folders = new Map<string, string>();
    await runTasks(({ t: declare }) => void declare.task("prints", { check: sh`[ -e ${dir}/x ]`, apply, applyTimeout: 1 }), { folders });
    assert.deepEqual(readdirSync(`${folders.get("h1") ?? ""}/run`).filter((name) => name.startsWith("batch-")), []);
    rmSync(`${dir}/x`, { force: true });
  }
});

test("flush runs the role's handlers in place; needs: [handler] too", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    const first = declare.handler("first", sh`touch ${dir}/first`);
    declare.add(file, { path: `${dir}/a`, content: "a" }, { notify: first });
    declare.flush();
    declare.task("sees first", { check: sh`[ -e ${dir}/seen1 ]`, apply: sh`cp ${dir}/first ${dir}/seen1` });
    const second = declare.handler("second", sh`touch ${dir}/second`);
    declare.add(file, { path: `${dir}/b`, content: "b" }, { notify: second });
    declare.task("sees second", { check: sh`[ -e ${dir}/seen2 ]`, apply: sh`cp ${dir}/second ${dir}/seen2`, needs: [second] });
  });
  assert.equal(ran.recap.result, "ok", JSON.stringify(ran.events.filter((event) => event.event === "failure" || (event.event === "resource" && event.failure))));
  assert.ok(existsSync(`${dir}/seen1`) && existsSync(`${dir}/seen2`));
});

for (const [where, between] of [["the same batch", []], ["a later batch", ["alone"]]] as const) {
  test(`a handler that ran at a flush and is notified again in ${where} runs again at the end`, async (t) => {
    const dir = scratch(t);
    const folders = new Map<string, string>();
    const ran = await runTasks(({ t: declare }) => {
      const restart = declare.handler("restart", sh`echo restarted >>${dir}/log`);
      declare.add(file, { path: `${dir}/a`, content: "a" }, { notify: restart });
      declare.flush();
      declare.add(file, { path: `${dir}/b`, content: "b" }, { notify: restart });
      for (const name of between) declare.task(name, { check: sh`[ -e ${dir}/${name} ]`, apply: async ({ $ }) => await $`touch ${dir}/${name}` });
    }, { folders });
    assert.equal(ran.recap.result, "ok");
    assert.equal(readFileSync(`${dir}/log`, "utf8"), "restarted\nrestarted\n");
    assert.deepEqual(readdirSync(`${folders.get("h1")}/state/pending`), []);
    assert.deepEqual(ran.recap.pendingHandlers, {});
  });
}

test("a plan made on what an opaque change alters is made again", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.task("installs", { check: sh`[ -e ${dir}/conf ]`, apply: sh`echo packaged > ${dir}/conf; chmod 600 ${dir}/conf` });
    declare.add(file, { path: `${dir}/conf`, content: "ours\n", mode: "0640" });
  });
  assert.equal(ran.recap.result, "ok");
  assert.equal(readFileSync(`${dir}/conf`, "utf8"), "ours\n");
  assert.equal(ran.event(`file:${dir}/conf`).summary, "content, mode 0600 -> 0640");
});

test("a host that changes between look and apply is not overwritten blindly", async (t) => {
  const dir = scratch(t);
  writeFileSync(`${dir}/a`, "old\n");
  let meddled = false;
  const ran = await runTasks(({ t: declare }) => {
    declare.task("first", { check: sh`[ -e ${dir}/first ]`, apply: sh`touch ${dir}/first` });
    declare.add(file, { path: `${dir}/a`, content: "new\n" });
  }, {
    prepare: (session) => {
      session.afterSend = (script) => {
        if (meddled || !script.includes("hw_p 0") || script.includes("| setsid ")) return;
        if (session.requests < 3) return;
        meddled = true;
        appendFileSync(`${dir}/a`, "by somebody else\n");
      };
    },
  });
  assert.equal(ran.recap.result, "ok");
  assert.equal(readFileSync(`${dir}/a`, "utf8"), "new\n");
});

test("what does not converge fails and names what may have undone it", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.add(file, { path: `${dir}/a`, content: "a\n" });
    declare.task("undoes", { check: sh`[ -e ${dir}/done ]`, apply: sh`touch ${dir}/done; echo other > ${dir}/a` });
    declare.task("never done", { check: sh`exit 1`, apply: sh`true` });
  });
  assert.equal(ran.recap.result, "failed");
  assert.match(ran.event(`file:${dir}/a`).failure?.message ?? "", /did not converge/);
  assert.match(ran.event(`file:${dir}/a`).failure?.hint ?? "", /task:undoes/);
  assert.match(ran.event("task:never done").failure?.message ?? "", /did not converge/);
});

test("zx tasks run where they stand, and what follows sees their work", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    const made = declare.task("zx", { check: sh`[ -e ${dir}/zx ]`, apply: async ({ $ }) => void (await $`touch ${dir}/zx`) });
    declare.task("after", { check: sh`[ -e ${dir}/after ]`, apply: sh`cp ${dir}/zx ${dir}/after`, needs: [made] });
    declare.task("fails", { check: sh`exit 1`, apply: async ({ $ }) => void (await $`echo broken >&2; exit 3`) });
  });
  assert.equal(ran.outcomes()["task:after"], "changed");
  assert.equal(ran.event("task:fails").failure?.stderr?.trim(), "broken");
});

test("a value read on the host feeds later resources", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    const made = declare.task("make", { check: sh`[ -e ${dir}/n ]`, apply: sh`echo 41 > ${dir}/n` });
    const n = declare.read("n", { probe: sh`cat ${dir}/n`, parse: Number, needs: [made] });
    declare.add(file, { path: `${dir}/m`, content: n.map((value) => `${value + 1}\n`) });
    declare.given("names", n.map((value) => [`${value}-a`, `${value}-b`]), (names) => {
      for (const name of names) declare.add(file, { path: `${dir}/${name}`, content: name });
    });
  });
  assert.equal(ran.recap.result, "ok");
  assert.equal(readFileSync(`${dir}/m`, "utf8"), "42\n");
  assert.ok(existsSync(`${dir}/41-a`) && existsSync(`${dir}/41-b`));
});

test("a fragment with a syntax error fails alone and is named", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.add(file, { path: `${dir}/a`, content: "a" });
    declare.task("broken", { check: sh`exit 1`, apply: sh`if then fi (` });
  });
  assert.equal(ran.outcomes()[`file:${dir}/a`], "changed");
  assert.match(ran.event("task:broken").failure?.stderr ?? "", /[Ss]yntax/);
});

test("nothing leaks from one resource to the next", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.task("leaks", { check: sh`[ -e ${dir}/1 ]`, apply: sh`cd ${dir}; umask 0; PATH=; LC_ALL=de_DE; x=leaked; export x; set +e; false; : > 1` });
    declare.task("looks", { check: sh`[ -e ${dir}/2 ]`, apply: sh`[ "$PWD" = / ] && [ "$(umask)" = 0077 ] && [ "$LC_ALL" = C ] && [ -z "$x" ] && touch ${dir}/2` });
  });
  assert.equal(ran.recap.result, "ok", JSON.stringify(ran.events.filter((event) => event.event === "resource" && event.failure)));
});

test("no command can read the script that follows it", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.task("reads", { check: sh`[ -e ${dir}/1 ]`, apply: sh`cat > ${dir}/1` });
    declare.add(file, { path: `${dir}/2`, content: "2" });
  });
  assert.equal(ran.recap.result, "ok");
  assert.equal(readFileSync(`${dir}/1`, "utf8"), "");
});

test("retries are made on the host, in one request", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.task("third time", { check: sh`[ -e ${dir}/done ]`, apply: sh`echo x >> ${dir}/tries; [ "$(wc -l < ${dir}/tries)" -ge 3 ]; touch ${dir}/done`, retries: 3, delay: 0 });
  });
  assert.equal(ran.recap.result, "ok");
  assert.equal(ran.recap.hosts["h1"]?.requests, 4);
});

test("a time-out stops the command and its children and names the resource", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.task("hangs", { check: sh`[ -e ${dir}/1 ]`, apply: sh`sleep 600; touch ${dir}/1`, applyTimeout: 1 });
    declare.add(file, { path: `${dir}/2`, content: "2" });
  });
  assert.match(ran.event("task:hangs").failure?.message ?? "", /did not end within 1 s/);
  assert.equal(ran.recap.hosts["h1"]?.notReached, 1);
  assert.ok(!existsSync(`${dir}/2`));
});

test("a probe that hangs is named; the others are answered", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    declare.add(file, { path: `${dir}/1`, content: "1" });
    declare.task("hangs", { check: sh`sleep 600`, apply: sh`true` });
    declare.add(file, { path: `${dir}/2`, content: "2" });
  }, { check: true, probeTimeout: 1 });
  assert.deepEqual(ran.outcomes(), { [`file:${dir}/1`]: "would-change", "task:hangs": "failed", [`file:${dir}/2`]: "would-change" });
});

test("a probe whose output never is the same ends in an error", async (t) => {
  const dir = scratch(t);
  const ran = await runTasks(({ t: declare }) => {
    const unstable = { ...file, kind: "unstable", probe: () => sh`cat /proc/sys/kernel/random/uuid`, plan: () => ({ summary: "x", apply: sh`true` }) };
    declare.add(file, { path: `${dir}/1`, content: "1" });
    declare.add(unstable, { path: `${dir}/2`, content: "1" });
  });
  assert.match(ran.event(`unstable:${dir}/2`).failure?.message ?? "", /something else each time/);
});

test("a renamed handler still runs when it is owed under its earlier name", async (t) => {
  const dir = scratch(t);
  const folders = new Map<string, string>();
  await runTasks(({ t: declare }) => {
    declare.add(file, { path: `${dir}/a`, content: "a" }, { notify: declare.handler("bounce", sh`touch ${dir}/ran`) });
    declare.task("fails", { check: sh`exit 1`, apply: sh`exit 1` });
  }, { folders });
  const ran = await runTasks(({ t: declare }) => {
    declare.add(file, { path: `${dir}/a`, content: "a" }, { notify: declare.handler("restart", sh`touch ${dir}/ran`, { formerly: "r/handler:bounce" }) });
  }, { folders });
  assert.equal(ran.outcomes()["handler:restart"], "changed");
  assert.deepEqual(ran.recap.pendingHandlers, {});
});

test("a function is tried again as often as its retries say, and has no longer than its time-out", async (t) => {
  const dir = scratch(t);
  const tries = { count: 0 };
  const ran = await runTasks(({ t: declare }) => {
    declare.task("third time", {
      check: sh`[ -e ${dir}/done ]`,
      apply: async ({ $ }) => {
        tries.count++;
        if (tries.count < 3) throw new Error("not yet");
        await $`touch ${dir}/done`;
      },
      retries: 2,
      delay: 0,
    });
    declare.task("slow", { check: sh`[ -e ${dir}/slow ]`, apply: async ({ $ }) => void (await $`sleep 20`), applyTimeout: 0.2 });
  });
  assert.equal(tries.count, 3);
  assert.equal(ran.outcomes()["task:third time"], "changed");
  assert.equal(ran.event("task:slow").failure?.message, "did not end within 0.2 s");
});

test("a handler that this playbook does not declare is named once and left to whoever does", async (t) => {
  const folders = new Map<string, string>();
  const dir = scratch(t);
  await runTasks(({ t: declare }) => {
    const gone = declare.handler("gone", sh`exit 1`);
    declare.task("change", { check: sh`[ -e ${dir}/1 ]`, apply: sh`touch ${dir}/1`, notify: gone });
  }, { folders });
  const ran = await runTasks(({ t: declare }) => void declare.task("other", { check: sh`true`, apply: sh`false` }), { folders });
  assert.equal(ran.recap.result, "ok");
  assert.equal(ran.recap.hosts["h1"]?.handlersPending, 0);
  assert.match(JSON.stringify(ran.events.filter(({ event }) => event === "warning")), /the handler r\/handler:gone is owed, and this playbook does not declare it/);
  const back = await runTasks(({ t: declare }) => void declare.handler("gone", sh`touch ${dir}/ran`), { folders });
  assert.equal(back.outcomes()["handler:gone"], "changed");
});
