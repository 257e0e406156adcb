import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { bodyOf, importFiles, importRole, type RoleCase } from "./harness.ts";
import { typeErrors } from "./typecheck.ts";

const cases = parse(readFileSync(path.join(import.meta.dirname, "tasks.cases.yaml"), "utf8")) as readonly (RoleCase & { readonly name: string; readonly ts: string; readonly notes?: readonly string[]; readonly gaps: number })[];

for (const one of cases) {
  void test(`tasks: ${one.name}`, () => {
    const imported = importRole(one);
    assert.equal(bodyOf(imported), one.ts);
    assert.deepEqual(imported.report.notes.map(({ file, line, why }) => `${path.basename(file)}:${line}: ${why}`), one.notes ?? []);
    assert.equal(imported.report.gaps.length, one.gaps);
  });
}

void test("tasks: what is written compiles", { timeout: 120_000 }, () => {
  const texts = cases.flatMap((one, i) => [...importRole(one).texts].filter(([name]) => name.startsWith("roles/") && name.endsWith(".ts")).map(([name, text]) => [name.replace("roles/app", `roles/case-${i}`), text] as const));
  assert.deepEqual(typeErrors(new Map(texts)), []);
});

const site = (tasks: string): Record<string, string> => ({ "site.yml": `- hosts: all\n  become: true\n  tasks:\n${tasks}`, "inventory/hosts.yml": "all: { hosts: { h1: } }\n" });

const REFUSED: readonly { readonly name: string; readonly files: Readonly<Record<string, string>>; readonly message: RegExp; readonly at?: string }[] = [
  { name: "a folder without playbooks", files: { "readme.txt": "x" }, message: /holds no playbook/ },
  { name: "YAML that is broken", files: site("    - copy: { dest: /a, content: 'x }\n"), message: /not valid YAML/, at: "site.yml:5" },
  { name: "a role's YAML that is broken", files: { "site.yml": "- hosts: all\n  roles: [a]\n", "roles/a/tasks/main.yml": "- copy:\n    dest: x\n   mode: 1\n" }, message: /not valid YAML/, at: "roles/a/tasks/main.yml:3" },
  { name: "variables that are broken", files: { ...site("    - ping:\n"), "inventory/group_vars/all.yml": "a: [1\n" }, message: /not valid YAML/, at: "inventory/group_vars/all.yml:2" },
  { name: "roles that need each other", files: { "site.yml": "- hosts: all\n  roles: [a]\n", "roles/a/meta/main.yml": "dependencies: [b]\n", "roles/b/meta/main.yml": "dependencies: [a]\n" }, message: /in a circle: a -> b -> a/ },
];

for (const { name, files, message, at } of REFUSED) {
  void test(`import refuses ${name}`, () => {
    assert.throws(() => importFiles(files), (error: Error & { source?: { file: string; line: number } }) => {
      assert.match(error.message, message);
      if (at !== undefined) assert.equal(`${error.source?.file}:${error.source?.line}`, at);
      return true;
    });
  });
}

void test("a role that is not there is a stub that says so, and a guess", () => {
  const { texts, report } = importFiles({ "site.yml": "- hosts: all\n  become: true\n  roles: [webb]\n", "roles/web/tasks/main.yml": "- ping:\n" });
  assert.deepEqual(report.gaps.map(({ file, line, why }) => `${file}:${line} ${why}`), ["site.yml:3 there is no role webb in roles; did you mean \"web\"?"]);
  assert.match(texts.get("roles/webb/role.ts") ?? "", /t\.todo\("the role webb", \{ from: "site\.yml:3"/);
});

void test("a dependency under a condition is a stub that says so, and the role does not run unasked", () => {
  const { texts, report } = importFiles({
    "site.yml": "- hosts: all\n  become: true\n  roles: [app]\n",
    "roles/app/meta/main.yml": "dependencies:\n  - role: base\n  - role: tls\n    when: use_tls\n  - { role: web, become_user: web }\n",
    "roles/app/tasks/main.yml": "- copy: { content: x, dest: /etc/app }\n",
    "roles/base/tasks/main.yml": "- copy: { content: x, dest: /etc/base }\n",
    "roles/tls/tasks/main.yml": "- copy: { content: x, dest: /etc/tls }\n",
    "roles/web/tasks/main.yml": "- copy: { content: x, dest: /etc/web }\n",
    "inventory/hosts.yml": "all: { hosts: { h1: } }\n",
  });
  assert.deepEqual(report.gaps.map(({ file, line, what, why }) => `${file}:${line} ${what}: ${why}`), [
    "roles/app/meta/main.yml:4 when of the role tls: a role under a condition: put the condition into the role",
    "roles/app/meta/main.yml:5 become_user of the role web: become_user for a whole role: give it to its tasks",
  ]);
  assert.deepEqual(report.notes, []);
  assert.match(texts.get("roles/app/role.ts") ?? "", /^ {2}dependsOn: \[use\(base, \{\}\), use\(tlsWhen, \{\}\), use\(webBecomeUser, \{\}\)\],$/m);
  assert.match(texts.get("roles/tls-when/role.ts") ?? "", /t\.todo\("the role tls", \{ from: "roles\/app\/meta\/main\.yml:4", why: "a role under a condition/);
  assert.match(texts.get("roles/tls/role.ts") ?? "", /t\.file\("\/etc\/tls"/);
  assert.deepEqual(typeErrors(texts), []);
});

void test("how ansible.cfg reaches hosts is to be read, with the words of the inventory", () => {
  const config = "[defaults]\n# remote_user = nobody\nremote_user = deploy ; as always\nprivate_key_file: ~/.ssh/deploy\nforks = 20\n";
  const { report } = importFiles({ ...site("    - copy: { content: x, dest: /etc/a }\n"), "ansible.cfg": config });
  assert.deepEqual(report.notes.map(({ file, line, what, why }) => `${file}:${line} ${what}: ${why}`), [
    "ansible.cfg:3 remote_user: it is not taken over: say it in the inventory, for all hosts (ansible_user: deploy)",
    "ansible.cfg:4 private_key_file: it is not taken over: say it in the inventory, for all hosts (ansible_ssh_private_key_file: ~/.ssh/deploy)",
  ]);
  assert.deepEqual(report.gaps, []);
});

void test("plays: everything that a play says", () => {
  const { texts, report } = importFiles({
    "site.yml": `- name: web servers
  hosts: [web, "!old"]
  become: true
  serial: [1, "50%"]
  any_errors_fatal: true
  max_fail_percentage: 10
  tags: [web]
  vars: { port: 8080, unused: 1 }
  vars_files: [more.yml]
  pre_tasks:
    - copy: { content: "{{ port }}", dest: /etc/pre }
  roles:
    - { role: app, tags: [app, x], level: high }
    - { role: app, level: low }
    - { role: app, when: false }
  tasks:
    - copy: { content: x, dest: /etc/a }
      notify: restart
    - import_role: { name: app }
      vars: { level: mid }
    - copy: { content: x, dest: /etc/b }
  post_tasks:
    - copy: { content: "{{ extra }}", dest: /etc/post }
  handlers:
    - name: restart
      service: { name: web, state: restarted }
- import_playbook: other.yml
`,
    "other.yml": "- hosts: all\n  become: true\n  vars_prompt: [{ name: x }]\n  tasks: []\n",
    "more.yml": "extra: true\n",
    "roles/app/tasks/main.yml": "- copy: { content: \"{{ level }}{{ port }}\", dest: \"/etc/{{ level }}\" }\n",
    "roles/app/defaults/main.yml": "level: low\nport: 80\n",
    "inventory/hosts.yml": "all: { children: { web: { hosts: { h1: } }, old: } }\n",
  });
  assert.equal(texts.get("playbooks/site.ts"), `import { ansible, play, playbook, use } from "hawser";
import otherPlays from "./other.ts";
import { app } from "../roles/app/role.ts";
import { appWhen } from "../roles/app-when/role.ts";
import { webServers } from "../roles/web-servers/role.ts";
import { webServers3 } from "../roles/web-servers-3/role.ts";
import { webServersAfter } from "../roles/web-servers-after/role.ts";
import { webServersBefore } from "../roles/web-servers-before/role.ts";

const webServersVars = {
  port: 8080,
  unused: 1,
  extra: true,
};

export default playbook(import.meta, [
  play({
    name: "web servers",
    hosts: "web:!old",
    serial: [1, "50%"],
    anyErrorsFatal: true,
    maxFailPercentage: 10,
    tags: ["web"],
    roles: [
      use(webServersBefore, ansible.vars(webServersBefore, { port: webServersVars.port })),
      use(app, ansible.vars(app, { port: webServersVars.port, level: "high" }), { tags: ["app", "x"] }),
      use(app, ansible.vars(app, { port: webServersVars.port, level: "low" }), { as: "2" }),
      use(appWhen, {}),
      use(webServers, {}),
      use(app, ansible.vars(app, { port: webServersVars.port, level: "mid" }), { as: "3" }),
      use(webServers3, {}),
      use(webServersAfter, ansible.vars(webServersAfter, { extra: webServersVars.extra })),
    ],
  }),
  otherPlays,
]);
`);
  assert.deepEqual(report.gaps.map(({ file, line, why }) => `${file}:${line} ${why}`), ["other.yml:3 a play has no vars_prompt here", "site.yml:15 a role under a condition: put the condition into the role"]);
  assert.deepEqual(typeErrors(texts), []);
});
