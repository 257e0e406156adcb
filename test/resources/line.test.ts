import assert from "node:assert/strict";
import { readFileSync, symlinkSync, writeFileSync, lstatSync } from "node:fs";
import { test } from "node:test";
import type { Observed } from "../../src/resources/contract.ts";
import { line } from "../../src/resources/line.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { converge, onEveryShell, render, runCases } from "./harness.ts";

runCases(line);

const facts = recorded("debian-12");

onEveryShell("bytes that are no UTF-8 stay as they are", (host) => {
  const path = `${host.root}/latin1`;
  const before = Buffer.from("caf\xe9\r\n\0\xff\xfe\nk=\xe4", "latin1");
  writeFileSync(path, before);
  converge(line, { path, line: "k=ö", match: "k=" }, host);
  assert.deepEqual(readFileSync(path), Buffer.concat([Buffer.from("caf\xe9\r\n\0\xff\xfe\n", "latin1"), Buffer.from("k=ö")]));
});

onEveryShell("the target of a symlink is edited", (host) => {
  writeFileSync(`${host.root}/real`, "a\n");
  symlinkSync("real", `${host.root}/link`);
  converge(line, { path: `${host.root}/link`, line: "b" }, host);
  assert.equal(readFileSync(`${host.root}/real`, "utf8"), "a\nb\n");
  assert.ok(lstatSync(`${host.root}/link`).isSymbolicLink());
});

onEveryShell("twenty edits of a file that is not there are planned from one look, and then hold", (host) => {
  const path = `${host.root}/stacked`;
  const all = Array.from({ length: 20 }, (_, i) => line.args.parse({ path, line: `key${i} = ${i}`, match: `key${i} ` }));
  const probes = new Set(all.map((args) => render(line.probe(args, { facts }))));
  assert.equal(probes.size, 1);
  const [probe = ""] = probes;

  let expected: Observed = host.run(probe);
  const script: string[] = [];
  for (const args of all) {
    const change = line.plan(args, expected, { facts });
    assert.ok(change?.apply && change.after);
    script.push(`(\n${render(change.apply)}\n)`);
    expected = change.after;
  }
  assert.equal(host.run(script.join("\n"), { setE: true }).code, 0);
  assert.deepEqual(host.run(probe), expected);
  for (const args of all) assert.equal(line.plan(args, expected, { facts }), undefined);
  assert.equal(readFileSync(path, "utf8"), Array.from({ length: 20 }, (_, i) => `key${i} = ${i}\n`).join(""));
});

void test("a line converges whatever the file held", () => {
  const lines = ["a", "k=1", "k=2", "#k=1", ""];
  const contents = lines.flatMap((x) => lines.flatMap((y) => ["\n", "\r\n"].flatMap((end) => [`${x}${end}${y}`, `${x}${end}${y}${end}`])));
  for (const match of [undefined, "k=", "#k", /^#?k=/]) {
    for (const content of contents) {
      const args = line.args.parse({ path: "/x", line: "k=2", match, after: "a" });
      const seen = { out: content === "" ? "file 0:644:root:root\n" : `file ${content.length}:644:root:root\n${Buffer.from(content).toString("base64")}\n`, err: "", code: 0 };
      const change = line.plan(args, seen, { facts });
      if (change?.after) assert.equal(line.plan(args, change.after, { facts }), undefined, JSON.stringify([content, String(match)]));
    }
  }
});
