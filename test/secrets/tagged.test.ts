import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { parseDocument } from "yaml";
import { applyEdits, sourceFor, taggedValues } from "../../src/secrets/tagged.ts";

const TEXT = `# of the team
a: !age | # who made it
  one
  two

b: !age &x |2-
    three
c: {d: !vault "q\\nw", e: !age plain} # flow
l:
  - !age |
    x
  - k: !age >
      y
  - - !age 'z'
n: !age
  hello
p: !age plain  # why
other: !secret no
# end
`;

const find = (text: string) => taggedValues(text, ["!age", "!vault"], "f.yml");
const replaceAll = (text: string, value: string, exact = true): string => applyEdits(text, find(text).map((at) => ({ start: at.start, end: at.end, text: sourceFor(text, at, value, { exact }) })));
const values = (text: string): string[] => find(text).map(({ value }) => value);

void test("values behind the tags are found in every style, with their lines", () => {
  assert.deepEqual(values(TEXT), ["one\ntwo\n", "  three", "q\nw", "plain", "x\n", "y\n", "z", "hello", "plain"]);
  assert.deepEqual(find(TEXT).map(({ line }) => line), [2, 6, 8, 8, 10, 12, 14, 15, 17]);
});

void test("another value leaves everything else as it is", () => {
  const edited = replaceAll(TEXT, "new\nlines\n");
  assert.deepEqual(values(edited), values(TEXT).map(() => "new\nlines\n"));
  assert.equal(
    edited,
    `# of the team
a: !age | # who made it
  new
  lines

b: !age &x |
    new
    lines
c: {d: !vault "new\\nlines\\n", e: !age "new\\nlines\\n"} # flow
l:
  - !age |
    new
    lines
  - k: !age |
      new
      lines
  - - !age |
      new
      lines
n: !age
  |
  new
  lines
p: !age |  # why
  new
  lines
other: !secret no
# end
`,
  );
});

void test("line endings of the file are kept", () => {
  const text = TEXT.replaceAll("\n", "\r\n");
  const edited = replaceAll(text, "new\nlines\n");
  assert.equal(edited.replaceAll("\r\n", "\n"), replaceAll(TEXT, "new\nlines\n"));
  assert.ok(!/(?<!\r)\n/.test(edited));
});

void test("whatever a value is, it is read back exactly, in every place", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", " ", "\n", "\t", "#", ":", "'", '"', "-", "é", "\\", "\u0085", "%", "|") , minLength: 1 }), (value) => {
      assert.deepEqual(values(replaceAll(TEXT, value)), values(TEXT).map(() => value));
    }),
    { numRuns: 150 },
  );
});

void test("what is not exact keeps a block's header", () => {
  assert.equal(replaceAll("a: !age |\n  x\nb: !age |-\n  x\n", "y\n", false), "a: !age |\n  y\nb: !age |-\n  y\n");
});

void test("a text that is not YAML is refused with its place, and nothing of it is quoted", () => {
  assert.throws(() => find("a: 1\nb: [hunter2\n"), (error: { message: string; source: { line: number } }) => !error.message.includes("hunter2") && error.source.line >= 2);
});

void test("a document without tags has none", () => {
  assert.deepEqual(find("a: 1\n"), []);
  assert.equal(parseDocument(replaceAll("a: 1\n", "x")).errors.length, 0);
});
