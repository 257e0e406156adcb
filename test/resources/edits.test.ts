import assert from "node:assert/strict";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import type { z } from "zod";
import { block } from "../../src/resources/block.ts";
import type { Change, Kind, Observed } from "../../src/resources/contract.ts";
import { cron } from "../../src/resources/cron.ts";
import { file } from "../../src/resources/file.ts";
import { hostsEntry } from "../../src/resources/hosts-entry.ts";
import { iniKey } from "../../src/resources/ini-key.ts";
import { jsonKey } from "../../src/resources/json-key.ts";
import { line } from "../../src/resources/line.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { yamlKey } from "../../src/resources/yaml-key.ts";
import { onEveryShell, render, type TestHost } from "./harness.ts";

const facts = recorded("ubuntu-22.04");

interface Step {
  readonly probe: string;
  readonly plan: (seen: Observed) => Change | undefined;
}

function step<S extends z.ZodType>(kind: Kind<S>, raw: z.input<S>): Step {
  const args = kind.args.parse(raw);
  return { probe: render(kind.probe(args, { facts })), plan: (seen) => kind.plan(args, seen, { facts }) };
}

/** Plans every step on the expected result of the one before, from one look, then applies all and looks once. */
function inOnePass(host: TestHost, steps: readonly Step[]): void {
  const [probe] = new Set(steps.map(({ probe }) => probe));
  assert.ok(probe !== undefined && steps.every((one) => one.probe === probe), "the kinds do not share one look");
  let expected = host.run(probe);
  const applies: string[] = [];
  for (const { plan } of steps) {
    const change = plan(expected);
    if (change === undefined) continue;
    assert.ok(change.apply && change.after);
    applies.push(`(\nset -e\n${render(change.apply)}\n)`);
    expected = change.after;
  }
  const applied = host.run(applies.join("\n"), { setE: true });
  assert.equal(applied.code, 0, applied.err);
  assert.deepEqual(host.run(probe), expected);
  for (const { plan } of steps) assert.equal(plan(expected)?.summary, undefined);
}

const first = (path: string) => step(file, { path, content: "a = 1\n", once: true, owner: "daemon" });

onEveryShell("all kinds that edit a file are planned from one look at it", (host) => {
  const path = `${host.root}/conf`;
  inOnePass(host, [
    first(path),
    step(line, { path, line: "b = 2", match: "b " }),
    step(block, { path, name: "more", block: "c = 3" }),
    step(iniKey, { path, section: "s", key: "k", value: "v" }),
    step(hostsEntry, { path, address: "10.0.0.1", names: ["x"] }),
    step(line, { path, line: "a = 1", state: "absent" }),
    step(file, { path, mode: "0600" }),
  ]);
  assert.equal(readFileSync(path, "utf8"), "b = 2\n# BEGIN hawser more\nc = 3\n# END hawser more\n\n[s]\nk = v\n10.0.0.1\tx\n");

  const json = `${host.root}/x.json`;
  inOnePass(host, [step(file, { path: json, content: "{}", once: true }), step(jsonKey, { path: json, key: ["a"], value: 1 }), step(jsonKey, { path: json, key: ["b", "c"], value: [1] })]);
  assert.deepEqual(JSON.parse(readFileSync(json, "utf8")), { a: 1, b: { c: [1] } });

  const yaml = `${host.root}/x.yaml`;
  inOnePass(host, [step(yamlKey, { path: yaml, key: ["a"], value: 1 }), step(line, { path: yaml, line: "# note", before: "a" }), step(yamlKey, { path: yaml, key: ["b", "c"], value: [] })]);
  assert.equal(step(cron, { name: "x", file: yaml, schedule: "@daily", command: "x" }).probe, step(file, { path: yaml, state: "absent" }).probe);
});

onEveryShell("edits follow a symlink, into nothing as well", (host) => {
  writeFileSync(`${host.root}/real`, "x\r\n");
  symlinkSync("real", `${host.root}/link`);
  symlinkSync("later", `${host.root}/dangling`);
  for (const path of [`${host.root}/link`, `${host.root}/dangling`]) inOnePass(host, [first(path), step(line, { path, line: "y" }), step(line, { path, line: "z" })]);
  assert.equal(readFileSync(`${host.root}/real`, "utf8"), "x\r\ny\r\nz\r\n");
  assert.equal(readFileSync(`${host.root}/later`, "utf8"), "a = 1\ny\nz\n");
});
