import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, Secret, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { linksOf } from "../../roles/gre/gateway.ts";
import { assertSas, weaknesses } from "../../roles/strongswan/health.ts";
import { bytesOf, differ, newPsk, secretText } from "../../roles/strongswan/psk.ts";
import { strongswan } from "../../roles/strongswan/role.ts";
import { sasOf, strengthOf } from "../../roles/strongswan/sas.ts";
import { givesUpAfter, schema, strongFirst } from "../../roles/strongswan/vars.ts";
import { added, gateway, ids, measuring, one, view } from "./harness.ts";

const PSK = "a secret of thirty-two bytes: 123";
const psk = () => new Secret(PSK);
const FILES = ["/etc/swanctl/conf.d/hawser.conf", "/etc/strongswan/swanctl/conf.d/hawser.conf", "/etc/strongswan.d/hawser.conf", "/etc/strongswan/strongswan.d/hawser.conf"];
const seen = Object.fromEntries([...FILES, "/etc/hawser/strongswan/gre3.1"].map((file) => [`strongswan/file:${file}`, { out: "absent\n", code: 0 }]));

interface Changes {
  readonly own?: object;
  readonly peer?: object;
  readonly found?: string;
  readonly secrets?: string;
  readonly id?: number;
}

/** The plan of la-1, whose peer is sg-1. */
function plan(system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { own = { psk: psk() }, peer = { psk: psk() }, found = "", secrets = "", id = 1 }: Changes = {}): PlannedResource[] {
  return planOf(use(strongswan, { gateway: gateway(id, "la"), ...own }), recorded(system), { host: "la-1", peers: { "sg-1": { gateway: gateway(2, "sg"), ...peer } }, roleFacts: { found, secrets }, seen });
}

void test("a connection has one setting a line, in transport mode inside UDP, with strong proposals first", () => {
  const conf = added(one(plan("debian-12"), "/etc/swanctl/conf.d/hawser.conf"));
  for (const line of ["version = 2", "local_addrs = 10.1.0.11", "remote_addrs = 203.0.113.2", "proposals = aes256gcm16-prfsha384-ecp384, aes256-sha256-modp2048", "encap = yes", "mobike = no", "unique = replace", "keyingtries = 0", "dpd_delay = 2s", "id = 203.0.113.1", "id = 203.0.113.2", "mode = transport", "local_ts = dynamic[gre]", "remote_ts = dynamic[gre]", "esp_proposals = aes256gcm16-ecp384, aes256-sha256-modp2048", "start_action = trap", "dpd_action = restart"]) {
    assert.ok(conf.split("\n").some((each) => each.trim() === line), line);
  }
  assert.ok(!conf.split("\n").filter((line) => !line.startsWith("#")).some((line) => line.includes(";")));
});

void test("a silent peer is given up after 8 s, not 165", () => {
  assert.equal(givesUpAfter(schema.parse({ gateway: gateway(1, "la") })), 8.125);
  assert.match(added(one(plan("debian-12"), "/etc/strongswan.d/hawser.conf")), /retransmit_tries = 3\n {2}retransmit_timeout = 1\n {2}retransmit_base = 1\.5/);
});

void test("packages, folders and units are those of the system, or what is on the host already", () => {
  const debian = ids(plan("debian-12"));
  for (const id of ["package:strongswan-swanctl", "package:charon-systemd", "package:libstrongswan-standard-plugins", "service:strongswan.service", "service:strongswan-starter.service"]) assert.ok(debian.includes(id), id);
  const el = ids(plan("el-9"));
  for (const id of ["package:epel-release", "package:strongswan", "file:/etc/strongswan/swanctl/conf.d/hawser.conf", "file:/etc/strongswan/strongswan.d/hawser.conf", "service:strongswan.service"]) assert.ok(el.includes(id), id);
  const old = ids(plan("centos-7", { own: { psk: psk(), allow_eol: true } }));
  for (const id of ["service:strongswan-swanctl.service", "service:strongswan.service"]) assert.ok(old.includes(id), id);
  const other = ids(plan("el-9", { own: { psk: psk(), epel: false }, found: "/etc/swanctl\nunit strongswan" }));
  assert.ok(other.includes("file:/etc/swanctl/conf.d/hawser.conf") && !other.includes("package:epel-release"));
});

void test("CentOS 7 is refused unless it is allowed", () => assert.throws(() => plan("centos-7"), /support ended on 2024-06-30/));

void test("no secret stands in a probe, a difference or a command's words", () => {
  const encoded = Buffer.from(PSK).toString("base64");
  for (const each of plan("debian-12")) {
    for (const text of [each.probe, each.diff ?? "", each.summary ?? ""]) assert.ok(!text.includes(PSK) && !text.includes(encoded), each.id);
    // In an apply it is fed by printf, which is the shell's own.
    for (const line of (each.apply ?? "").split("\n").filter((text) => text.includes("secret = "))) assert.match(line, /^ +secret = "0s/);
  }
});

void test("a secret that changes is accepted first, shown when the peer accepts it, and then the old one is forgotten", () => {
  const { hash, shown, accepted } = secretText("gre1", ["203.0.113.1", "203.0.113.2"], psk());
  assert.equal(secretText("gre1", ["203.0.113.2", "203.0.113.1"], psk()).hash, hash);
  assert.match(shown.reveal(), /ike-gre1 \{\n {4}id-1 = 203\.0\.113\.1\n {4}id-2 = 203\.0\.113\.2\n {4}secret = "0s/);
  assert.match(accepted.reveal(), new RegExp(`ike-gre1-${hash} \\{\\n {4}id-1 = 203\\.0\\.113\\.2\\n {4}secret = "0s`));
});

void test("without a given secret the lower id makes one, and the other takes it once", () => {
  const none = { own: {}, peer: {} };
  assert.ok(ids(plan("debian-12", none)).includes("task:make a secret for gre1"));
  const taker = plan("debian-12", { ...none, id: 3 });
  assert.ok(!ids(taker).some((id) => id.includes("make a secret")));
  const copy = "file:/etc/hawser/strongswan/gre3.1";
  assert.match(one(taker, copy).error ?? "", /made" is not known yet/);
  assert.doesNotMatch(one(plan("debian-12", { ...none, id: 3, secrets: "gre3.1" }), copy).error ?? "", /not known yet/, "a host that has its copy does not wait for its peer");
});

void test("PSKs are bytes, however they are written", () => {
  assert.equal(bytesOf(new Secret(newPsk())), 32);
  assert.notEqual(newPsk(), newPsk());
  assert.equal(bytesOf(new Secret(`0x${"ab".repeat(32)}`)), 32);
  assert.equal(bytesOf(psk()), 33);
  assert.ok(!differ(psk(), new Secret(`0s${Buffer.from(PSK).toString("base64")}`)));
});

for (const [what, own, message] of [
  ["a short PSK", { psk: new Secret("short") }, /psk: a PSK has at least 32 bytes/],
  ["32 characters of base64 that are 24 bytes", { psk: new Secret(`0s${Buffer.alloc(24).toString("base64")}`) }, /at least 32 bytes/],
  ["a weak group", { psk: psk(), ike_proposals: ["aes256-sha256-modp1024!"] }, /ike_proposals\.0: aes256-sha256-modp1024 is weak: .*Logjam.*legacy_proposals/],
  ["a weak hash", { psk: psk(), esp_proposals: ["aes128-sha1"] }, /esp_proposals\.0: aes128-sha1 is weak/],
  ["IKE without a group", { psk: psk(), ike_proposals: ["aes256-sha256"] }, /names no Diffie-Hellman group/],
  ["a proposal that is none", { psk: psk(), ike_proposals: ["strong"] }, /algorithms joined by dashes/],
  ["a misspelt var", { psk: psk(), dpddelay: 2 }, /dpddelay/],
] as const) {
  void test(`${what} is refused before any host is touched`, () => assert.throws(() => plan("debian-12", { own }), message));
}

for (const [what, own, peer, message] of [
  ["a PSK on one end", { psk: psk() }, {}, /only la-1 of la-1 and sg-1 is given a PSK/],
  ["different PSKs", { psk: psk() }, { psk: new Secret(`${PSK}4`) }, /la-1 and sg-1 are given different PSKs/],
  ["different generations", { psk_generation: 2 }, {}, /psk_generation is 2 on la-1 and 1 on sg-1/],
  ["nothing in common", { esp_proposals: ["aes256gcm16-ecp521"] }, {}, /none of strongswan\.esp_proposals in common/],
] as const) {
  void test(`${what} is refused at the inventory's line`, () => {
    const check = strongswan.validate as unknown as (input: object) => void;
    const parsed = (vars: object, id: number, region: string) => schema.parse({ gateway: gateway(id, region), ...vars });
    assert.throws(() => check({ vars: parsed(own, 1, "la"), host: view("la-1", "la"), peers: [{ host: view("sg-1", "sg"), vars: parsed(peer, 2, "sg") }] }), (error) => error instanceof UsageError && message.test(error.message) && error.source?.line === 7 && error.hint !== undefined);
  });
}

void test("the recipe's proposals are taken behind legacy_proposals, and said to be weak", () => {
  const vars = schema.parse({ gateway: gateway(1, "la"), legacy_proposals: true, ike_proposals: ["aes256-sha256-modp1024!", "aes256gcm16-prfsha384-ecp384"], esp_proposals: ["aes256-sha256!"] });
  assert.deepEqual(strongFirst(vars.ike_proposals), ["aes256gcm16-prfsha384-ecp384", "aes256-sha256-modp1024"]);
  const [weak, noGroup, ...more] = weaknesses(vars);
  assert.match(weak ?? "", /modp1024 is weak: .*Logjam.*offered last/);
  assert.match(noGroup ?? "", /aes256-sha256 names no Diffie-Hellman group.*forward secrecy/);
  assert.deepEqual(more, []);
  assert.deepEqual(weaknesses(schema.parse({ gateway: gateway(1, "la") })), []);
});

/** As charon 5.9.8 printed it. */
const LISTED = "list-sa event {gre1 {uniqueid=2 version=2 state=ESTABLISHED local-host=10.1.0.11 remote-host=203.0.113.2 remote-id=203.0.113.2 nat-any=yes encr-alg=AES_GCM_16 dh-group=ECP_384 established=593 child-sas {gre1-3 {name=gre1 uniqueid=3 reqid=1 state=INSTALLED mode=TRANSPORT protocol=ESP encap=yes spi-in=c6ab84db spi-out=c2e2b2af bytes-in=532 packets-in=7 bytes-out=0 local-ts=[10.1.0.11/32[gre]] remote-ts=[203.0.113.2/32[gre]]}}}}\nlist-sas reply {}\n";

void test("charon's listing is read", () => {
  assert.deepEqual(sasOf(LISTED, "gre1"), [{ state: "ESTABLISHED", group: "ECP_384", children: [{ state: "INSTALLED", mode: "TRANSPORT", encap: "yes", spi: "c6ab84db", bytesIn: 532 }] }]);
  assert.deepEqual(sasOf(LISTED, "gre11"), []);
  assert.deepEqual([strengthOf("MODP_1024"), strengthOf("MODP_2048"), strengthOf("ECP_384"), strengthOf("")], [80, 112, 192, 0]);
});

const links = linksOf({ ...gateway(1, "la"), host: "la-1" }, [{ ...gateway(2, "sg"), host: "sg-1" }]);
const measure = measuring((v) => assertSas(v, schema.parse({ gateway: gateway(1, "la") }), links));
for (const [name, healthy, value, broken, wrong] of [
  ["IKE", LISTED, "ESTABLISHED", "list-sas reply {}\n", "absent"],
  ["mode", LISTED, "TRANSPORT", LISTED.replace("mode=TRANSPORT", "mode=TUNNEL"), "TUNNEL"],
  ["ESP in UDP", LISTED, "yes", LISTED.replace("encap=yes ", ""), "no"],
  ["strength of the key exchange", LISTED, 192, LISTED.replace("ECP_384", "MODP_1024"), 80],
  ["received while pinged", `${LISTED}====\n${LISTED.replace("bytes-in=532", "bytes-in=784")}`, 252, `${LISTED}====\n${LISTED}`, 0],
  ["GRE in the clear", "listening on eth0, link-type EN10MB\n0 packets captured\n", 0, "listening on eth0, link-type EN10MB\nIP 10.1.0.11 > 203.0.113.2: GREv0, length 88\n", 1],
] as const) {
  void test(`verify sees ${name}`, () => assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]));
}
void test("what could not be measured is not taken for healthy", () => {
  assert.equal(measure("GRE in the clear", "sh: tcpdump: not found\n"), undefined);
  assert.equal(measure("received while pinged", ""), undefined);
  assert.equal(measure("strength of the key exchange", ""), undefined);
});
void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
