import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { all, readXml } from "../report/read-xml.ts";
import { Project } from "./project.ts";

const FILES = `t.file(\`FOLDER/\${host.name}.motd\`, { content: "hello\\n", tags: ["motd"] }); t.file(\`FOLDER/\${host.name}.conf\`, { content: "a = 1\\n" });`;

interface Document {
  schema: string;
  result: string;
  counts: Record<string, number>;
  hosts: { host: string; region: string; state: string; drift: { id: string; outcome: string; diff: string }[]; failures: { message?: string; failure?: { message: string } }[] }[];
}

void test("no drift exits 0, drift 3, a failed host 2; what differs is told resource by resource", { timeout: 120_000 }, async (t) => {
  const project = new Project(t, ["b", "a", "c"]);
  const drift = (...args: string[]) => project.start("drift", "site.ts", "-i", "inventory", ...args).ended;
  project.playbook(FILES);
  // One after the other: to a lock they are one host.
  for (const host of ["a", "b", "c"]) assert.equal((await project.run("--limit", host)).code, 0);

  const clean = await drift("--report", "clean.json");
  assert.equal(clean.code, 0, clean.err);
  assert.match(clean.out, /^drift from site on 3 hosts\n\nno drift: 3 hosts are as declared \(/);
  assert.deepEqual([project.json<Document>("clean.json").result, project.json<Document>("clean.json").counts["ok"]], ["ok", 3]);

  for (const host of ["a", "b"]) writeFileSync(`${project.folder}/${host}.conf`, "a = 2\n");
  const found = await drift("--diff", "--report", "one.json", "--report", "drift.xml", "--report", "drift.html");
  assert.equal(found.code, 3, found.err);
  assert.match(found.out, /^ {2}1 host of 1 differs in r\/file:\S+\/a\.conf {2}site\.ts:\d+:\d+\n {6}~ would change {2}content {2}on a\n {8}--- /m);
  assert.match(found.out, /\n2 resources differ; 1 of 3 hosts as declared: hawser run makes it so \(/);

  await drift("--report", "two.json", "--forks", "1");
  assert.equal(project.text("two.json"), project.text("one.json"), "the same drift is the same bytes");
  const document = project.json<Document>("one.json");
  assert.equal(document.schema, "hawser/drift/1");
  assert.deepEqual(document.counts, { hosts: 3, ok: 1, drift: 2, failed: 0, unreachable: 0, unfinished: 0 });
  assert.deepEqual(document.hosts.map(({ host, region, state, drift: own }) => [host, region, state, own.map(({ outcome }) => outcome)]), [["a", "la", "drift", ["would-change"]], ["b", "la", "drift", ["would-change"]], ["c", "la", "ok", []]]);
  assert.match(document.hosts[0]?.drift[0]?.diff ?? "", /-a = 2\n\+a = 1/);
  assert.doesNotMatch(project.text("one.json"), /seconds|began|"at":\d/);
  const failures = all(readXml(project.text("drift.xml")), "failure");
  assert.deepEqual(failures.map(({ attributes }) => attributes["type"]), ["drift", "drift"]);
  assert.match(project.text("drift.html"), /<h1>Drift from site<\/h1>/);

  assert.equal((await drift("--tags", "motd")).code, 0, "only what was asked for");
  assert.equal((await drift("--limit", "c")).code, 0);
  assert.equal((await drift("--output", "json")).out, project.text("one.json"));
  assert.equal((await drift("--tags", "typo")).code, 1);

  project.playbook(`${FILES} if (host.name === "a") t.task("breaks", { check: sh\`sleep 30\`, apply: sh\`true\` });`);
  const broken = await drift("--probe-timeout", "1", "--report", "broken.json");
  assert.equal(broken.code, 2, broken.err);
  assert.match(broken.out, /2 resources differ; 1 of 3 hosts as declared; failed: a/);
  assert.match(project.json<Document>("broken.json").hosts[0]?.failures[0]?.failure?.message ?? "", /1 s/);
});
