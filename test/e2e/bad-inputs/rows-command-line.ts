import { roleSite, site, type Row } from "./row.ts";

const DEMO = roleSite(`port: z.number().default(80)`, `t.file("/etc/web", { content: "x", tags: ["config"] });`);
const run = (...more: string[]): string[] => ["run", "site.ts", "-i", "inv", ...more];

export const commandLine: readonly Row[] = [
  { id: "command-unknown", wrong: "a command that does not exist", args: ["rnu", "site.ts"], exit: 1, says: "error: unknown command 'rnu'", also: ["(Did you mean run?)", "(hawser --help lists the commands)"] },
  { id: "option-unknown", wrong: "an option that does not exist", args: run("--chek"), exit: 1, says: "error: unknown option '--chek'", also: ["(Did you mean --check?)"] },
  { id: "argument-missing", wrong: "no playbook on the command line", args: ["run"], exit: 1, says: "error: missing required argument 'playbook'" },
  { id: "argument-extra", wrong: "two playbooks on the command line", args: run("other.ts"), exit: 1, says: "error: too many arguments for 'run'. Expected 1 argument but got 2." },
  { id: "forks-zero", wrong: "--forks 0", args: run("--forks", "0"), exit: 1, says: "error: option '-f, --forks <n>' argument '0' is invalid. a whole number from 1 is expected." },
  { id: "forks-word", wrong: "--forks in words", args: run("-f", "many"), exit: 1, says: "error: option '-f, --forks <n>' argument 'many' is invalid. a whole number from 1 is expected." },
  { id: "output-unknown", wrong: "an output format that does not exist", args: run("-o", "xml"), exit: 1, says: "error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are human, json." },
  { id: "playbook-missing", wrong: "a playbook that is not there", args: ["run", "sit.ts", "-i", "inv"], exit: 1, says: "error: there is no playbook sit.ts", hint: "did you mean site.ts?" },
  { id: "playbook-folder", wrong: "a folder in place of a playbook", args: ["run", "inv", "-i", "inv"], exit: 1, says: "error: inv is a folder, not a playbook", hint: "give the path of a .ts file, e.g. playbooks/site.ts" },
  { id: "playbook-syntax", wrong: "a playbook that does not parse", files: { "site.ts": `import { playbook } from "hawser";\nexport default playbook(import.meta, [⟪;\n` }, exit: 1, says: `error: site.ts does not load: Unexpected ";"` },
  { id: "playbook-no-default", wrong: "a playbook without a default export", files: { "site.ts": "export const plays = [];\n" }, exit: 1, says: "error: site.ts has no playbook as its default export", hint: "export default playbook(import.meta, [play({ … })])" },
  { id: "playbook-throws", wrong: "a playbook that throws while it is imported", files: { "site.ts": `const region = "la";\nthrow ⟪new Error("the region file is gone");\n` }, exit: 1, says: "error: site.ts does not load: the region file is gone" },
  { id: "playbook-import", wrong: "a playbook that imports what is not there", files: { "site.ts": `import { x } from "./⟪gone.ts";\nexport default x;\n` }, exit: 1, says: "error: site.ts does not load: there is no file gone.ts" },
  { id: "playbook-export-misspelt", wrong: "a name that hawser does not export", files: { "site.ts": `import { ⟪plybook } from "hawser";\nexport default plybook(import.meta, []);\n` }, exit: 1, says: `error: site.ts does not load: hawser exports no "plybook"`, hint: "did you mean playbook?" },
  { id: "playbook-empty", wrong: "a playbook without plays", files: { "site.ts": `import { playbook } from "hawser";\nexport default ⟪playbook(import.meta, []);\n` }, exit: 1, says: "error: the playbook site.ts has no plays" },
  { id: "serial-bad", wrong: "serial: 0", files: { "site.ts": `import { play, playbook } from "hawser";\nexport default playbook(import.meta, [⟪play({ name: "p", hosts: "all", serial: 0 })]);\n` }, exit: 1, says: `error: play "p": serial is a whole number from 1 or a percentage, not 0` },
  { id: "role-typo", wrong: "--role with a typo", files: { "site.ts": DEMO }, args: run("--role", "wbe"), exit: 1, says: "error: --role wbe matches nothing", hint: "did you mean web?" },
  { id: "limit-typo", wrong: "--limit with a typo", files: { "site.ts": DEMO }, args: run("--limit", "web11"), exit: 1, says: `error: no host or group is called "web11"`, hint: `did you mean "web1"?` },
  { id: "limit-typo-taken-away", wrong: "--limit that takes away a name which does not exist", files: { "site.ts": DEMO }, args: run("--limit", "web:!wbe2"), exit: 1, says: `error: no host or group is called "wbe2"`, hint: `did you mean "web2"?` },
  { id: "limit-empty", wrong: "--limit that leaves no host", files: { "site.ts": site("", "db") }, args: run("--limit", "web"), exit: 1, says: "error: --limit web leaves no host of this playbook", hint: "its plays are for db" },
  { id: "limit-nothing", wrong: "--limit that takes every host away", files: { "site.ts": DEMO }, args: run("--limit", "web:!web"), exit: 1, says: `error: the pattern "web:!web" selects no host` },
  { id: "limit-unset-variable", wrong: "--limit with an empty term, as of an unset shell variable", files: { "site.ts": DEMO }, args: run("--limit", "web:!"), exit: 1, says: `error: the pattern "web:!" has an empty term`, hint: "remove the separator or name what is missing" },
  { id: "extra-vars-bad", wrong: "--extra-vars without a value", files: { "site.ts": DEMO }, args: run("-e", "port"), exit: 1, says: "error: an extra variable must be key=value, @file.yml or {key: value}" },
  { id: "extra-vars-file", wrong: "--extra-vars with a file that is not there", files: { "site.ts": DEMO }, args: run("-e", "@gone.yml"), exit: 1, says: "error: the file does not exist", also: ["at gone.yml:1:1"] },
  { id: "hosts-unknown", wrong: "a play for a group that does not exist", files: { "site.ts": `import { play, playbook } from "hawser";\nexport default playbook(import.meta, [⟪play({ name: "p", hosts: "webs" })]);\n` }, exit: 1, says: `error: play "p": no host or group is called "webs"`, hint: `did you mean "web"?` },
  { id: "hosts-not-typo", wrong: "a play whose hosts exclude a name that does not exist", files: { "site.ts": `import { play, playbook } from "hawser";\nexport default playbook(import.meta, [⟪play({ name: "p", hosts: "all:!typo" })]);\n` }, exit: 1, says: `error: play "p": no host or group is called "typo"`, hint: "groups: …" },
  { id: "hosts-backwards", wrong: "a subscript that runs backwards", files: { "site.ts": `import { play, playbook } from "hawser";\nexport default playbook(import.meta, [⟪play({ name: "p", hosts: "web[1:0]" })]);\n` }, exit: 1, says: `error: play "p": "web[1:0]" runs backwards`, hint: "write [0:1]" },
  { id: "hosts-outside", wrong: "a subscript beyond the group", files: { "site.ts": site("", "web[7]") }, exit: 1, says: `error: play "p": "web[7]" is out of range`, hint: "it has 2 hosts, counted from 0 to 1" },
  { id: "explain-unknown", wrong: "inventory explain for a var that nothing sets", args: ["inventory", "explain", "web1", "ssh.prot", "-i", "inv"], exit: 1, says: "error: no layer sets ssh.prot on web1", hint: `did you mean "ssh.port"?` },
  { id: "lab-none", wrong: "lab up for an inventory without lab hosts", args: ["lab", "up", "-i", "inv"], exit: 1, says: "error: no host of inv has a lab var", hint: "lab: { image: debian }" },
  { id: "keep-folder", wrong: "a file where kept connections have their folder", files: { "runtime/hawser": "x" }, args: ["connections", "list"], env: { XDG_RUNTIME_DIR: "runtime" }, exit: 1, says: "error: no connection can be kept open: runtime/hawser is not a folder", hint: "hawser makes the folder with mode 0700 and the socket with 0600: move away what is there" },
];
