import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, use, UsageError, type Facts, type PlannedResource } from "../../src/index.ts";
import { largestInside, weakness } from "../../roles/gre/esp.ts";
import { assertTunnels, weaknesses } from "../../roles/gre/health.ts";
import { gre } from "../../roles/gre/role.ts";
import { refuse, tunnelsOf } from "../../roles/gre/tunnels.ts";
import { schema } from "../../roles/gre/vars.ts";
import { added, gateway, measuring, one, view } from "./harness.ts";

const vars = { gateway: gateway(1, "la") };
const peers = { "sg-1": { gateway: gateway(2, "sg") } };

const plan = (system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { platform = "unit", firewall = "nft", changes = {}, others = peers, facts = recorded(system) }: { platform?: string; firewall?: string; changes?: object; others?: Record<string, unknown>; facts?: Facts } = {}): PlannedResource[] =>
  planOf(use(gre, { ...vars, ...changes }), facts, { host: "la-1", peers: others, roleFacts: { platform, firewall }, seen: Object.fromEntries(FILES.map((file) => [`gre/file:${file}`, { out: "absent\n", code: 0 }])) });
const FILES = ["/etc/hawser/gre/links.conf", "/etc/netplan/90-hawser-gre.yaml", "/etc/systemd/network/90-hawser-gre1.netdev", "/etc/systemd/network/90-hawser-gre1.network", "/etc/sysconfig/network-scripts/ifcfg-gre1", "/etc/sysconfig/network-scripts/route-gre1", "/etc/systemd/system/hawser-gre.service"];

const end = (name: string, region: string, id: number, changes: object = {}, lines: readonly string[] = []) => ({ host: view(name, region, { lines }), vars: schema.parse({ gateway: gateway(id, region), ...changes }) });

void test("what fits was measured: 1394 with AES-GCM and 1386 with AES-CBC and SHA-256 on a network of 1460", () => {
  assert.equal(largestInside(1460, ["aes256gcm16-ecp384"]), 1394);
  assert.equal(largestInside(1460, ["aes256-sha256-modp2048"]), 1386);
  assert.equal(largestInside(1460, ["aes256gcm16", "aes256-sha256"]), 1386);
  assert.equal(largestInside(1500, ["aes256gcm16"]), 1434);
});

void test("weak algorithms are known by name", () => {
  assert.match(weakness("aes256-sha256-modp1024") ?? "", /Logjam/);
  assert.match(weakness("3des-sha1-modp2048") ?? "", /Sweet32/);
  assert.equal(weakness("aes256gcm16-prfsha384-ecp384"), undefined);
});

void test("a tunnel's MTU is the same on both ends: the smaller of both and of what fits", () => {
  const [la, sg] = [end("la-1", "la", 1, { mtu: 1400 }), end("sg-1", "sg", 2, { mtu: 1390, underlay_mtu: 1500 })];
  assert.deepEqual([tunnelsOf(la, [sg])[0]?.mtu, tunnelsOf(sg, [la])[0]?.mtu], [1386, 1386]);
  assert.deepEqual([tunnelsOf(la, [sg])[0]?.mss, tunnelsOf(sg, [la])[0]?.mss], [1346, 1346]);
});

void test("without wishes it is 1360, and TCP is clamped to 1320", () => {
  const [tunnel] = tunnelsOf(end("la-1", "la", 1), [end("sg-1", "sg", 2)]);
  assert.deepEqual([tunnel?.mtu, tunnel?.mss, tunnel?.source], [1360, 1320, "10.1.0.11"]);
});

void test("behind a hub, the others' networks are reached through it", () => {
  const hub = (id: number, region: string) => ({ gateway: gateway(id, region, { hub: "la" }) });
  const [la, sg, fr] = [end("la-1", "la", 1, hub(1, "la")), end("sg-1", "sg", 2, hub(2, "sg")), end("fr-1", "fr", 3, hub(3, "fr"))];
  assert.deepEqual(tunnelsOf(sg, [la, fr]).map(({ name, routes }) => [name, routes.map(({ network }) => network)]), [["gre1", ["10.1.0.0/24", "10.3.0.0/24"]]]);
  assert.deepEqual(tunnelsOf(la, [sg, fr]).map(({ name, routes }) => [name, routes.map(({ network }) => network)]), [["gre1", ["10.2.0.0/24"]], ["gre2", ["10.3.0.0/24"]]]);
});

void test("a third region is a third gateway in the inventory, and two more tunnels for nobody else", () => {
  const text = (resources: readonly PlannedResource[]) => added(one(resources, "links.conf"));
  const two = text(plan("debian-12"));
  const three = text(plan("debian-12", { others: { ...peers, "fr-1": { gateway: gateway(3, "fr") } } }));
  assert.equal(three, `${two}\nlink gre2 10.1.0.11 203.0.113.3 255 1360 10.255.0.5/30 1320\nroute gre2 10.3.0.0/24 4211081716 10.1.0.11`);
});

void test("GRE is sent from the host's own address, and by the file that links.sh reads", () => {
  assert.equal(added(one(plan("debian-12"), "links.conf")), "# Managed by hawser: what links.sh makes\nlink gre1 10.1.0.11 203.0.113.2 255 1360 10.255.0.1/30 1320\nroute gre1 10.2.0.0/24 4211081716 10.1.0.11");
});

void test("netplan gets one file", () => {
  assert.equal(added(one(plan("ubuntu-22.04", { platform: "netplan" }), "90-hawser-gre.yaml")), `# Managed by hawser
network:
  version: 2
  tunnels:
    gre1:
      mode: gre
      local: 10.1.0.11
      remote: 203.0.113.2
      ttl: 255
      mtu: 1360
      link-local: []
      optional: true
      addresses: [10.255.0.1/30]
      routes:
        - to: 10.2.0.0/24
          scope: link
          metric: 4211081716
          from: 10.1.0.11`);
});

void test("networkd gets two files for each tunnel", () => {
  const resources = plan("debian-12", { platform: "networkd" });
  assert.match(added(one(resources, "gre1.netdev")), /Name=gre1\nKind=gre\nMTUBytes=1360\n\n\[Tunnel\]\nLocal=10\.1\.0\.11\nRemote=203\.0\.113\.2\nTTL=255\n[\s\S]*Independent=yes/);
  assert.match(added(one(resources, "gre1.network")), /Address=10\.255\.0\.1\/30\n[\s\S]*\[Route\]\nDestination=10\.2\.0\.0\/24\nScope=link\nMetric=4211081716\nPreferredSource=10\.1\.0\.11/);
});

void test("EL 7 gets ifcfg, and is served when it is allowed", () => {
  const resources = plan("centos-7", { platform: "ifcfg", firewall: "iptables", changes: { allow_eol: true } });
  assert.match(added(one(resources, "ifcfg-gre1")), /DEVICE=gre1\nTYPE=GRE\nONBOOT=yes\n[\s\S]*MY_OUTER_IPADDR=10\.1\.0\.11\nPEER_OUTER_IPADDR=203\.0\.113\.2\nMY_INNER_IPADDR=10\.255\.0\.1\nPEER_INNER_IPADDR=10\.255\.0\.2\/30\nTTL=255\nMTU=1360/);
  assert.match(added(one(resources, "route-gre1")), /10\.2\.0\.0\/24 dev gre1 proto static metric 4211081716 src 10\.1\.0\.11/);
  assert.throws(() => plan("centos-7"), (error: Error) => error instanceof UsageError && /support ended on 2024-06-30/.test(error.message));
});

void test("EL 9 has a unit, and tells NetworkManager to keep off", () => {
  const ids = plan("el-9").map(({ id }) => id);
  for (const id of ["gre/file:/etc/systemd/system/hawser-gre.service", "gre/file:/etc/NetworkManager/conf.d/90-hawser-gre.conf", "gre/package:iproute"]) assert.ok(ids.includes(id), id);
});

void test("the unit comes after the rules and before what uses the tunnels", () => {
  const unit = added(one(plan("debian-12"), "hawser-gre.service"));
  // frr.service of Debian has Before=network.target: both together would be a cycle, of which systemd leaves one out at boot.
  assert.doesNotMatch(unit, /^After=.*network\.target/m);
  assert.match(unit, /^After=hawser-firewall\.service /m);
  assert.match(unit, /^Before=strongswan\.service .*frr\.service/m);
});

void test("clear GRE of the peers is dropped, both ways, before the tunnels are up", () => {
  const resources = plan("debian-12");
  const ids = resources.map(({ id }) => id);
  for (const rule of ["gre-clear-in", "gre-clear-out"]) assert.ok(ids.indexOf(`gre/firewall-rule:${rule}`) < ids.indexOf("gre/task:tunnels"), rule);
});

void test("what cannot be taken back is not begun: the timer is armed first and confirmed last", () => {
  const ids = plan("debian-12").map(({ id }) => id);
  const at = (id: string) => ids.indexOf(`gre/${id}`);
  const armed = at("task:save what rules and routes there are");
  for (const id of ["firewall-rule:gre-clear-in", "file:/etc/hawser/gre/links.conf", "task:tunnels"]) assert.ok(armed < at(id) && at(id) < at("task:confirm rules and routes"), id);
  assert.match(one(plan("debian-12", { changes: { confirm_within: 33 } }), "task:save what rules and routes there are").apply ?? "", /systemd-run [\s\S]*sleep 33/);
});

void test("a host without any firewall gets the one that its kernel can do", () => {
  const uml = { ...recorded("debian-12"), virtualisation: "uml" };
  const brought = (facts: Facts) => plan("debian-12", { firewall: "none", facts }).map(({ id }) => id).filter((id) => /package:(?:nftables|iptables)$/.test(id));
  assert.deepEqual([brought(uml), brought(recorded("debian-12"))], [["gre/package:iptables"], ["gre/package:nftables"]]);
});

void test("an MTU of 1400 is taken where it fits; else the tunnel gets what fits, and is said to", () => {
  const said = (own: object, peer: object = {}) => {
    const [la, sg] = [end("la-1", "la", 1, own), end("sg-1", "sg", 2, peer)];
    return weaknesses(la, [sg], tunnelsOf(la, [sg]));
  };
  assert.deepEqual(said({}), []);
  assert.deepEqual(said({ mtu: 1400, underlay_mtu: 1500 }, { mtu: 1400, underlay_mtu: 1500 }), []);
  assert.match(said({ mtu: 1400 }, { mtu: 1400 })[0] ?? "", /gre\.mtu 1400 does not fit: IPsec leaves 1386 of the 1460 octets.*gre1 gets 1386/);
  assert.match(said({ mtu: 1380 })[0] ?? "", /gre\.mtu is 1380 here and 1360 on sg-1: gre1 gets 1360 on both ends/);
});

const [la, sg] = [end("la-1", "la", 1), end("sg-1", "sg", 2)];
const measure = measuring((v) => assertTunnels(v, la.vars, tunnelsOf(la, [sg])));
const LINK = "6: gre1@NONE: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1360 qdisc noqueue\\    gre remote 203.0.113.2 local 10.1.0.11 ttl 255 \\    alias hawser-gre\n";
const PINGED = "20 packets transmitted, 20 received, 0% packet loss, time 979ms\nrtt min/avg/max/mdev = 84.023/85.674/86.915/0.376 ms\n";
for (const [name, healthy, value, broken, wrong] of [
  ["round trip", PINGED, 85.674, "20 packets transmitted, 0 received, 100% packet loss\n", undefined],
  ["lost packets", PINGED, 0, "20 packets transmitted, 19 received, 5% packet loss, time 979ms\n", 5],
  [": MTU", LINK, 1360, LINK.replace("1360", "1476"), 1476],
  ["largest packet that arrives", "1360\n", 1360, "1280\n", 1280],
  [": ends", LINK, "10.1.0.11 to 203.0.113.2", "", undefined],
  ["TCP segments", '\t\toifname "gre1" tcp flags syn / syn,rst tcp option maxseg size set 1320\n', 1320, "", undefined],
  ["way to 10.2.0.0/24 behind sg-1", "10.2.0.1 dev gre1 src 10.1.0.11 uid 0\n", "gre1", "10.2.0.1 via 10.1.0.1 dev eth0 src 10.1.0.11\n", "eth0"],
  ["rules that drop clear GRE", '-A HAWSER-INPUT -m comment --comment gre-clear-in -j DROP\n-A HAWSER-OUTPUT -m comment --comment gre-clear-out -j DROP\n', 2, "-A HAWSER-INPUT -m comment --comment gre-clear-in -j DROP\n", 1],
  ["forwards packets", "1\n", 1, "0\n", 0],
] as const) {
  void test(`verify sees ${name}`, () => {
    assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]);
  });
}

for (const [what, own, peer, message, line] of [
  ["an MTU that cannot fit", { mtu: 1450 }, {}, /gre\.mtu 1450 cannot fit: GRE alone leaves 1436 of the 1460 octets/, "gre.mtu"],
  ["a network that is too small", { underlay_mtu: 650 }, {}, /MTU of 650 leaves 570 octets for gre1: IPv4 needs 576/, "gre.underlay_mtu"],
  ["an MSS that cannot fit", { mss: 1340 }, {}, /gre\.mss 1340 cannot fit: gre1 has an MTU of 1360, of which TCP leaves 1320/, "gre.mss"],
  ["different metrics", { metric: 400 }, {}, /gre\.metric is 400 on la-1 and 500 on sg-1/, "gre.metric"],
  ["overlapping networks", {}, { gateway: gateway(2, "sg", { private_cidrs: ["10.0.0.0/8"] }) }, /10\.1\.0\.0\/24 behind la-1 \(la\) overlaps with 10\.0\.0\.0\/8/, "private_cidr"],
] as const) {
  void test(`${what} is refused at its line`, () => {
    const lines = ["private_cidr", "gre.mtu", "gre.underlay_mtu", "gre.mss", "gre.metric"];
    assert.throws(() => refuse(end("la-1", "la", 1, own, lines), [end("sg-1", "sg", 2, peer)]), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.deepEqual([error.source?.file, error.source?.line], ["hosts.yml", lines.indexOf(line) + 1]);
      assert.ok(error.hint);
      return true;
    });
  });
}

for (const [what, changes, message] of [
  ["a misspelt var", { mtuu: 1400 }, /mtuu/],
  ["a TTL of 0", { ttl: 0 }, /ttl/],
  ["a proposal that is none", { esp_proposals: ["rot13"] }, /esp_proposals\.0: .*algorithms joined by dashes/],
  ["CBC without a hash", { esp_proposals: ["aes256-modp2048"] }, /needs a hash/],
] as const) {
  void test(`${what} is refused before any host is touched`, () => assert.throws(() => plan("debian-12", { changes }), message));
}
void test("a peer that is missing is refused", () => assert.throws(() => plan("debian-12", { others: {} }), /no gateway of another region/));
void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
