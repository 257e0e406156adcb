/**
 * Rows of docs/comparison.md. Those under "To fix" are side by side: what ansible-core does where it is installed, and what hawser does.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { z } from "zod";
import { defineRole, Secret, sh, use, type Tasks } from "hawser";
import { hawser, project } from "../cli/hawser.ts";
import { runPlays, runTasks, scratch } from "../engine/harness.ts";
import { ansibleIn, recapOf } from "./comparison/ansible.ts";

const PLAYBOOK = `import { play, playbook } from "hawser";
export default playbook(import.meta, [play({ name: "web", hosts: "web", tasks({ t }) {
  t.file("FOLDER/motd", { content: "hello\\n", tags: ["config"] });
} })]);
`;

/** A project with one host, this machine, and one file. */
function oneFile(t: TestContext, change: (text: string) => string = (text) => text): { folder: string; run: (...args: string[]) => ReturnType<typeof hawser> } {
  const made = scratch(t);
  const folder = project(t, { "site.ts": change(PLAYBOOK.replace("FOLDER", made)), "hosts.yml": "web: { hosts: { web-1: } }\nall: { vars: { ssh: { kind: local } } }\n" });
  return {
    folder: made,
    run: (...args) => {
      rmSync(`${made}/motd`, { force: true });
      return hawser(folder, ["run", "site.ts", "-i", "hosts.yml", ...args]);
    },
  };
}

const TOUCH = (dir: string): string => `- hosts: web\n  gather_facts: false\n  tasks:\n    - file: { path: "${dir}/{{ inventory_hostname }}", state: touch }\n      tags: [config]\n`;

void test("to fix: a limit with a typo is an error with the nearest right name, and changes nobody", { timeout: 120_000 }, async (t) => {
  const dir = scratch(t);
  const ansible = ansibleIn(dir)?.playbook(TOUCH(dir), "--limit", "web:!typo");
  if (ansible) assert.deepEqual([ansible.code, existsSync(`${dir}/a`), existsSync(`${dir}/c`)], [0, true, true]);
  const { run, folder } = oneFile(t);
  const { code, err } = await run("--limit", "web:!web-2");
  assert.equal(code, 1);
  assert.match(err, /web-2/);
  assert.match(err, /did you mean "?web-1"?\?/);
  assert.ok(!existsSync(`${folder}/motd`));
});

void test("to fix: a play for no host, and a typo in tags and in start-at, are errors with the nearest right name", { timeout: 120_000 }, async (t) => {
  const dir = scratch(t);
  const ansible = ansibleIn(dir);
  if (ansible) {
    const codes = [ansible.playbook(TOUCH(dir), "--tags", "confg"), ansible.playbook(TOUCH(dir), "--start-at-task", "typo"), ansible.playbook(TOUCH(dir).replace("hosts: web", "hosts: wbe"))].map(({ code }) => code);
    assert.deepEqual([codes, existsSync(`${dir}/a`)], [[0, 0, 0], false]);
  }
  const rows: readonly (readonly [readonly string[], RegExp, (text: string) => string])[] = [
    [["--tags", "confg"], /--tags confg matches nothing[\s\S]*did you mean config\?/, (text) => text],
    [["--skip-tags", "confg"], /--skip-tags confg matches nothing[\s\S]*did you mean config\?/, (text) => text],
    [["--start-at", "play/flie:/motd"], /--start-at play\/flie:\/motd matches nothing/, (text) => text],
    [[], /play "web": .*wbe[\s\S]*did you mean "?web"?\?/, (text) => text.replace('hosts: "web"', 'hosts: "wbe"')],
  ];
  for (const [args, message, change] of rows) {
    const { run, folder } = oneFile(t, change);
    const { code, err } = await run(...args);
    assert.equal(code, 1, err);
    assert.match(err, message);
    assert.ok(!existsSync(`${folder}/motd`));
  }
});

const failures = (ran: Awaited<ReturnType<typeof runTasks>>): string[] => ran.events.flatMap((event) => (event.event === "failure" ? [event.failure.message] : event.event === "resource" && event.failure ? [event.failure.message] : []));

void test("to fix: a check foresees the edit of a file that an earlier resource would create", { timeout: 60_000 }, async (t) => {
  const dir = scratch(t);
  const ansible = ansibleIn(dir)?.playbook(`- hosts: a\n  gather_facts: false\n  tasks:\n    - copy: { dest: ${dir}/conf, content: "a=1\\n" }\n    - lineinfile: { path: ${dir}/conf, line: "b=2" }\n`, "--check");
  if (ansible) {
    assert.equal(ansible.code, 2);
    assert.match(ansible.text, /Destination .*conf does not exist/);
  }
  // A file that something else makes, so that editing it is nobody's fault.
  const tasks = ({ t: declare }: { t: Tasks }): void => {
    const made = declare.task("make", { check: sh`[ -e ${dir}/made ]`, apply: sh`echo a=1 > ${dir}/made` });
    declare.line(`${dir}/made`, { line: "b=2", needs: [made] });
  };
  const check = await runTasks(tasks, { check: true });
  assert.deepEqual(failures(check), []);
  assert.equal(check.recap.hosts["h1"]?.failed, 0);
  assert.equal((await runTasks(tasks)).recap.result, "ok");
});

void test("to fix: what a command would print is unknown in a check, and never an empty text", { timeout: 60_000 }, async (t) => {
  const dir = scratch(t);
  writeFileSync(`${dir}/conf`, "version=1\n");
  const ansible = ansibleIn(dir)?.playbook(`- hosts: a\n  gather_facts: false\n  tasks:\n    - command: echo 7\n      register: made\n    - copy: { dest: ${dir}/conf, content: "version={{ made.stdout }}\\n" }\n`, "--check", "--diff");
  if (ansible) {
    assert.equal(ansible.code, 0);
    assert.match(ansible.text, /^\+version=$/m);
  }
  const check = await runTasks(({ t: declare }) => {
    const made = declare.task("make", { check: sh`[ -e ${dir}/made ]`, apply: sh`echo 7 > ${dir}/made` });
    const version = declare.read("version", { probe: sh`cat ${dir}/made`, needs: [made] });
    for (const name of ["conf", "new"]) declare.file(`${dir}/${name}`, { content: version.map((text) => `version=${text}\n`) });
  }, { check: true });
  const { outcome, cause } = check.event(`file:${dir}/conf`);
  assert.equal(outcome, "unknown");
  assert.match(cause ?? "", /task:make would change first/);
  // That a file which is not there will be made is certain, and all that is said of it.
  const made = check.event(`file:${dir}/new`);
  assert.deepEqual([made.outcome, made.summary], ["would-change", "create"]);
  assert.doesNotMatch(made.diff ?? "", /version/);
});

void test("to fix: a handler that was notified before a failure is owed, and run by the next run", { timeout: 60_000 }, async (t) => {
  const dir = scratch(t);
  const ansible = ansibleIn(dir);
  if (ansible) {
    const book = (command: string): string => `- hosts: a\n  gather_facts: false\n  handlers:\n    - name: reload\n      command: touch ${dir}/ansible.reloaded\n  tasks:\n    - copy: { dest: ${dir}/ansible.conf, content: "x\\n" }\n      notify: reload\n    - command: "${command}"\n`;
    assert.equal(ansible.playbook(book("false")).code, 2);
    assert.deepEqual([ansible.playbook(book("true")).code, existsSync(`${dir}/ansible.reloaded`)], [0, false]);
  }
  const folders = new Map<string, string>();
  const tasks = (works: boolean) => ({ t: declare }: { t: Tasks }): void => {
    const reload = declare.handler("reload", sh`touch ${dir}/reloaded`);
    declare.file(`${dir}/conf`, { content: "x\n", notify: reload });
    declare.task("then", { check: sh`${works ? "true" : "false"}`, apply: sh`false` });
  };
  const failed = await runTasks(tasks(false), { folders });
  assert.deepEqual(failed.recap.pendingHandlers, { h1: ["r/handler:reload"] });
  assert.equal((await runTasks(tasks(true), { folders })).recap.result, "ok");
  assert.ok(existsSync(`${dir}/reloaded`));
});

void test("to fix: a diff never shows a secret", { timeout: 60_000 }, async (t) => {
  const dir = scratch(t);
  const ansible = ansibleIn(dir);
  if (ansible) {
    const vault = ansible.encrypt("token", "canary-4711").trimEnd().split("\n").map((line) => `    ${line}`).join("\n");
    const { text } = ansible.playbook(`- hosts: a\n  gather_facts: false\n  vars:\n${vault}\n  tasks:\n    - copy: { dest: ${dir}/ansible.conf, content: "token={{ token }}\\n" }\n`, "--diff");
    assert.match(text, /^\+token=canary-4711$/m);
  }
  const ran = await runTasks(({ t: declare }) => void declare.file(`${dir}/conf`, { content: new Secret("canary-4711") }));
  assert.equal(ran.recap.result, "ok", failures(ran).join("\n"));
  assert.equal(readFileSync(`${dir}/conf`, "utf8"), "canary-4711");
  assert.ok(!JSON.stringify(ran.events).includes("canary"));
});

void test("to fix: a wholly failed batch ends no run that allows failures, and every host is in the recap", { timeout: 60_000 }, async (t) => {
  const dir = scratch(t);
  const ansible = ansibleIn(dir)?.playbook("- hosts: web\n  gather_facts: false\n  serial: 1\n  max_fail_percentage: 100\n  tasks:\n    - command: test {{ inventory_hostname }} != a\n");
  if (ansible) assert.deepEqual([ansible.code, Object.keys(recapOf(ansible))], [2, ["a"]], "b and c are not even named");
  const role = defineRole(import.meta, { name: "r", summary: "Fails on a.", vars: z.strictObject({}), tasks: ({ t: declare, host }) => void declare.task("x", { check: sh`[ -e ${dir}/${host.name} ]`, apply: sh`[ ${host.name} != a ]; touch ${dir}/${host.name}` }) });
  const ran = await runPlays([{ name: "web", hosts: "all", serial: 1, maxFailPercentage: 100, roles: [use(role, {})] }], { hosts: ["a", "b", "c"] });
  assert.deepEqual(Object.entries(ran.recap.hosts).map(([host, { failed, changed }]) => [host, failed, changed]), [["a", 1, 0], ["b", 0, 1], ["c", 0, 1]]);
});

void test("to fix: a subscript backwards is an error, not some host", { timeout: 60_000 }, async (t) => {
  const ansible = ansibleIn(scratch(t))?.hosts("web[1:0]");
  if (ansible) assert.deepEqual([ansible.code, /hosts \(1\):/.test(ansible.text)], [0, true]);
  const { code, err } = await oneFile(t).run("--limit", "web[1:0]");
  assert.equal(code, 1);
  assert.match(err, /web\[1:0\]/);
});

/** Tags on everything that may have them. */
const TAGGED = `import { defineRole, play, playbook, use, z } from "hawser";
const role = (name) => defineRole(import.meta, { name, summary: "A role.", vars: z.strictObject({}), tasks({ t }) {
  t.file("FOLDER/" + name, { content: "x\\n" });
  t.block("inner", { tags: ["block"] }, () => {
    t.file("FOLDER/" + name + ".block", { content: "x\\n" });
    t.file("FOLDER/" + name + ".own", { content: "x\\n", tags: ["own"] });
  });
  t.file("FOLDER/" + name + ".always", { content: "x\\n", tags: ["always"] });
  t.file("FOLDER/" + name + ".never", { content: "x\\n", tags: ["never", "rare"] });
} });
export default playbook(import.meta, [
  play({ name: "one", hosts: "web", roles: [use(role("first"), {})], tags: ["play"] }),
  play({ name: "two", hosts: "web", roles: [use(role("second"), {}, { tags: ["use"] })] }),
]);
`;

void test("to match: tags with always and never, inherited from play, use and block; skip tags; start-at", { timeout: 120_000 }, async (t) => {
  const made = scratch(t);
  const folder = project(t, { "site.ts": TAGGED.replaceAll("FOLDER", made), "hosts.yml": "web: { hosts: { web-1: } }\nall: { vars: { ssh: { kind: local } } }\n" });
  const rows: readonly (readonly [readonly string[], readonly string[]])[] = [
    // As in Ansible: an inherited tag that is asked for brings what is tagged never.
    [["--tags", "play"], ["first", "first.always", "first.block", "first.never", "first.own", "second.always"]],
    [["--tags", "use"], ["first.always", "second", "second.always", "second.block", "second.never", "second.own"]],
    [["--tags", "own"], ["first.always", "first.own", "second.always", "second.own"]],
    [["--tags", "rare"], ["first.always", "first.never", "second.always", "second.never"]],
    [["--tags", "play", "--skip-tags", "block,never"], ["first", "first.always", "second.always"]],
    [["--start-at", "second/file:SECOND.own".replace("SECOND", `${made}/second`)], ["second.always", "second.own"]],
  ];
  for (const [args, expected] of rows) {
    for (const name of readdirSync(made)) rmSync(`${made}/${name}`);
    const { code, out, err } = await hawser(folder, ["run", "site.ts", "-i", "hosts.yml", ...args]);
    assert.equal(code, 0, `${out}${err}`);
    assert.deepEqual(readdirSync(made).sort(), expected, args.join(" "));
  }
});

void test("to match: list hosts, tasks and tags", { timeout: 120_000 }, async (t) => {
  const made = scratch(t);
  const folder = project(t, { "site.ts": TAGGED.replaceAll("FOLDER", made), "hosts.yml": "web: { hosts: { web-1: } }\nall: { vars: { ssh: { kind: local } } }\n" });
  const list = async (...args: string[]): Promise<string> => (await hawser(folder, ["run", "site.ts", "-i", "hosts.yml", ...args])).out;
  assert.equal(await list("--list-hosts"), "one\n  web-1\ntwo\n  web-1\n");
  assert.equal(await list("--list-tags"), "always\nblock\nnever\nown\nplay\nrare\nuse\n");
  const tasks = await list("--list-tasks", "--tags", "use");
  assert.match(tasks, /^two on web-1\n {2}second\/file:\S+\/second {2}\[use\]$/m);
  assert.ok(!tasks.includes("/first.own"));
  assert.deepEqual(readdirSync(made), []);
});

void test("to match: forks", { timeout: 60_000 }, async (t) => {
  for (const [forks, most] of [[1, 1], [2, 2]] as const) {
    const dir = scratch(t);
    const ran = await runTasks(({ t: declare, host }) => void declare.task("in", { check: sh`[ -e ${dir}/${host.name} ]`, apply: sh`touch ${dir}/in.${host.name}; ls ${dir} | grep -c '^in\\.' >> ${dir}/counts; sleep 0.2; rm ${dir}/in.${host.name}; touch ${dir}/${host.name}` }), { hosts: ["a", "b", "c", "d"], forks });
    assert.equal(ran.recap.result, "ok", failures(ran).join("\n"));
    const counts = readFileSync(`${dir}/counts`, "utf8").trim().split("\n").map(Number);
    assert.equal(counts.length, 4);
    assert.ok(Math.max(...counts) <= most, counts.join(" "));
  }
});
