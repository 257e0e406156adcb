import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunEvent, Unstamped } from "../../src/engine/events.ts";
import { colors } from "../../src/report/style.ts";
import { Timing } from "../../src/report/timing.ts";
import { traceOf } from "../../src/report/trace.ts";
import { counts, resource } from "./recording.ts";

function timingOf(hosts: readonly string[], said: readonly (readonly [at: number, event: Unstamped])[], seconds: number): Timing {
  const timing = new Timing();
  const all: RunEvent[] = [
    { at: 0, event: "start", playbook: "site.ts", check: false, plays: ["p"], hosts },
    ...said.map(([at, event]) => ({ at, ...event })),
    { at: seconds * 1000, event: "recap", result: "ok", hosts: Object.fromEntries(hosts.map((host) => [host, counts()])), pendingHandlers: {}, seconds },
  ];
  for (const event of all) timing.on(event);
  return timing;
}

const phases = (host: string, ...said: readonly (readonly [at: number, phase: Extract<RunEvent, { event: "phase" }>["phase"]])[]) => said.map(([at, phase]) => [at, { event: "phase", host, phase }] as [number, Unstamped]);
const text = (timing: Timing) => timing.text(0.21, { color: colors(false) });

const TWO = timingOf(
  ["la-1", "sg-1"],
  [
    ...phases("la-1", [0, "connecting"], [80, "facts"], [120, "probing"], [320, "planning"], [325, "done"]),
    ...phases("sg-1", [0, "connecting"], [700, "facts"], [900, "probing"], [1200, "applying"], [2200, "proving"], [2400, "done"], [2500, "facts"], [2600, "done"]),
    [1300, resource("sg-1", "web/file:/etc/x", "ok", { probeSeconds: 0.001 })],
    [2200, resource("sg-1", "web/service:nginx", "changed", { seconds: 0.75, probeSeconds: 0.03 })],
  ],
  2.6,
);

void test("phases add up host by host, over all plays, the slowest host first", () => {
  assert.equal(
    text(TWO),
    `where the time went, in seconds (start-up 0.21, run 2.60)
  host  connect    facts    probe     plan    apply     wait    prove      all
  sg-1     0.70     0.30     0.30        -     1.00        -     0.20     2.50
  la-1     0.08     0.04     0.20     0.01        -        -        -     0.33
slowest:
  sg-1     0.75  apply  web/service:nginx
  sg-1     0.03  look   web/service:nginx
`,
  );
});

void test("a phase that never ended is counted to the end of the run", () => {
  assert.match(text(timingOf(["a"], phases("a", [0, "connecting"]), 12)), /^ {2}a +12\.0( +-){6} +12\.0$/m);
});

void test("of many hosts only the slowest are listed", () => {
  const hosts = Array.from({ length: 120 }, (_, i) => `h${i}`);
  const lines = text(timingOf(hosts, hosts.flatMap((host, i) => phases(host, [0, "connecting"], [i * 10, "done"])), 2)).trim().split("\n");
  assert.equal(lines.length, 2 + 20 + 1);
  assert.match(lines[2] ?? "", /^ {2}h119 +1\.19/);
  assert.match(lines[22] ?? "", /^ {2}and 100 faster hosts, 0\.49 s in the middle of them$/);
});

void test("the trace has a line for each host, with its phases and applies in microseconds", () => {
  const { traceEvents } = JSON.parse(traceOf(TWO)) as { traceEvents: { name: string; ph: string; tid: number; ts?: number; dur?: number; args?: { name?: string } }[] };
  assert.deepEqual(traceEvents.filter(({ name }) => name === "thread_name").map(({ tid, args }) => `${tid} ${args?.name}`).sort(), ["1 la-1", "2 sg-1"]);
  assert.deepEqual(traceEvents.filter(({ ph, tid }) => ph === "X" && tid === 1).map(({ name, ts, dur }) => `${name} ${ts} ${dur}`), ["connecting 0 80000", "facts 80000 40000", "probing 120000 200000", "planning 320000 5000"]);
  assert.deepEqual(traceEvents.filter(({ name }) => name === "web/service:nginx").map(({ ts, dur }) => [ts, dur]), [[1_450_000, 750_000]]);
});
