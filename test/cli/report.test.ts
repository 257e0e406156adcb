import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Project } from "./project.ts";

interface Report {
  result: string;
  interrupted?: boolean;
  hosts: { host: string; region: string; state: string; resources: { id: string; outcome: string; diff?: string; failure?: { message: string; stderr: string; source: { file: string; line: number } } }[] }[];
}

void test("a wrong ending, a folder that is not there, and a file given twice are refused before a host is touched", async (t) => {
  const project = new Project(t);
  project.playbook(`t.file("FOLDER/motd", { content: "hello\\n" });`);
  for (const [args, message] of [
    [["--report", "report.txt"], /argument 'report\.txt' is invalid\. its ending says what it is: .*\.json/],
    [["--report", "report"], /its ending says what it is/],
    [["--report", "none/report.json"], /--report none\/report\.json: there is no folder none\n {2}try: mkdir -p none/],
    [["--report", "a.json", "--report", "./a.json"], /it is given twice/],
  ] as const) {
    const { code, err, out } = await project.run(...args);
    assert.equal(code, 1, err);
    assert.match(err, message);
    assert.equal(out, "");
  }
  assert.ok(!existsSync(`${project.folder}/motd`));
});

void test("a report is written of a run, a check and a failure, and never holds a secret", async (t) => {
  const project = new Project(t);
  project.playbook(`t.file("FOLDER/secret", { content: new Secret("canary-7421") }); t.file("FOLDER/motd", { content: "hello\\n" });`);
  const check = await project.run("--check", "--report", "check.json");
  assert.equal(check.code, 0, check.err);
  assert.match(check.err, /^report: check\.json$/m);
  assert.deepEqual(project.json<Report>("check.json").hosts[0]?.resources.map(({ outcome }) => outcome), ["would-change", "would-change"]);
  assert.equal((await project.run("--report", "run.json", "--report", "again.json")).code, 0);
  const { hosts, result } = project.json<Report>("run.json");
  assert.deepEqual([result, hosts[0]?.host, hosts[0]?.region, hosts[0]?.state], ["ok", "here", "la", "changed"]);
  assert.match(hosts[0]?.resources[1]?.diff ?? "", /\+hello/);
  assert.deepEqual(project.json<Report>("again.json").hosts, hosts);
  assert.ok(!readFileSync(`${project.folder}/run.json`, "utf8").includes("canary"));

  project.playbook(`t.task("breaks", { check: sh\`false\`, apply: sh\`cat >&2; exit 3\`.stdin(new Secret("canary-7421")) });`);
  const failed = await project.run("--report", "run.json");
  assert.equal(failed.code, 2, failed.err);
  const text = readFileSync(`${project.folder}/run.json`, "utf8");
  assert.ok(!text.includes("canary"));
  const broken = project.json<Report>("run.json").hosts[0]?.resources[0];
  assert.equal(broken?.outcome, "failed");
  assert.match(broken?.failure?.source.file ?? "", /site\.ts$/);
  assert.deepEqual(readdirSync(project.folder).filter((name) => name.endsWith(".tmp")), []);
});

void test("an interrupted run leaves its report", async (t) => {
  const project = new Project(t);
  project.playbook(`t.task("waits", { check: sh\`test -e FOLDER/go\`, apply: sh\`touch FOLDER/begun; i=0; while [ ! -e FOLDER/go ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done\` }); t.task("function", { check: sh\`test -e FOLDER/never\`, apply: async ({ $ }) => { await $\`true\`; } });`);
  const { child, ended } = project.start("run", "site.ts", "-i", "inventory", "--report", "run.json");
  while (!existsSync(`${project.folder}/begun`)) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGINT");
  writeFileSync(`${project.folder}/go`, "");
  const { code, err } = await ended;
  assert.equal(code, 130, err);
  assert.equal(project.json<Report>("run.json").interrupted, true);
});

void test("a run that never began leaves an older report alone", async (t) => {
  const project = new Project(t);
  project.playbook(`t.file("FOLDER/motd", { content: "hello\\n" });`);
  writeFileSync(`${project.folder}/run.json`, "older");
  const { code } = await project.run("--report", "run.json", "--tags", "none");
  assert.equal(code, 1);
  assert.equal(readFileSync(`${project.folder}/run.json`, "utf8"), "older");
});

void test("verify writes its report too", async (t) => {
  const project = new Project(t);
  project.playbook("", `verify({ v }) { v.assert("up", { probe: sh\`echo 3\`, value: ({ out }) => Number(out), limit: { max: 2 }, link: "far" }); },`);
  const { code, err } = await project.start("verify", "site.ts", "-i", "inventory", "--report", "verify.json").ended;
  assert.equal(code, 2, err);
  const report = JSON.parse(readFileSync(`${project.folder}/verify.json`, "utf8")) as { schema: string; broken: number; assertions: object[] };
  assert.equal(report.schema, "hawser/verify/1");
  assert.equal(report.broken, 1);
  assert.deepEqual(report.assertions.map((each) => ({ ...each, source: undefined })), [{ host: "here", role: "r", name: "up", value: 3, unit: "", limit: "<= 2", ok: false, link: "far", source: undefined }]);
});

void test("a folder that cannot be written to is found before the run", { skip: process.getuid?.() === 0 ? "root may write everywhere" : false }, async (t) => {
  const project = new Project(t);
  project.playbook("");
  mkdirSync(`${project.folder}/closed`);
  chmodSync(`${project.folder}/closed`, 0o555);
  assert.match((await project.run("--report", "closed/a.json")).err, /closed is not writable/);
});
