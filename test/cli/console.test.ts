import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { after, describe, it } from "node:test";
import { privateLines } from "../../src/cli/console/history.ts";
import { Secret } from "../../src/shell/index.ts";
import { BIN, ended, hawser, project, type Said } from "./hawser.ts";
import { startOnTerminal } from "./terminal.ts";

const folder = project({ after }, {
  "inv/hosts.yml": "all:\n  hosts: { db: , other: }\n  vars: { ssh: { kind: local }, site: { port: 80, key: !secret canary-of-the-inventory } }\n",
  "templates/hello.ejs": "<%= vars.name %>\n",
});
const state = `${folder}/state`;
const talk = (...lines: string[]): Promise<Said> => hawser(folder, ["console", "db", "-i", "inv"], { input: `${lines.join("\n")}\n`, env: { XDG_STATE_HOME: state } });

describe("hawser console", () => {
  it("has what roles have", async () => {
    const { code, out } = await talk("facts.init === 'systemd' || facts.init", "vars.site.port", "vars.site.key", "host.name", "inventory.hosts.length", "z.string().parse('x')");
    assert.equal(code, 0);
    assert.match(out, /^(?:true|'other')\n80\n\[secret\]\n'db'\n2\n'x'\n$/);
  });

  it("runs commands by zx, waits for them, and shows what they print", async () => {
    assert.deepEqual(await talk("await $`echo ${'a  b'}`", "$`printf later`", "const n = (await $`echo 3`).stdout.trim()", "Number(n) + 1"), { code: 0, out: "a  b\nlater\n4\n", err: "" });
  });

  it("runs sh, with its exit code where it is not 0", async () => {
    assert.equal((await talk("sh`echo ${'$HOME'} >&2`", "sh`exit 3`", "const kept = sh`echo not run`", "kept")).out, "$HOME\nexit code 3\nnot run\n");
  });

  it("plans what t declares, with the diff, and makes it by apply, with what it needs", async () => {
    const file = `${folder}/made/file`;
    const planned = await talk(`t.file(${JSON.stringify(file)}, { content: "one\\n" })`);
    assert.match(planned.out, /db {2}~ would change {2}console\/file:\S+ {2}create\n[^]*\+one\n/);
    assert.ok(!existsSync(file));
    const applied = await talk(`const d = t.directory(${JSON.stringify(`${folder}/made`)})`, "const f = t.file(", `  ${JSON.stringify(file)},`, '  { content: "one\\n", needs: [d] })', "await apply(f)", "f", `t.template(${JSON.stringify(`${folder}/hello`)}, "hello.ejs", { name: host.name })`);
    assert.equal(applied.code, 0, applied.err);
    assert.match(applied.out, /\+ changed .*directory:\S+made[^]*\+ changed .*file:\S+made\/file[^]*✔ ok +console\/file:\S+made\/file[^]*\+db\n/);
    assert.equal(readFileSync(file, "utf8"), "one\n");
    assert.ok(!existsSync(`${folder}/hello`));
  });

  it("holds no lock between two lines", async () => {
    const { code, out, err } = await talk(`await apply(t.directory(${JSON.stringify(`${folder}/a`)}))`, `await apply(t.directory(${JSON.stringify(`${folder}/b`)}))`);
    assert.equal(code, 0, `${out}${err}`);
  });

  for (const [name, line, message] of [
    ["an unknown verb", 't.fiel("/x")', "error: t has no fiel\n  try: did you mean file?\n"],
    ["a verb of roles", 't.block("x", () => {})', "error: t.block stands in roles only\n"],
    ["an unknown name", "nosuch", "error: ReferenceError: nosuch is not defined\n"],
    ["a command that fails", "await $`echo why >&2; exit 3`", "error: the command exited 3\nwhy\n"],
    ["half a statement", "const a = {", "error: the last statement is not complete\n"],
    ["an apply of nothing", "await apply('x')", 'error: apply takes what t declares\n  try: await apply(t.file("/etc/motd", { content: "" }))\n'],
  ] as const) {
    it(`ends at ${name}, with exit code 2`, async () => {
      const { code, out, err } = await talk("1", line, ...(name === "half a statement" ? [] : ["2"]));
      assert.deepEqual({ code, out, err }, { code: 2, out: "1\n", err: message });
    });
  }

  it("refuses bad arguments of a declaration before it asks the host", async () => {
    assert.match((await talk('t.file("relative", { content: "" })')).err, /console\/file: path: .*absolute/);
  });

  it("refuses a host that there is not", async () => {
    const { code, err } = await hawser(folder, ["console", "bd", "-i", "inv"]);
    assert.equal(code, 1);
    assert.match(err, /no host is called "bd"[^]*did you mean "db"\?/);
  });

  it("on a terminal has a prompt, goes on after an error, and keeps a history without secrets for its user alone", async () => {
    mkdirSync(state, { recursive: true });
    const child = startOnTerminal([process.execPath, BIN, "console", "db", "-i", "inv"], { cwd: folder, env: { XDG_STATE_HOME: state } });
    const said = ended(child);
    let seen = "";
    child.stdout.on("data", (chunk: Buffer) => void (seen += chunk.toString()));
    /** Types a line once the prompt is there, and waits for what it brings. */
    const type = async (line: string, until: RegExp): Promise<void> => {
      const from = seen.length;
      child.stdin.write(`${line}\r`);
      while (!until.test(seen.slice(from))) await new Promise((resolve) => child.stdout.once("data", resolve));
    };
    while (!seen.includes("db> ")) await new Promise((resolve) => child.stdout.once("data", resolve));
    await type("nosuch", /is not defined[^]*db> /);
    await type("40 + 2", /\n42[^]*db> /);
    await type('const p = new Secret("typed-canary")', /db> /);
    await type("'canary-of-the-inventory'.length", /\n23[^]*db> /);
    await type(" 'with a blank'", /with a blank'[^]*with a blank'[^]*db> /);
    child.stdin.write(".exit\r");
    assert.equal((await said).code, 0);
    const history = readFileSync(`${state}/hawser/console_history`, "utf8");
    assert.match(history, /40 \+ 2/);
    assert.doesNotMatch(history, /canary|with a blank/);
    assert.equal(statSync(`${state}/hawser/console_history`).mode & 0o777, 0o600);
  });

  it("knows private lines", () => {
    const isPrivate = privateLines({ a: [{ b: new Secret("s3cret!") }], short: new Secret("abc") });
    for (const line of [" x", 'new Secret("x")', "password: 'x'", "db_password = 1", "x.includes('s3cret!')"]) assert.ok(isPrivate(line), line);
    for (const line of ["vars", "abc", "t.file('/etc/passwd', {})", "facts.os"]) assert.ok(!isPrivate(line), line);
  });
});
