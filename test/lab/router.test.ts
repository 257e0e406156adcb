import assert from "node:assert/strict";
import test from "node:test";
import { hostsFile } from "../../src/lab/host-files.ts";
import { LabError } from "../../src/lab/error.ts";
import { routerRules } from "../../src/lab/router.ts";
import { validateSpec } from "../../src/lab/spec.ts";
import type { LabHost } from "../../src/lab/types.ts";

const la1: LabHost = { name: "la1", address: "198.18.1.11", region: "la", image: "debian", privateAddress: "10.10.0.11" };
const la2: LabHost = { ...la1, name: "la2", address: "198.18.1.12", privateAddress: "10.10.0.12" };
const sg1: LabHost = { name: "sg1", address: "198.18.2.11", region: "sg", image: "el", privateAddress: "10.20.0.11" };
const w1: LabHost = { name: "w1", address: "198.18.3.11", region: "witness", image: "debian" };

void test("the router rewrites a private address to its public one and back, and once only", () => {
  const rules = routerRules([la1, sg1, w1]);
  const prerouting = rules.slice(rules.indexOf("chain prerouting"), rules.indexOf("chain output"));
  for (const rule of ['iifname "br-18-1" ip saddr 10.10.0.11 ip saddr set 198.18.1.11', "ip daddr 198.18.2.11 ip daddr set 10.20.0.11"]) assert.ok(prerouting.includes(rule), rule);
  assert.ok(prerouting.indexOf("accept") < prerouting.indexOf("set"), "what comes out of the delay line was rewritten before");
  assert.doesNotMatch(rules, /198\.18\.3\.11/);
});

void test("a private address is for its own region only, and GRE and ESP pass no router", () => {
  const rules = routerRules([la1]);
  assert.match(rules, /iifname != "br-18-1" ip daddr 10\.10\.0\.0\/24 drop/);
  assert.match(routerRules([w1]), /iifname "br-\*" meta l4proto \{ 47, 50 \} drop/);
});

void test("within a region hosts know each other by private address, elsewhere by public address", () => {
  assert.match(hostsFile(la1, [la1, la2, sg1]), /^10\.10\.0\.11 la1\n10\.10\.0\.12 la2\n198\.18\.2\.11 sg1$/m);
  assert.match(hostsFile(w1, [la1, w1]), /^198\.18\.1\.11 la1\n198\.18\.3\.11 w1$/m);
});

void test("a lab with private addresses in two regions, and none in the third, is accepted", () => {
  validateSpec({ name: "default", hosts: [la1, la2, sg1, w1] });
});

const refused: [string, LabHost[], RegExp][] = [
  ["a private address that is public", [{ ...la1, privateAddress: "8.8.8.8" }], /8\.8\.8\.8 is not private/],
  ["a private address past 172.31", [{ ...la1, privateAddress: "172.32.0.5" }], /not private/],
  ["a private address that is none", [{ ...la1, privateAddress: "10.10.0" }], /not an IPv4 address/],
  ["the private gateway's address", [{ ...la1, privateAddress: "10.10.0.1" }], /gateway/],
  ["a private address twice", [la1, { ...la2, privateAddress: "10.10.0.11" }], /la1 and la2 both have 10\.10\.0\.11/],
  ["one private network in two regions", [la1, { ...sg1, privateAddress: "10.10.0.12" }], /regions la and sg/],
  ["two private networks in a region", [la1, { ...la2, privateAddress: "10.11.0.12" }], /not in 10\.10\.0\.0\/24/],
];
for (const [what, hosts, message] of refused)
  void test(`refuses ${what}`, () => {
    assert.throws(() => validateSpec({ name: "default", hosts }), (error) => error instanceof LabError && message.test(error.message));
  });
