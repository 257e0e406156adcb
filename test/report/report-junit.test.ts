import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunEvent, Unstamped } from "../../src/engine/events.ts";
import { reportFormat, RunRecord, VerifyRecord } from "../../src/report/index.ts";
import { all, readXml, type XmlElement } from "./read-xml.ts";
import { counts, recording, resource } from "./recording.ts";

/** What Jenkins' junit-10.xsd and GitLab's reader know, and in which order. */
const SCHEMA: Readonly<Record<string, { readonly attributes: readonly string[]; readonly required: readonly string[]; readonly children: readonly string[] }>> = {
  testsuites: { attributes: ["name", "tests", "failures", "errors", "time", "disabled"], required: [], children: ["testsuite"] },
  testsuite: { attributes: ["name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"], required: ["name", "tests"], children: ["properties", "testcase", "system-out", "system-err"] },
  testcase: { attributes: ["classname", "name", "time"], required: ["classname", "name"], children: ["skipped", "error", "failure", "system-out", "system-err"] },
  failure: { attributes: ["message", "type"], required: [], children: [] },
  error: { attributes: ["message", "type"], required: [], children: [] },
  skipped: { attributes: ["message"], required: [], children: [] },
  "system-out": { attributes: [], required: [], children: [] },
};

function assertSchema(element: XmlElement): void {
  const known = SCHEMA[element.tag];
  assert.ok(known, `<${element.tag}> is not known`);
  for (const key of Object.keys(element.attributes)) assert.ok(known.attributes.includes(key), `${element.tag} has no ${key}`);
  for (const key of known.required) assert.ok(key in element.attributes, `${element.tag} lacks ${key}`);
  const order = element.children.map(({ tag }) => known.children.indexOf(tag));
  assert.ok(!order.includes(-1), `${element.tag} holds ${element.children.map(({ tag }) => tag).join(", ")}`);
  assert.deepEqual(order, order.toSorted((a, b) => a - b), "the order of the schema");
  if (element.tag === "testsuite") {
    const cases = all(element, "testcase");
    const having = (tag: string) => cases.filter(({ children }) => children.some((child) => child.tag === tag)).length;
    assert.deepEqual(["tests", "failures", "errors", "skipped"].map((key) => Number(element.attributes[key])), [cases.length, having("failure"), having("error"), having("skipped")]);
    assert.match(element.attributes["timestamp"] ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  }
  for (const child of element.children) assertSchema(child);
}

async function junit(events: readonly (RunEvent | Unstamped)[]): Promise<XmlElement> {
  const record = new RunRecord(new Date("2026-01-02T03:04:05Z"));
  for (const event of events) record.on({ at: 0, ...event });
  const format = await reportFormat("x.xml")?.();
  const tree = readXml([...(format?.run({ record, regions: [], cwd: "/srv/site" }) ?? [])].join(""));
  assertSchema(tree);
  return tree;
}

void test("a suite for each host and play, and a test for each resource", async () => {
  const tree = await junit(recording());
  assert.deepEqual(tree.attributes, { name: "playbooks/site.ts", tests: "9", failures: "1", errors: "0", time: "9.600" });
  assert.deepEqual(all(tree, "testsuite").map(({ attributes }) => [attributes["name"], attributes["hostname"], attributes["tests"], attributes["time"]]), [
    ["la-gw-1: gateways", "la-gw-1", "3", "1.600"],
    ["sg-gw-1", "sg-gw-1", "1", "0.000"],
    ["sg-gw-1: gateways", "sg-gw-1", "3", "1.300"],
    ["sg-db-1", "sg-db-1", "0", "0.000"],
    ["sg-db-1: gateways", "sg-db-1", "2", "7.200"],
  ]);
  const [failure] = all(tree, "failure");
  assert.equal(failure?.attributes["message"], "swanctl --initiate --child sg failed");
  assert.match(failure?.text ?? "", /^swanctl --initiate --child sg failed \(exit code 22\)\ndeclared at roles\/strongswan\/role\.ts:41:7\nstderr:\n\[IKE\] attempt 1: /);
  assert.match(failure?.text ?? "", /\ntry: check that UDP 500 and 4500 are open between the gateways$/);
  const [, changed] = all(tree, "testcase");
  assert.deepEqual(changed?.attributes, { classname: "strongswan", name: "file:/etc/swanctl/conf.d/sg.conf", time: "0.200" });
  assert.match(changed?.children[0]?.text ?? "", /^changed: content, mode 0644 -> 0600\n--- \/etc/);
  assert.deepEqual(all(tree, "skipped").map(({ attributes }) => attributes["message"]), ["3 resources not reached", "the host failed before"]);
  assert.match(all(tree, "system-out").map(({ text }) => text).join("\n"), /warning: the clock is 4 s behind the controller's at playbooks\/site\.ts:12:3/);
});

void test("a host that is not reached, and the run's own failure, are errors", async () => {
  const tree = await junit([
    { event: "start", playbook: "site", check: false, plays: ["p"], hosts: ["a"] },
    { event: "failure", failure: { message: "connect ETIMEDOUT", host: "a", unreachable: true, hint: "is it up" } },
    { event: "failure", failure: { message: "values form a cycle" } },
    { event: "recap", result: "failed", hosts: { a: counts({ unreachable: true }) }, pendingHandlers: {}, seconds: 1 },
  ]);
  assert.deepEqual(all(tree, "error").map(({ attributes, text }) => [attributes["type"], text]), [["failed", "values form a cycle"], ["unreachable", "connect ETIMEDOUT\ntry: is it up"]]);
});

void test("whatever a host prints stays XML", async () => {
  const hostile = `]]></failure><x a="b">&amp; \u0000\u0007\u001b[31mred\u001b[0m \ud800 \uffff "quotes" 'single'\r\nnext\tline`;
  const tree = await junit([{ event: "start", playbook: hostile, check: false, plays: [], hosts: ["a"] }, resource("a", `r/file:${hostile}`, "failed", { cause: hostile, diff: hostile, failure: { message: hostile, stderr: hostile, hint: hostile } })]);
  const [failure] = all(tree, "failure");
  assert.ok(failure?.text.includes(`]]></failure><x a="b">&amp; \\x00\\x07red \ufffd \ufffd "quotes"`), failure?.text);
  assert.match(tree.attributes["name"] ?? "", /'single'\nnext\tline$/);
});

void test("a verification has a suite for each host and role, and a test for each limit", async () => {
  const record = new VerifyRecord("network");
  const assertion = { event: "assertion", role: "bfd", unit: "ms", limit: "<= 300", source: { file: "/srv/site/role.ts", line: 3, column: 4 } } as const;
  record.on({ ...assertion, host: "la-1", name: "fast", value: 250, ok: true });
  record.on({ ...assertion, host: "la-1", name: "slow", value: 900, ok: false, hint: "look" });
  record.on({ ...assertion, host: "*", name: "all", value: null, ok: false, cause: "it is unreachable" });
  record.on({ event: "failure", failure: { message: "no route", host: "sg-1", unreachable: true } });
  record.verified = { asserted: 3, broken: 2, unreachable: ["sg-1"], failed: [], hosts: 2, seconds: 1.5 };
  const format = await reportFormat("x.xml")?.();
  const tree = readXml([...(format?.verify({ record, regions: [], cwd: "/srv/site" }) ?? [])].join(""));
  assertSchema(tree);
  assert.deepEqual(all(tree, "testsuite").map(({ attributes }) => [attributes["name"], attributes["tests"]]), [["sg-1", "1"], ["la-1: bfd", "2"], ["all hosts: bfd", "1"]]);
  assert.deepEqual(all(tree, "failure").map(({ text }) => text), ["900 ms, limit <= 300\nasserted at role.ts:3:4\ntry: look", "nothing was measured, limit <= 300: it is unreachable\nasserted at role.ts:3:4"]);
});
