import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { assertRouting } from "../../roles/bfd/health.ts";
import { bfd } from "../../roles/bfd/role.ts";
import { neighboursOf } from "../../roles/bfd/routes.ts";
import { schema } from "../../roles/bfd/vars.ts";
import { gateway, ids, measuring, view } from "./harness.ts";

const vars = (id: number, region: string, changes: object = {}, hub: object = {}) => schema.parse({ gateway: gateway(id, region, hub), ...changes });
const CONF = "/etc/frr/frr.conf";

interface Changes {
  readonly own?: object;
  readonly others?: Readonly<Record<string, object>>;
}

/** The plan of la-1, whose peer is sg-1. */
const plan = (system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { own = {}, others = { "sg-1": { gateway: gateway(2, "sg") } } }: Changes = {}): PlannedResource[] =>
  planOf(use(bfd, { gateway: gateway(1, "la"), ...own }), recorded(system), { host: "la-1", peers: others, seen: { [`bfd/file:${CONF}`]: { out: "absent\n", code: 0 } } });
const confOf = (changes: Changes = {}): string[] => {
  const conf = plan("debian-12", changes).find(({ id }) => id.endsWith(CONF)) ?? assert.fail("no configuration");
  return (conf.diff ?? "").split("\n").flatMap((line) => (line.startsWith("+") && !line.startsWith("+++") ? [line.slice(1).trim()] : []));
};

void test("BGP runs over the tunnel, BFD ends it, and a floating route refuses what is for a region whose tunnel is down", () => {
  const conf = confOf();
  for (const line of ["router bgp 64513", "bgp router-id 10.1.0.11", "neighbor 10.255.0.2 remote-as 64514", "neighbor 10.255.0.2 bfd profile hawser", "network 10.1.0.0/24", "ip route 10.2.0.0/24 reject 250", "set src 10.1.0.11", "detect-multiplier 3", "transmit-interval 300", "receive-interval 300"]) assert.ok(conf.includes(line), line);
});

void test("nothing is taken but what the neighbour has, and nothing told but one's own", () => {
  const conf = confOf({ own: { announce: ["10.0.0.100/32"] } }).filter((line) => line.includes("prefix-list"));
  assert.deepEqual(conf, ["ip prefix-list take-gre1 seq 5 permit 10.2.0.0/24", "ip prefix-list tell-gre1 seq 5 permit 10.1.0.0/24", "ip prefix-list tell-gre1 seq 10 permit 10.0.0.100/32", "ip prefix-list announced seq 5 permit 10.0.0.100/32", "match ip address prefix-list announced", "neighbor 10.255.0.2 prefix-list take-gre1 in", "neighbor 10.255.0.2 prefix-list tell-gre1 out"]);
});

void test("an address is announced while the host holds it, by what is connected", () => {
  assert.ok(confOf({ own: { announce: ["10.0.0.100/32"] } }).includes("redistribute connected route-map announced"));
  assert.ok(!confOf().some((line) => line.startsWith("redistribute")));
});

void test("when_down tunnel leaves the static routes of role gre", () => assert.ok(!confOf({ own: { when_down: "tunnel" } }).some((line) => line.includes("reject"))));

void test("a lossy path gets more time, and single values win over the profile's", () => {
  const lossy = confOf({ own: { profile: "lossy", multiplier: 4 }, others: { "sg-1": { gateway: gateway(2, "sg"), profile: "lossy" } } });
  for (const line of ["detect-multiplier 4", "transmit-interval 500"]) assert.ok(lossy.includes(line), line);
});

void test("behind a hub, its neighbours hear of one another's networks from it", () => {
  const end = (host: string, id: number, region: string) => ({ host, vars: vars(id, region, {}, { hub: "la" }) });
  const [la, sg, fr] = [end("la-1", 1, "la"), end("sg-1", 2, "sg"), end("fr-1", 3, "fr")];
  assert.deepEqual(neighboursOf(sg, [la, fr]).map(({ takes, tells }) => [takes, tells]), [[["10.1.0.0/24", "10.3.0.0/24"], ["10.2.0.0/24"]]]);
  assert.deepEqual(neighboursOf(la, [sg, fr]).map(({ name, takes, tells }) => [name, takes, tells]), [["gre1", ["10.2.0.0/24"], ["10.1.0.0/24", "10.3.0.0/24"]], ["gre2", ["10.3.0.0/24"], ["10.1.0.0/24", "10.2.0.0/24"]]]);
});

void test("a third region is one neighbour more", () => {
  const conf = confOf({ others: { "sg-1": { gateway: gateway(2, "sg") }, "fr-1": { gateway: gateway(3, "fr") } } });
  for (const line of ["neighbor 10.255.0.2 remote-as 64514", "neighbor 10.255.0.6 remote-as 64515", "ip route 10.3.0.0/24 reject 250"]) assert.ok(conf.includes(line), line);
});

void test("packages, ports and what networkd leaves alone", () => {
  for (const id of ["firewall-rule:bfd", "firewall-rule:bgp", "package:frr", "package:frr-pythontools", "file:/etc/systemd/networkd.conf.d/90-hawser-frr.conf", "service:frr.service", "gate:frr answers"]) assert.ok(ids(plan("debian-12")).includes(id), id);
  const el = ids(plan("el-9"));
  assert.ok(!el.some((id) => id.includes("networkd")));
});

void test("CentOS 7 is refused unless it is allowed and has a repository", () => {
  assert.throws(() => plan("centos-7"), /support ended on 2024-06-30/);
  assert.throws(() => plan("centos-7", { own: { allow_eol: true } }), /CentOS 7 has no FRR of its own/);
  assert.ok(ids(plan("centos-7", { own: { allow_eol: true, repository: false } })).includes("package:frr"));
});

for (const [what, own, peer, message] of [
  ["the same router id", { router_id: "10.9.9.9" }, { router_id: "10.9.9.9" }, /both have the router id 10\.9\.9\.9/],
  ["BFD with two speeds", { profile: "lossy" }, {}, /every 500 ms on la-1 and every 300 ms on sg-1/],
  ["an announced network", { announce: ["10.0.0.0/24"] }, {}, /an address that moves is announced by itself/],
] as const) {
  void test(`${what} is refused at the inventory's line`, () => {
    const check = bfd.validate as unknown as (input: object) => void;
    assert.throws(() => check({ vars: vars(1, "la", own), host: view("la-1", "la"), peers: [{ host: view("sg-1", "sg"), vars: vars(2, "sg", peer) }] }), (error) => error instanceof UsageError && message.test(error.message) && error.source?.line === 7 && error.hint !== undefined);
  });
}

/** As FRR 8.4.4 prints them. */
const PEERS = JSON.stringify([{ peer: "10.255.0.2", status: "up", "detect-multiplier": 3, "remote-detect-multiplier": 3, "receive-interval": 300, "remote-transmit-interval": 300 }]);
const SUMMARY = JSON.stringify({ ipv4Unicast: { peers: { "10.255.0.2": { state: "Established", pfxRcd: 1 } } } });
const ROUTE = "10.2.0.0/24 nhid 12 via 10.255.0.2 dev gre1 proto bgp src 10.1.0.11 metric 20 \n";
const measure = measuring((v) => assertRouting(v, vars(1, "la"), neighboursOf({ host: "la-1", vars: vars(1, "la") }, [{ host: "sg-1", vars: vars(2, "sg") }])));
for (const [name, healthy, value, broken, wrong] of [
  ["BFD with sg-1", PEERS, "up", PEERS.replace("up", "down"), "down"],
  ["BFD with sg-1", PEERS, "up", "[]", "absent"],
  ["BFD notices", PEERS, 900, PEERS.replace('"receive-interval":300', '"receive-interval":1000'), 3000],
  ["BFD notices", PEERS, 900, PEERS.replace("up", "down"), undefined],
  ["BGP with sg-1", SUMMARY, "Established", SUMMARY.replace("Established", "Active"), "Active"],
  ["reached by BGP", ROUTE, 1, "", 0],
  ["reached by BGP", ROUTE, 1, ROUTE.replace("gre1", "eth0"), 0],
] as const) {
  void test(`verify sees ${name}: ${wrong}`, () => assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]));
}

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
