import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import { jsonKey } from "../../src/resources/json-key.ts";
import { formatLook, parseLook } from "../../src/resources/look.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { converge, onEveryShell, runCases } from "./harness.ts";

runCases(jsonKey);

onEveryShell("keys are set, changed and removed", (host) => {
  const path = `${host.root}/daemon.json`;
  for (const value of [1, "it's $x", { a: [true, null] }, []]) converge(jsonKey, { path, key: ["a", "b c"], value }, host);
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { a: { "b c": [] } });
  converge(jsonKey, { path, key: ["a", "b c"], state: "absent" }, host);
});

void test("an edit of any JSON changes that key, nothing else, and then holds", () => {
  const name = fc.constantFrom("a", "b", "c d", "é", "10");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ depthSize: "small" }, fc.constantFrom(null, true, 0, 1.5, "text", 'q"\\{'), fc.array(tie("tree"), { maxLength: 3 }), fc.dictionary(name, tie("tree"), { maxKeys: 3, noNullPrototype: true })),
  }));
  fc.assert(
    fc.property(fc.dictionary(name, tree, { noNullPrototype: true }), fc.array(name, { minLength: 1, maxLength: 3 }), tree, fc.constantFrom(undefined, 2, 4, "\t"), fc.boolean(), (object, key, value, space, absent) => {
      const content = Buffer.from(JSON.stringify(object, undefined, space));
      const seen = formatLook({ kind: "file", link: undefined, mode: "0644", owner: "root", group: "root", size: content.length, content, sha256: undefined });
      const args = jsonKey.args.parse(absent ? { path: "/x", key, state: "absent" } : { path: "/x", key, value });
      const expected = structuredClone(object) as Record<string, unknown>;
      let parent: Record<string, unknown> = expected;
      for (const part of key.slice(0, -1)) {
        if (absent && !Object.hasOwn(parent, part)) return;
        parent[part] = Object.hasOwn(parent, part) ? parent[part] : {};
        const next = parent[part];
        if (typeof next !== "object" || next === null || Array.isArray(next)) return;
        parent = next as Record<string, unknown>;
      }
      if (absent) delete parent[key.at(-1) ?? ""];
      else parent[key.at(-1) ?? ""] = value;
      const change = jsonKey.plan(args, seen, { facts: recorded("el-9") });
      if (change === undefined) return assert.deepEqual(object, expected);
      assert.ok(change.after);
      assert.deepEqual(JSON.parse(parseLook(change.after, "/x").content?.toString() ?? ""), expected);
      assert.equal(jsonKey.plan(args, change.after, { facts: recorded("el-9") }), undefined);
    }),
  );
});
