import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, describe, it } from "node:test";
import { ended, hawser, LOCAL, project, start, type Said } from "./hawser.ts";

const folder = project({ after }, {
  "inv/hosts.yml": LOCAL,
  "gone/hosts.yml": "all: { hosts: { here: { ssh: { kind: local } }, gone: { ssh: { address: 127.0.0.1, port: 9, user: nobody, config: false, agent: false } } } }\n",
  "hello.sh": '#!/bin/sh -u\nprintf "%s;" "$@"; echo; echo "$0" >&2\nexit 3\n',
  "hello.py": '#!/usr/bin/env python3\nimport sys\nprint("python", sys.argv[1:])\n',
  "plain": "echo without a first line $1\n",
});
const exec = (...args: string[]): Promise<Said> => hawser(folder, ["exec", "-i", "inv", ...args]);
const sorted = (text: string): string[] => text.trimEnd().split("\n").sort();

describe("hawser exec", () => {
  it("prefixes each line with its host, aligned, and sums up on standard error", async () => {
    const { code, out, err } = await exec("all", "--", "printf", "one\\ntwo\\n");
    assert.equal(code, 0);
    assert.deepEqual(sorted(out), ["db     │ one", "db     │ two", "web-1  │ one", "web-1  │ two", "web-22 │ one", "web-22 │ two"]);
    assert.match(err, /^3 hosts: 3 ok \(.* s\)\n$/);
  });

  it("runs the words as they are, whatever a shell would make of them", async () => {
    const odd = ["a b", "$HOME", "`id`", "'", '"', "*", "\\", "", "a=b", "-n", "new\nline", "ünï"];
    const { out } = await exec("db", "-o", "raw", "--", "printf", "<%s>", ...odd);
    assert.equal(out, odd.map((word) => `<${word}>`).join(""));
    const { code, err } = await exec("db", "--", "x=y", "true");
    assert.equal(code, 2);
    assert.match(err, /x=y: (?:.*)not found/);
  });

  it("runs shell text with --shell", async () => {
    const { out } = await exec("db", "--shell", 'for i in 1 2; do echo "$i"; done | tac');
    assert.equal(out, "db │ 2\ndb │ 1\n");
  });

  it("works as ssh would: from the home of the user, with the usual umask and nothing on standard input", async () => {
    const { out } = await exec("db", "-o", "raw", "--shell", "pwd; umask; cat");
    assert.equal(out, `${process.env["HOME"]}\n0022\n`);
  });

  it("runs a script by its interpreter, with arguments, and takes it away", async () => {
    const { code, out, err } = await exec("web-1", "--script", "hello.sh", "--", "a b", "--c");
    assert.equal(code, 2);
    assert.equal(out, "web-1 │ a b;--c;\n");
    const [, file = ""] = /│ (\/\S+)/.exec(err) ?? [];
    assert.match(err, /1 host: 0 ok, 1 exited 3 \(web-1\)/);
    assert.ok(file.startsWith(`${tmpdir()}/hawser.`) && !readdirSync(tmpdir()).includes(file.slice(tmpdir().length + 1)), file);
    assert.match((await exec("web-1", "--script", "hello.py", "--", "x y")).out, /python \['x y'\]/);
    assert.equal((await exec("web-1", "--script", "plain", "--", "z")).out, "web-1 │ without a first line z\n");
  });

  it("groups identical answers", async () => {
    const { code, out } = await exec("all", "--group", "--shell", 'echo same; [ -e /nowhere ] || echo also');
    assert.equal(code, 0);
    assert.equal(out, "3 hosts answered: web-1, web-22, db\n  same\n  also\n");
    const failing = await exec("web", "-g", "--shell", "echo no >&2; exit 7");
    assert.equal(failing.out, "2 hosts exited 7: web-1, web-22\n  │ no\n");
    assert.equal(failing.code, 2);
  });

  it("prints a line of JSON for each host, with its output byte for byte", async () => {
    const { out } = await exec("web", "-o", "json", "--shell", "printf 'a\\nb'; echo e >&2; exit 4");
    const answers = sorted(out).map((line) => JSON.parse(line) as { host: string; code: number; stdout: string; stderr: string; seconds: number });
    assert.deepEqual(answers.map(({ seconds, ...rest }) => ({ ...rest, took: seconds >= 0 })), ["web-1", "web-22"].map((host) => ({ host, code: 4, stdout: "a\nb", stderr: "e\n", took: true })));
  });

  it("feeds standard input to one host, and refuses to guess for several", async () => {
    const { code, out } = await hawser(folder, ["exec", "-i", "inv", "db", "--stdin", "--", "wc", "-c"], { input: "x".repeat(300_000) });
    assert.equal(code, 0);
    assert.equal(out, "db │ 300000\n");
    const several = await exec("web", "--stdin", "--", "cat");
    assert.equal(several.code, 1);
    assert.match(several.err, /--stdin feeds one host, and "web" is 2/);
  });

  it("passes one host's output on byte for byte with -o raw, and its exit code as 2", async () => {
    const { code, out, err } = await exec("db", "-o", "raw", "--shell", "printf 'a\\033[1m\\0b'; printf e >&2; exit 9");
    assert.equal(code, 2);
    assert.equal(out, "a\x1b[1m\0b");
    assert.match(err, /^e1 host: 0 ok, 1 exited 9/);
    assert.equal((await exec("all", "-o", "raw", "--", "true")).code, 1);
  });

  it("makes control characters of a host harmless on a terminal", async () => {
    assert.equal((await exec("db", "--shell", "printf 'a\\033[2Jb\\n\\007c\\n'")).out, "db │ ab\ndb │ \\x07c\n");
  });

  it("stops what takes longer than --timeout, also what it has started", async () => {
    const { code, err } = await exec("db", "--timeout", "1", "--shell", "sleep 987.125 & wait");
    assert.equal(code, 2);
    assert.match(err, /db +✖ failed[^]*did not end within 1 s and was stopped[^]*1 host: 0 ok, 1 timed-out \(db\)/);
    assert.equal((await exec("db", "-o", "raw", "--shell", "ps -eo args | grep -c '[s]leep 987.125'")).out, "0\n");
  });

  it("says who was unreachable, with exit code 4 unless a command failed", async () => {
    const gone = (...args: string[]): Promise<Said> => hawser(folder, ["exec", "-i", "gone", "all", ...args]);
    const { code, out, err } = await gone("--", "echo", "hi");
    assert.deepEqual([code, out], [4, "here │ hi\n"]);
    assert.match(err, /gone +✖ unreachable[^]*2 hosts: 1 ok, 1 unreachable \(gone\)/);
    assert.equal((await gone("--", "false")).code, 2);
    const json = sorted((await gone("-o", "json", "--", "true")).out).map((line) => JSON.parse(line) as { host: string; code: number | null; trouble?: string });
    assert.deepEqual(json.map(({ host, code: exit, trouble }) => [host, exit, trouble]), [["gone", null, "unreachable"], ["here", 0, undefined]]);
  });

  it("stops the commands on the hosts on Ctrl-C", async () => {
    const child = start(folder, ["exec", "-i", "inv", "web", "--shell", "echo begun; sleep 987.25"]);
    const said = ended(child);
    let begun = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      begun += chunk.toString().split("begun").length - 1;
      if (begun === 2) child.kill("SIGINT");
    });
    const { code, err } = await said;
    assert.equal(code, 130);
    assert.match(err, /stopping the commands on the hosts[^]*2 hosts: 0 ok, 2 interrupted \(web-1, web-22\)/);
    assert.equal((await exec("db", "-o", "raw", "--shell", "ps -eo args | grep -c '[s]leep 987.25'")).out, "0\n");
  });

  it("works as the login user with --no-become", async () => {
    assert.equal((await exec("db", "--no-become", "-o", "raw", "--", "id", "-un")).out, "root\n");
    const both = await exec("db", "--no-become", "--become-user", "nobody", "--", "id");
    assert.deepEqual([both.code, both.err.split("\n")[0]], [1, "error: --no-become and --become-user contradict each other"]);
  });

  for (const [name, args, message] of [
    ["no command", ["db"], /there is no command to run[^]*hawser exec PATTERN -- COMMAND/],
    ["both kinds of command", ["db", "--shell", "a", "--", "b"], /with --shell there is no command of its own: b/],
    ["shell text and a script", ["db", "--shell", "a", "--script", "hello.sh"], /--shell and --script contradict each other/],
    ["a script that is not there", ["db", "--script", "nope.sh"], /the script nope\.sh cannot be read: ENOENT/],
    ["an unknown host", ["web-2", "--", "true"], /no host or group is called "web-2"[^]*did you mean "web-1"\?|did you mean "web-22"\?/],
    ["a limit of no time", ["db", "--timeout", "0", "--", "true"], /a whole number from 1 is expected/],
    ["groups of JSON", ["db", "-g", "-o", "json", "--", "true"], /--group is for people/],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const { code, out, err } = await exec(...args);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, message);
    });
  }
});
