import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runInThisContext } from "node:vm";
import { stripVTControlCharacters } from "node:util";
import { HawserError, UsageError } from "../../src/errors/index.ts";
import { formatError } from "../../src/report/index.ts";

const cwd = mkdtempSync(join(tmpdir(), "hawser-error-"));
after(() => rmSync(cwd, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(cwd, name);
  writeFileSync(path, text);
  return path;
}

function format(error: unknown): string {
  return formatError(error, { color: false, cwd });
}

void test("message, place, excerpt with caret, output, causes and hint", () => {
  const source = { file: file("site.ts", "play({\n\thosts: 'gatewais',\n});\n"), line: 2, column: 9 };
  const cause = new Error("outer: no such group", { cause: new Error("the root of it") });
  const error = new UsageError("no host matches", { source, cause, hint: "did you mean gateways", host: "la-1", resource: "a/file:b", stderr: "one\ntwo\n" });
  assert.equal(
    format(error),
    `error: no host matches
  la-1  a/file:b
  at site.ts:2:9
  1 │ play({
  2 │   hosts: 'gatewais',
    │          ^
  3 │ });
  stderr:
  │ one
  │ two
  caused by: outer: no such group
  caused by: the root of it
  try: did you mean gateways
`,
  );
  assert.equal(stripVTControlCharacters(formatError(error, { color: true, cwd })), format(error));
});

void test("a file that cannot be read, or no file, costs only the excerpt", () => {
  assert.equal(format(new HawserError("m", { source: { file: join(cwd, "gone.ts"), line: 1, column: 1 } })), "error: m\n  at gone.ts:1:1\n");
  assert.equal(format(new HawserError("m", { source: { file: "unknown", line: 0, column: 0 } })), "error: m\n");
});

void test("what the message already says is not repeated as its cause", () => {
  assert.equal(format(new HawserError("cannot read x: ENOENT", { cause: new Error("ENOENT") })), "error: cannot read x: ENOENT\n");
});

void test("an error that stands for several prints each with its own place", () => {
  const problems = [
    { file: "hosts.yml", line: 12, column: 5, message: "unknown key adress", hint: "address", excerpt: "    adress: 192.0.2.1" },
    { file: "hosts.yml", line: 40, column: 1, message: "port is a number" },
  ];
  assert.equal(
    format(Object.assign(new Error("many"), { problems })),
    `error: unknown key adress
  at hosts.yml:12:5
  12 │     adress: 192.0.2.1
     │     ^
  try: address

error: port is a number
  at hosts.yml:40:1

2 problems
`,
  );
});

void test("the errors of an AggregateError are printed as what they are", () => {
  assert.equal(format(new AggregateError([new UsageError("one", { hint: "two" })])), "error: one\n  try: two\n");
});

const SECRETS: [string, string][] = [
  ["vars.yml", "db_password: hunter2"],
  ["vars.yml", "psk: !secret hunter2"],
  ["vars.yml", "keep: !age 'hunter2'"],
  ["vars.ts", "use(db, { password: 'hunter2', port: 1 })"],
  ["vars.ts", "const key = new Secret(`hunter2`)"],
];
for (const [name, line] of SECRETS)
  void test(`an excerpt hides the secret of ${line}`, () => {
    const text = format(new HawserError("m", { source: { file: file(name, line), line: 1, column: 1 } }));
    assert.ok(!text.includes("hunter2") && text.includes("[secret]"), text);
  });

void test("of a YAML file no neighbouring line is shown", () => {
  const text = format(new HawserError("m", { source: { file: file("v.yml", "key: |\n  PRIVATE\nport: x\n"), line: 3, column: 1 } }));
  assert.ok(!text.includes("PRIVATE"), text);
});

void test("an error of the playbook's own code points at it and is not called a bug of hawser", () => {
  const path = file("broken.ts", "\nnull.hosts\n");
  let thrown: unknown;
  try {
    runInThisContext("\nnull.hosts\n", { filename: path });
  } catch (error) {
    thrown = error;
  }
  const text = format(thrown);
  assert.match(text, /^error: TypeError: .*\n {2}at broken\.ts:2:6\n/);
  assert.match(text, /thrown by the playbook's or role's own code/);
});

void test("an error of hawser's own code comes with its stack and asks to be reported", () => {
  const error = Object.assign(new TypeError("x is not a function"), { stack: `TypeError: x\n    at run (${new URL("../../src/engine/run.ts", import.meta.url).href}:1:2)` });
  assert.match(format(error), /^error: TypeError: x is not a function\n {2}at run \(.*\n {2}this is a bug in hawser: please report it with the lines above\n$/);
});

void test("what is no error is printed as it is", () => assert.equal(format("just text"), "error: just text\n"));
