import assert from "node:assert/strict";
import { hostname } from "node:os";
import { after, describe, it } from "node:test";
import { factRows, filtered, matches } from "../../src/cli/facts-paths.ts";
import { hawser, LOCAL, project, type Said } from "./hawser.ts";

const folder = project({ after }, {
  "inv/hosts.yml": LOCAL,
  "gone/hosts.yml": "all: { hosts: { gone: { ssh: { address: 127.0.0.1, port: 9, user: nobody, config: false, agent: false } }, here: { ssh: { kind: local } } } }\n",
});
const facts = (...args: string[]): Promise<Said> => hawser(folder, ["facts", "-i", "inv", ...args]);

describe("hawser facts", () => {
  it("shows a block for each host", async () => {
    const { code, out } = await facts("web");
    assert.equal(code, 0);
    assert.match(out, /^web-1\n {2}hostname +\S+\n[^]*\n {2}os\.id +\w+\n[^]*\nweb-22\n/);
    assert.match(out, new RegExp(`hostname +${hostname()}\n`));
    assert.match(out, /kernel\.modules +\d+ names \(--filter shows them\)/);
  });

  it("shows only what --filter asks for, a line for each host and fact", async () => {
    const { out } = await facts("--filter", "os.maj*,family");
    assert.match(out, /^web-1 {3}family {2}\w+\nweb-1 {3}os\.major {2}\d+\nweb-22 {2}family/);
  });

  it("prints a line of JSON for each host, in the order of the inventory", async () => {
    const { out } = await facts("-o", "json", "--filter", "os.id,kernel.machine");
    const [first, second, third] = out.trimEnd().split("\n").map((line) => JSON.parse(line) as { host: string; facts: Record<string, Record<string, unknown>> });
    assert.deepEqual([first?.host, second?.host, third?.host], ["web-1", "web-22", "db"]);
    assert.deepEqual([Object.keys(first?.facts ?? {}).sort(), Object.keys(first?.facts["os"] ?? {})], [["kernel", "os"], ["id"]]);
  });

  it("says who is unreachable, exits 4, and shows the others", async () => {
    const { code, out, err } = await hawser(folder, ["facts", "-i", "gone", "--filter", "family"]);
    assert.equal(code, 4);
    assert.match(out, /^here {2}family/);
    assert.match(err, /gone +✖ unreachable/);
  });

  it("refuses a fact that there is not, before it asks any host", async () => {
    const { code, err } = await hawser(folder, ["facts", "-i", "gone", "--filter", "os.nme"]);
    assert.equal(code, 1);
    assert.equal(err, "error: no fact is called os.nme\n  try: did you mean os.name?\n");
  });

  it("knows the paths of lists", () => {
    const plain = { a: [{ b: 1 }, { b: 2, c: 3 }], names: ["x"], none: [] };
    assert.deepEqual(factRows(plain), [["a.0.b", 1], ["a.1.b", 2], ["a.1.c", 3], ["names", ["x"]], ["none", []]]);
    assert.deepEqual(filtered(plain, ["a.*.c"]), { a: [{ c: 3 }] });
    assert.deepEqual(filtered(plain, ["names"]), { names: ["x"] });
    assert.ok(matches("a.1.b", ["a"]) && !matches("ab", ["a"]) && matches("os.id", ["*id"]) && !matches("osxid", ["os.id"]));
  });
});
