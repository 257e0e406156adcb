/** Plays the recording at its own pace, to look at: `node --import tsx test/report/replay.ts [--diff] [--verbose] [--plain] [--hosts N]`. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { RunEvent, Unstamped } from "../../src/engine/events.ts";
import { humanReporter } from "../../src/report/index.ts";
import { counts, recording, resource } from "./recording.ts";

const { values } = parseArgs({
  options: { diff: { type: "boolean", default: false }, verbose: { type: "boolean", default: false }, plain: { type: "boolean", default: false }, hosts: { type: "string" } },
});
const tty = !values.plain;
const reporter = humanReporter({ stream: process.stdout, tty, color: tty, diff: values.diff, verbose: values.verbose ? 1 : 0, cwd: "/srv/site" });
const began = Date.now();
for (const event of values.hosts === undefined ? recording() : crowd(Number(values.hosts))) {
  await sleep(Math.max(0, event.at - (Date.now() - began)));
  reporter.on(event);
}
await reporter.end();

/** Many hosts, eight at a time, each with a change. */
function crowd(size: number): RunEvent[] {
  const hosts = Array.from({ length: size }, (_, index) => `web-${String(index + 1).padStart(3, "0")}`);
  const events: RunEvent[] = [];
  const say = (at: number, event: Unstamped) => events.push({ at, ...event });
  say(0, { event: "start", playbook: "crowd.ts", check: false, plays: ["all"], hosts });
  say(1, { event: "play", play: "all", index: 0, hosts, roles: ["base"] });
  for (const [index, host] of hosts.entries()) {
    const from = Math.floor(index / 8) * 2000;
    say(from + 10, { event: "phase", host, phase: "applying", detail: "base/package:curl", done: 0, total: 2 });
    say(from + 1200, resource(host, "base/package:curl", index % 8 === 0 ? "changed" : "ok"));
    say(from + 1900, { event: "phase", host, phase: "done", done: 2, total: 2 });
  }
  say(Math.ceil(size / 8) * 2000, { event: "recap", result: "ok", hosts: Object.fromEntries(hosts.map((host) => [host, counts({ ok: 2 })])), pendingHandlers: {}, seconds: size / 4 });
  return events.sort((a, b) => a.at - b.at);
}
