import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { need } from "../connection/sshd.ts";
import { BIN, hawser, project, writeAll } from "./hawser.ts";

const skip = need(["zsh", "zsh"], ["fish", "fish"]) ?? false;

const folder = project({ after }, {
  "inventory/lab/hosts.yml": "web: { hosts: { web-1: , web-2: }, vars: { site: {} } }\ndata: { hosts: { db: { ssh: { address: 203.0.113.1 } } } }\n",
  "inventory/production/hosts.yml": "all: { hosts: { prod-1: { site: {} } } }\n",
  "playbooks/site.ts": `import { defineRole, play, playbook, use, z } from "hawser";
const site = defineRole(import.meta, { name: "site", summary: "A site.", vars: z.strictObject({ name: z.string().default("any") }), tasks({ t, vars, facts }) {
  if (facts.family === "el") t.file("/etc/el-" + vars.name, { content: "", tags: ["only-el"] });
  t.file("/etc/" + vars.name, { content: "", tags: ["config"] });
} });
export default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(site, {}), use(site, { name: "other" }, { as: "second", tags: ["late"] })], tags: ["web"] })]);
`,
  "playbooks/other.ts": "",
  "notes.txt": "",
});
mkdirSync(`${folder}/node_modules/.bin`);
symlinkSync(BIN, `${folder}/node_modules/.bin/hawser`);
const env = { ...process.env, NO_COLOR: "1", XDG_CONFIG_HOME: `${folder}/config` };

/** What each shell offers for a line with the cursor at its end. */
const SHELLS: Readonly<Record<string, (line: string, cwd: string) => string[]>> = {
  bash(line, cwd) {
    const script = `source completion.bash; cd "$1"; COMP_LINE=$2; COMP_POINT=\${#COMP_LINE}; _hawser hawser; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return lines(execFileSync("bash", ["--norc", "-c", script, "bash", cwd, line], { cwd: folder, env, encoding: "utf8" }));
  },
  zsh(line, cwd) {
    // The function itself, with what stands around it in a widget: compadd shows what would be offered.
    const script = 'compdef() { }; compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -rl -- "$@" | grep "^$word" }; _files() { print -rl -- *(N) | grep "^$word" }; source ./completion.zsh; cd $1; words=("${(@s: :)2}"); CURRENT=$#words; word=$words[-1]; _hawser';
    return lines(execFileSync("zsh", ["-f", "-c", script, "zsh", cwd, line], { cwd: folder, env, encoding: "utf8" }));
  },
  fish(line, cwd) {
    const script = "source completion.fish; cd $argv[1]; complete -C $argv[2]";
    return lines(execFileSync("fish", ["--no-config", "-c", script, cwd, line], { cwd: folder, env, encoding: "utf8" })).map((each) => each.split("\t")[0] ?? "");
  },
};
const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "").sort();

describe("shell completion", { skip }, () => {
  before(async () => {
    for (const shell of Object.keys(SHELLS)) writeAll(folder, { [`completion.${shell}`]: (await hawser(folder, ["completion", shell])).out });
  });

  for (const [shell, offers] of Object.entries(SHELLS)) {
    for (const [what, line, expected, cwd = folder] of [
      ["verbs", "hawser ver", ["verify"]],
      ["verbs of a verb", "hawser inventory h", ["host"]],
      ["options", "hawser run --star", ["--start-at"]],
      ["choices of an option", "hawser run -o j", ["json"]],
      ["playbooks", "hawser run playbooks/s", ["playbooks/site.ts"]],
      ["inventories", "hawser run -i inventory/p", ["inventory/production"]],
      ["hosts and groups, of the inventory that is named", "hawser exec -i inventory/lab web", ["web", "web-1", "web-2"]],
      ["hosts of the default inventory", "hawser facts pr", ["prod-1"]],
      ["roles, with their second names", "hawser run playbooks/site.ts --role s", ["site", "site[second]"]],
      ["tags of plays, uses and resources", "hawser run playbooks/site.ts -i inventory/lab --tags ", ["config", "late", "only-el", "web"]],
      ["the next of several tags", "hawser run playbooks/site.ts --tags web,l", ["web,late"]],
      ["paths where anything may stand", "hawser exec db --script not", ["notes.txt"]],
      ["nothing where there is nothing", "hawser lab nothing", []],
    ] as const) {
      it(`${shell} completes ${what}`, () => assert.deepEqual(offers(line, cwd), [...expected].sort()));
    }
    it(`${shell} completes below the project's folder as well`, () => assert.deepEqual(offers("hawser verif", `${folder}/playbooks`), ["verify"]));
  }

  it("bash completes a pattern behind the characters at which it parts words", () => {
    assert.deepEqual(SHELLS["bash"]?.("hawser exec -i inventory/lab all:!web-", folder), ["!web-1", "!web-2"]);
    assert.deepEqual(SHELLS["bash"]?.("hawser run --output=h", folder), ["human"]);
  });

  it("tells what the words mean", async () => {
    assert.deepEqual((await hawser(folder, ["__complete", "run", "playbooks/site.ts", "--role", "site["])).out, "site[second]\tA site.\n");
    assert.deepEqual((await hawser(folder, ["__complete", "factz"])).out, "");
  });

  it("says nothing, and fails at nothing, in a folder without a project", async () => {
    const bare = project({ after }, {});
    for (const words of [["run", "x.ts", "--tags", ""], ["exec", ""], ["run", "x.ts", "--role", ""]]) assert.deepEqual(await hawser(bare, ["__complete", ...words]), { code: 0, out: "", err: "" });
  });

  it("refuses a shell that it has no script for", async () => {
    assert.match((await hawser(folder, ["completion", "tcsh"])).err, /Allowed choices are bash, zsh, fish/);
  });
});
