import assert from "node:assert/strict";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { LOGIN, need, startSshd, type Sshd } from "../connection/sshd.ts";
import { BIN, ended, hawser, project, start, type Said } from "./hawser.ts";
import { startOnTerminal } from "./terminal.ts";

const skip = need(["sshd", "openssh-server"]) ?? false;
const role = (content: string): string => `import { defineRole, z } from "hawser";
import { words } from "./words.ts";
export const greet = defineRole(import.meta, { name: "greet", summary: "", vars: z.strictObject({ who: z.string() }), tasks({ t, vars }) {
  t.file("/tmp/hawser-watch-no-such/file", { content: ${content} });
  t.template("/tmp/hawser-watch-no-such/other", "other.ejs", { who: vars.who, words });
} });
`;
const FILES = {
  "site.ts": 'import { play, playbook, use } from "hawser";\nimport { greet } from "./roles/greet/role.ts";\nexport default playbook(import.meta, [play({ name: "p", hosts: "all", roles: [use(greet)] })]);\n',
  "roles/greet/role.ts": role('"first\\n"'),
  "roles/greet/words.ts": 'export const words = "some words";\n',
  "roles/greet/templates/other.ejs": "hello <%= vars.who %>\n",
  "inv/group_vars/all.yml": "greet: { who: world }\n",
};

/** A watching hawser, with what it said so far. */
class Watched {
  readonly child: ChildProcessWithoutNullStreams;
  readonly end: Promise<Said>;
  out = "";

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    this.end = ended(child);
    child.stdout.on("data", (chunk: Buffer) => void (this.out += chunk.toString()));
  }

  /** Waits until it says this, after `from`. @returns where it ended, for the next */
  async says(text: string | RegExp, from = 0): Promise<number> {
    const found = (): boolean => (typeof text === "string" ? this.out.slice(from).includes(text) : text.test(this.out.slice(from)));
    while (!found()) await new Promise((resolve) => this.child.stdout.once("data", resolve));
    return this.out.length;
  }

  async stop(): Promise<Said> {
    this.child.kill("SIGINT");
    return await this.end;
  }
}

describe("hawser run --check --watch", { skip, timeout: 120_000 }, () => {
  let server: Sshd;
  before(async () => {
    server = await startSshd({ config: "LogLevel VERBOSE" });
  });
  after(() => server.stop());
  const made = (): string => {
    const ssh = `{ address: 127.0.0.1, port: ${server.port}, user: ${LOGIN}, key: ${server.key}, agent: false, known_hosts: ${server.folder}/known_hosts, config: false }`;
    return project({ after }, { ...FILES, "inv/hosts.yml": `all:\n  hosts: { one: }\n  vars: { ssh: ${ssh}, become: { method: none } }\n` });
  };
  const watching = /watching \d+ files; Ctrl-C ends\n/;

  it("shows the hosts' diffs again when a role, a template, a module or the inventory is saved, over one connection", async () => {
    const folder = made();
    const logins = (): number => server.log().split("Accepted publickey").length - 1;
    const before = logins();
    const watched = new Watched(start(folder, ["run", "site.ts", "-i", "inv", "--check", "--watch"]));
    try {
      let at = await watched.says(watching);
      assert.match(watched.out, /\+first\n[^]*\+hello world\n/);
      const save = async (file: string, text: string, expected: string): Promise<void> => {
        writeFileSync(`${folder}/${file}`, text);
        const next = await watched.says(watching, at);
        const said = watched.out.slice(at);
        assert.ok(said.includes(expected), `after ${file}: ${said}`);
        assert.ok(said.includes(`after ${file} was saved\n`), said);
        at = next;
      };
      await save("roles/greet/role.ts", role('"second\\n"'), "+second\n");
      await save("roles/greet/templates/other.ejs", "good morning <%= vars.who %>, <%= vars.words %>\n", "+good morning world, some words\n");
      await save("roles/greet/words.ts", 'export const words = "other words";\n', "+good morning world, other words\n");
      await save("inv/group_vars/all.yml", "greet: { who: everybody }\n", "+good morning everybody, other words\n");
      // As most editors save: another file, renamed.
      writeFileSync(`${folder}/roles/greet/.role.ts.swp`, role('"third\\n"'));
      renameSync(`${folder}/roles/greet/.role.ts.swp`, `${folder}/roles/greet/role.ts`);
      await watched.says("+third\n", at);
      assert.equal(logins() - before, 1);
    } finally {
      const { code, err } = await watched.stop();
      assert.deepEqual({ code, err }, { code: 0, err: "" });
    }
  });

  it("shows what is wrong with a broken save, and goes on watching", async () => {
    const folder = made();
    const watched = new Watched(start(folder, ["run", "site.ts", "-i", "inv", "--check", "--watch"]));
    try {
      let at = await watched.says(watching);
      for (const [file, text, message] of [
        ["roles/greet/role.ts", "const a = ;\n", /roles\/greet\/role\.ts:1:11/],
        ["roles/greet/role.ts", role('"mended\\n"'), /\+mended\n/],
        ["inv/group_vars/all.yml", "greet: { whom: world }\n", /greet\.whom: there is no such key[^]*inv\/group_vars\/all\.yml:1:16/],
        ["inv/group_vars/all.yml", "greet: { who: again }\n", /\+hello again\n/],
        ["roles/greet/templates/other.ejs", "<%= vars.nobody %>\n", /roles\/greet\/templates\/other\.ejs:1:10/],
        ["site.ts", "export default 1;\n", /has no playbook as its default export/],
        ["site.ts", FILES["site.ts"], /roles\/greet\/templates\/other\.ejs:1:10/],
      ] as const) {
        writeFileSync(`${folder}/${file}`, text);
        const next = await watched.says(watching, at);
        assert.match(watched.out.slice(at), message);
        at = next;
      }
    } finally {
      assert.equal((await watched.stop()).code, 0);
    }
  });

  it("does nothing when something else is saved beside what it uses", async () => {
    const folder = made();
    const watched = new Watched(start(folder, ["run", "site.ts", "-i", "inv", "--check", "--watch"]));
    try {
      const at = await watched.says(watching);
      for (const file of ["roles/greet/notes.txt", "other.ts", "roles/greet/templates/.other.ejs.swp", "roles/greet/templates/other.ejs~"]) writeFileSync(`${folder}/${file}`, "x");
      rmSync(`${folder}/roles/greet/templates/other.ejs~`);
      writeFileSync(`${folder}/roles/greet/role.ts`, role('"only this\\n"'));
      await watched.says(watching, at);
      assert.equal(watched.out.slice(at).split("was saved").length - 1, 1, watched.out.slice(at));
      assert.match(watched.out.slice(at), /after roles\/greet\/role\.ts was saved\n/);
    } finally {
      assert.equal((await watched.stop()).code, 0);
    }
  });

  it("draws over itself on a terminal, and ends cleanly on Ctrl-C there", async () => {
    const folder = made();
    const child = startOnTerminal([process.execPath, BIN, "run", "site.ts", "-i", "inv", "--check", "--watch"], { cwd: folder, rows: 60 });
    const watched = new Watched(child);
    const at = await watched.says("Ctrl-C ends");
    writeFileSync(`${folder}/roles/greet/role.ts`, role('"drawn\\n"'));
    await watched.says("+drawn\x1b[K", at);
    await watched.says("Ctrl-C ends\x1b[K", watched.out.indexOf("+drawn"));
    assert.ok(watched.out.slice(at).includes("\x1b[H"), "it begins at the top");
    assert.equal(watched.out.split("\x1b[2J").length - 1, 1, "the screen was cleared more than once");
    child.stdin.write("\x03");
    assert.equal((await watched.end).code, 0);
  });

  it("refuses what it cannot go with", async () => {
    const folder = made();
    for (const [args, message] of [
      [[], /--watch goes with --check/],
      [["--check", "-o", "json"], /--watch is for people/],
      [["--check", "-K"], /cannot be used with option '-K, --ask-become-pass'/],
    ] as const) {
      const { code, err } = await hawser(folder, ["run", "site.ts", "-i", "inv", "--watch", ...args]);
      assert.equal(code, 1);
      assert.match(err, message);
    }
  });
});
