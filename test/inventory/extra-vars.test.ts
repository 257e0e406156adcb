import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { loadInventory } from "../../src/inventory/index.ts";
import { Secret } from "../../src/shell/index.ts";
import { brief, directoryOf, load, problemsOf } from "./fixture.ts";

const HOSTS = "g: { hosts: { h: { x: inventory } } }";

for (const [text, expected] of [
  ["x=text", "text"],
  ["x=", ""],
  ["x=a=b", "a=b"],
  ["x=two words: here", "two words: here"],
  ["x=22", 22],
  ["x=-1", -1],
  ["x=true", true],
  ["x=null", null],
  // Text, since a number would lose what was typed.
  ["x=1.10", "1.10"],
  ["x=007", "007"],
  ["x=1e3", "1e3"],
  ["x=yes", "yes"],
  ["x=12345678901234567890", "12345678901234567890"],
  ['x="22"', "22"],
  ["x=[1, two]", [1, "two"]],
  ["x={a: {b: 1}}", { a: { b: 1 } }],
  ['{"x": [1]}', [1]],
  ["{x: 1}", 1],
] as const) {
  void test(`-e '${text}' sets ${JSON.stringify(expected)}`, async () => {
    assert.deepEqual((await load(HOSTS, { extraVars: [text] })).host("h").vars["x"], expected);
  });
}

void test("later ones win, and every one is explained", async () => {
  const cwd = directoryOf({ "hosts.yml": HOSTS, "vars/extra.yml": "y: 1\nx: file\n" });
  const inventory = await loadInventory(".", { cwd, extraVars: ["x=one", "@vars/extra.yml", "x=two"] });
  assert.equal(inventory.host("h").vars["x"], "two");
  assert.deepEqual(
    inventory.explain("h", "x").map(({ layer, file, line, column, value }) => [layer, `${file}:${line}:${column}`, value]),
    [["hosts.yml host h", "hosts.yml:1:23", "inventory"], ["-e x", "-e x:1:3", "one"], ["-e @vars/extra.yml", "vars/extra.yml:2:4", "file"], ["-e x", "-e x:1:3", "two"]],
  );
});

void test("settings can be set one by one, and paths start where the command was typed, or beside the file", async () => {
  const cwd = directoryOf({ "inv/hosts.yml": HOSTS, "vars/extra.yml": "ssh: { known_hosts: known }" });
  const { connection, become } = (await loadInventory("inv", { cwd, extraVars: ["ssh.port=2222", "ssh.key=keys/k", "become.method=doas", "@vars/extra.yml"] })).host("h");
  assert.deepEqual([connection.port, connection.keys, connection.knownHosts, become.method], [2222, [join(cwd, "keys/k")], join(cwd, "vars/known"), "doas"]);
});

void test("a value may be a secret", async () => {
  const { x } = (await load(HOSTS, { extraVars: ["x=!env PW"], env: { PW: "hunter2" } })).host("h").vars;
  assert.ok(x instanceof Secret);
  assert.equal(x.reveal(), "hunter2");
});

for (const [text, expected] of [
  ["x", "-e x:1:1: an extra variable must be key=value, @file.yml or {key: value}"],
  ["=x", "-e =x:1:1: an extra variable must be key=value, @file.yml or {key: value}"],
  ["base.timezone=UTC", '-e base.timezone:1:1: "base.timezone" reaches inside a variable (only ssh.… and become.… may be set in part; give base as a whole: -e \'{base: …}\')'],
  ["ssh.prot=22", '-e ssh.prot:1:1: ssh has no key "prot" (did you mean "port"?)'],
  ["ssh.port=0", "-e ssh.port:1:10: ssh.port must be a port from 1 to 65535, not 0"],
  ["1x=2", '-e 1x:1:1: "1x" is not a variable name (letters, digits, _ and - are allowed, and the first must not be a digit)'],
  ["x=[1", "-e x:1:5: not valid YAML: flow sequence must end with a ]"],
  ["x={mode: 0644}", '-e x:1:10: unquoted mode 0644 is the number 644, not an octal file mode (quote it: mode: "0644")'],
  ["@gone.yml", "gone.yml:1:1: the file does not exist"],
] as const) {
  void test(`-e '${text}' is refused`, async () => {
    assert.deepEqual((await problemsOf(HOSTS, { extraVars: [text] })).map(brief), [expected]);
  });
}

void test("a file that is no mapping is refused", async () => {
  assert.deepEqual((await problemsOf({ "hosts.yml": HOSTS, "x.yml": "- 1\n" }, { extraVars: ["@x.yml"] })).map(brief), ["x.yml:1:1: extra variables must be a mapping, not a list"]);
});
