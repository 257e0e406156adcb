import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { assertMember, milliseconds } from "../../roles/etcd/health.ts";
import { etcd } from "../../roles/etcd/role.ts";
import { schema, shortestLease, timing } from "../../roles/etcd/vars.ts";
import { added, ids, measuring, one } from "./harness.ts";

const member = (n: number, changes: object = {}) => ({ public_address: `203.0.113.${n}`, private_address: `10.${n}.0.11`, ...changes });
const FILES = ["/etc/hawser-etcd/etcd.env", "/etc/hawser-etcd/client.conf", "/etc/systemd/system/hawser-etcd.service"];
const seen = { ...Object.fromEntries(FILES.map((file) => [`etcd/file:${file}`, { out: "absent\n", code: 0 }])), ...Object.fromEntries(["etcd", "etcd-peers"].map((rule) => [`etcd/firewall-rule:${rule}`, { out: "nft\n", code: 0 }])) };

interface Changes {
  readonly own?: object;
  readonly peers?: Record<string, unknown>;
  readonly data?: "yes" | "no";
  readonly runs?: "yes" | "no";
  readonly firewall?: "nft" | "none";
  readonly onWarning?: (message: string) => void;
}

const plan = (system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { own = {}, peers = { "sg-1": member(2), "witness-1": member(3) }, data = "no", runs = data, firewall = "nft", onWarning = () => undefined }: Changes = {}): PlannedResource[] =>
  planOf(use(etcd, member(1, own)), recorded(system), { host: "la-1", peers, roleFacts: { data, runs, firewall }, seen, onWarning });
const ARTIFACT = { url: "https://releases.example/etcd-v3.4.37-linux-amd64.tar.gz", sha256: "a".repeat(64) };

void test("members talk over their public addresses, with TLS both ways and pre-vote", () => {
  const lines = added(one(plan("debian-12"), "etcd.env")).split("\n");
  for (const line of [
    "ETCD_INITIAL_CLUSTER=la-1=https://203.0.113.1:2380,sg-1=https://203.0.113.2:2380,witness-1=https://203.0.113.3:2380",
    "ETCD_INITIAL_ADVERTISE_PEER_URLS=https://203.0.113.1:2380",
    "ETCD_LISTEN_PEER_URLS=https://0.0.0.0:2380",
    "ETCD_PRE_VOTE=true",
    "ETCD_CLIENT_CERT_AUTH=true",
    "ETCD_PEER_CLIENT_CERT_AUTH=true",
    "ETCD_HEARTBEAT_INTERVAL=100",
    "ETCD_ELECTION_TIMEOUT=1000",
  ]) assert.ok(lines.includes(line), line);
});

void test("heartbeat and election follow the round trip, and the shortest lease follows them", () => {
  assert.deepEqual([timing({ round_trip_ms: 84 }), timing({ round_trip_ms: 180 })], [{ heartbeat: 100, election: 1000 }, { heartbeat: 180, election: 1800 }]);
  assert.deepEqual([shortestLease({ round_trip_ms: 84 }), shortestLease({ round_trip_ms: 180 })], [4, 5]);
});

void test("the ports are open to the members alone", () => {
  const resources = plan("debian-12");
  for (const [rule, port] of [["etcd-peers", 2380], ["etcd", 2379]] as const) {
    const apply = one(resources, `firewall-rule:${rule}`).apply ?? "";
    for (const text of [String(port), "203.0.113.2", "203.0.113.3"]) assert.ok(apply.includes(text), `${rule}: ${text}`);
  }
});

void test("a host without any firewall gets one", () => {
  assert.ok(ids(plan("debian-12", { firewall: "none" })).includes("package:nftables"));
  assert.ok(!ids(plan("debian-12")).includes("package:nftables"));
});

void test("the key is made on the host, for every address that it is reached by or seen from", () => {
  const apply = one(plan("debian-12"), "task:key and certificate").apply ?? "";
  assert.match(apply, /IP:127\.0\.0\.1,IP:203\.0\.113\.1,IP:10\.1\.0\.11/);
  assert.match(apply, /CA:FALSE/);
  assert.match(apply, /chmod 640/);
});

void test("clients ask their own member first, and the others when it is gone", () => {
  assert.match(added(one(plan("debian-12"), "client.conf")), /^ENDPOINTS='https:\/\/127\.0\.0\.1:2379 https:\/\/203\.0\.113\.2:2379 https:\/\/203\.0\.113\.3:2379'$/m);
});

void test("a new cluster starts at once; where there is one, a member waits to be let in, and running ones restart one at a time", () => {
  const fresh = ids(plan("debian-12"));
  assert.ok(fresh.includes("task:join the cluster") && !fresh.includes("gate:the member answers again"));
  const running = ids(plan("debian-12", { data: "yes" }));
  assert.ok(!running.includes("task:join the cluster") && running.includes("gate:the member answers again"));
  const down = ids(plan("debian-12", { data: "yes", runs: "no" }));
  assert.ok(!down.includes("gate:the member answers again"), "one that is down does not wait for its turn: the others may need it");
});

void test("Debian's packages, or an artifact where the system has none; its own unit is stopped", () => {
  const debian = ids(plan("debian-12"));
  for (const id of ["package:etcd-server", "package:etcd-client", "service:etcd.service", "service:hawser-etcd.service"]) assert.ok(debian.includes(id), id);
  const el = plan("el-9", { own: { artifact: ARTIFACT } });
  assert.ok(ids(el).includes("user:etcd") && !ids(el).includes("package:etcd-server"));
  assert.match(added(one(el, "hawser-etcd.service")), /^ExecStart=\/opt\/hawser-etcd\/etcd$/m);
});

void test("how many members there are is warned of, unless they are a quorum that survives a loss", () => {
  const said = (peers: Record<string, unknown>): string[] => {
    const all: string[] = [];
    plan("debian-12", { peers, onWarning: (message) => all.push(message) });
    return all;
  };
  assert.deepEqual(said({ b: member(2), c: member(3) }), []);
  assert.match(said({})[0] ?? "", /one member: it is no quorum/);
  assert.match(said({ b: member(2) })[0] ?? "", /two members, and both are the quorum.*Add a witness/);
  assert.match(said({ b: member(2), c: member(3), d: member(4) })[0] ?? "", /4 members, which survive the loss of 1, as 3 would/);
});

for (const [what, system, own, peers, message] of [
  ["Ubuntu 22.04 without an artifact", "ubuntu-22.04", {}, {}, /Ubuntu 22\.04.* \(la-1\) packages no etcd 3\.4/],
  ["EL without an artifact", "el-9", {}, {}, /packages no etcd 3\.4/],
  ["CentOS 7 without leave", "centos-7", { artifact: ARTIFACT }, {}, /support ended on 2024-06-30/],
  ["different ports", "debian-12", { peer_port: 2390 }, { "sg-1": member(2) }, /etcd\.peer_port is 2390 on la-1 and 2380 on sg-1/],
  ["different round trips", "debian-12", { round_trip_ms: 200 }, { "sg-1": member(2) }, /etcd\.round_trip_ms is 200 on la-1 and 100 on sg-1/],
  ["one public address twice", "debian-12", {}, { "sg-1": member(1) }, /both have the public address 203\.0\.113\.1/],
] as const) {
  void test(`${what} is refused before any host is touched`, () => {
    assert.throws(() => plan(system, { own, peers }), (error: Error & { hint?: string }) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.ok(error.hint);
      return true;
    });
  });
}

const measure = measuring((v) => assertMember(v, schema.parse(member(1)), 3));
const HEALTH = '[{"endpoint":"https://a:2379","health":true,"took":"91.2ms"},{"endpoint":"https://b:2379","health":true,"took":"1.2s"},{"endpoint":"https://c:2379","health":true,"took":"9ms"}]';
for (const [name, healthy, value, broken, wrong] of [
  ["service", "active\n", "active", "failed\n", "failed"],
  ["leader as this member sees it", '[{"Status":{"leader":12,"raftTerm":2,"raftIndex":9}}]', "known", '[{"Status":{"leader":0,"raftTerm":2,"raftIndex":9}}]', "none"],
  ["members that answer", HEALTH, 3, HEALTH.replace("true", "false"), 2],
  ["time in which a majority answers", HEALTH, 91.2, HEALTH.replace("91.2ms", "2.5s"), 2500],
  ["certificate", "3649\n", 3649, "3\n", 3],
] as const) {
  void test(`verify sees ${name}`, () => {
    assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]);
  });
}

void test("Go's durations are milliseconds", () => assert.deepEqual(["84.3ms", "1.5s", "900µs", undefined].map(milliseconds), [84.3, 1500, 0.9, undefined]));

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
