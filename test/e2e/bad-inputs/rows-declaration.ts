import { labHosts, roleSite, site, type HostRow } from "./row.ts";

const CHECK = ["run", "site.ts", "-i", "inv", "--check"];
const declared = (body: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({ "site.ts": site(body, "b2"), "inv/hosts.yml": labHosts(), ...more });
const template = (text: string, vars: string): Readonly<Record<string, string>> => declared(`t.template("/srv/conf", "conf.ejs", ${vars});`, { "templates/conf.ejs": text });
const row = (id: string, wrong: string, files: Readonly<Record<string, string>>, says: string, more: Partial<HostRow> = {}): HostRow => ({ id, wrong, files, args: CHECK, exit: 1, says: more.exit === 2 ? says : `error: ${says}`, ...more });

/** Seen once the facts are there, before anything is changed. */
export const declarations: readonly HostRow[] = [
  row("two-owners", "two resources that own one file", declared(`t.file("/etc/x", { content: "a" });\nt.⟪symlink("/etc/x", "/etc/y");`), "play/symlink:/etc/x and play/file:/etc/x both own …/etc/x", { hint: "the other owner is declared at …site.ts:3:3" }),
  row("id-twice", "a resource that is declared twice", declared(`t.file("/etc/x", { content: "a" });\nt.⟪file("/etc/x", { content: "b" });`), "play/file:/etc/x is declared twice on one host", { hint: "the other declaration is at …site.ts:3:3; give the second use of a role an `as`" }),
  row("mode-short", "a mode of three digits", declared(`t.⟪file("/etc/x", { content: "a", mode: "644" });`), `play/file: mode: a mode is four octal digits in quotes, such as "0644"`),
  row("path-relative", "a relative path", declared(`t.⟪file("etc/x", { content: "a" });`), `play/file: path: a path on a host is absolute, not "etc/x"`),
  row("argument-unknown", "an argument that the kind does not have", declared(`t.⟪file("/etc/x", { content: "a", onwer: "root" } as never);`), "play/file: onwer: there is no such key", { hint: "did you mean owner?" }),
  row("argument-missing-kind", "a resource without an argument that it needs", declared(`t.⟪line("/etc/x", {} as never);`), "play/line: give the line"),
  row("secret-in-sh", "a secret in a shell command", declared(`t.task("x", { check: sh\`false\`, apply: ⟪sh\`curl -u \${new Secret("hunter2") as never} localhost\` });`), `play "p": a Secret cannot stand in a shell command, where the host's process list would show it; feed it with sh\`…\`.stdin(secret)`, { never: ["hunter2"] }),
  row("object-in-sh", "an object in a shell command", declared(`t.task("x", { check: sh\`false\`, apply: ⟪sh\`echo \${{ a: 1 } as never}\` });`), `play "p": sh\`…\` takes strings, numbers, arrays of them and Sh values, not object`),
  row("declaration-throws", "a declaration that throws", declared(`const port = (host.inventory["gone"] as { port: number }).⟪port;\nt.file("/etc/x", { content: String(port) });`), `play "p": Cannot read properties of undefined (reading 'port')`),
  row("value-too-early", "a late value that is used while declaring", declared(`const name = t.read("name", { probe: sh\`hostname\` });\nt.file("/etc/x", { content: name.⟪get() });`), `play "p": the value "play/read:name" is not known yet`, { hint: "use it in an argument, by its map(), or declare inside t.given(…)" }),
  row("value-printed", "a late value in a text", declared(`const name = t.read("name", { probe: sh\`hostname\` });\nt.file("/etc/x", { content: \`\${⟪name}\` });`), `play "p": the value "play/read:name" was about to be printed; use map() or pass it to a resource`),
  row("template-missing", "a template that is not there", declared(`t.⟪template("/srv/conf", "cnf.ejs", {});`, { "templates/conf.ejs": "" }), "the role play has no templates/cnf.ejs", { hint: "it is looked for at …/templates/cnf.ejs" }),
  row("template-misspelt", "a misspelt name in a template", template("listen <%= vars.⟪prot %>;\n", "{ port: 80 }"), `vars has no "prot"`, { exit: 2, hint: `did you mean "port"?` }),
  row("template-without-vars", "a name without vars. in a template", template("listen <%= ⟪port %>;\n", "{ port: 80 }"), "port is not defined", { exit: 2, hint: "the values are in vars: vars.port" }),
  row("template-undefined", "a template that prints undefined", template("x\nlisten ⟪<%= vars.port %>;\n", "{ port: undefined }"), "undefined cannot be printed", { exit: 2, hint: "only text, numbers, booleans and secrets can" }),
  row("template-object", "a template that prints an object", template("listen ⟪<%= vars.port %>;\n", "{ port: { a: 1 } }"), "an object cannot be printed", { exit: 2, hint: "only text, numbers, booleans and secrets can" }),
  row("template-syntax", "a template that does not parse", template("a\n⟪<% if (vars.port) { %>\nb\n", "{ port: 80 }"), "syntax error: the { of this tag is never closed", { exit: 2, hint: "close it with <% } %>" }),
  row("tags-typo", "--tags with a typo", declared(`t.file("/etc/x", { content: "a", tags: ["config"] });`), "--tags confg matches nothing", { args: [...CHECK, "--tags", "confg"], hint: "did you mean config?" }),
  row("skip-tags-typo", "--skip-tags with a typo", declared(`t.file("/etc/x", { content: "a", tags: ["config"] });`), "--skip-tags confg matches nothing", { args: [...CHECK, "--skip-tags", "confg"], hint: "did you mean config?" }),
  row("start-at-typo", "--start-at with a typo", declared(`t.file("/etc/x", { content: "a" });`), "--start-at file:/etc/xy matches nothing", { args: [...CHECK, "--start-at", "file:/etc/xy"], hint: "did you mean file:/etc/x?" }),
  row("export-unknown", "an export that the role does not list", declared("", { "site.ts": roleSite("", `const v = t.read("v", { probe: sh\`true\` }); t.⟪export("tokn", v);`, "use(web, {})").replace('hosts: "all"', 'hosts: "b2"') }), `web: "tokn" is not among the role's exports`, { hint: "exports: none are declared" }),
  row(
    "values-circular",
    "hosts that wait for one another's values",
    declared("", {
      "site.ts": `import { defineRole, play, playbook, sh, use, z } from "hawser";
const ring = defineRole(import.meta, { name: "ring", summary: "x", vars: z.strictObject({}), exports: { token: z.string() }, tasks({ t, peers }) {
  t.⟪file("/etc/ring", { content: peers[0]!.exports.token });
  t.export("token", t.read("token", { probe: sh\`hostname\` }));
} });
export default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(ring, {})] })]);
`,
    }),
    "hosts would wait for one another: ring/file:/etc/ring -> ring/file:/etc/ring",
    { hint: "ring/file:/etc/ring (…site.ts:3:5) and ring/file:/etc/ring (…site.ts:3:5) each take a value that is read after the other" },
  ),
  { ...row("fact-refused", "a fact that is not what its schema says", declared("", { "site.ts": `import { defineRole, fact, play, playbook, sh, use, z } from "hawser";\nconst web = defineRole(import.meta, { name: "web", summary: "x", vars: z.strictObject({}), facts: () => ({ mtu: fact(sh\`echo large\`, z.coerce.number()) }), tasks() {} });\nexport default playbook(import.meta, [play({ name: "p", hosts: "b2", roles: [⟪use(web, {})] })]);\n` }), ""), exit: 2, says: `the fact web.mtu of b2 is not what its schema says: … (the probe printed "large")` },
  { ...row("check-errs", "a check that neither says yes nor no", declared(`t.⟪task("x", { check: sh\`no-such-command\`, apply: sh\`true\` });`), ""), exit: 2, says: "its check exited 127: … no-such-command: not found", hint: "a command is missing: declare what installs it in `needs`" },
  { ...row("sh-syntax", "a shell command that does not parse", declared(`t.⟪task("x", { check: Sh.raw("if true; then"), apply: sh\`true\` });`), ""), exit: 2, says: "its check exited 2: …Syntax error…" },
  { ...row("probe-hangs", "a look that never ends", declared(`t.file("/srv/fine", { content: "x" });\nt.⟪task("stuck", { check: sh\`cat /opt/fifo\`, apply: sh\`true\` });`), ""), args: [...CHECK, "--probe-timeout", "2"], exit: 2, says: "no answer within 2 s", hint: "something on the host hangs: a dead mount or a stuck daemon" },
  { ...row("pending", "pending changes with --detailed-exitcode", declared(`t.file("/srv/fine", { content: "x" });`), ""), args: [...CHECK, "--detailed-exitcode"], exit: 3, says: "1 change pending on 1 host: run without --check to apply…" },
];
