import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { offsetOf, quicker } from "../../src/drill/sampler.ts";
import { idOf, parseSample, samplerScript } from "../../src/drill/sampler-script.ts";
import type { DrillProbe } from "../../src/dsl/drill-plan.ts";

/** The kernel's tables of a gateway with the address 10.0.0.100 and a route through the tunnel, as Linux 6.1 prints them. */
const TRIE = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.0.0.0/8 2 0 2
        |-- 10.0.0.100
           /32 host LOCAL
        |-- 10.20.0.0
           /24 universe UNICAST
Local:
        |-- 10.10.0.11
           /32 host LOCAL
        |-- 10.10.0.255
           /32 link BROADCAST
`;
const ROUTE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t01000A0A\t0003\t0\t0\t0\t00000000\t0\t0\t0
gre1\t0000140A\t0200FF0A\t0003\t0\t0\t20\t00FFFFFF\t0\t0\t0
gre1\t0000140A\t00000000\t0001\t0\t0\t-83885580\t00FFFFFF\t0\t0\t0
`;

const probes: readonly DrillProbe[] = [
  { kind: "address", role: "r", name: "vip", address: "10.0.0.100" },
  { kind: "address", role: "r", name: "own", address: "10.10.0.11" },
  { kind: "address", role: "r", name: "broadcast", address: "10.10.0.255" },
  { kind: "address", role: "r", name: "prefix", address: "10.10.0.1" },
  { kind: "route", role: "r", name: "by the tunnel", to: "sg", network: "10.20.0.0/24", via: ["10.255.0.9", "10.255.0.2"] },
  { kind: "route", role: "r", name: "by another", to: "sg", network: "10.20.0.0/24", via: ["10.255.0.9"] },
  { kind: "path", role: "r", name: "known", to: "sg", file: "FOLDER/path", healthy: "tunnel" },
  { kind: "path", role: "r", name: "missing", to: "sg", file: "FOLDER/none", healthy: "tunnel" },
];

for (const shell of ["dash", "bash"]) {
  test(`what a host shows is read from the kernel's tables, in ${shell}`, (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "hawser-sampler-"));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const [name, text] of [["fib_trie", TRIE], ["route", ROUTE], ["path", "public\n"]] as const) writeFileSync(path.join(folder, name), text);
    const script = samplerScript(probes).replaceAll("/proc/net", folder).replaceAll("FOLDER", folder).replace("command -v bash", shell === "bash" ? "true" : "false");
    const lines = execFileSync(shell, ["-c", script], { input: "\n\n", encoding: "utf8" }).trimEnd().split("\n");
    assert.equal(lines.length, 2, "a line for each that was asked for");
    const seen = parseSample(lines[0] ?? "", probes)?.seen;
    assert.deepEqual(Object.values(seen ?? {}), ["1", "1", "0", "0", "1", "0", "public", "-"]);
    assert.deepEqual(Object.keys(seen ?? {}), probes.map(idOf));
  });
}

test("the sampler reads this machine's own tables", () => {
  const line = execFileSync("sh", ["-c", samplerScript(probes.slice(0, 6))], { input: "\n", encoding: "utf8" }).trimEnd();
  const sample = parseSample(line, probes.slice(0, 6));
  assert.ok(sample && Math.abs(sample.uptime - Number(readFileSync("/proc/uptime", "utf8").split(" ")[0])) < 10);
});

test("what is no sample is none", () => {
  for (const line of ["", "sh: not found", "12.5 1", "x 1 1 1 1 1 1 a b"]) assert.equal(parseSample(line, probes), undefined);
});

test("the quickest exchange says how far the clocks are apart", () => {
  const slow = { asked: 100, heard: 101, uptime: 50.9 };
  const quick = { asked: 200, heard: 200.1, uptime: 150 };
  assert.equal(quicker(quicker(undefined, slow), quick), quick);
  assert.equal(quicker(quick, slow), quick);
  assert.ok(Math.abs(offsetOf(quick) - 50.05) < 1e-9);
});
