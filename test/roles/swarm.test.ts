import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, Secret, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { ticketOf } from "../../roles/swarm/cluster.ts";
import { daemonOf } from "../../roles/swarm/engine.ts";
import { assertNode } from "../../roles/swarm/health.ts";
import { advertised, dataPathOf, entryOf, listenOf, speakerFor, type End } from "../../roles/swarm/layout.ts";
import { refuse, weaknesses } from "../../roles/swarm/refuse.ts";
import { swarm } from "../../roles/swarm/role.ts";
import { nodeOf, schema } from "../../roles/swarm/vars.ts";
import { added, ids, measuring, one, view } from "./harness.ts";

type Given = Record<string, unknown>;
const node = (n: number, changes: Given = {}): Given => ({ private_address: `10.${n}.0.11`, public_address: `203.0.113.${n}`, role: "manager", ...changes });
const end = (name: string, region: string, n: number, changes: Given = {}, groups: readonly string[] = []): End => ({ host: view(name, region, { groups }), vars: schema.parse(node(n, changes)) });
const THREE = [end("la-1", "la", 1), end("sg-1", "sg", 2), end("w-1", "witness", 3, { availability: "drain" }, ["witness"])];

const FILES = ["file:/etc/docker/daemon.json", "file:/etc/hawser/swarm/docker-user.sh", "unit:docker.service/hawser"];
const RULES = ["swarm-managers", "swarm-gossip-tcp", "swarm-gossip-udp", "swarm-data"];
const seen = { ...Object.fromEntries(FILES.map((file) => [`swarm/${file}`, { out: "absent\n", code: 0 }])), ...Object.fromEntries(RULES.map((rule) => [`swarm/firewall-rule:${rule}`, { out: "nft\n", code: 0 }])) };
type System = "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7";
const plan = (system: System, own: Given = {}, peers: Given = { "sg-1": node(2), "w-1": node(3, { availability: "drain" }) }, host = "la-1", state = "none"): PlannedResource[] =>
  planOf(use(swarm, node(1, own) as never), recorded(system), { host, peers, roleFacts: { firewall: "nft", swarm: state }, seen, onWarning: () => undefined });

void test("the first manager makes the cluster, others join by it, and what a node is stands on a manager", () => {
  const first = ids(plan("debian-12"));
  assert.ok(first.includes("swarm-network:ingress") && first.includes("task:settings") && first.includes("swarm-node:la-1"));
  const second = ids(planOf(use(swarm, node(2, { entry: "la-1" }) as never), recorded("debian-12"), { host: "sg-1", peers: { "la-1": node(1, { entry: "la-1" }) }, roleFacts: { firewall: "nft", swarm: "none" }, seen }));
  assert.ok(second.includes("task:cluster") && !second.includes("swarm-network:ingress"));
});

void test("tokens are in no command's words", () => {
  for (const { apply = "", probe } of [...plan("debian-12"), ...plan("debian-12", { entry: "sg-1" }, { "sg-1": node(2, { entry: "sg-1" }), "w-1": node(3, { entry: "sg-1" }) })]) assert.doesNotMatch(apply + probe, /--token|join-token/);
  const ticket = ticketOf('{"ID":"abc","JoinTokens":{"Worker":"SWMTKN-1-w","Manager":"SWMTKN-1-m"}}');
  assert.ok(ticket.manager instanceof Secret && ticket.worker instanceof Secret);
  assert.equal(ticket.cluster, "abc");
  assert.equal(ticketOf('{"message":"This node is not a swarm manager."}').cluster, "");
});

void test("the engine gets the tunnel's MTU, pools of its own and no live-restore, before its first start", () => {
  const resources = plan("debian-12", { daemon: { "log-driver": "journald" } });
  const text = added(one(resources, "file:/etc/docker/daemon.json"));
  assert.deepEqual(JSON.parse(text), { "default-address-pools": [{ base: "172.20.0.0/14", size: 24 }], "live-restore": false, "log-driver": "journald", mtu: 1360 });
  const order = ids(resources);
  assert.ok(order.indexOf("file:/etc/docker/daemon.json") < order.indexOf("package:docker.io"));
  assert.equal(daemonOf(schema.parse(node(1))), daemonOf(schema.parse(node(1))));
});

void test("Docker's rules let the tunnel pass, also after the engine's next start", () => {
  const resources = plan("debian-12", { forward_interfaces: ["gre1", "gre2"] });
  assert.match(added(one(resources, "unit:docker.service/hawser")), /^ExecStartPost=-\/bin\/sh \/etc\/hawser\/swarm\/docker-user\.sh set gre1 gre2$/m);
  assert.match(one(resources, "task:forwarding").apply ?? "", /docker-user\.sh set gre1 gre2/);
});

void test("ports are open to the other nodes' addresses alone, that of managers on managers", () => {
  const resources = plan("debian-12");
  for (const [rule, port] of [["swarm-managers", 2377], ["swarm-gossip-tcp", 7946], ["swarm-gossip-udp", 7946], ["swarm-data", 4790]] as const) {
    const apply = one(resources, `firewall-rule:${rule}`).apply ?? "";
    for (const text of [String(port), "10.2.0.11", "203.0.113.3"]) assert.ok(apply.includes(text), `${rule}: ${text}`);
    assert.ok(!apply.includes("10.1.0.11"));
  }
  assert.ok(!ids(plan("debian-12", { role: "worker" })).includes("firewall-rule:swarm-managers"));
});

void test("Docker's own packages where they are asked for, and where there are no others", () => {
  const ce = plan("ubuntu-22.04", { package: "docker-ce", version: "5:27.*" });
  for (const id of ["repository:docker-ce", "package:docker-ce", "package:docker-ce-cli", "package:containerd.io"]) assert.ok(ids(ce).includes(id), id);
  const key = { url: "https://mirror.example/gpg", sha256: "a".repeat(64) };
  assert.ok(ids(plan("el-9", { repository: { url: "https://mirror.example", key } })).includes("repository:docker-ce"));
  assert.throws(() => plan("el-9"), /swarm\.repository\.key is needed/);
  assert.throws(() => plan("centos-7", { repository: { url: "https://mirror.example", key } }), /support ended on 2024-06-30/);
  assert.throws(() => plan("el-9", { package: "docker.io" }), /packages no docker\.io/);
});

void test("managers talk inside the tunnel when all nodes are in it, else by their public addresses; containers always inside", () => {
  const [la, sg] = THREE as [End, End];
  const outside = end("w-1", "witness", 3, { private_address: undefined });
  assert.deepEqual([advertised(la, THREE), advertised(la, [la, sg, outside]), dataPathOf(la, [la, sg, outside])], ["10.1.0.11", "203.0.113.1", "10.1.0.11"]);
  assert.equal(advertised(end("x", "la", 9, { advertise_addr: "192.0.2.9" }), THREE), "192.0.2.9");
  const having = (...addresses: readonly string[]) => ({ addresses: addresses.map((address) => ({ interface: "eth0", address, prefix: 24, family: 4 as const })) });
  // Behind a NAT Docker does not find out which of two is to be listened on, and the address that moves is one.
  assert.equal(listenOf(la, [la, sg, outside], having("10.1.0.11", "10.0.0.100")), "10.1.0.11");
  assert.equal(listenOf(la, [la, sg, outside], having("10.1.0.11", "203.0.113.1")), "0.0.0.0");
  assert.equal(listenOf(la, THREE, having("10.1.0.11")), "0.0.0.0");
  assert.equal(entryOf(THREE).host.name, "la-1");
  assert.deepEqual([speakerFor("sg-1", THREE).host.name, speakerFor("la-1", THREE).host.name], ["la-1", "sg-1"]);
});

void test("the inventory gives addresses, what is reserved, and that a witness has no tasks", () => {
  const inventory = { private_address: "10.1.0.11", public_address: "203.0.113.1", private_cidr: "10.1.0.0/24", keepalived: { vip: "10.0.0.100" } };
  assert.deepEqual(nodeOf(view("la-1", "la", { inventory })), { reserved: ["10.0.0.100/32", "10.1.0.0/24"], private_address: "10.1.0.11", public_address: "203.0.113.1" });
  assert.deepEqual(nodeOf(view("w-1", "w", { groups: ["witness"] })), { reserved: [], role: "manager", availability: "drain" });
});

void test("what is weak is said: one manager, two, an even number, two places, a witness that works", () => {
  const [la, sg, w] = THREE as [End, End, End];
  assert.deepEqual(weaknesses(THREE), []);
  assert.match(weaknesses([la])[0] ?? "", /one manager, la-1/);
  assert.match(weaknesses([la, sg])[0] ?? "", /two managers, la-1, sg-1, and both are the quorum.*worse than one/);
  assert.match(weaknesses([...THREE, end("la-2", "la", 4)])[0] ?? "", /4 managers, which survive the loss of 1, as 3 would/);
  assert.match(weaknesses([la, sg, end("la-2", "la", 4)])[0] ?? "", /in 2 places \(la, sg\)/);
  assert.match(weaknesses([la, sg, { ...w, vars: { ...w.vars, availability: "active" } }])[0] ?? "", /w-1 is a witness and gets tasks/);
});

const HA = { ha: true };
for (const [what, own, peers, message, at] of [
  ["high availability with one manager", end("la-1", "la", 1, HA), [end("sg-1", "sg", 2, { ...HA, role: "worker" })], /swarm\.ha with 1 manager in 1 place \(la: la-1\)/, "ha"],
  ["high availability with two", end("la-1", "la", 1, HA), [end("sg-1", "sg", 2, HA)], /swarm\.ha with 2 managers in 2 places/, "ha"],
  ["high availability in two places", end("la-1", "la", 1, HA), [end("la-2", "la", 2, HA), end("sg-1", "sg", 3, HA)], /swarm\.ha with 3 managers in 2 places/, "ha"],
  ["high availability with half of them in one place", end("la-1", "la", 1, HA), [end("la-2", "la", 2, HA), end("sg-1", "sg", 3, HA), end("w-1", "w", 4, HA)], /without la \(la-1, la-2\) 2 of 4 managers are left/, "ha"],
  ["no manager", end("la-1", "la", 1, { role: "worker" }), [], /no host is a manager/, "role"],
  ["an entry that is no manager", end("la-1", "la", 1, { entry: "nobody" }), [], /swarm\.entry names nobody/, "entry"],
  ["different ports", end("la-1", "la", 1, { data_path_port: 4789 }), [end("sg-1", "sg", 2)], /data_path_port is 4789 on la-1 and 4790 on sg-1/, "data_path_port"],
  ["different services", end("la-1", "la", 1, { services: { web: { image: "web:1" } } }), [end("sg-1", "sg", 2)], /swarm\.services differs between la-1 and sg-1/, "services"],
  ["one address twice", end("la-1", "la", 1), [end("sg-1", "sg", 1)], /both reached at 10\.1\.0\.11/, "advertise_addr"],
  ["a pool with the address that moves", end("la-1", "la", 1, { default_addr_pool: "10.0.0.0/9", reserved: ["10.0.0.100/32"] }), [], /10\.0\.0\.0\/9 overlaps with 10\.0\.0\.100\/32, which is reserved/, "default_addr_pool"],
  ["a pool with a host", end("la-1", "la", 1, { default_addr_pool: "10.0.0.0/8" }), [], /holds 10\.1\.0\.11, the address of la-1/, "default_addr_pool"],
  ["pools of the cluster and of a host that meet", end("la-1", "la", 1, { default_addr_pool: "172.20.0.0/16" }), [], /172\.20\.0\.0\/14 overlaps with 172\.20\.0\.0\/16/, "default_address_pools"],
  ["a pool smaller than its networks", end("la-1", "la", 1, { default_addr_pool: "172.28.0.0/28" }), [], /no network of \/24 fits into 172\.28\.0\.0\/28/, "default_addr_pool_mask_length"],
  ["a network that nobody declares", end("la-1", "la", 1, { networks: { back: {} }, services: { web: { image: "a", networks: ["bakc"] } } }), [], /on network bakc, which nothing declares/, "services"],
  ["a secret that nobody declares", end("la-1", "la", 1, { services: { web: { image: "a", secrets: ["token"] } } }), [], /wants token, which is not among secrets/, "services"],
  ["one port twice", end("la-1", "la", 1, { services: { a: { image: "a", ports: [{ target: 80, published: 80 }] }, b: { image: "b", ports: [{ target: 81, published: 80 }] } } }), [], /services a and b both publish 80\/tcp/, "services"],
  ["an empty secret", end("la-1", "la", 1, { secrets: { token: { content: new Secret("") } } }), [], /secret token has 0 bytes/, "secrets"],
] as const) {
  void test(`${what} is refused at its line, before any host is touched`, () => {
    const lined = { ...own, host: { ...own.host, at: (...path: readonly (string | number)[]) => ({ file: path.join("."), line: 1, column: 1 }) } };
    assert.throws(() => refuse(lined, peers), (error: UsageError) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      assert.ok(error.hint);
      assert.ok(error.source?.file.startsWith(`swarm.${at}`), error.source?.file);
      return true;
    });
  });
}

void test("a pool is the VIP's neighbour, not its owner", () => refuse(end("la-1", "la", 1, { reserved: ["10.0.0.100/32", "10.1.0.0/24"] }), [end("sg-1", "sg", 2)]));

void test("keys of daemon.json that are the role's own are refused", () => {
  assert.throws(() => plan("debian-12", { daemon: { "live-restore": true } }), /swarm\.daemon\.live-restore is the role's own/);
});

const measure = measuring((v) => assertNode(v, THREE[0] as End, [...THREE, end("sg-2", "sg", 4, { role: "worker" })]));
for (const [name, healthy, value, broken, wrong] of [
  ["engine", "active\n", "active", "failed\n", "failed"],
  ["membership", "active\n", "active", "pending\n", "pending"],
  ["managers that are reachable", "Leader\nReachable\nReachable\n\n", 3, "Leader\nUnreachable\n\nUnreachable\n", 1],
  ["managers that are away", "Leader\nReachable\nReachable\n", 0, "", 3],
  ["nodes that are ready", "Ready\nReady\nReady\nReady\n", 4, "Ready\nDown\n", 1],
  ["forwarding", "passes\n", "passes", "dropped\n", "dropped"],
  ["overlay: MTU", "9: eth0@if10: <UP> mtu 1310 qdisc noqueue", 1310, "9: eth0@if10: <UP> mtu 1450 qdisc", 1450],
  ["overlay to sg-1: 1400 octets and back", "rtt min/avg/max/mdev = 84.1/84.6/85.2/0.4 ms", 84.6, "3 packets transmitted, 0 received", undefined],
] as const) {
  void test(`verify sees ${name}`, () => assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]));
}

void test("a drained node carries no overlay, so none is asked for", () => {
  assert.throws(() => measuring((v) => assertNode(v, THREE[2] as End, THREE))("overlay: MTU", ""), /no overlay: MTU/);
});

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
