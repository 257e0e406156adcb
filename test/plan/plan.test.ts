import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, test } from "node:test";
import type { Failure } from "../../src/engine/events.ts";
import { file } from "../../src/resources/file.ts";
import { Secret, sh } from "../../src/shell/index.ts";
import { appliedPlan, Collector, drift, type PlanFile, readPlan, writePlan } from "../../src/plan/index.ts";
import { roleOf, runPlays, runTasks, scratch, type Setting } from "../engine/harness.ts";
import { use } from "../../src/dsl/role.ts";

type Tasks = Parameters<typeof runTasks>[0];

const NOTHING: ReadonlyMap<string, readonly Failure[]> = new Map();

/** What a check finds, as a plan. */
async function planned(tasks: Tasks, setting: Setting = {}): Promise<PlanFile> {
  const found = new Collector("salt");
  const { events } = await runTasks(tasks, { ...setting, check: true, observe: found.observe });
  for (const event of events) found.on(event);
  return { hawserPlan: 1, made: "2026-01-01T00:00:00Z", by: "me", playbook: "p.ts", inventory: "inv", flags: {}, extraVars: [], salt: "salt", hosts: found.hosts, without: found.without };
}

const words = (plan: PlanFile, now: PlanFile): string[] => [...drift(plan, now)].flatMap(([host, failures]) => failures.map(({ resource, message }) => `${host} ${resource ?? ""}: ${message}`));

describe("a plan", () => {
  it("differs from nothing as long as nothing changes", async (t) => {
    const dir = scratch(t);
    const tasks: Tasks = ({ t: declare }) => {
      const restart = declare.handler("restart", sh`touch ${dir}/restarted`);
      declare.add(file, { path: `${dir}/a`, content: "a" }, { notify: restart });
      declare.task("in TypeScript", { check: sh`[ -e ${dir}/b ]`, apply: async ({ $ }) => await $`touch ${dir}/b` });
    };
    const plan = await planned(tasks);
    assert.deepEqual(plan.hosts["h1"]?.map(({ id, outcome }) => [id, outcome]), [[`r/file:${dir}/a`, "would-change"], ["r/task:in TypeScript", "would-change"], ["r/handler:restart", "would-change"]]);
    assert.deepEqual(words(plan, await planned(tasks)), []);
  });

  const cases: readonly (readonly [what: string, before: string, after: string, change: (dir: string) => void, says: RegExp])[] = [
    ["a file that was changed by hand", "a", "a", (dir) => writeFileSync(`${dir}/a`, "by hand"), /r\/file:.*\/a: it is not as it was when the plan was made/],
    ["other content in the role", "a", "b", () => {}, /r\/file:.*\/a: the playbook or its vars want something else now/],
  ];
  for (const [what, before, after, change, says] of cases) {
    it(`notices ${what}`, async (t) => {
      const dir = scratch(t);
      const tasks = (content: string): Tasks => ({ t: declare }) => void declare.add(file, { path: `${dir}/a`, content });
      const plan = await planned(tasks(before));
      change(dir);
      const found = words(plan, await planned(tasks(after)));
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", says);
    });
  }

  it("notices what is declared no more, and what is declared now", async (t) => {
    const dir = scratch(t);
    const tasks = (name: string): Tasks => ({ t: declare }) => void declare.add(file, { path: `${dir}/${name}`, content: "" });
    const found = words(await planned(tasks("a")), await planned(tasks("b")));
    assert.match(found.join("\n"), /\/a: it is not declared any more\n.*\/b: it is declared now, and the plan does not have it/);
  });

  it("notices another secret, and holds none", async (t) => {
    const dir = scratch(t);
    const tasks = (password: string): Tasks => ({ t: declare }) => void declare.add(file, { path: `${dir}/a`, content: new Secret(password) });
    writeFileSync(`${dir}/a`, "old-s3cret");
    const plan = await planned(tasks("new-s3cret"));
    assert.doesNotMatch(JSON.stringify(plan), /s3cret/);
    assert.match(words(plan, await planned(tasks("other-s3cret"))).join("\n"), /want something else/);
  });

  it("leaves out a host that failed, with the reason", async (t) => {
    const dir = scratch(t);
    const plan = await planned(({ t: declare }) => void declare.task("broken", { check: sh`exit 7`, apply: sh`touch ${dir}/x` }));
    assert.deepEqual(plan.hosts, {});
    assert.match(plan.without["h1"] ?? "", /r\/task:broken: its check exited 7/);
  });
});

describe("applying a plan", () => {
  it("makes its changes", async (t) => {
    const dir = scratch(t);
    const tasks: Tasks = ({ t: declare }) => void declare.add(file, { path: `${dir}/a`, content: "a" });
    const plan = await planned(tasks);
    const ran = await runTasks(tasks, { plan: appliedPlan(plan, NOTHING) });
    assert.equal(ran.recap.result, "ok");
    assert.equal(readFileSync(`${dir}/a`, "utf8"), "a");
  });

  it("changes nothing where the first look differs from the plan's", async (t) => {
    const dir = scratch(t);
    const tasks: Tasks = ({ t: declare }) => {
      declare.add(file, { path: `${dir}/first`, content: "1" });
      declare.add(file, { path: `${dir}/a`, content: "a" });
    };
    const plan = await planned(tasks);
    writeFileSync(`${dir}/a`, "meanwhile");
    const ran = await runTasks(tasks, { plan: appliedPlan(plan, NOTHING) });
    assert.equal(ran.recap.result, "failed");
    assert.match(ran.event(`file:${dir}/a`).failure?.message ?? "", /not as it was when the plan was made/);
    assert.ok(!existsSync(`${dir}/first`));
  });

  it("makes no change that the plan does not have", async (t) => {
    const dir = scratch(t);
    writeFileSync(`${dir}/a`, "a");
    // What the plan could not see: the task undoes a file that was as declared.
    const tasks: Tasks = ({ t: declare }) => {
      declare.task("meddles", { check: sh`[ -e ${dir}/done ]`, apply: sh`echo other >${dir}/a; touch ${dir}/done` });
      declare.add(file, { path: `${dir}/a`, content: "a" });
    };
    const plan = await planned(tasks);
    const ran = await runTasks(tasks, { plan: appliedPlan(plan, NOTHING) });
    assert.equal(ran.recap.result, "failed");
    assert.match(ran.event(`file:${dir}/a`).failure?.message ?? "", /the plan has no change of it, and it now wants: content/);
    assert.equal(readFileSync(`${dir}/a`, "utf8"), "other\n");
  });

  it("waits where the plan saw nothing to wait for: that is no change", async (t) => {
    const dir = scratch(t);
    writeFileSync(`${dir}/open`, "");
    const tasks: Tasks = ({ t: declare }) => {
      const restart = declare.task("restart", { check: sh`[ -e ${dir}/done ]`, apply: sh`rm -f ${dir}/open; touch ${dir}/done; (sleep 0.3; touch ${dir}/open) >/dev/null 2>&1 &` });
      declare.gate("answers", { probe: sh`[ -e ${dir}/open ]`, within: 10, every: 0.1, needs: [restart] });
    };
    const plan = await planned(tasks);
    const ran = await runTasks(tasks, { plan: appliedPlan(plan, NOTHING) });
    assert.deepEqual(ran.outcomes(), { "task:restart": "changed", "gate:answers": "ok" });
    assert.ok(existsSync(`${dir}/open`), "it waited");
  });

  it("does not connect to a refused host, and has it in the recap", async (t) => {
    const dir = scratch(t);
    const play = { name: "p", hosts: "all", roles: [use(roleOf(({ t: declare, host }) => void declare.add(file, { path: `${dir}/${host.name}`, content: "a" })), {})] };
    const refused = new Map([["h2", [{ resource: "r/x", message: "it drifted" }]]]);
    const ran = await runPlays([play], { hosts: ["h1", "h2"], plan: { refused, permits: () => true, holds: () => true } });
    assert.deepEqual([...ran.sessions.keys()], ["h1"]);
    assert.equal(ran.recap.result, "failed");
    assert.equal(ran.recap.hosts["h2"]?.failed, 1);
    assert.deepEqual([existsSync(`${dir}/h1`), existsSync(`${dir}/h2`)], [true, false]);
  });

  it("goes on where a part of it was made before, though the looks differ", async (t) => {
    const dir = scratch(t);
    const tasks: Tasks = ({ t: declare }) => {
      declare.add(file, { path: `${dir}/a`, content: "a" });
      declare.add(file, { path: `${dir}/b`, content: "b" });
    };
    const plan = await planned(tasks);
    writeFileSync(`${dir}/a`, "a");
    const ran = await runTasks(tasks, { plan: appliedPlan(plan, NOTHING, { touched: ["h1"] }) });
    assert.equal(ran.recap.result, "ok");
    assert.equal(readFileSync(`${dir}/b`, "utf8"), "b");
  });
});

test("a plan's file is written whole, or the old one stays", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-plan-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const plan = await planned(() => {});
  const name = path.join(folder, "a.plan");
  writePlan(name, plan);
  assert.deepEqual(readPlan(name), plan);
  assert.throws(() => writePlan(path.join(folder, "no/such/folder"), plan), /the plan cannot be written to/);
  assert.throws(() => readPlan(path.join(folder, "none")), /cannot be read/);
});
