import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { RunEvent, Unstamped } from "../../src/engine/events.ts";
import { humanReporter, type HumanOptions } from "../../src/report/index.ts";
import { counts, HOSTS, recording, resource } from "./recording.ts";
import { Terminal, Text } from "./streams.ts";

async function plain(events: readonly (RunEvent | Unstamped)[], options: Partial<HumanOptions> = {}): Promise<string> {
  const stream = new Text();
  const reporter = humanReporter({ stream, tty: false, color: false, cwd: "/srv/site", ...options });
  for (const event of events) reporter.on({ at: 0, ...event });
  await reporter.end();
  return stream.text;
}

function start(more: { check?: boolean; hosts?: string[] } = {}): Unstamped {
  return { event: "start", playbook: "site.ts", check: false, plays: ["gateways"], hosts: HOSTS, ...more };
}

const GOLDEN = `playbooks/site.ts on 3 hosts

play gateways on 3 hosts: base, strongswan
  sg-db-1  ! warning  the clock is 4 s behind the controller's  at playbooks/site.ts:12:3
  la-gw-1  + changed  strongswan/file:/etc/swanctl/conf.d/sg.conf  content, mode 0644 -> 0600
      --- /etc/swanctl/conf.d/sg.conf
      +++ /etc/swanctl/conf.d/sg.conf
      @@ -3,3 +3,3 @@
       connections {
      -  mtu = 1400
      +  mtu = 1360
       }
  la-gw-1  + changed  strongswan/handler:load connections (handler)  ran  1.4 s
  sg-gw-1  ✖ failed   strongswan/task:initiate  1.3 s
      swanctl --initiate --child sg failed (exit code 22)
      role strongswan, declared at roles/strongswan/role.ts:41:7
      stderr, the last 20 of 23 lines:
${Array.from({ length: 20 }, (_, index) => `      │ [IKE] attempt ${index + 4}: no response from 203.0.113.7`).join("\n")}
      try: check that UDP 500 and 4500 are open between the gateways
  sg-db-1  + changed  strongswan/task:build the kernel module  ran  7.2 s

failures
  ✖ sg-gw-1  strongswan/task:initiate  roles/strongswan/role.ts:41:7
      swanctl --initiate --child sg failed
      try: check that UDP 500 and 4500 are open between the gateways

  host                ok  changed  skipped  failed  not reached  handlers  requests  seconds
  la-gw-1  + changed   4        2        0       0            0         0         6      4.4
  sg-gw-1  ✖ failed    1        0        1       1            3         1         4      3.7
  sg-db-1  + changed   5        1        0       0            0         0         5      9.5

  sg-gw-1  handlers pending: load connections

2 hosts ok, 1 failed: fix the cause above and run again with --limit sg-gw-1 (9.6 s)
`;

void test("a run in plain lines", async () => {
  assert.equal(await plain(recording(), { diff: true }), GOLDEN);
});

void test("diffs are left out unless asked for, and colours change no text", async () => {
  assert.ok(!(await plain(recording())).includes("mtu"));
  const coloured = await plain(recording(), { diff: true, color: true });
  assert.notEqual(coloured, GOLDEN);
  assert.equal(stripVTControlCharacters(coloured), GOLDEN);
});

void test("verbose adds what is ok or skipped, and what commands print", async () => {
  const text = await plain(recording(), { verbose: 1 });
  assert.match(text, /^ {2}la-gw-1 {2}✔ ok {7}base\/package:curl$/m);
  assert.match(text, /^ {2}sg-gw-1 {2}- skipped {2}strongswan\/service:strongswan {2}the host failed before$/m);
  assert.match(text, /^ {2}sg-db-1 {2}│ {3}CC \[M\]/m);
});

void test("at higher levels come times, commands and exchanges", async () => {
  const extra = [
    { event: "command", host: "la-gw-1", ids: ["a/task:x", "a/task:y"], user: "app", text: "touch /x\n\u001b[2Jecho" },
    { event: "request", host: "la-gw-1", what: "1 step, 43 looks", sent: 7300, received: 900, seconds: 0.18 },
  ] as const;
  const text = await plain([start(), ...extra, resource("la-gw-1", "a/task:x", "changed", { seconds: 0.21, probeSeconds: 0.004 })], { verbose: 3 });
  assert.ok(text.includes("  la-gw-1  $ a/task:x, a/task:y as app\n      │ touch /x\n      │ echo\n"), text);
  assert.ok(text.includes("  la-gw-1  · 1 step, 43 looks: 7.1 KiB sent, 900 B received, 0.180 s\n"), text);
  assert.match(text, /a\/task:x {2}0\.210 s {2}look 0\.004 s$/m);
});

void test("a check says what would change, what is unknown and why, and how to apply", async () => {
  const text = await plain([
    start({ check: true, hosts: ["a"] }),
    resource("a", "consul/file:/etc/consul.hcl", "would-change", { summary: "create" }),
    resource("a", "consul/service:consul", "unknown", { cause: "consul/package:consul would change" }),
    resource("a", "consul/package:curl", "ok"),
    { event: "recap", result: "ok", hosts: { a: counts({ ok: 1, wouldChange: 1, unknown: 1 }) }, pendingHandlers: {}, seconds: 2 },
  ]);
  assert.equal(
    text,
    `check of site.ts on 1 host (nothing will be changed)
  a  ~ would change  consul/file:/etc/consul.hcl  create
  a  ? unknown       consul/service:consul  consul/package:consul would change

  host             ok  would change  unknown  skipped  failed  not reached  handlers  requests  seconds
  a     ? unknown   1             1        1        0       0            0         0         2      0.0

1 change pending, 1 unknown until applied on 1 host: run without --check to apply (2 s)
`,
  );
});

void test("what a host prints cannot drive the terminal", async () => {
  const text = await plain([start(), resource("la-gw-1", "a/task:b", "changed", { summary: "\x1b[2Jcleared \x07 10%\r100%\r \u202e" })]);
  assert.equal(text.match(/(?!\n)[\p{Cc}\u202e]/u), null);
});

void test("an unreachable host, the run's own failure, and a failure without stderr", async () => {
  const text = await plain([
    start(),
    { event: "failure", failure: { message: "connect ETIMEDOUT 203.0.113.7:22", host: "sg-db-1", unreachable: true, hint: "is it up" } },
    { event: "failure", failure: { message: "values form a cycle", source: { file: "/elsewhere/b.ts", line: 3, column: 9 } } },
    resource("la-gw-1", "a/task:b", "failed", { failure: { message: "exited", exitCode: 1, stdout: "only here\n" } }),
  ]);
  assert.match(text, /sg-db-1 {2}✖ unreachable\n {6}connect ETIMEDOUT 203\.0\.113\.7:22\n {6}try: is it up\n/);
  assert.match(text, /the run {2}✖ failed\n {6}values form a cycle\n {6}declared at \/elsewhere\/b\.ts:3:9\n/);
  assert.match(text, /exited \(exit code 1\)\n {6}role a, declared at .*\n {6}stdout:\n {6}│ only here\n/);
});

void test("without rows, a long command is heard of every 30 seconds", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const stream = new Text();
  const reporter = humanReporter({ stream, tty: false, color: false, now: Date.now });
  reporter.on({ at: 0, ...start() });
  reporter.on({ at: 0, event: "phase", host: "la-gw-1", phase: "applying", detail: "a/task:build" });
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second++) context.mock.timers.tick(1000);
  };
  pass(20);
  reporter.on({ at: 0, event: "output", host: "la-gw-1", id: "a/task:build", stream: "stdout", line: "  CC x.o" });
  pass(45);
  const beats = stream.text.split("\n").filter((line) => line.includes("still"));
  assert.deepEqual(beats, ["  la-gw-1  … still applying  a/task:build  30 s  │ CC x.o", "  la-gw-1  … still applying  a/task:build  1 min 00 s  │ CC x.o"]);
  await reporter.end();
});

/** Feeds a terminal of its own while time stands still between `tick`s. */
function onTerminal(context: TestContext, options: Partial<HumanOptions> = {}) {
  context.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const terminal = new Terminal(80, 24);
  const reporter = humanReporter({ stream: terminal, tty: true, color: false, now: Date.now, ...options });
  const tick = async (ms: number) => {
    // listr2 starts a list over a few turns of the loop.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    context.mock.timers.tick(ms);
  };
  return { terminal, reporter, tick };
}

void test("on a terminal, a host is one row, and a long command shows its time and its last line", async (context) => {
  const { terminal, reporter, tick } = onTerminal(context);
  reporter.on({ at: 0, ...start() });
  reporter.on({ at: 0, event: "play", play: "gateways", index: 0, hosts: HOSTS, roles: ["a"] });
  reporter.on({ at: 0, event: "phase", host: "la-gw-1", phase: "applying", detail: "a/task:build", done: 3, total: 20 });
  reporter.on({ at: 0, event: "phase", host: "sg-gw-1", phase: "unreachable" });
  await tick(0);
  reporter.on({ at: 0, event: "output", host: "la-gw-1", id: "a/task:build", stream: "stdout", line: "  CC x.o" });
  await tick(3000);
  const rows = terminal.lines();
  assert.match(rows.at(-4) ?? "", /^\S la-gw-1 {2}applying {9}3\/20 {2}a\/task:build {2}3 s$/);
  assert.deepEqual(rows.slice(-3), ["    │ CC x.o", "✖ sg-gw-1  unreachable", "· sg-db-1  queued"]);
  await reporter.end();
  assert.deepEqual(terminal.lines(), ["site.ts on 3 hosts", "", "play gateways on 3 hosts: a"]);
});

void test("what others print while rows are shown joins the log", async (context) => {
  const { terminal, reporter, tick } = onTerminal(context);
  reporter.on({ at: 0, ...start() });
  await tick(300);
  terminal.write("printed by a playbook\n");
  await tick(300);
  assert.deepEqual(terminal.lines().slice(0, 3), ["site.ts on 3 hosts", "printed by a playbook", ""]);
  await reporter.end();
  terminal.write("after\n");
  assert.deepEqual(terminal.lines(), ["site.ts on 3 hosts", "printed by a playbook", "after"]);
});

void test("more than 20 hosts are folded to those at work", async (context) => {
  const { terminal, reporter, tick } = onTerminal(context);
  const hosts = Array.from({ length: 30 }, (_, index) => `h${index}`);
  reporter.on({ at: 0, ...start({ hosts }) });
  reporter.on({ at: 0, event: "phase", host: "h3", phase: "done" });
  reporter.on({ at: 0, event: "phase", host: "h7", phase: "probing" });
  await tick(300);
  assert.deepEqual(terminal.lines().slice(2).map((line) => line.replace(/^[^\w ]/, "*").trimEnd()), ["* h7  probing", "  and 29 more hosts: 28 queued, 1 done"]);
  await reporter.end();
});

void test("ten hosts with 200 resources cost less than 1.5 s of CPU on a terminal", async () => {
  const reporter = humanReporter({ stream: new Terminal(100, 40), tty: true, color: true });
  const hosts = Array.from({ length: 10 }, (_, index) => `web-${index}`);
  const before = process.cpuUsage();
  reporter.on({ at: 0, ...start({ hosts }) });
  reporter.on({ at: 0, event: "play", play: "gateways", index: 0, hosts, roles: [] });
  for (let step = 0; step < 200; step++) {
    for (const host of hosts) {
      const id = `base/file:/etc/file-${step}`;
      reporter.on({ at: step, event: "phase", host, phase: "applying", detail: id, done: step, total: 200 });
      reporter.on({ at: step, event: "output", host, id, stream: "stdout", line: "a line" });
      reporter.on({ at: step, ...resource(host, id, step % 2 === 0 ? "changed" : "ok") });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await reporter.end();
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 1_500_000, `${(user + system) / 1000} ms`);
});
