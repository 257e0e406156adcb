import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunEvent, Unstamped } from "../../src/engine/events.ts";
import { driftJson, driftText, RunRecord } from "../../src/report/index.ts";
import { counts, DIFF, resource } from "./recording.ts";

const HOSTS = Array.from({ length: 20 }, (_, i) => `web-${String(i + 1).padStart(2, "0")}`);

function recorded(events: readonly (RunEvent | Unstamped)[]): RunRecord {
  const record = new RunRecord();
  for (const event of events) record.on({ at: 0, ...event });
  return record;
}

/** Of 20 hosts, 17 have drifted in one file, of which one in its own way; one fails, one is unreachable. */
function fleet(order: readonly string[] = HOSTS): RunRecord {
  const drifted = order.filter((host) => Number(host.slice(4)) <= 17);
  return recorded([
    { event: "start", playbook: "site", check: true, plays: ["p"], hosts: order },
    ...order.slice(0, 19).map((host) => resource(host, "base/package:curl", "ok")),
    ...drifted.map((host) => resource(host, "base/file:/etc/motd", "would-change", { summary: host === "web-03" ? "mode 0644 -> 0600" : "content", diff: host === "web-03" ? "" : DIFF })),
    resource("web-01", "base/service:cron", "unknown", { cause: "base/package:cron would change" }),
    resource("web-18", "base/file:/etc/motd", "ok"),
    resource("web-19", "base/file:/etc/motd", "failed", { failure: { message: "exited 1", stderr: "disk full" } }),
    { event: "failure", failure: { host: "web-20", message: "connect ETIMEDOUT", unreachable: true } },
    { event: "recap", result: "failed", hosts: Object.fromEntries(order.map((host) => [host, counts(host === "web-20" ? { unreachable: true } : host === "web-19" ? { failed: 1 } : host === "web-18" ? { ok: 2 } : { ok: 1, wouldChange: 1 })])), pendingHandlers: {}, seconds: 2 },
  ]);
}

void test("one line for each resource that differs, with how many hosts, and the variants beneath", () => {
  const text = driftText(fleet(), { color: false, diff: false, cwd: "/srv/site" });
  assert.equal(
    text,
    `drift from site on 20 hosts

  17 hosts of 19 differ in base/file:/etc/motd  roles/strongswan/role.ts:41:7
      ~ would change  content  on web-01, web-02, web-04, web-05, web-06, web-07, web-08 and 9 more
      ~ would change  mode 0644 -> 0600  on web-03
  1 host of 1 differs in base/service:cron  roles/strongswan/role.ts:41:7
      ? unknown  base/package:cron would change  on web-01

  web-19  ✖ failed        base/file:/etc/motd
      exited 1
      role base, declared at roles/strongswan/role.ts:41:7
      stderr:
      │ disk full
  web-20  ✖ unreachable
      connect ETIMEDOUT

2 resources differ; 1 of 20 hosts as declared; failed: web-19; unreachable: web-20 (2 s)
`,
  );
  assert.match(driftText(fleet(), { color: false, diff: true, cwd: "/" }), /^ {8}-  mtu = 1400$/m);
});

void test("the document is sorted, whatever order the hosts answered in", () => {
  const write = (record: RunRecord) => [...driftJson({ record, regions: [], cwd: "/srv/site" })].join("");
  const text = write(fleet());
  assert.equal(write(fleet(HOSTS.toReversed())), text);
  const json = JSON.parse(text) as { result: string; counts: object; hosts: { host: string; state: string }[] };
  assert.equal(json.result, "failed");
  assert.deepEqual(json.counts, { hosts: 20, ok: 1, drift: 17, failed: 1, unreachable: 1, unfinished: 0 });
  assert.deepEqual(json.hosts.slice(16).map(({ state }) => state), ["drift", "ok", "failed", "unreachable"]);
});
