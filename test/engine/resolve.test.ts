import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { loadInventory, play, playbook, UsageError, type Inventory } from "hawser";
import { resolvePlays } from "../../src/engine/resolve.ts";
import { runPlays } from "./harness.ts";

void describe("a play for no host", () => {
  let folder = "";
  let inventory: Inventory;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "hawser-resolve-"));
    const file = path.join(folder, "hosts.yml");
    writeFileSync(file, "web:\n  hosts:\n    web-1:\n      ssh: { kind: local }\ncache: {}\n");
    inventory = await loadInventory(file);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const book = (...plays: Parameters<typeof play>[0][]) => playbook(import.meta, plays.map((spec) => play(spec)));
  const web = { name: "web", hosts: "web" };

  void test("is an error at its line", () => {
    assert.throws(() => resolvePlays(book(web, { name: "cache", hosts: "cache" }), inventory, undefined), (error) => error instanceof UsageError && error.message === 'play "cache": the pattern "cache" selects no host' && error.hint === "the group cache has no hosts" && error.source?.file.endsWith("resolve.test.ts") === true);
  });

  void test("has nothing to do where it is optional, and a run says so", async () => {
    const plays = resolvePlays(book(web, { name: "cache", hosts: "cache", optional: true }), inventory, undefined);
    assert.deepEqual(plays.map(({ hosts }) => hosts.map(({ name }) => name)), [["web-1"], []]);
    const { events } = await runPlays([{ name: "web", hosts: "all" }, { name: "cache", hosts: "cache", optional: true }]);
    assert.deepEqual(events.flatMap((event) => (event.event === "warning" ? [event.message] : [])), ['play "cache" has nothing to do: cache has no hosts']);
  });

  void test("whose group there is not is an error all the same", () => {
    assert.throws(() => resolvePlays(book(web, { name: "cache", hosts: "cash", optional: true }), inventory, undefined), /no host or group is called "cash"/);
  });

  void test("is an error where every play is one", () => {
    assert.throws(() => resolvePlays(book({ name: "cache", hosts: "cache", optional: true }), inventory, undefined), (error) => error instanceof UsageError && /^no play of resolve\.test has a host$/.test(error.message) && error.hint === "its plays are for cache");
  });
});
