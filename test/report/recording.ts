import type { HostCounts, Outcome, RunEvent, Unstamped } from "../../src/engine/events.ts";

/** Three hosts: one gets changes with a diff and a handler, one fails, one runs a long command. */
export const HOSTS = ["la-gw-1", "sg-gw-1", "sg-db-1"];
const PLAY = "gateways";
const ROLE_FILE = "/srv/site/roles/strongswan/role.ts";

export function counts(some: Partial<HostCounts> = {}): HostCounts {
  return { ok: 0, changed: 0, wouldChange: 0, unknown: 0, skipped: 0, failed: 0, rescued: 0, notReached: 0, handlersPending: 0, unreachable: false, requests: 2, ...some };
}

export function resource(host: string, id: string, outcome: Outcome, more: Partial<Extract<RunEvent, { event: "resource" }>> = {}): Unstamped {
  const role = id.slice(0, id.indexOf("/"));
  const kind = id.slice(id.indexOf("/") + 1, id.indexOf(":"));
  return { event: "resource", host, play: PLAY, role, id, kind, outcome, source: { file: ROLE_FILE, line: 41, column: 7 }, ...more };
}

export const DIFF = `--- /etc/swanctl/conf.d/sg.conf
+++ /etc/swanctl/conf.d/sg.conf
@@ -3,3 +3,3 @@
 connections {
-  mtu = 1400
+  mtu = 1360
 }
`;

/** What happens, each with the milliseconds at which it does. */
export function recording(): RunEvent[] {
  const events: RunEvent[] = [];
  const say = (at: number, event: Unstamped) => events.push({ at, ...event });
  say(0, { event: "start", playbook: "playbooks/site.ts", check: false, plays: [PLAY], hosts: HOSTS });
  for (const host of HOSTS) say(5, { event: "phase", host, phase: "connecting" });
  say(900, { event: "play", play: PLAY, index: 0, hosts: HOSTS, roles: ["base", "strongswan"] });
  for (const host of HOSTS) say(950, { event: "phase", host, phase: "probing", done: 0, total: 6 });
  for (const host of HOSTS) say(1400, resource(host, "base/package:curl", "ok"));
  say(1500, { event: "warning", host: "sg-db-1", message: "the clock is 4 s behind the controller's", source: { file: "/srv/site/playbooks/site.ts", line: 12, column: 3 } });
  say(1800, { event: "phase", host: "la-gw-1", phase: "applying", detail: "strongswan/file:/etc/swanctl/conf.d/sg.conf", done: 1, total: 6 });
  say(2000, resource("la-gw-1", "strongswan/file:/etc/swanctl/conf.d/sg.conf", "changed", { summary: "content, mode 0644 -> 0600", diff: DIFF, seconds: 0.2 }));
  say(2100, resource("la-gw-1", "strongswan/handler:load connections", "changed", { summary: "ran", handler: true, seconds: 1.4 }));
  say(2200, { event: "phase", host: "sg-db-1", phase: "applying", detail: "strongswan/task:build the kernel module", done: 1, total: 6 });
  say(2300, { event: "phase", host: "sg-gw-1", phase: "applying", detail: "strongswan/task:initiate", done: 1, total: 6 });
  for (let line = 1; line <= 23; line++) say(2400 + line, { event: "output", host: "sg-gw-1", id: "strongswan/task:initiate", stream: "stderr", line: `[IKE] attempt ${line}` });
  say(
    3600,
    resource("sg-gw-1", "strongswan/task:initiate", "failed", {
      seconds: 1.3,
      failure: {
        message: "swanctl --initiate --child sg failed",
        exitCode: 22,
        stderr: Array.from({ length: 23 }, (_, index) => `[IKE] attempt ${index + 1}: no response from 203.0.113.7`).join("\n"),
        hint: "check that UDP 500 and 4500 are open between the gateways",
      },
    }),
  );
  say(3650, resource("sg-gw-1", "strongswan/service:strongswan", "skipped", { cause: "the host failed before" }));
  say(3700, { event: "phase", host: "sg-gw-1", phase: "failed", done: 3, total: 6 });
  say(3800, { event: "phase", host: "la-gw-1", phase: "proving" });
  say(4400, { event: "phase", host: "la-gw-1", phase: "done", done: 6, total: 6 });
  for (let second = 3; second <= 9; second++)
    say(second * 1000, { event: "output", host: "sg-db-1", id: "strongswan/task:build the kernel module", stream: "stdout", line: `  CC [M]  net/ipv4/ip_vti_${second}.o` });
  say(9400, resource("sg-db-1", "strongswan/task:build the kernel module", "changed", { summary: "ran", seconds: 7.2 }));
  say(9500, { event: "phase", host: "sg-db-1", phase: "done", done: 6, total: 6 });
  say(9600, {
    event: "recap",
    result: "failed",
    hosts: {
      "la-gw-1": counts({ ok: 4, changed: 2, requests: 6 }),
      "sg-gw-1": counts({ ok: 1, skipped: 1, failed: 1, notReached: 3, handlersPending: 1, requests: 4 }),
      "sg-db-1": counts({ ok: 5, changed: 1, requests: 5 }),
    },
    pendingHandlers: { "la-gw-1": [], "sg-gw-1": ["load connections"] },
    seconds: 9.6,
  });
  return events.sort((a, b) => a.at - b.at);
}
