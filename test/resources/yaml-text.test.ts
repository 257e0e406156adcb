import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { yamlText } from "../../src/index.ts";

void test("a value becomes YAML that reads as itself, however long, odd or repeated its texts are", () => {
  const shared = { a: ["1", 1, true, "true", "null", "0x1f", "x".repeat(300), "two\nlines", "# no comment", ""] };
  const value = { one: shared, two: shared, none: {}, empty: [] };
  assert.deepEqual(parse(yamlText(value)), value);
  assert.doesNotMatch(yamlText(value), /[&*]a/);
});

void test("a heading is a comment above it", () => assert.equal(yamlText({ port: 80 }, "Managed\nby hawser"), "# Managed\n# by hawser\nport: 80\n"));
