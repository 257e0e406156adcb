import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError, type HostView } from "../../src/index.ts";
import { gatewayOf, gatewaySchema, linksOf, pairNumber, refuseGateways, type Gateway, type NamedGateway } from "../../roles/gre/gateway.ts";

const named = (host: string, id: number, region: string, changes: Partial<Gateway> = {}): NamedGateway => ({ ...gatewaySchema.parse({ id, region, address: `10.${id}.0.11`, public_address: `203.0.113.${id}`, private_cidrs: [`10.${id}.0.0/24`] }), ...changes, host });

/** A host whose inventory has one var per line, the line being its place among the keys. */
function view(name: string, inventory: Record<string, unknown>, region = ""): HostView {
  const at = (...path: readonly (string | number)[]) => ({ file: "hosts.yml", line: Object.keys(inventory).indexOf(String(path[0])) + 1, column: path.length });
  return { name, region, groups: [], address: name, inventory, vars: () => ({}) as never, at };
}

void test("two regions are joined by gre1, of which both ends have the other's address", () => {
  const [la, sg] = [named("la-1", 1, "la"), named("sg-1", 2, "sg")];
  assert.deepEqual(linksOf(la, [sg]), [{ name: "gre1", local: "10.255.0.1", remote: "10.255.0.2", prefix: 30, peer: sg }]);
  assert.deepEqual(linksOf(sg, [la]), [{ name: "gre1", local: "10.255.0.2", remote: "10.255.0.1", prefix: 30, peer: la }]);
});

void test("a further region adds tunnels and changes none", () => {
  const gateways = [named("la-1", 1, "la"), named("sg-1", 2, "sg"), named("fr-1", 3, "fr"), named("jp-1", 4, "jp")];
  const links = (count: number) => gateways.slice(0, count).flatMap((own) => linksOf(own, gateways.slice(0, count).filter((peer) => peer !== own)).map((link) => ({ on: own.host, ...link, peer: link.peer.host })));
  for (const count of [2, 3]) for (const link of links(count)) assert.deepEqual(links(count + 1).find(({ on, name }) => on === link.on && name === link.name), link);
  const all = links(4);
  assert.equal(all.length, 12);
  assert.equal(new Set(all.map(({ local }) => local)).size, 12);
  for (const link of all) assert.ok(all.some((other) => other.name === link.name && other.local === link.remote && other.on === link.peer));
});

void test("numbers of pairs have no holes and no doubles", () => {
  const pairs = Array.from({ length: 20 }, (_, a) => Array.from({ length: a }, (_, b) => pairNumber(a + 1, b + 1))).flat();
  assert.deepEqual(pairs.sort((a, b) => a - b), Array.from({ length: 190 }, (_, i) => i));
});

void test("with a hub, other regions have a tunnel to it alone, and hosts of one region none", () => {
  const hub = { hub: "la" };
  const [la, sg, fr, second] = [named("la-1", 1, "la", hub), named("sg-1", 2, "sg", hub), named("fr-1", 3, "fr", hub), named("la-2", 4, "la", hub)];
  assert.deepEqual(linksOf(sg, [la, fr, second]).map(({ peer }) => peer.host), ["la-1", "la-2"]);
  assert.deepEqual(linksOf(la, [sg, fr, second]).map(({ peer }) => peer.host), ["sg-1", "fr-1"]);
});

void test("the inventory's plain vars say what the mapping does not", () => {
  const vars = { public_address: "203.0.113.1", private_address: "10.10.0.11", private_cidr: "10.10.0.0/24", gateway: { id: 1, address: "10.10.0.12" } };
  assert.deepEqual(gatewayOf(view("la-1", vars, "la")), { region: "la", public_address: "203.0.113.1", address: "10.10.0.12", private_cidrs: ["10.10.0.0/24"], id: 1 });
});

for (const [what, inventory, message, line] of [
  ["no id", { public_address: "203.0.113.1", private_address: "10.10.0.11", private_cidr: "10.10.0.0/24" }, /gateway\.id of la-1: .*expected number/, 0],
  ["a wrong public address", { private_address: "10.10.0.11", public_address: "203.0.113.300", private_cidr: "10.10.0.0/24", gateway: { id: 1 } }, /gateway\.public_address of la-1/, 2],
  ["a network that is none", { private_address: "10.10.0.11", public_address: "203.0.113.3", private_cidr: "10.10.0.0", gateway: { id: 1 } }, /gateway\.private_cidrs\.0 of la-1/, 3],
  ["a word for a mapping", { gateway: "la" }, /gateway of la-1 is a mapping/, 1],
  ["a misspelt key", { private_address: "10.10.0.11", public_address: "203.0.113.3", private_cidr: "10.10.0.0/24", gateway: { id: 1, adress: "10.0.0.1" } }, /gateway of la-1: Unrecognized key: "adress"/, 4],
] as const) {
  void test(`${what} is refused at its line`, () => {
    assert.throws(() => gatewayOf(view("la-1", inventory, "la")), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.equal(error.source?.line, line);
      assert.ok(error.hint);
      return true;
    });
  });
}

for (const [what, own, peer, message, place] of [
  ["a tunnel without another region", {}, { region: "la" }, /no gateway of another region/, "region"],
  ["the same id", {}, { id: 1 }, /both have the gateway id 1/, "gateway"],
  ["the same public address", {}, { public_address: "203.0.113.1" }, /both have the public address/, "public_address"],
  ["overlapping networks", {}, { private_cidrs: ["10.1.0.0/16"] }, /10\.1\.0\.0\/24 behind la-1 \(la\) overlaps with 10\.1\.0\.0\/16 behind sg-1 \(sg\)/, "private_cidr"],
  ["networks that overlap with the tunnels' own", { private_cidrs: ["10.255.0.0/16"] }, {}, /overlaps with the tunnels' own 10\.255\.0\.0\/22/, "private_cidr"],
  ["different pools", {}, { inner_pool: "10.254.0.0/22" }, /gateway\.inner_pool is 10\.255\.0\.0\/22 on la-1 and 10\.254\.0\.0\/22 on sg-1/, "gateway"],
  ["a hub that nobody is in", { hub: "fr" }, { hub: "fr" }, /no gateway is in the hub, region fr/, "gateway"],
  ["a pool that is too small", { inner_pool: "10.255.0.0/30", id: 3 }, { inner_pool: "10.255.0.0/30" }, /needs place 3 of 10\.255\.0\.0\/30, which has 1/, "gateway"],
] as const) {
  void test(`${what} is refused at its line`, () => {
    const inventory = { region: "la", public_address: "", private_cidr: "", gateway: { id: 1 } };
    const refuse = () => refuseGateways(view("la-1", inventory, "la"), named("la-1", 1, "la", own as Partial<Gateway>), [{ host: view("sg-1", {}, "sg"), gateway: named("sg-1", 2, "sg", peer as Partial<Gateway>) }]);
    assert.throws(refuse, (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.equal(error.source?.line, Object.keys(inventory).indexOf(place) + 1);
      return true;
    });
  });
}
