import assert from "node:assert/strict";
import test from "node:test";
import { LabError, validateSpec, type LabHost, type LabSpec } from "../../src/lab/index.ts";

const host = (over: Partial<LabHost> = {}): LabHost => ({ name: "la1", address: "198.18.1.11", region: "la", image: "debian", ...over });
const spec = (hosts: readonly LabHost[], over: Partial<LabSpec> = {}): LabSpec => ({ name: "default", hosts, ...over });

void test("a lab of two regions is accepted", () => {
  validateSpec(spec([host(), host({ name: "sg1", address: "198.18.2.11", region: "sg", image: "el" })], { rttMs: 180 }));
});

const refused: [string, LabSpec, RegExp][] = [
  ["no hosts", spec([]), /no hosts/],
  ["a lab name with a dot", spec([host()], { name: "a.b" }), /lab name "a\.b"/],
  ["a lab name that is a path", spec([host()], { name: "../x" }), /lab name/],
  ["a lab name too long for a link", spec([host()], { name: "a-long-lab-name" }), /longer than 12/],
  ["an upper-case host name", spec([host({ name: "LA1" })]), /host name "LA1"/],
  ["a host name that ends in a hyphen", spec([host({ name: "la-" })]), /host name "la-"/],
  ["a negative round-trip time", spec([host()], { rttMs: -1 }), /rttMs is -1/],
  ["a round-trip time that is no number", spec([host()], { rttMs: Number.NaN }), /rttMs/],
  ["something that is no address", spec([host({ address: "198.18.1" })]), /not an IPv4 address/],
  ["an octet with a leading zero", spec([host({ address: "198.18.1.011" })]), /not an IPv4 address/],
  ["an address of somebody's network", spec([host({ address: "10.0.0.5" })]), /outside 198\.18\.0\.0\/15/],
  ["an address just past the range", spec([host({ address: "198.20.0.5" })]), /outside/],
  ["the gateway's address", spec([host({ address: "198.18.1.1" })]), /gateway/],
  ["an address of the controller links", spec([host({ address: "198.19.255.9" })]), /controller/],
  ["an image there is none of", spec([host({ image: "arch" as "debian" })]), /no image "arch"/],
  ["a name twice", spec([host(), host({ address: "198.18.1.12" })]), /two hosts are named la1/],
  ["an address twice", spec([host(), host({ name: "la2" })]), /la1 and la2 both have 198\.18\.1\.11/],
  ["two regions in one subnet", spec([host(), host({ name: "sg1", address: "198.18.1.12", region: "sg" })]), /regions la and sg/],
  ["a region in two subnets", spec([host(), host({ name: "la2", address: "198.18.3.2" })]), /not in 198\.18\.1\.0\/24/],
];
for (const [what, wrong, message] of refused)
  void test(`refuses ${what}`, () => {
    assert.throws(() => validateSpec(wrong), (error) => error instanceof LabError && message.test(error.message));
  });

void test("names all faults at once, the first in the message and the rest as evidence", () => {
  assert.throws(
    () => validateSpec(spec([host({ name: "X" }), host({ name: "y", address: "1.2.3.4" })])),
    (error) => error instanceof LabError && /host name "X"/.test(error.message) && /1\.2\.3\.4 is outside/.test(error.evidence ?? ""),
  );
});
