import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { hostsEntry } from "../../src/resources/hosts-entry.ts";
import { converge, onEveryShell, runCases } from "./harness.ts";

runCases(hostsEntry);

onEveryShell("entries are put, moved and removed", (host) => {
  const path = `${host.root}/hosts`;
  writeFileSync(path, "127.0.0.1 localhost\n127.0.1.1 node-1.example node-1\n");
  converge(hostsEntry, { path, address: "10.0.0.1", names: ["node-1.example", "node-1"] }, host);
  converge(hostsEntry, { path, address: "10.0.0.2", names: ["node-1"] }, host);
  assert.equal(readFileSync(path, "utf8"), "127.0.0.1 localhost\n10.0.0.1\tnode-1.example\n10.0.0.2\tnode-1\n");
  converge(hostsEntry, { path, address: "10.0.0.2", names: ["node-1"], state: "absent" }, host);
});
