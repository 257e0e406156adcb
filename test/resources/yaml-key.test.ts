import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import { parse, stringify } from "yaml";
import { formatLook, parseLook } from "../../src/resources/look.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { yamlKey } from "../../src/resources/yaml-key.ts";
import { converge, onEveryShell, runCases } from "./harness.ts";

runCases(yamlKey);

onEveryShell("keys are set, changed and removed", (host) => {
  const path = `${host.root}/conf.yaml`;
  writeFileSync(path, "# kept\nz: 1\n");
  for (const value of [1, "it's $x", { a: [true, null] }, []]) converge(yamlKey, { path, key: ["a", "b c"], value }, host);
  converge(yamlKey, { path, key: ["a", "b c"], state: "absent" }, host);
  assert.match(readFileSync(path, "utf8"), /^# kept\nz: 1\n/);
});

void test("an edit of any YAML changes that key, nothing else, and then holds", () => {
  const name = fc.constantFrom("a", "b", "c d", "é", "10");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ depthSize: "small" }, fc.constantFrom(null, true, 0, 1.5, "text", "two\nlines\n", "# no", "1"), fc.array(tie("tree"), { maxLength: 3 }), fc.dictionary(name, tie("tree"), { maxKeys: 3, noNullPrototype: true })),
  }));
  fc.assert(
    fc.property(fc.dictionary(name, tree, { noNullPrototype: true }), fc.array(name, { minLength: 1, maxLength: 3 }), tree, fc.constantFrom(2, 4), fc.boolean(), (object, key, value, indent, absent) => {
      const content = Buffer.from(stringify(object, { indent }));
      const seen = formatLook({ kind: "file", link: undefined, mode: "0644", owner: "root", group: "root", size: content.length, content, sha256: undefined });
      const args = yamlKey.args.parse(absent ? { path: "/x", key, state: "absent" } : { path: "/x", key, value });
      const expected = structuredClone(object) as Record<string, unknown>;
      let parent: Record<string, unknown> = expected;
      for (const part of key.slice(0, -1)) {
        if (absent && (parent[part] ?? undefined) === undefined) return;
        parent[part] ??= {};
        const next = parent[part];
        if (typeof next !== "object" || next === null || Array.isArray(next)) return;
        parent = next as Record<string, unknown>;
      }
      if (absent) delete parent[key.at(-1) ?? ""];
      else parent[key.at(-1) ?? ""] = value;
      const change = yamlKey.plan(args, seen, { facts: recorded("el-9") });
      if (change === undefined) return assert.deepEqual(object, expected);
      assert.ok(change.after);
      assert.deepEqual(parse(parseLook(change.after, "/x").content?.toString() ?? ""), expected);
      assert.equal(yamlKey.plan(args, change.after, { facts: recorded("el-9") }), undefined);
    }),
  );
});
