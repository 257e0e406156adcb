import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { play, type PlaySpec } from "../../src/dsl/play.ts";
import { defineRole, use } from "../../src/dsl/role.ts";
import { Unreachable } from "../../src/engine/session.ts";
import { sh } from "../../src/shell/index.ts";
import { runPlays, scratch, type Ran } from "./harness.ts";

/** A release that is well on all hosts but `sick`, and fails on `broken`. */
const release = (dir: string, { sick = "none", broken = "none" } = {}) =>
  defineRole(import.meta, {
    name: "app",
    summary: "A release.",
    vars: z.strictObject({}),
    tasks({ t, host }) {
      t.task("release", { check: sh`[ -e ${dir}/${host.name} ]`, apply: sh`echo ${host.name} >> ${dir}/log; [ ${host.name} != ${broken} ] && touch ${dir}/${host.name}` });
    },
    verify({ v, host }) {
      v.assert("errors", { probe: sh`[ ${host.name} = ${sick} ] && [ ! -e ${dir}/mended ] && echo 7 || echo 0`, value: ({ out }) => Number(out), unit: "/s", limit: { max: 1 }, hint: "roll it back" });
    },
  });

const log = (dir: string): string[] => (existsSync(`${dir}/log`) ? readFileSync(`${dir}/log`, "utf8").trim().split("\n") : []);
const said = (ran: Ran): string => ran.events.flatMap((event) => (event.event === "failure" ? [event.failure.message] : [])).join("\n");
const HOSTS = ["a", "b", "c", "d"];
const rollout = (dir: string, spec: Partial<PlaySpec>, setting: Parameters<typeof runPlays>[1] = {}, faults: Parameters<typeof release>[1] = {}): Promise<Ran> =>
  runPlays([{ name: "p", hosts: "all", roles: [use(release(dir, faults), {})], ...spec }], { hosts: HOSTS, forks: 1, ...setting });

test("serial with a gate: a canary whose assertion breaks ends the run, names the assertion, and every host is in the recap", async (t) => {
  const dir = scratch(t);
  const ran = await rollout(dir, { serial: [1, "100%"], gate: { verify: true, within: 0 } }, {}, { sick: "a" });
  assert.deepEqual(log(dir), ["a"]);
  assert.equal(ran.recap.result, "failed");
  assert.match(said(ran), /the assertion app\/errors is 7 \/s, and must be <= 1/);
  assert.match(said(ran), /play p: the gate after batch 1 of 2 is not passed after [\d.]+ s: a: the assertion app\/errors/);
  assert.deepEqual(Object.keys(ran.recap.hosts), HOSTS);
  assert.equal(ran.recap.hosts["a"]?.failed, 1);
  assert.deepEqual(HOSTS.slice(1).map((host) => ran.recap.hosts[host]?.notReached), [1, 1, 1]);
});

test("serial with a gate: a batch that is well lets the next begin, and each batch is said", async (t) => {
  const dir = scratch(t);
  const ran = await rollout(dir, { serial: [1, "50%", "100%"], gate: { verify: true, probe: sh`[ -e ${dir} ]` } });
  assert.equal(ran.recap.result, "ok", said(ran));
  const events = ran.events.flatMap((event) => (event.event === "batch" ? [`batch ${event.hosts.join()}`] : event.event === "gate" ? [`gate ${event.hosts.join()} ${event.asserted}`] : []));
  assert.deepEqual(events, ["batch a", "gate a 2", "batch b,c", "gate b,c 4", "batch d", "gate d 2"]);
});

test("a gate waits until the batch is well", async (t) => {
  const dir = scratch(t);
  let asked = 0;
  const check = (): boolean => {
    asked += 1;
    if (asked === 2) writeFileSync(`${dir}/mended`, "");
    return true;
  };
  const ran = await rollout(dir, { serial: 2, gate: { verify: true, check, within: 20, every: 0.1 } }, {}, { sick: "a" });
  assert.equal(ran.recap.result, "ok", said(ran));
  assert.ok(asked >= 4, `asked ${asked} times`);
});

test("a gate that holds looks again, and ends the run when it is no longer well", async (t) => {
  const dir = scratch(t);
  let asked = 0;
  const seen: string[] = [];
  const check = ({ hosts, batch, of }: { hosts: readonly { name: string }[]; batch: number; of: number }): void => {
    seen.push(`${hosts.map(({ name }) => name).join()} ${batch}/${of}`);
    if (++asked === 3) throw new Error("the shop's orders fell");
  };
  const ran = await rollout(dir, { serial: 1, gate: { check, hold: 30, every: 0.1 } });
  assert.deepEqual(log(dir), ["a"]);
  assert.deepEqual(seen, ["a 1/4", "a 1/4", "a 1/4"]);
  assert.match(said(ran), /the gate's check: the shop's orders fell/);
});

test("a gate's check that says false, and a probe that fails with what it printed", async (t) => {
  const dir = scratch(t);
  assert.match(said(await rollout(dir, { gate: { check: () => false, within: 0 } })), /the gate's check says no/);
  const ran = await rollout(dir, { gate: { probe: sh`echo full >&2; exit 3`, within: 0 } });
  const failure = ran.events.find((event) => event.event === "failure");
  assert.equal(failure?.event === "failure" ? `${failure.failure.host} ${failure.failure.message} ${failure.failure.stderr}` : "", "a the gate's probe exited 3 full");
});

test("with a gate a failed host ends the run, unless the budget allows it", async (t) => {
  const dir = scratch(t);
  const gate = { verify: true };
  assert.deepEqual(log((await rollout(dir, { serial: 1, gate }, {}, { broken: "a" }), dir)), ["a"]);
  const other = scratch(t);
  const ran = await rollout(other, { serial: 1, gate, maxFailures: 1 }, {}, { broken: "a" });
  assert.deepEqual(log(other), HOSTS);
  assert.equal(ran.recap.hosts["a"]?.failed, 1);
});

test("a check asks no gate, since nothing was changed", async (t) => {
  const ran = await rollout(scratch(t), { serial: 1, gate: { verify: true, within: 0 } }, { check: true }, { sick: "a" });
  assert.equal(ran.recap.result, "ok");
  assert.ok(!ran.events.some(({ event }) => event === "gate" || event === "batch"));
});

test("a wholly failed batch does not end the run while failures are allowed, and no host leaves the recap", async (t) => {
  const dir = scratch(t);
  const ran = await rollout(dir, { serial: 1, maxFailPercentage: 100 }, {}, { broken: "a" });
  assert.deepEqual(log(dir), HOSTS, "Ansible ends the play after a batch in which all hosts failed");
  assert.deepEqual(Object.entries(ran.recap.hosts).map(([host, { failed, changed }]) => [host, failed, changed]), [["a", 1, 0], ["b", 0, 1], ["c", 0, 1], ["d", 0, 1]]);
});

test("max-fail-percentage ends the run after the batch, and says so", async (t) => {
  const dir = scratch(t);
  const ran = await rollout(dir, { serial: 2, maxFailPercentage: 49 }, {}, { broken: "a" });
  assert.deepEqual(log(dir), ["a", "b"]);
  assert.match(said(ran), /1 of the 2 hosts of a batch failed \(a\), more than 49%/);
});

test("a budget of failures is a count or a share, exact and not rounded", async (t) => {
  const rows = [[0, ["a"]], [1, HOSTS], ["24%", ["a"]], ["25%", HOSTS]] as const;
  for (const [maxFailures, expected] of rows) {
    const dir = scratch(t);
    const ran = await rollout(dir, { maxFailures }, {}, { broken: "a" });
    assert.deepEqual(log(dir), expected, String(maxFailures));
    if (expected.length === 1) assert.match(said(ran), new RegExp(`1 of 4 hosts failed or were unreachable \\(a\\), and maxFailures allows ${maxFailures}: the run ends here`));
    assert.deepEqual(Object.keys(ran.recap.hosts), HOSTS);
  }
});

test("any-errors-fatal: a host that cannot be reached counts as one that failed", async (t) => {
  const dir = scratch(t);
  const ran = await rollout(dir, { anyErrorsFatal: true }, { prepare: (session) => {
    if (session.host === "d") throw new Unreachable("no answer", { host: "d" });
  } });
  assert.deepEqual(log(dir), []);
  assert.match(said(ran), /1 of 4 hosts failed or were unreachable \(d\), and anyErrorsFatal allows none/);
});

test("a play's gate and budget are checked where they stand", () => {
  const bad = (spec: Partial<PlaySpec>, message: RegExp): void => assert.throws(() => play({ name: "p", hosts: "all", ...spec }), message);
  bad({ gate: {} }, /its gate asks nothing/);
  bad({ gate: { verify: true } }, /none of its roles asserts anything/);
  bad({ gate: { check: () => true, within: -1 } }, /the gate's within is a number of seconds from 0, not -1/);
  bad({ gate: { check: () => true, every: 0 } }, /the gate's every is a number of seconds from 0.1, not 0/);
  bad({ maxFailures: 1.5 }, /maxFailures is a whole number of hosts or a percentage, not 1.5/);
  bad({ maxFailures: "101%" }, /not 101%/);
  bad({ maxFailures: -1 }, /not -1/);
});
