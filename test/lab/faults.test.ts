import assert from "node:assert/strict";
import test from "node:test";
import { LabError } from "../../src/lab/error.ts";
import { faultRules, faultText, membersOf, parseFault, parseTraffic, trafficText } from "../../src/lab/faults.ts";
import type { LabFault, LabHost } from "../../src/lab/types.ts";

const la1: LabHost = { name: "la1", address: "198.18.1.11", region: "la", image: "debian", privateAddress: "10.10.0.11" };
const la2: LabHost = { ...la1, name: "la2", address: "198.18.1.12", privateAddress: "10.10.0.12" };
const sg1: LabHost = { name: "sg1", address: "198.18.2.11", region: "sg", image: "el" };
const hosts = [la1, la2, sg1];
const rulesFor = (...faults: LabFault[]): string[] => faultRules(faults, hosts).split("\n").filter((line) => line.includes("comment")).map((line) => line.trim());

const faults: LabFault[] = [
  { kind: "cut", a: "la1" },
  { kind: "cut", a: "la", b: "sg1" },
  { kind: "cut", a: "la", b: "sg", only: { protocol: "udp", port: 4500 } },
  { kind: "cut", a: "la1", only: { protocol: "icmp" } },
  { kind: "loss", a: "la1", b: "sg1", percent: 12.5 },
];
for (const fault of faults)
  void test(`"${faultText(fault)}" stands in every rule it makes, and is read back from there`, () => {
    assert.deepEqual(parseFault(faultText(fault)), fault);
    const rules = rulesFor(fault);
    assert.ok(rules.length >= 4 && rules.every((rule) => rule.endsWith(`comment "${faultText(fault)}"`)), rules.join("\n"));
  });

void test("the longest names make a comment that the kernel takes (128 bytes)", () => {
  const name = "n".repeat(50);
  assert.ok(faultText({ kind: "cut", a: name, b: name, only: { protocol: "udp", port: 65_535 } }).length < 128);
});

void test("a cut drops both directions, what is bridged by MAC and what is routed by public address, never both at once", () => {
  const [bridged, routed, ...back] = rulesFor({ kind: "cut", a: "la1", b: "sg1" });
  assert.equal(bridged, 'oifname { "v-18-2-11" } ether saddr { 02:68:c6:12:01:0b } drop comment "cut la1 sg1"');
  assert.equal(routed, 'oifname { "v-18-2-11" } ether saddr != { 02:68:c6:12:01:0b } ip saddr { 198.18.1.11 } drop comment "cut la1 sg1"');
  assert.ok(back.length === 2 && back.every((rule) => rule.startsWith('oifname { "v-18-1-11" }')));
});

void test("a cut of a service drops to its port and from it", () => {
  const rules = rulesFor({ kind: "cut", a: "la1", b: "sg1", only: { protocol: "udp", port: 500 } });
  for (const side of ["udp sport 500 drop", "udp dport 500 drop"]) assert.equal(rules.filter((rule) => rule.includes(side)).length, 4);
});

void test("what cuts a host off from everybody spares the controller's addresses", () => {
  assert.ok(rulesFor({ kind: "cut", a: "la1" }).some((rule) => /ip saddr != \{ 198\.19\.255\.0\/24, /.test(rule)));
  for (const fault of faults) for (const rule of rulesFor(fault)) assert.doesNotMatch(rule, /ip saddr \{[^}]*198\.19\.255/);
});

void test("no faults, no table", () => {
  assert.equal(faultRules([], hosts), "table bridge hawser-faults\ndelete table bridge hawser-faults\n");
});

void test("a name is a host, else a region, else an error that lists both", () => {
  assert.deepEqual(membersOf("la1", hosts), [la1]);
  assert.deepEqual(membersOf("la", hosts), [la1, la2]);
  assert.throws(() => membersOf("ny", hosts), (error) => error instanceof LabError && /ny/.test(error.message) && /la1, la2, sg1/.test(error.evidence ?? "") && /la, sg/.test(error.evidence ?? ""));
});

for (const text of ["udp:500", "tcp:65535", "icmp", "gre", "esp"])
  void test(`${text} can be cut`, () => {
    assert.equal(trafficText(parseTraffic(text)), text);
  });
for (const text of ["udp", "udp:0", "tcp:65536", "tcp:x", "icmp:1", "sctp:1", "", "udp:500 accept"])
  void test(`"${text}" is no traffic`, () => {
    assert.throws(() => parseTraffic(text), LabError);
  });
