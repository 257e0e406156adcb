import assert from "node:assert/strict";
import test from "node:test";
import { z } from "zod";
import { play, playbook } from "../../src/dsl/play.ts";
import { answer, type Prompts } from "../../src/dsl/prompts.ts";
import type { UsageError } from "../../src/errors/index.ts";
import { Secret } from "../../src/shell/index.ts";

const plays = [play({ name: "p", hosts: "all" })];
const prompts: Prompts = {
  version: { message: "Which version", schema: z.string().regex(/^\d+\.\d+$/, "a version is like 1.10") },
  color: { message: "Which color", schema: z.enum(["blue", "green"]), default: "blue" },
  weight: { message: "Which weight", schema: z.number().int().max(100), default: 10 },
  token: { message: "The token", secret: true },
};

/** Answers questions with what is typed, in turn. */
function typist(...typed: string[]) {
  const [asked, said]: [string[], string[]] = [[], []];
  return {
    asked,
    said,
    ask: async (question: string, { secret }: { secret: boolean }) => {
      asked.push(`${question}${secret ? "(hidden)" : ""}`);
      const next = typed.shift();
      assert.ok(next !== undefined, `nobody answers ${question}`);
      return next;
    },
    say: (message: string) => void said.push(message),
  };
}

const plain = (answers: ReadonlyMap<string, unknown>) => Object.fromEntries([...answers].map(([name, value]) => [name, value instanceof Secret ? `secret ${value.reveal()}` : value]));

void test("each is asked once, with its choices and default, until the answer fits", async () => {
  const asker = typist("latest", "1.10", "", "200", "20", "", "s3cret");
  assert.deepEqual(plain(await answer(prompts, new Map(), asker)), { version: "1.10", color: "blue", weight: 20, token: "secret s3cret" });
  assert.deepEqual(asker.asked, ["Which version: ", "Which version: ", "Which color (blue, green) [blue]: ", "Which weight [10]: ", "Which weight [10]: ", "The token: (hidden)", "The token: (hidden)"]);
  assert.deepEqual(asker.said, ["a version is like 1.10", "Too big: expected number to be <=100", "it must not be empty"]);
});

void test("what is given is not asked for, whichever type -e made of it", async () => {
  const given = new Map<string, unknown>([["version", "2.0"], ["color", "green"], ["weight", 7], ["token", new Secret("x")]]);
  assert.deepEqual(plain(await answer(prompts, given)), { version: "2.0", color: "green", weight: 7, token: "secret x" });
  assert.deepEqual(plain(await answer({ id: { message: "Id" }, on: { message: "On", schema: z.boolean() }, pin: { message: "Pin", secret: true } }, new Map<string, unknown>([["id", 12], ["on", true], ["pin", 1234]]))), { id: "12", on: true, pin: "secret 1234" });
});

void test("a secret stays one where the prompt is not secret", async () => {
  assert.deepEqual(plain(await answer({ id: { message: "Id" } }, new Map([["id", new Secret("x")]]))), { id: "secret x" });
});

void test("without a terminal the defaults count, and what has none is an error that says what to do", async () => {
  assert.deepEqual(plain(await answer(prompts, new Map([["version", "1.0"], ["token", "x"]]))), { version: "1.0", color: "blue", weight: 10, token: "secret x" });
  await assert.rejects(answer(prompts, new Map()), { message: "there is no terminal to ask on: Which version", hint: "give it as -e version=…" });
  await assert.rejects(answer(prompts, new Map([["version", "1.0"]])), { hint: "give it as -e 'token=!env NAME', or in a file with -e @file.yml" });
});

void test("a given value that does not fit is refused before anything is asked, without being repeated when it is secret", async () => {
  const asker = typist();
  await assert.rejects(answer(prompts, new Map([["version", "latest"]]), asker), { message: "the value of version from -e does not fit: a version is like 1.10", hint: "it answers: Which version" });
  await assert.rejects(answer({ pin: { message: "Pin", secret: true, schema: z.string().regex(/^\d+$/) } }, new Map([["pin", "hunter2"]]), asker), (error: UsageError) => !`${error.message} ${error.hint ?? ""}`.includes("hunter2"));
  assert.deepEqual(asker.asked, []);
});

for (const [name, wrong, message] of [
  ["a name that is no variable", { "a b": { message: "x" } }, /a prompt cannot be called "a b"/],
  ["the name of the connection", { ssh: { message: "x" } }, /cannot be called "ssh"/],
  ["an empty message", { a: { message: " " } }, /the prompt a has no message/],
  ["a default that does not fit", { a: { message: "x", schema: z.enum(["b"]), default: "c" } }, /the default of the prompt a does not fit its schema/],
  ["a default of a secret", { a: { message: "x", secret: true, default: "hunter2" } }, /the prompt a is secret and has a default/],
] as const) {
  void test(`${name} is refused where the playbook stands`, () => {
    assert.throws(() => playbook(import.meta, plays, { prompts: wrong }), (error: Error & { source?: { file: string } }) => message.test(error.message) && error.source?.file.endsWith("prompts.test.ts") === true);
  });
}

void test("a playbook in a playbook brings its prompts; two of one name are refused unless they are one", () => {
  const inner = playbook(import.meta, plays, { prompts });
  assert.deepEqual(Object.keys(playbook(import.meta, [inner], { prompts: { more: { message: "More" } } }).prompts), ["version", "color", "weight", "token", "more"]);
  assert.deepEqual(playbook(import.meta, [inner, inner]).prompts, prompts);
  assert.throws(() => playbook(import.meta, [inner], { prompts: { token: { message: "Another" } } }), { message: "the prompt token is declared twice" });
});
