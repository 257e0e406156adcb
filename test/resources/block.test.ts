import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { block } from "../../src/resources/block.ts";
import { converge, onEveryShell, runCases } from "./harness.ts";

runCases(block);

onEveryShell("a block is put, changed and removed, and leaves the file as it was", (host) => {
  const path = `${host.root}/conf`;
  const before = Buffer.from("one\r\ncaf\xe9\r\n", "latin1");
  writeFileSync(path, before);
  converge(block, { path, name: "a b", block: "x\n$HOME 'y'\n" }, host);
  assert.equal(readFileSync(path, "latin1"), "one\r\ncaf\xe9\r\n# BEGIN hawser a b\r\nx\r\n$HOME 'y'\r\n# END hawser a b\r\n");
  converge(block, { path, name: "a b", block: "z" }, host);
  converge(block, { path, name: "a b", state: "absent" }, host);
  assert.deepEqual(readFileSync(path), before);
});
