import assert from "node:assert/strict";
import { test } from "node:test";
import { castOf, type Declared } from "../../src/drill/scene.ts";
import { DrillPlan } from "../../src/dsl/drill-plan.ts";

function gateway(host: string, region: string, others: readonly (readonly [host: string, region: string])[]): Declared {
  const d = new DrillPlan("paths");
  for (const [other, to] of others) {
    d.tunnel({ to, host: other, address: "203.0.113.1", traffic: ["udp:500", "udp:4500"] });
    d.traffic(`${to}-hello`, { to, address: "127.0.0.1", port: 18080, path: "/" });
  }
  return { host, region, groups: ["all", region], plans: [d] };
}

const two = [gateway("la-1", "la", [["sg-1", "sg"]]), gateway("sg-1", "sg", [["la-1", "la"]]), { host: "witness-1", region: "witness", groups: ["witness"], plans: [] }];
const three = [gateway("la-1", "la", [["sg-1", "sg"], ["fr-1", "fr"]]), gateway("sg-1", "sg", [["la-1", "la"], ["fr-1", "fr"]]), gateway("fr-1", "fr", [["la-1", "la"], ["sg-1", "sg"]])];

test("a tunnel cut is between the clients and what they ask for", () => {
  const { scene, breakage } = castOf(two, { kind: "tunnel-cut" }, []);
  assert.deepEqual(scene, { client: "la-1", service: "sg", lost: "sg", victims: [], answerable: true });
  assert.deepEqual(breakage.kind === "tunnels" && breakage.tunnels.map(({ from, host }) => [from, host]), [["la-1", "sg-1"]]);
  assert.equal(castOf(two, { kind: "tunnel-cut", from: "sg" }, []).scene.client, "sg-1");
});

test("who holds the address is lost, and the clients are elsewhere", () => {
  const { scene } = castOf(two, { kind: "node-loss" }, ["la-1"]);
  assert.deepEqual([scene.victims, scene.client, scene.lost, scene.answerable], [["la-1"], "sg-1", "la", false]);
  assert.deepEqual(castOf(two, { kind: "node-loss", target: "sg-1" }, ["la-1"]).scene.victims, ["sg-1"]);
});

test("with a third region the clients ask for what is not lost", () => {
  const { scene } = castOf(three, { kind: "region-loss", target: "sg" }, []);
  assert.deepEqual([scene.client, scene.service, scene.lost, scene.answerable], ["la-1", "fr", "sg", true]);
});

test("a witness is lost, and nothing of the clients' with it", () => {
  const { scene, breakage } = castOf(two, { kind: "witness-loss" }, ["la-1"]);
  assert.deepEqual([breakage, scene.lost, scene.answerable], [{ kind: "hosts", hosts: ["witness-1"] }, undefined, true]);
});

test("what is asked for and not there is refused with what there is", () => {
  const refused = [
    [{ kind: "tunnel-cut", from: "mars" }, /no client traffic fits --from mars/],
    [{ kind: "tunnel-cut", service: "sg-api" }, /no client traffic fits --service sg-api/],
    [{ kind: "node-loss", target: "la-9" }, /there is no host la-9/],
    [{ kind: "region-loss", target: "mars" }, /no host is in region "mars"/],
  ] as const;
  for (const [wish, message] of refused) assert.throws(() => castOf(two, wish, []), message);
  assert.throws(() => castOf(two.slice(0, 2), { kind: "witness-loss" }, []), /no host in a group "witness"/);
  assert.throws(() => castOf([{ ...two[0], plans: [] } as Declared], { kind: "tunnel-cut" }, []), /no role says what clients can ask for/);
  assert.throws(() => castOf(two, { kind: "node-loss", target: "la-1", from: "la" }, []), /no client is left when la-1 is lost/);
});

test("what a role declares wrongly is refused at its line", () => {
  const d = new DrillPlan("paths");
  assert.throws(() => d.address("vip", "10.0.0"), /paths: the address "vip" is an IPv4 address, not 10\.0\.0/);
  assert.throws(() => d.route("10.0.0.1", { to: "sg", via: ["10.0.0.2"] }), /a network such as/);
  assert.throws(() => d.tunnel({ to: "sg", host: "sg-1", address: "203.0.113.1", traffic: ["sctp:1"] }), /udp:PORT, tcp:PORT, gre or esp, not sctp:1/);
  assert.throws(() => d.path("to sg", { to: "sg", file: "run/path; reboot", healthy: "tunnel" }), /absolute file/);
  d.address("vip", "10.0.0.100");
  assert.throws(() => d.address("vip", "10.0.0.101"), /declared twice/);
});
