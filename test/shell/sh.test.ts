import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { inspect } from "node:util";
import { test } from "node:test";
import { Secret, sh, Sh, Value, ValuePending } from "../../src/shell/index.ts";

test("holes are quoted, arrays become words, commands are inserted as they are", () => {
  assert.equal(sh`cp ${"a b"} ${3} ${["x", "y z"]} && ${sh`echo ${"$x"}`}`.render(), "cp 'a b' 3 x 'y z' && echo '$x'");
});

test("an array of one empty word keeps its place", () => assert.equal(sh`f ${[""]}`.render(), "f ''"));

for (const bad of [undefined, null, true, {}, Number.NaN, new Secret("x")]) {
  test(`${inspect(bad)} is refused in a hole`, () => assert.throws(() => sh`echo ${bad as never}`, TypeError));
}

test("a secret is fed by standard input only, and is told to the redactor", () => {
  const told: string[] = [];
  const command = sh`cat`.stdin(new Secret("it's 100% secret\\n"));
  assert.equal(command.sensitive, true);
  const script = command.render((secret) => told.push(secret.reveal()));
  assert.equal(execFileSync("sh", ["-c", script]).toString(), "it's 100% secret\\n");
  assert.deepEqual(told, ["it's 100% secret\\n"]);
});

test("lines leave out what is not there", () => {
  assert.equal(Sh.lines("a", false, undefined, sh`b ${1}`, "").render(), "a\nb 1");
});

test("a late value is rendered when it is known", () => {
  const { value, settle } = Value.pending<string>("v");
  const command = sh`echo ${value.map((text) => text.toUpperCase())}`;
  assert.deepEqual(command.values().map((each) => each.label), ["v"]);
  assert.throws(() => command.render(), ValuePending);
  settle("it works");
  assert.equal(command.render(), "echo 'IT WORKS'");
});

test("commands, secrets and values throw when they are printed", () => {
  assert.throws(() => String(sh`x`), /Sh was about to be printed/);
  assert.throws(() => String(new Secret("x")), /Secret was about to be printed/);
  assert.throws(() => String(Value.pending("v").value), /the value "v" was about to be printed/);
  assert.equal(inspect({ password: new Secret("hidden") }), "{ password: [secret] }");
  assert.equal(JSON.stringify({ password: new Secret("hidden") }), '{"password":"[secret]"}');
});

test("a value is not thenable: awaiting it gives the value object, not what it holds", async () => {
  const { value } = Value.pending("v");
  assert.equal(await (value as unknown as Promise<unknown>), value);
});
