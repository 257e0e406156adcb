import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret, planOf, recorded, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { assertHolder } from "../../roles/keepalived/health.ts";
import { weaknesses } from "../../roles/keepalived/plan.ts";
import { refuse } from "../../roles/keepalived/refuse.ts";
import { keepalived } from "../../roles/keepalived/role.ts";
import { swarmPoolsOf } from "../../roles/keepalived/swarm.ts";
import { schema } from "../../roles/keepalived/vars.ts";
import { added, gateway, ids, measuring, one, view } from "./harness.ts";

const VIP = { vip: "172.31.255.100", witness: "203.0.113.9" };
const CONF = "keepalived/file:/etc/keepalived/keepalived.conf";
const seen = Object.fromEntries([CONF, "keepalived/file:/etc/hawser/vip/vip.conf", "keepalived/file:/etc/hawser/vip/mover.conf", "keepalived/unit:keepalived.service/hawser"].map((id) => [id, { out: "absent\n", code: 0 }]));

const plan = (system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", own: object = {}, peer: object = {}): PlannedResource[] =>
  planOf(use(keepalived, { gateway: gateway(1, "la"), ...VIP, ...own }), recorded(system), { host: "la-1", peers: { "sg-1": { gateway: gateway(2, "sg"), ...VIP, ...own, ...peer } }, seen });

/** A host whose inventory has one var per line. */
const LINES = ["keepalived.vip", "keepalived.priority", "keepalived.lease_ttl", "keepalived.mover", "keepalived.virtual_router_id"];
const end = (name: string, region: string, id: number, changes: object = {}) => ({ host: view(name, region, { lines: LINES }), vars: schema.parse({ gateway: gateway(id, region), ...VIP, ...changes }) });

void test("keepalived is master by the lease alone, and adds a mark of it, never the address", () => {
  const conf = added(one(plan("debian-12"), CONF));
  for (const line of ["state BACKUP", "nopreempt", "enable_script_security", "script_user root", "virtual_router_id 51", "priority 100", "advert_int 0.2", "vrrp_version 3", "unicast_src_ip 10.1.0.11", "10.2.0.11", "127.86.51.1/32 dev lo"]) {
    assert.ok(conf.split("\n").some((each) => each.trim() === line), line);
  }
  assert.match(conf, /vrrp_track_file lease \{\n {2}file "\/run\/hawser-vip\/track"\n {2}weight 0\n {2}init_file 1\n\}/);
  assert.match(conf, /check-lease\.sh fresh"\n {2}interval 1\n {2}fall 1/);
  assert.doesNotMatch(conf, /172\.31\.255\.100\/32/);
});

void test("it sees the others by the tunnel, by the public path, and the witness, without being unfit when it does not", () => {
  const conf = added(one(plan("debian-12"), CONF));
  for (const [name, address] of [["tunnel-sg-1", "10.2.0.11"], ["public-sg-1", "203.0.113.2"], ["witness", "203.0.113.9"]] as const) {
    assert.match(conf, new RegExp(`vrrp_script reach-${name} \\{\\n {2}script ".*check-reach\\.sh ${name} ${address}"\\n[^}]*weight -1\\n\\}`));
  }
});

void test("the configuration is checked before it counts, and loaded without a restart", () => {
  const apply = one(plan("debian-12"), CONF).apply ?? "";
  assert.match(apply, /keepalived -t -f/);
  assert.match(one(plan("debian-12"), "service:keepalived.service").probe, /systemctl show/);
});

void test("keepalived that is killed starts again: the distributions' units leave it dead", () => {
  for (const system of ["debian-12", "centos-7"] as const) assert.match(added(one(plan(system, { allow_eol: true }), "unit:keepalived.service/hawser")), /^Restart=on-failure$/m, system);
});

void test("EL 7 gets what its keepalived 1.3 understands", () => {
  const conf = added(one(plan("centos-7", { allow_eol: true }), CONF));
  assert.match(conf, /check-lease\.sh held"/);
  assert.match(conf, /^ {2}interface gre1$/m);
  assert.doesNotMatch(conf, /track_file/);
  assert.doesNotMatch(one(plan("centos-7", { allow_eol: true }), CONF).apply ?? "", /keepalived -t/);
});

void test("without a witness there is no daemon, and the preferred gateway has the address by configuration", () => {
  const alone = { witness: undefined };
  const resources = plan("debian-12", alone);
  assert.match(added(one(resources, CONF)), /vrrp_script holder \{\n {2}script "\/bin\/true"/);
  assert.match(added(one(plan("debian-12", { ...alone, priority: 10 }, { priority: 20 }), CONF)), /script "\/bin\/false"/);
  assert.match(added(one(resources, "vip.conf")), /^MODE=static$/m);
});

void test("a check of the host's own makes it unfit", () => {
  assert.match(added(one(plan("debian-12", { checks: { proxy: { command: "/usr/bin/systemctl is-active haproxy" } } }), CONF)), /vrrp_script check-proxy \{\n {2}script "\/usr\/bin\/systemctl is-active haproxy"\n {2}interval 2\n {2}fall 2\n {2}rise 2\n\}[\s\S]* {4}check-proxy\n/);
});

void test("the daemon knows whose turn it is: hosts in base64, as etcd has them", () => {
  const conf = added(one(plan("debian-12", { priority: 90 }, { priority: 100 }), "vip.conf"));
  for (const line of ["VIP=172.31.255.100", `OWN='${Buffer.from("la-1").toString("base64")}'`, `AHEAD='${Buffer.from("sg-1").toString("base64")}'`, "TTL=5", "CHECKS='tunnel-sg-1 public-sg-1 witness'"]) assert.ok(conf.split("\n").includes(line), line);
});

void test("a mover's secrets lie in a file of root's alone, and in no difference", () => {
  const key = "a key that nobody may see";
  const resources = plan("debian-12", { mover: "dns", dns: { server: "192.0.2.53", zone: "example.org", name: "shop.example.org", address: "203.0.113.1", key_name: "k", key: new Secret(key) } });
  assert.ok(ids(resources).includes("file:/etc/hawser/vip/move-dns.sh"));
  for (const each of resources) for (const text of [each.probe, each.diff ?? "", each.summary ?? ""]) assert.ok(!text.includes(key), each.id);
});

void test("the user's own recipe is taken, with what it is worth", () => {
  const recipe = { vip: "10.0.0.100", virtual_router_id: 51, advert_int: 1, track_interfaces: ["gre1"] };
  const [la, sg] = [end("la-1", "la", 1, { ...recipe, state: "MASTER", priority: 100 }), end("sg-1", "sg", 2, { ...recipe, priority: 90 })];
  refuse(la, [sg]);
  const said = weaknesses(la, [sg]);
  for (const pattern of [/state: MASTER is taken as a wish to be preferred/, /track_interfaces: gre1 detects nothing/, /advert_int 1: .* takes the address 3\.6 s later/, /10\.0\.0\.100 is inside 10\.0\.0\.0\/8/]) assert.ok(said.some((text) => pattern.test(text)), String(pattern));
  assert.equal(said.length, 4);
  const conf = added(one(plan("debian-12", { ...recipe, state: "MASTER" }), CONF));
  assert.match(conf, /vrrp_version 2/);
  assert.match(conf, /track_interface \{\n {4}gre1\n {2}\}/);
  assert.match(conf, /state BACKUP/);
});

void test("no third place is said to mean no takeover", () => {
  const none = { witness: undefined };
  assert.match(weaknesses(end("la-1", "la", 1, none), [end("sg-1", "sg", 2, none)])[0] ?? "", /no automatic takeover/);
  assert.deepEqual(weaknesses(end("la-1", "la", 1), [end("sg-1", "sg", 2)]), []);
});

void test("Swarm's pools are those that the vars of its role name, or the role's default", () => {
  assert.equal(swarmPoolsOf(view("la-1", "la")), undefined);
  assert.deepEqual(swarmPoolsOf(view("la-1", "la", { groups: ["swarm"] })), ["172.28.0.0/14"]);
  assert.deepEqual(swarmPoolsOf(view("la-1", "la", { inventory: { swarm: {} } })), ["172.28.0.0/14"]);
  assert.deepEqual(swarmPoolsOf(view("la-1", "la", { inventory: { swarm: { default_addr_pool: "10.64.0.0/10" } } })), ["10.64.0.0/10"]);
});

for (const [what, own, peer, message, line] of [
  ["a VIP inside Swarm's pool", { vip: "10.0.0.100", swarm_pools: ["10.0.0.0/8"] }, { vip: "10.0.0.100" }, /10\.0\.0\.100 is inside Docker Swarm's address pool 10\.0\.0\.0\/8/, "keepalived.vip"],
  ["one priority twice", { priority: 90 }, { priority: 90 }, /both have the priority 90/, "keepalived.priority"],
  ["different router ids", { virtual_router_id: 52 }, {}, /virtual_router_id is 52 on la-1 and 51 on sg-1/, "keepalived.virtual_router_id"],
  ["different addresses", { vip: "172.31.255.101" }, {}, /vip is 172\.31\.255\.101 on la-1 and 172\.31\.255\.100 on sg-1/, "keepalived.vip"],
  ["a host's own address", { vip: "10.2.0.11" }, { vip: "10.2.0.11" }, /10\.2\.0\.11 is sg-1's own address/, "keepalived.vip"],
  ["a lease that etcd does not give", { round_trip_ms: 300, lease_ttl: 5 }, { round_trip_ms: 300, lease_ttl: 5 }, /lease_ttl is 5 s, and etcd gives no lease under 7 s/, "keepalived.lease_ttl"],
  ["a mover without what it needs", { mover: "gcp" }, {}, /mover is gcp, and keepalived\.gcp is not given/, "keepalived.mover"],
] as const) {
  void test(`${what} is refused at its line`, () => {
    assert.throws(() => refuse(end("la-1", "la", 1, own), [end("sg-1", "sg", 2, peer)]), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.deepEqual([error.source?.file, error.source?.line], ["hosts.yml", LINES.indexOf(line) + 1]);
      assert.ok(error.hint);
      return true;
    });
  });
}

for (const [what, changes, message] of [
  ["a VIP that is a network", { vip: "10.0.0.0/24" }, /vip/],
  ["a router id of 0", { virtual_router_id: 0 }, /virtual_router_id/],
  ["a lease of a second", { lease_ttl: 1 }, /lease_ttl/],
  ["a mover that there is not", { mover: "arp" }, /mover/],
  ["a misspelt var", { virtual_router: 51 }, /virtual_router/],
  ["a check by a relative path", { checks: { proxy: { command: "true" } } }, /whole path/],
] as const) {
  void test(`${what} is refused before any host is touched`, () => assert.throws(() => plan("debian-12", changes), message));
}
void test("CentOS 7 is refused unless it is allowed", () => assert.throws(() => plan("centos-7"), /support ended on 2024-06-30/));

const measure = measuring((v) => assertHolder(v, end("la-1", "la", 1), [end("sg-1", "sg", 2)]));
const HELD = "1: lo    inet 172.31.255.100/32 scope global dynamic lo\\       valid_lft 3sec preferred_lft 3sec\n";
for (const [name, healthy, value, broken, wrong] of [
  ["hosts that have 172.31.255.100", HELD, 1, "", 0],
  ["keepalived", "active\n", "active", "inactive\n", "inactive"],
  ["the lease's daemon", "active\n", "active", "failed\n", "failed"],
  ["hosts that have the lease", "yes\n", 1, "", 0],
  ["lease and address go together", "none-none\n", "both or neither", "lease-none\n", "lease and none"],
  ["lifetime of the address", HELD, 3, HELD.replaceAll("3sec", "forever"), Number.POSITIVE_INFINITY],
  ["time left of the lease", "312\n", 3.12, "-40\n", -0.4],
] as const) {
  void test(`verify sees ${name}`, () => {
    assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]);
  });
}

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
