import { roleSite, site, type Row } from "./row.ts";

const inventory = (hosts: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({ "site.ts": site("", "all"), "inv/hosts.yml": hosts, ...more });
const HOSTS = "web:\n  hosts:\n    web1: { ssh: { address: 127.0.0.1, port: {PORT1} } }\n    web2: { ssh: { address: 127.0.0.1, port: {PORT2} } }\n";
const vars = (text: string, schema: string, using?: string): Readonly<Record<string, string>> => ({ "site.ts": roleSite(schema, "", using), "inv/hosts.yml": HOSTS, "inv/group_vars/web.yml": text });

export const inventories: readonly Row[] = [
  { id: "inventory-missing", wrong: "an inventory folder that is not there", args: ["run", "site.ts", "-i", "invent"], exit: 1, says: "error: the file does not exist", also: ["at invent:1:1"] },
  { id: "inventory-no-hosts-file", wrong: "an inventory folder without hosts.yml", args: ["run", "site.ts", "-i", "empty"], files: { "empty/group_vars/all.yml": "a: 1\n" }, exit: 1, says: "error: the directory has no hosts.yml" },
  { id: "yaml-syntax", wrong: "a YAML syntax error", files: inventory("web:\n  vars: { a: [1, 2⟪}\n"), exit: 1, says: "error: not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ]" },
  { id: "yaml-duplicate", wrong: "a key that is there twice", files: inventory("web:\n  hosts:\n    web1:\n    ⟪web1:\n"), exit: 1, says: `error: the key "web1" is repeated`, hint: "it is already on line 3; remove one of the two" },
  { id: "yaml-tag", wrong: "a tag that does not exist", files: inventory(`${HOSTS}  vars:\n    a: ⟪!secrte x\n`), exit: 1, says: "error: unknown tag !secrte", hint: `did you mean "!secret"?` },
  { id: "range-bad", wrong: "a host range that runs backwards", files: inventory("web:\n  hosts:\n    web⟪[10:1]:\n"), exit: 1, says: "error: the range [10:1] runs backwards", hint: "write [1:10]" },
  { id: "group-key-unknown", wrong: "a misspelt key of a group", files: inventory(`${HOSTS}  ⟪childern:\n    db:\n`), exit: 1, says: `error: group web has no key "childern"`, hint: `did you mean "children"?` },
  { id: "group-unknown-file", wrong: "group_vars of a group that does not exist", files: inventory(HOSTS, { "inv/group_vars/wbe.yml": "⟪a: 1\n" }), exit: 1, says: `error: no group is called "wbe"`, hint: `did you mean "web"?` },
  { id: "host-unknown-file", wrong: "host_vars of a host that does not exist", files: inventory(HOSTS, { "inv/host_vars/web11.yml": "⟪a: 1\n" }), exit: 1, says: `error: no host is called "web11"`, hint: `did you mean "web1"?` },
  { id: "child-undefined", wrong: "a child group that nothing fills", files: inventory(`${HOSTS}site:\n  children:\n    webb:\n`), args: ["run", "site.ts", "-i", "inv", "--limit", "webb"], exit: 1, says: `error: the pattern "webb" selects no host`, hint: "the group webb has no hosts" },
  { id: "port-bad", wrong: "a port out of range", files: inventory("web:\n  hosts:\n    web1: { ssh: { port: ⟪70000 } }\n"), exit: 1, says: "error: ssh.port must be a port from 1 to 65535, not 70000" },
  { id: "ssh-key-unknown", wrong: "a misspelt ssh setting", files: inventory("web:\n  hosts:\n    web1: { ssh: { ⟪adress: x } }\n"), exit: 1, says: `error: ssh has no key "adress"`, hint: `did you mean "address"?` },
  { id: "mode-unquoted", wrong: "a file mode without quotes", files: inventory(HOSTS, { "inv/group_vars/web.yml": "conf: { mode: ⟪0644 }\n" }), exit: 1, says: "error: unquoted mode 0644 is the number 644, not an octal file mode", hint: `quote it: mode: "0644"` },
  { id: "env-unset", wrong: "!env of a variable that is not set", files: inventory(HOSTS, { "inv/group_vars/web.yml": "token: ⟪!env HAWSER_TEST_UNSET\n" }), exit: 1, says: "error: !env: the environment variable HAWSER_TEST_UNSET is not set" },
  { id: "groups-circular", wrong: "groups that contain each other", files: inventory("a:\n  children:\n    b:\nb:\n  children:\n    ⟪a:\n  hosts:\n    h1:\n"), exit: 1, says: "error: group a is its own descendant: a > b > a" },
  { id: "jump-circular", wrong: "jump hosts that lead back", files: inventory("all:\n  hosts:\n    a: { ssh: { jump: ⟪b } }\n    b: { ssh: { jump: a } }\n"), exit: 1, says: "error: a is reached by way of itself: a > b > a" },
  { id: "many-problems", wrong: "several mistakes at once", files: inventory("web:\n  ⟪hots:\n  hosts:\n    web1: { ssh: { port: ⟪0 } }\n    web⟪[3:1]:\n", { "inv/host_vars/nobody.yml": "⟪a: 1\n" }), exit: 1, says: "4 problems" },
  { id: "secret-not-quoted", wrong: "a mistake beside a secret", files: inventory(`${HOSTS}  vars:\n    password: ⟪!secrte hunter2\n`), exit: 1, says: "error: unknown tag !secrte", never: ["hunter2"] },

  { id: "var-type", wrong: "a var of the wrong type", files: vars(`web:\n  port: ⟪"eighty"\n`, "port: z.number()"), exit: 1, says: "error: web.port: Invalid input: expected number, received string" },
  { id: "var-missing", wrong: "a var that is missing", files: vars("⟪web: { name: x }\n", "name: z.string(), port: z.number()"), exit: 1, says: "error: web.port: it is missing: a number is expected" },
  { id: "var-role-missing", wrong: "a role whose vars the inventory does not have", files: vars("a: 1\n", "port: z.number()", "⟪use(web)"), exit: 1, says: "error: web.port: it is missing: a number is expected" },
  { id: "var-one-host", wrong: "a wrong var of one host", files: { ...vars("web: { port: 80 }\n", "port: z.number()"), "inv/host_vars/web2.yml": "web: { port: ⟪none }\n" }, exit: 1, says: "error: web.port: Invalid input: expected number, received string (host web2)" },
  { id: "var-misspelt", wrong: "a var that the role does not have", files: vars("web:\n  port: 80\n  pork: ⟪1\n", "port: z.number()"), exit: 1, says: "error: web.pork: there is no such key", hint: "did you mean port?" },
  { id: "var-secret-as-text", wrong: "a secret where text is expected", files: vars("web:\n  name: !secret ⟪hunter2\n", "name: z.string()"), exit: 1, says: "error: web.name: it is a secret, and a string is expected", hint: "write it without the tag, or declare it as `secret` in the role", never: ["hunter2"] },
  { id: "var-text-as-secret", wrong: "plain text where a secret is expected", files: vars("web:\n  token: ⟪hunter2\n", "token: secret"), exit: 1, says: "error: web.token: a secret is expected: `!secret`, `!age` or `!env` in YAML, `new Secret(…)` in TypeScript", never: ["hunter2"] },
  { id: "var-in-playbook", wrong: "a wrong var in the playbook", files: vars("a: 1\n", "port: z.number()", `⟪use(web, { port: "x" as never })`), exit: 1, says: "error: web.port: Invalid input: expected number, received string" },
  { id: "vars-function-throws", wrong: "a vars function that throws", files: vars("a: 1\n", "port: z.number()", `use(web, (host) => ({ port: (host.inventory["gone"] as { port: number }).⟪port }))`), exit: 1, says: "error: the vars of web for web1 could not be made: Cannot read properties of undefined (reading 'port')" },
  { id: "role-twice", wrong: "a role that is used twice in a play", files: vars("a: 1\n", "port: z.number().default(1)", "use(web), ⟪use(web)"), exit: 1, says: "error: the role web is used twice in one play", hint: `name the second use: use(role, vars, { as: "second" })` },
  {
    id: "port-clash",
    wrong: "two roles that listen on one port",
    files: {
      "site.ts": `import { defineRole, play, playbook, use, z } from "hawser";
const role = (name: string) => defineRole(import.meta, { name, summary: "x", vars: z.strictObject({ port: z.number() }), listens: ({ vars }) => [{ port: vars.port, protocol: "tcp", what: "requests", var: ["port"] }], tasks() {} });
export default playbook(import.meta, [play({ name: "p", hosts: "web", roles: [use(role("web"))] }), play({ name: "q", hosts: "web1", roles: [use(role("edge"))] })]);
`,
      "inv/hosts.yml": HOSTS,
      "inv/group_vars/web.yml": "web:\n  port: ⟪8080\nedge:\n  port: ⟪8080\n",
    },
    exit: 1,
    says: "error: port 8080/tcp of web1 is wanted twice: by web (requests) and by edge (requests)",
    hint: "the other is said at inv/group_vars/web.yml:2:9; give one of them another port, or each an address of its own",
  },
  { id: "role-name", wrong: "a role whose name is not a word", files: { "site.ts": `import { defineRole, z } from "hawser";\nexport default ⟪defineRole(import.meta, { name: "My Role", summary: "x", vars: z.object({}), tasks() {} });\n` }, exit: 1, says: `error: a role's name is lower case words with dashes, not "My Role"` },
  {
    id: "roles-circular",
    wrong: "roles that depend on each other",
    files: {
      "site.ts": `import { defineRole, play, playbook, use, z, type Use } from "hawser";
const needed: Use[] = [];
const a = defineRole(import.meta, { name: "a", summary: "x", vars: z.strictObject({}), dependsOn: needed, tasks() {} });
const b = defineRole(import.meta, { name: "b", summary: "x", vars: z.strictObject({}), dependsOn: [use(a, {})], tasks() {} });
needed.push(use(b, {}));
export default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(a, {})] })]);
`,
    },
    exit: 1,
    says: "error: roles depend on each other in a circle: a -> b -> a",
    also: ["at site.ts:4:…"],
  },
];
