import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readSshConfig, type ConfigLine } from "../../src/connection/ssh-config.ts";
import { temporary } from "./keys.ts";

describe("reading an ssh client configuration", () => {
  const home = temporary({ after });
  const restored = process.env["HOME"];
  before(() => void (process.env["HOME"] = home));
  after(() => void (process.env["HOME"] = restored));

  const write = (name: string, text: string): string => {
    const file = join(home, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const brief = (lines: readonly ConfigLine[]): unknown[] => lines.map(({ keyword, words, at, inside }) => [at, keyword, ...words, ...(inside.length > 0 ? [brief(inside)] : [])]);
  const read = async (text: string): Promise<unknown[]> => brief(await readSshConfig(write("config", text)));

  it("is empty when it is not there", async () => assert.deepEqual(await readSshConfig(join(home, "none")), []));

  it("knows the line of everything, quotes, equals signs and comments", async () => {
    assert.deepEqual(await read('# first\n\nUser=ada # who\n\n\n  Host  "a b" c*\t!d\r\n\tPORT = 2222\n\n# in between\n  IdentityFile "~/my key"\nMatch host x user y\n  HostName z\nHost e\n\n'), [
      ["~/config:3", "user", "ada"],
      ["~/config:6", "host", "a b", "c*", "!d", [["~/config:7", "port", "2222"], ["~/config:10", "identityfile", "~/my key"]]],
      ["~/config:11", "match", "host", "x", "user", "y", [["~/config:12", "hostname", "z"]]],
      ["~/config:13", "host", "e"],
    ]);
  });

  it("takes an Include where it stands, under a Host as well", async () => {
    write(".ssh/relative", "User one\nHost inner\n  Port 1\n");
    const absolute = write("absolute", "User two\n");
    write("tilde", "User three\n");
    assert.deepEqual(await read(`Include relative\nHost a\n  Include ${absolute} "~/tilde" gone\n  Port 2\n`), [
      ["~/config:1", "include", "relative", [["~/.ssh/relative:1", "user", "one"], ["~/.ssh/relative:2", "host", "inner", [["~/.ssh/relative:3", "port", "1"]]]]],
      ["~/config:2", "host", "a", [["~/config:3", "include", absolute, "~/tilde", "gone", [["~/absolute:1", "user", "two"], ["~/tilde:1", "user", "three"]]], ["~/config:4", "port", "2"]]],
    ]);
  });

  for (const [pattern, expected] of [
    ["conf.d/*", ["10-b", "9", "a.conf"]],
    ["conf.d/*.conf", ["a.conf"]],
    ["conf.d/?", ["9"]],
    ["conf.d/[!0-9]*", ["a.conf"]],
    ["conf.d/[19]*", ["10-b", "9"]],
    ["conf.d/.*", [".hidden"]],
    ["*.d/9", ["9"]],
    ["c*/[a-z].conf", ["a.conf"]],
    ["conf.d/a?conf", ["a.conf"]],
    ["conf.d/z*", []],
    ["nowhere/*", []],
  ] as const) {
    it(`includes by ${pattern} as glob does`, async () => {
      for (const name of ["a.conf", "10-b", "9", ".hidden"]) write(`.ssh/conf.d/${name}`, `User ${name}\n`);
      const [line] = await readSshConfig(write("config", `Include ${pattern}\n`));
      assert.deepEqual(line?.inside.map(({ words }) => words[0]), expected);
    });
  }

  for (const [name, text, message] of [
    ["a keyword without a value", "Host a\n  Port\n  User x\n", "~/config:2: nothing follows Port"],
    ["a keyword without a value at the end", "Host a\n  Port", "~/config:2: nothing follows Port"],
    ["a Host without a pattern", "User a\nHost\n", /^(?:~\/config:2: nothing follows Host|cannot read ~\/config: )/],
    ["a quote that is not closed", 'IdentityFile "~/a\n', /^cannot read ~\/config: /],
    ["an Include of itself", "Include ~/config\n", "~/config: Include is nested deeper than 16"],
  ] as const) {
    it(`refuses ${name}`, () => assert.rejects(read(text), { name: "UsageError", message }));
  }

  it("refuses what it cannot read", async () => {
    await assert.rejects(readSshConfig(home), { name: "UsageError", message: "cannot read ~: EISDIR: illegal operation on a directory, read" });
    await assert.rejects(read(`Include ${homedir()}\n`), /cannot read ~: EISDIR/);
  });
});
