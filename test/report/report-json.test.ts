import assert from "node:assert/strict";
import { test } from "node:test";
import { RunRecord, reportFormat, type RunReport } from "../../src/report/index.ts";
import { recording, resource } from "./recording.ts";

const BEGAN = new Date("2026-01-02T03:04:05Z");

interface Document {
  schema: string;
  result: string;
  interrupted?: boolean;
  broke?: string;
  hosts: { host: string; region: string; state: string; seconds: number; failures: object[]; warnings: object[]; pendingHandlers: string[]; resources: { id: string; outcome: string; diff?: string; seconds?: number; failure?: { hint: string; exitCode: number; source?: object }; source: { file: string } }[] }[];
}

async function written(record: RunRecord, more: Partial<RunReport> = {}): Promise<{ text: string; json: Document }> {
  const format = await reportFormat("x.json")?.();
  const text = [...(format?.run({ record, regions: [{ name: "la-gw-1", region: "la" }], cwd: "/srv/site", ...more }) ?? [])].join("");
  return { text, json: JSON.parse(text) as Document };
}

function recorded(): RunRecord {
  const record = new RunRecord(BEGAN);
  for (const event of recording()) record.on(event);
  return record;
}

void test("a run is one document: its hosts on a line each, with what became of every resource", async () => {
  const { text, json } = await written(recorded());
  assert.equal(text.split("\n").length, 1 + 3 + 2);
  assert.equal(json.schema, "hawser/run/1");
  assert.match(text, /^{"schema":"hawser\/run\/1","playbook":"playbooks\/site.ts","check":false,"began":"2026-01-02T03:04:05.000Z","seconds":9.6,"result":"failed","plays":/);
  assert.deepEqual(json.hosts.map(({ host, region, state, seconds }) => [host, region, state, seconds]), [["la-gw-1", "la", "changed", 4.395], ["sg-gw-1", "", "failed", 3.695], ["sg-db-1", "", "changed", 9.495]]);
  const [la, sg, db] = json.hosts;
  assert.deepEqual(la?.resources.map(({ id, outcome }) => `${id} ${outcome}`), ["base/package:curl ok", "strongswan/file:/etc/swanctl/conf.d/sg.conf changed", "strongswan/handler:load connections changed"]);
  assert.match(la?.resources[1]?.diff ?? "", /mtu = 1360/);
  assert.equal(la?.resources[1]?.source.file, "roles/strongswan/role.ts");
  assert.deepEqual(sg?.pendingHandlers, ["load connections"]);
  assert.equal(sg?.resources[1]?.failure?.exitCode, 22);
  assert.match(sg?.resources[1]?.failure?.hint ?? "", /UDP 500/);
  assert.deepEqual(db?.warnings, [{ message: "the clock is 4 s behind the controller's", source: { file: "playbooks/site.ts", line: 12, column: 3 } }]);
});

void test("two runs in which the same happened are the same text", async () => {
  assert.equal((await written(recorded())).text, (await written(recorded())).text);
});

void test("a run that broke off says why, and has what was known", async () => {
  const record = new RunRecord(BEGAN);
  for (const event of recording().slice(0, 12)) record.on(event);
  const { json } = await written(record, { broke: "the disk is full" });
  assert.equal(json.result, "failed");
  assert.equal(json.broke, "the disk is full");
  assert.equal(json.hosts.length, 3);
});

void test("a change that did not last is a failure with its diff", () => {
  const record = new RunRecord(BEGAN);
  record.on({ at: 1, ...resource("a", "r/file:/x", "changed", { diff: "+1\n", seconds: 2 }) });
  record.on({ at: 9, ...resource("a", "r/file:/x", "failed", { failure: { message: "did not converge" } }) });
  const [entry, ...more] = [...(record.hosts.get("a")?.entries.values() ?? [])];
  assert.deepEqual(more, []);
  assert.deepEqual([entry?.outcome, entry?.diff, entry?.seconds, entry?.at], ["failed", "+1\n", 2, 1]);
});

void test("a failure that was made good keeps what had failed", () => {
  const record = new RunRecord(BEGAN);
  record.on({ at: 1, ...resource("a", "r/task:x", "failed", { failure: { message: "exited 1" }, seconds: 2 }) });
  record.on({ at: 9, ...resource("a", "r/task:x", "rescued") });
  const [entry] = [...(record.hosts.get("a")?.entries.values() ?? [])];
  assert.deepEqual([entry?.outcome, entry?.failure?.message, entry?.seconds], ["rescued", "exited 1", 2]);
});

void test("1000 hosts that fare alike share what they have in common", () => {
  const record = new RunRecord(BEGAN);
  const diff = "+ a long diff\n".repeat(500);
  for (let host = 0; host < 1000; host++) for (let each = 0; each < 50; each++) record.on({ at: 1, ...resource(`h${host}`, `r/file:/x${each}`, "changed", { diff: `${diff}${each}` }) });
  const entries = [...record.hosts.values()].flatMap((host) => [...host.entries.values()]);
  assert.equal(entries.length, 50_000);
  assert.equal(new Set(entries.map(({ resource: what }) => what)).size, 50);
});

void test("the ending of a file says its format", () => {
  assert.equal(reportFormat("report.txt"), undefined);
  assert.equal(reportFormat("report"), undefined);
  assert.notEqual(reportFormat("a/REPORT.JSON"), undefined);
});
