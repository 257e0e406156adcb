import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseTsc } from "../../src/cli/check/types.ts";
import { hawser, project, writeAll, type Said } from "./hawser.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MODULES = path.join(ROOT, "node_modules");

const TSCONFIG = '{ "compilerOptions": { "target": "es2023", "module": "nodenext", "strict": true, "allowImportingTsExtensions": true, "noEmit": true, "skipLibCheck": true, "types": ["node"] }, "include": ["playbooks", "roles"] }\n';
const role = (name: string, more: string): string => `import { defineRole, Secret, secret, sh, z } from "hawser";
export const ${name} = defineRole(import.meta, {
  name: "${name}",
  summary: "",
${more}
});
`;
const GOOD = {
  "tsconfig.json": TSCONFIG,
  "inventory/lab/hosts.yml": "all:\n  hosts: { a: , b: }\n  vars: { web: { port: 80 } }\n",
  "playbooks/site.ts": 'import { play, playbook, use } from "hawser";\nimport { web } from "../roles/web/role.ts";\nexport default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(web)] })]);\n',
  "roles/web/role.ts": role("web", `  vars: z.strictObject({ port: z.number() }),
  tasks({ t, vars, host, facts }) {
    const reload = t.handler("reload", sh\`true\`);
    t.template("/etc/web", facts.family === "debian" ? "web.ejs" : "other.ejs", { port: vars.port, name: host.name }, { notify: reload });
  },`),
  "roles/web/templates/web.ejs": "<%= vars.port %>\n<% if (\"extra\" in vars) { -%>\n<%= vars.extra %>\n<% } -%>\n<%- include('part.ejs') %>\n",
  "roles/web/templates/part.ejs": "<%= vars.name %>\n",
  "roles/web/templates/other.ejs": "<%= vars.port %>\n",
};

const compiler = (folder: string): string => {
  symlinkSync(path.join(MODULES, "typescript"), `${folder}/node_modules/typescript`);
  symlinkSync(path.join(MODULES, "@types"), `${folder}/node_modules/@types`);
  return folder;
};
const check = (folder: string, ...args: string[]): Promise<Said> => hawser(folder, ["check", ...args]);

describe("hawser check", () => {
  it("finds nothing in a project without mistakes", async () => {
    const folder = compiler(project({ after }, GOOD));
    assert.deepEqual(await check(folder), { code: 0, out: "nothing found in 1 playbook, 1 role, 1 inventory\n", err: "" });
  });

  it("says type errors of the project's own TypeScript with their places", async () => {
    const folder = compiler(project({ after }, { ...GOOD, "playbooks/site.ts": GOOD["playbooks/site.ts"].replace("use(web)", "use(web, { prt: 1 })") }));
    const { code, out } = await check(folder);
    assert.equal(code, 2);
    assert.match(out, /^playbooks\/site\.ts:3:\d+ {2}error {2}.*'prt'.*\(TS2353\) {2}types$/m);
    // The same mistake as a run would say it.
    assert.match(out, /^playbooks\/site\.ts:3:\d+ {2}error {2}web\.prt: there is no such key.* {2}resolve\n {2}try: did you mean port\?$/m);
  });

  it("says what to install where there is no TypeScript, and checks the rest", async () => {
    const folder = project({ after }, GOOD);
    const { code, out } = await check(folder);
    assert.equal(code, 2);
    assert.match(out, /^package\.json:1:1 {2}error {2}TypeScript is not installed in this project.*\n {2}try: npm install --save-dev typescript/);
    assert.equal((await check(folder, "--no-types")).code, 0);
  });

  for (const [rule, severity, files, expected] of [
    ["role-name", "error", { "roles/web/role.ts": GOOD["roles/web/role.ts"].replace('name: "web"', 'name: "wbe"') }, /^roles\/web\/role\.ts:3:9 {2}error {2}the role wbe is in the folder web/m],
    ["unused-var", "warning", { "roles/web/role.ts": GOOD["roles/web/role.ts"].replace("port: z.number() }", "port: z.number(), spare: z.string().default(\"\") }") }, /^roles\/web\/role\.ts:5:44 {2}warning {2}nothing in the role reads its var spare/m],
    ["template", "error", { "roles/web/templates/web.ejs": "one\n  <%= vars.prt %>\n" }, /^roles\/web\/templates\/web\.ejs:2:12 {2}error {2}vars has no "prt" {2}template\n {2}try: .*port/m],
    ["template", "error", { "roles/web/templates/web.ejs": "<% if (vars.port === 1) { -%>\n<%= vars.nmae %>\n<% } -%>\n" }, /^roles\/web\/templates\/web\.ejs:2:10 {2}error {2}no declaration gives this template "nmae" {2}template\n {2}try: did you mean "name"\?/m],
    ["template", "error", { "roles/web/templates/other.ejs": "<%= vars.port\n" }, /^roles\/web\/templates\/other\.ejs:1:1 {2}error {2}.*never closed/m],
    ["unused-template", "warning", { "roles/web/templates/old.ejs": "" }, /^roles\/web\/templates\/old\.ejs:1:1 {2}warning {2}nothing in its role names this template/m],
    ["unused-handler", "warning", { "roles/web/role.ts": GOOD["roles/web/role.ts"].replace(", { notify: reload }", "") }, /^roles\/web\/role\.ts:7:22 {2}warning {2}nothing notifies the handler "reload"/m],
    ["constant-check", "warning", { "roles/web/role.ts": GOOD["roles/web/role.ts"].replace("    t.template", '    t.task("x", { check: sh`false`, apply: sh`true` });\n    t.template') }, /^roles\/web\/role\.ts:8:7 {2}warning {2}the check of web\/task:x is `false`: it runs every time/m],
    ["unused-inventory-var", "warning", { "inventory/lab/hosts.yml": "all:\n  hosts: { a: , b: }\n  vars:\n    web: { port: 80 }\n    wbe: { port: 81 }\n" }, /^inventory\/lab\/hosts\.yml:5:5 {2}warning {2}no role takes the var wbe {2}unused-inventory-var\n {2}try: did you mean web\?/m],
    ["pattern", "error", { "playbooks/site.ts": GOOD["playbooks/site.ts"].replace('hosts: "all"', 'hosts: "wbe"') }, /^playbooks\/site\.ts:3:\d+ {2}error {2}play "p": no host or group is called "wbe"/m],
    ["pattern", "warning", { "inventory/prod/hosts.yml": "other: { hosts: { c: { web: { port: 1 } } } }\n", "playbooks/site.ts": GOOD["playbooks/site.ts"].replace('hosts: "all"', 'hosts: "other"') }, /^playbooks\/site\.ts:3:\d+ {2}warning {2}play "p": no host or group is called "other" \(inventory lab\)/m],
    ["resolve", "error", { "inventory/prod/hosts.yml": "all: { hosts: { c: { web: { port: high } } } }\n" }, /^inventory\/prod\/hosts\.yml:1:\d+ {2}error {2}web\.port: .*expected number.* \(host c\) \(inventory prod\)/m],
    ["inventory", "error", { "inventory/prod/hosts.yml": "all: { hosts: { c: { ssh: { prot: 1 } } } }\n" }, /^inventory\/prod\/hosts\.yml:1:\d+ {2}error {2}.*prot/m],
    ["playbook", "error", { "playbooks/two.ts": "export default 1;\n" }, /^playbooks\/two\.ts:1:1 {2}error {2}.*has no playbook as its default export/m],
    ["playbook", "error", { "playbooks/two.ts": 'import "hawser";\nconst a = ;\n' }, /^playbooks\/two\.ts:2:11 {2}error {2}.*does not load: Unexpected ";"/m],
    ["declare", "error", { "roles/web/role.ts": GOOD["roles/web/role.ts"].replace("    t.template", '    t.file("relative", { content: "" });\n    t.template') }, /^roles\/web\/role\.ts:8:7 {2}error {2}web\/file: .*path/m],
  ] as const) {
    it(`${rule}: ${String(expected).slice(0, 90)}`, async () => {
      const folder = project({ after }, { ...GOOD, ...files });
      const { code, out } = await check(folder, "--no-types");
      assert.match(out, expected);
      assert.ok(out.includes(`  ${rule}\n`), out);
      assert.equal(code, severity === "error" ? 2 : 0, out);
      if (severity === "warning") assert.equal((await check(folder, "--no-types", "--strict")).code, 2);
    });
  }

  it("asks no host, opens no secret, and does not call a role wrong for a system that it does not support", async () => {
    const folder = project({ after }, {
      ...GOOD,
      "inventory/lab/hosts.yml": "all:\n  hosts: { a: { ssh: { address: 203.0.113.1 } } }\n  vars: { web: { port: 80, key: !env HAWSER_NO_SUCH_VARIABLE } }\n",
      "roles/web/role.ts": role("web", `  vars: z.strictObject({ port: z.number(), key: secret }),
  tasks({ t, vars, facts }) {
    if (facts.family !== "debian") throw new Error("only Debian");
    t.template("/etc/web", "web.ejs", { port: vars.port, name: "" });
    t.file("/etc/key", { content: vars.key });
    t.template("/etc/other", "other.ejs", { port: new Secret("x") });
  },`),
    });
    assert.deepEqual(await check(folder, "--no-types"), { code: 0, out: "nothing found in 1 playbook, 1 role, 1 inventory\n", err: "" });
  });

  it("prints a line of JSON for each problem", async () => {
    const folder = project({ after }, { ...GOOD, "roles/web/templates/old.ejs": "" });
    const { out } = await check(folder, "--no-types", "-o", "json");
    assert.deepEqual(JSON.parse(out), { file: `${folder}/roles/web/templates/old.ejs`, line: 1, column: 1, severity: "warning", rule: "unused-template", message: "nothing in its role names this template", hint: "take it away, or declare it with t.template" });
  });

  it("looks at the playbooks and inventories that it is given", async () => {
    const folder = project({ after }, { ...GOOD, "playbooks/broken.ts": "export default 1;\n", "elsewhere/hosts.yml": "all: { hosts: { z: { web: { port: 1 } } } }\n" });
    mkdirSync(`${folder}/sub`);
    assert.deepEqual(await check(folder, "playbooks/site.ts", "-i", "elsewhere", "--no-types"), { code: 0, out: "nothing found in 1 playbook, 1 role, 1 inventory\n", err: "" });
    assert.equal((await check(`${folder}/sub`, "--no-types")).code, 2);
  });

  it("refuses a project without playbooks", async () => {
    const folder = project({ after }, {});
    writeAll(folder, { "a.txt": "" });
    assert.deepEqual((await check(folder)).err.split("\n")[0], "error: there is no playbook to check");
  });

  it("reads what tsc prints", () => {
    assert.deepEqual(parseTsc("a/b.ts(3,7): error TS1: what\n  more\nerror TS5: of the project\nFound 2 errors.\n", "/p").map(({ file, line, column, message }) => [file, line, column, message]), [["/p/a/b.ts", 3, 7, "what (TS1)\n  more"], ["/p/tsconfig.json", 1, 1, "of the project (TS5)"]]);
  });
});
