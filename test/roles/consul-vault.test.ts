import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { DrillPlan } from "../../src/dsl/drill-plan.ts";
import { planOf, recorded, Secret, Sh, sh, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { parseState } from "../../roles/ca/record.ts";
import { apiObject, unlike } from "../../roles/consul-vault/api-object.ts";
import { consulEnds, federationOf, vaultEnds, type End } from "../../roles/consul-vault/cluster.ts";
import { accessorOf, policiesOf } from "../../roles/consul-vault/consul-acl.ts";
import { consulConfig, secretConfig, servicesConfig } from "../../roles/consul-vault/consul-config.ts";
import { gossipDifferences } from "../../roles/consul-vault/consul-gossip.ts";
import { assertConsul } from "../../roles/consul-vault/consul-health.ts";
import { replyOf, request } from "../../roles/consul-vault/curl.ts";
import { declareKeyWrites } from "../../roles/consul-vault/drill.ts";
import { masked } from "../../roles/consul-vault/mask.ts";
import { consulVault } from "../../roles/consul-vault/role.ts";
import { schema } from "../../roles/consul-vault/vars.ts";
import { vaultConfig } from "../../roles/consul-vault/vault-config.ts";
import { assertVault } from "../../roles/consul-vault/vault-health.ts";
import { known, readerPolicy, settled } from "../../roles/consul-vault/vault-managed.ts";
import { added, ids, measuring, one, view } from "./harness.ts";

const SHA = "a".repeat(64);
const consulArtifact = { url: "https://releases.example/consul_1.22.1_linux_amd64.zip", sha256: SHA };
const vaultArtifact = { url: "https://releases.example/bao.tar.gz", sha256: SHA };
const AUTH = { userpass: { type: "userpass" } };

interface Given {
  readonly consul?: object | false;
  readonly vault?: object | false;
  readonly address?: string;
}

/** Vars of the host with a number: Consul in a datacenter, and OpenBao. */
const given = (n: number, datacenter: string, { consul = {}, vault = {}, address = `10.${n}.0.11` }: Given = {}) => ({
  address,
  wan_address: `203.0.113.${n}`,
  ...(consul !== false && { consul: { artifact: consulArtifact, datacenter, ...consul } }),
  ...(vault !== false && { vault: { artifact: vaultArtifact, auth: AUTH, ...vault } }),
});
const witness = given(3, "witness", { consul: false });
const end = (name: string, n: number, datacenter: string, more?: Given): End => ({ host: view(name, datacenter), vars: schema.parse(given(n, datacenter, more)) });
const ENDS = [end("la-1", 1, "la"), end("sg-1", 2, "sg"), end("w-1", 3, "witness", { consul: false })];

const FILES = ["/etc/hawser/consul-vault/gossip.1", "/etc/hawser/consul-vault/host.sg-1", "/etc/hawser/consul-vault/replication", "/etc/hawser-consul/consul.json", "/etc/hawser-consul/services.json", "/etc/hawser-vault/server.json"];
const seen = { ...Object.fromEntries(FILES.map((file) => [`consul-vault/file:${file}`, { out: "absent\n", code: 0 }])), ...Object.fromEntries(["consul-far", "consul-far-gossip", "consul-near", "vault-servers", "vault-clients"].map((rule) => [`consul-vault/firewall-rule:${rule}`, { out: "nft\n", code: 0 }])) };

interface Planned {
  readonly own?: Given;
  readonly n?: number;
  readonly host?: string;
  readonly peers?: Record<string, unknown>;
  readonly had?: readonly string[];
  readonly system?: "debian-12" | "el-9" | "centos-7";
  readonly onWarning?: (message: string) => void;
}
const NONE = { generations: [], kept: [], active: undefined, issued: [] };
const NO_LEAF = parseState("");

function plan({ own = {}, n = 1, host = "la-1", peers = { "sg-1": given(2, "sg"), "w-1": witness }, had = [], system = "debian-12", onWarning = () => undefined }: Planned = {}): PlannedResource[] {
  const datacenter = n === 1 ? "la" : "sg";
  return planOf(use(consulVault, given(n, datacenter, own) as never), recorded(system), { host, peers, roleFacts: { firewall: "nft", had, consulData: "no", vaultData: "no", consulTls: NO_LEAF, vaultTls: NO_LEAF }, dependencies: { ca: { vars: { host }, roleFacts: { authority: { ...NONE }, leaves: [], openssl: "yes" } } }, seen, onWarning });
}

void test("one datacenter for each region, joined over the WAN, TLS that asks for servers by name, ACLs that deny", () => {
  const federation = federationOf(ENDS);
  const [own] = consulEnds(ENDS);
  assert.ok(federation && own);
  const config = consulConfig(own, federation) as Record<string, never>;
  const wanted = {
    datacenter: "la",
    primary_datacenter: "la",
    bootstrap_expect: 1,
    retry_join: [],
    retry_join_wan: ["203.0.113.2:8302"],
    advertise_addr: "10.1.0.11",
    advertise_addr_wan: "203.0.113.1",
    client_addr: "127.0.0.1",
    tls: { defaults: { verify_incoming: true, verify_outgoing: true }, internal_rpc: { verify_server_hostname: true } },
    acl: { enabled: true, default_policy: "deny", enable_token_replication: true },
  };
  assert.deepEqual(unlike(wanted, config), []);
});

void test("three servers of a region find one another inside it, and an agent is none", () => {
  const ends = [end("la-1", 1, "la"), end("la-2", 4, "la"), end("la-3", 5, "la"), end("la-9", 6, "la", { consul: { server: false } }), end("sg-1", 2, "sg")];
  const federation = federationOf(ends);
  assert.ok(federation);
  const configs = consulEnds(ends).map((each) => consulConfig(each, federation));
  assert.deepEqual(unlike({ bootstrap_expect: 3, retry_join: ["10.4.0.11:8301", "10.5.0.11:8301"], retry_join_wan: ["203.0.113.2:8302"] }, configs[0]), []);
  assert.deepEqual(unlike({ server: false, retry_join: ["10.1.0.11:8301", "10.4.0.11:8301", "10.5.0.11:8301"], ports: { serf_wan: -1 } }, configs[3]), []);
  assert.ok(!("bootstrap_expect" in (configs[3] ?? {})));
});

void test("tokens and the gossip key are in a file of their own, which is a secret", () => {
  const text = secretConfig({ host: new Secret("host-token"), gossip: new Secret("gossip-key"), replication: undefined, management: undefined, dns: true });
  assert.deepEqual(JSON.parse(text.reveal()), { encrypt: "gossip-key", acl: { tokens: { agent: "host-token", dns: "host-token" } } });
  assert.doesNotMatch(added(one(plan(), "consul.json")), /encrypt|token"/);
});

void test("services get their checks, with names of their own", () => {
  const [own] = consulEnds([end("la-1", 1, "la", { consul: { services: [{ name: "web", port: 80, checks: [{ http: "http://127.0.0.1/" }, { tcp: "127.0.0.1:80", name: "port" }] }] } })]);
  assert.ok(own);
  assert.deepEqual(JSON.parse(servicesConfig(own, new Secret("host-token")).reveal()), {
    services: [{ name: "web", token: "host-token", port: 80, tags: [], meta: {}, checks: [{ http: "http://127.0.0.1/", interval: "10s", timeout: "5s", id: "la-1:web:1", name: "web by http" }, { tcp: "127.0.0.1:80", name: "port", interval: "10s", timeout: "5s", id: "la-1:web:2" }] }],
  });
});

void test("the first host speaks for all: it makes keys and tokens, and writes the rights", () => {
  const first = ids(plan());
  for (const id of ["task:keys and tokens of all hosts", "task:ACL bootstrap", "api-object:token sg-1", "api-object:policy hawser-keys-sg", "api-object:gossip key of all members", "task:init", "task:reader's token", "task:root token"]) assert.ok(first.includes(id), id);
});

void test("no secret stands in a command, and none in what is planned", () => {
  const own = { consul: { initial_management: new Secret("11111111-2222-3333-4444-555555555555"), encrypt: new Secret(`${"A".repeat(43)}=`) }, vault: { unseal_keys: [new Secret("part-of-the-key")], token: new Secret("s.token-for-the-run"), writes: [{ path: "auth/userpass/users/ada", data: { password: new Secret("pass-of-ada") } }] } };
  for (const { id, summary = "", diff = "", apply = "", probe } of plan({ own, peers: { "sg-1": given(2, "sg", { consul: own.consul }), "w-1": witness } })) {
    for (const secret of ["part-of-the-key", "11111111-2222-3333-4444-555555555555", "s.token-for-the-run", "pass-of-ada", `${"A".repeat(43)}=`]) {
      assert.ok(!`${summary}${diff}`.includes(secret), id);
      // The shell's own printf feeds it; no program has it as an argument.
      for (const line of `${probe}\n${apply}`.split("\n").filter((each) => each.includes(secret))) assert.match(line, /(?:^ *|\$\()printf '%s' /, `${id}: ${line}`);
    }
  }
});

void test("ports are open to those who need them alone", () => {
  const resources = plan({ own: { vault: { clients: ["10.9.0.0/24"] } } });
  assert.match(one(resources, "firewall-rule:consul-far").apply ?? "", /203\.0\.113\.2/);
  assert.doesNotMatch(one(resources, "firewall-rule:consul-far").apply ?? "", /203\.0\.113\.3/, "the witness has no Consul");
  for (const text of ["203.0.113.2", "203.0.113.3"]) assert.ok((one(resources, "firewall-rule:vault-servers").apply ?? "").includes(text));
  assert.match(one(resources, "firewall-rule:vault-clients").apply ?? "", /10\.9\.0\.0\/24/);
});

void test("a key for each datacenter, and no more rights than are needed", () => {
  const federation = federationOf([end("la-1", 1, "la", { consul: { kv: { "site/name": "la" } } }), end("sg-1", 2, "sg")]);
  assert.ok(federation);
  const policies = policiesOf(federation);
  assert.equal(policies["hawser-keys-la"], 'key_prefix "" { policy = "read" }\nkey "site/name" { policy = "write" }\nkey "hawser/canary-la" { policy = "write" }\n');
  assert.doesNotMatch(policies["hawser-host"] ?? "", /write/);
  assert.match(accessorOf("la-1"), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.notEqual(accessorOf("la-1"), accessorOf("sg-1"));
});

void test("OpenBao's servers talk over the addresses that all regions reach", () => {
  const all = vaultEnds(ENDS);
  const [own] = all;
  assert.ok(own);
  const config = JSON.parse(vaultConfig(own, all) as string) as object;
  const wanted = { api_addr: "https://203.0.113.1:8200", cluster_addr: "https://203.0.113.1:8201", storage: { raft: { node_id: "la-1", performance_multiplier: "1", retry_join: [{ leader_api_addr: "https://203.0.113.2:8200" }, { leader_api_addr: "https://203.0.113.3:8200" }] } } };
  assert.deepEqual(unlike(wanted, config), []);
  assert.ok(!("disable_mlock" in config), "OpenBao has none");
  assert.ok(!JSON.stringify(vaultConfig(own, [own])).includes("retry_join"), "an empty list is an error there");
  const [vault] = vaultEnds([end("la-1", 1, "la", { vault: { engine: "vault" } })]);
  assert.ok(vault);
  assert.match(vaultConfig(vault, [vault]) as string, /"disable_mlock": true/);
});

void test("a seal's secret makes the configuration a secret", () => {
  const [own] = vaultEnds([end("la-1", 1, "la", { vault: { seal: { type: "transit", settings: { address: "https://other", key_name: "k", mount_path: "transit/", token: new Secret("hvs.of-the-other") } } } })]);
  assert.ok(own);
  const config = vaultConfig(own, [own]);
  assert.ok(config instanceof Secret);
  assert.match(config.reveal(), /"transit": \{/);
});

void test("the reader may read what is declared, and no secret", () => {
  const policy = readerPolicy({ vault: schema.parse(given(1, "la", { vault: { writes: [{ path: "auth/approle/role/app", data: {} }], secrets: { kv: { type: "kv" } } } })).vault as never });
  assert.match(policy, /path "auth\/approle\/role\/app" \{ capabilities = \["read"\] \}/);
  assert.doesNotMatch(policy, /kv|create|update|sudo/);
});

for (const [what, options, message] of [
  ["an even number of servers", { peers: { "la-2": given(4, "la", { vault: false }), "w-1": witness, "sg-1": given(2, "sg") } }, /the datacenter la has 2 servers, which bear the loss of none, as 1 would: la-1, la-2/],
  ["an even raft without a witness", { peers: { "sg-1": given(2, "sg") } }, /openbao has 2 servers \(la-1, sg-1\), which bear the loss of none: where they stand in two regions, it stops with either/],
  ["different engines", { peers: { "sg-1": given(2, "sg", { vault: { engine: "vault" } }), "w-1": witness } }, /consul-vault\.vault\.engine is openbao on la-1 and vault on sg-1/],
  ["a datacenter without a server", { own: { consul: { server: false } }, peers: { "sg-1": given(2, "sg"), "w-1": witness } }, /the datacenter la of la-1 has no server/],
  ["a primary datacenter that is not there", { own: { consul: { primary_datacenter: "tokyo" } } }, /primary datacenter tokyo has no server/],
  ["generations that differ", { own: { consul: { encrypt_generation: 2 } } }, /consul-vault\.consul\.encrypt_generation is 2 on la-1 and 1 on sg-1/],
  ["gossip keys that differ", { own: { consul: { encrypt: new Secret(`${"A".repeat(43)}=`) } } }, /consul-vault\.consul\.encrypt differs between la-1 and sg-1/],
  ["ports that differ", { own: { consul: { ports: { server: 8399 } } } }, /consul-vault\.consul\.ports differ/],
  ["one address twice", { peers: { "la-2": given(4, "la", { address: "10.1.0.11", vault: false }), "la-3": given(5, "la", { vault: false }), "sg-1": given(2, "sg"), "w-1": witness } }, /la-1 and la-2 both have the address 10\.1\.0\.11/],
  ["CentOS 7 without leave", { system: "centos-7" }, /support ended on 2024-06-30/],
] as const) {
  void test(`${what} is refused before any host is touched`, () => {
    assert.throws(() => plan(options), (error: Error & { hint?: string }) => {
      assert.match(error.message, message);
      if (error instanceof UsageError) assert.ok(error.hint ?? error.message);
      return true;
    });
  });
}

for (const [what, more, message] of [
  ["neither artifact nor repository", { consul: { artifact: undefined } }, /give artifact or repository/],
  ["OpenBao from HashiCorp", { vault: { artifact: undefined, repository: { key: { url: "https://x/y", sha256: SHA } } } }, /HashiCorp's repository has no OpenBao/],
  ["a gossip key of another length", { consul: { encrypt: new Secret("c2hvcnQ=") } }, /32 bytes in base64/],
  ["a token that is no UUID", { consul: { initial_management: new Secret("password") } }, /a UUID/],
  ["two services of one id", { consul: { services: [{ name: "web" }, { name: "web" }] } }, /two services have the id web/],
  ["a check of two kinds", { consul: { services: [{ name: "web", checks: [{ tcp: "a:1", http: "http://a" }] }] } }, /give one of http, tcp and grpc/],
  ["a token with a policy that is not there", { consul: { tokens: [{ name: "x", secret_id: new Secret("11111111-2222-3333-4444-555555555555"), policies: ["nope"] }] } }, /the policy nope, which is not among policies/],
  ["the role's own policy", { consul: { policies: { "hawser-host": "x" } } }, /names that begin with hawser-/],
  ["more parts than there are", { vault: { init: { secret_shares: 2, secret_threshold: 3 } } }, /3 parts are needed, and there are 2/],
  ["one part of several", { vault: { init: { secret_shares: 3, secret_threshold: 1 } } }, /2 or more/],
  ["fewer owners than parts", { vault: { init: { age_recipients: ["age1abc"] } } }, /1 keys for 5 parts/],
  ["nobody who can log in", { vault: { auth: {} } }, /nobody could log in/],
  ["the root policy", { vault: { policies: { root: "x" } } }, /root is not yours to set/],
  ["a password in the clear", { vault: { writes: [{ path: "auth/userpass/users/ada", data: { password: "hunter2" } }] } }, /auth\/userpass\/users\/ada: password is to be a secret/],
  ["a path twice", { vault: { writes: [{ path: "a/b", data: {} }, { path: "a/b", data: {} }] } }, /a\/b is written twice/],
  ["a path that climbs", { vault: { writes: [{ path: "a/../b", data: {} }] } }, /without \.\./],
  ["parts for a server that opens itself", { vault: { seal: { type: "static" }, unseal_keys: [new Secret("x")] } }, /a server with a seal opens itself/],
  ["gcpckms without its key", { vault: { seal: { type: "gcpckms", settings: { project: "p" } } } }, /gcpckms needs project, region, key_ring and crypto_key/],
  ["nothing at all", { consul: false, vault: false }, /give consul, vault or both/],
] as const) {
  void test(`${what} does not fit the vars`, () => {
    const parsed = schema.safeParse(given(1, "la", more));
    assert.match(parsed.error?.issues.map((issue) => issue.message).join("; ") ?? "it fits", message);
  });
}

void test("how many there are is warned of", () => {
  const said: string[] = [];
  plan({ onWarning: (message) => said.push(message) });
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /datacenter la has one server: there is no quorum/);
});

void test("a host takes what the first one made, and one that has its copies does not wait for it", () => {
  const primary = { primary_datacenter: "la" };
  const copies = (had: readonly string[]): readonly (string | undefined)[] => {
    const resources = plan({ n: 2, host: "sg-1", own: { consul: primary }, peers: { "la-1": given(1, "la", { consul: primary }), "w-1": witness }, had });
    assert.ok(!ids(resources).includes("task:ACL bootstrap"));
    return ["gossip.1", "host.sg-1", "replication"].map((name) => one(resources, `file:/etc/hawser/consul-vault/${name}`).error);
  };
  for (const error of copies([])) assert.match(error ?? "", /la-1: consul-vault\.made/);
  for (const error of copies(["gossip.1", "host.sg-1", "replication"])) assert.doesNotMatch(error ?? "", /consul-vault\.made/);
});

void test("what differs is named, and durations are the same in seconds and in words", () => {
  assert.deepEqual(unlike({ a: 1, b: { c: "1h30m" }, d: [{ e: 1 }] }, { a: 1, b: { c: 5400, x: 9 }, d: [{ e: 1, f: 2 }] }), []);
  assert.deepEqual(unlike({ a: "x", b: [1] }, { a: "y", b: [1, 2] }), ['a: "y" -> "x"', "b: 2 -> 1 elements"]);
  assert.deepEqual(unlike({ options: {}, description: "", list: [] }, { options: null, list: null }), []);
  assert.deepEqual(unlike({ token_ttl: "1h", flag: true, n: "30s" }, { token_ttl: 3600, flag: "true", n: "0h0m30s" }), []);
});

void test("a look tells whether a secret is the right one, and prints none", () => {
  const look = (found: string): string => spawnSync("sh", ["-c", masked(sh`printf '%s\\n200' ${found}`, new Secret("11111111-aaaa"), 's|"SecretID":"[0-9a-f-]*"|"SecretID":"other"|').render()], { encoding: "utf8" }).stdout;
  assert.equal(look('{"A":"x","SecretID":"11111111-aaaa","P":[]}'), '{"A":"x","SecretID":"wanted","P":[]}\n200');
  assert.equal(look('{"SecretID":"22222222-bbbb"}'), '{"SecretID":"other"}\n200');
});

void test("an answer without a status is none", () => {
  assert.deepEqual(replyOf('{"a":1}\n\n200'), { status: 200, text: '{"a":1}\n' });
  assert.deepEqual(replyOf("\n204"), { status: 204, text: "" });
  for (const out of ["", "curl: (7) Failed", "\n000"]) assert.throws(() => replyOf(out), /no answer/);
});

void test("the gossip key counts once all speak with it and with no other", () => {
  const ring = (keys: object, primary: object): { status: number; text: string } => ({ status: 200, text: JSON.stringify([{ WAN: true, Datacenter: "la", Keys: { wanted: 2 }, PrimaryKeys: { wanted: 2 }, NumNodes: 2 }, { WAN: false, Datacenter: "la", Keys: keys, PrimaryKeys: primary, NumNodes: 1 }]) });
  assert.deepEqual(gossipDifferences(ring({ wanted: 1 }, { wanted: 1 })), []);
  assert.deepEqual(gossipDifferences(ring({ other: 1 }, { other: 1 })), ["in la: 0 of 1 speak with it"]);
  assert.deepEqual(gossipDifferences(ring({ wanted: 1, other: 1 }, { wanted: 1 })), ["in la: a former key is still accepted"]);
});

const federation = federationOf(ENDS);
const [NEVER, WORKED, LATER] = ["0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"];
const replication = (worked: string, failed: string, why = ""): string => `${JSON.stringify({ Enabled: true, Running: true, LastSuccess: worked, LastError: failed, LastErrorMessage: why })}\n200`;
const consulMeasure = measuring((v) => assertConsul(v, consulEnds(ENDS)[1] as never, federation as never));
for (const [name, healthy, value, broken, wrong] of [
  ["Consul's service", "active\n", "active", "failed\n", "failed"],
  ["Consul's leader", '"10.1.0.11:8300"\n200', "known", '""\n200', "none"],
  ["Consul's voters", '{"Servers":[{"Node":"a","Leader":true,"Voter":true}]}\n200', 1, '{"Servers":[{"Node":"a","Leader":true,"Voter":true},{"Node":"b","Leader":false,"Voter":true}]}\n200', 2],
  ["members of sg that are alive", '[{"Name":"a","Status":1}]\n200', 1, '[{"Name":"a","Status":4}]\n200', 0],
  ["servers of all datacenters that are alive", '[{"Name":"a","Status":1},{"Name":"b","Status":1}]\n200', 2, '[{"Name":"a","Status":1},{"Name":"b","Status":4}]\n200', 1],
  ["gossip is encrypted", '{"Stats":{"serf_lan":{"encrypted":"true"},"serf_wan":{"encrypted":"true"}}}\n200', true, '{"Stats":{"serf_lan":{"encrypted":"true"},"serf_wan":{"encrypted":"false"}}}\n200', false],
  ["what a write without a token does", "Permission denied\n403", "nothing", "false\n200", "it writes (200)"],
  ["checks that are critical", "{}\n200", 0, '{"web":{"Status":"critical"}}\n200', 1],
  ["what la wrote, read from here", "la\n200", "la", "\n404", "nothing"],
  ["ACLs come from la", replication(WORKED, NEVER), "yes", replication(WORKED, LATER, "ACL not found"), "it failed: ACL not found"],
  ["ACLs come from la", replication(WORKED, WORKED), "yes", replication(NEVER, NEVER), "not yet"],
  ["ACLs come from la", replication(LATER, WORKED), "yes", replication(WORKED, NEVER).replace('"Running":true', '"Running":false'), "it does not run"],
] as const) {
  void test(`verify sees ${name}`, () => assert.deepEqual([consulMeasure(name, healthy), consulMeasure(name, broken)], [value, wrong]));
}

const vaultMeasure = measuring((v) => assertVault(v, vaultEnds(ENDS)[0] as never, vaultEnds(ENDS), "/opt/hawser-vault/bao"));
const SERVERS = '{"data":{"config":{"servers":[{"node_id":"a","voter":true},{"node_id":"b","voter":true},{"node_id":"c","voter":true}]}}}\n200';
for (const [name, healthy, value, broken, wrong] of [
  ["OpenBao's service", "active\n", "active", "inactive\n", "inactive"],
  ["OpenBao's seal", "0\n", "open", "2\n", "sealed"],
  ["OpenBao's health", "{}\n429", "well", "{}\n503", "sealed"],
  ["OpenBao's leader", '{"leader_address":"https://a:8200"}\n200', "known", '{"leader_address":""}\n200', "none"],
  ["servers that lead", "{}\n200", 1, "{}\n429", 0],
  ["OpenBao's voters", SERVERS, 3, SERVERS.replace("true", "false"), 2],
  ["what the first server wrote, read from here", '{"data":{"cluster":"hawser"}}\n200', "hawser", '{"data":{"cluster":"other"}}\n200', "other"],
  ["what a read without a token gets", '{"errors":["permission denied"]}\n403', "nothing", '{"data":{}}\n200', "an answer (200)"],
] as const) {
  void test(`verify sees ${name}`, () => assert.deepEqual([vaultMeasure(name, healthy), vaultMeasure(name, broken)], [value, wrong]));
}

void test("a server that serves nobody gives nothing away: that it does not is another assertion's alarm", () => {
  assert.equal(vaultMeasure("what a read without a token gets", '{"errors":["local node not active but active cluster node not found"]}\n500'), "nothing");
  assert.equal(vaultMeasure("what a read without a token gets", '{"errors":["Vault is sealed"]}\n503'), "nothing");
  assert.equal(consulMeasure("what a write without a token does", "No cluster leader\n500"), "nothing");
  for (const asked of [() => vaultMeasure("what a read without a token gets", ""), () => consulMeasure("what a write without a token does", "curl: (7) Failed")]) assert.throws(asked, /no answer/);
});

void test("a server that does not lead sends to who does, and that one gets the same request", async () => {
  const server = createServer((asked, answer) => {
    if (asked.url === "/v1/kept") answer.writeHead(307, { location: "/leader" }).end();
    else void text(asked).then((body) => answer.end(`${asked.method} ${String(asked.headers["x-vault-token"])} ${body}`));
  }).listen(0, "127.0.0.1");
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-curl-"));
  try {
    await once(server, "listening");
    const token = path.join(folder, "token.curl");
    writeFileSync(token, 'header = "X-Vault-Token: t"\n');
    const child = spawn("sh", ["-c", request({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/kept`, method: "PUT", token, body: "{}" }).render()], { stdio: ["ignore", "pipe", "inherit"] });
    assert.deepEqual(replyOf(await text(child.stdout)), { status: 200, text: "PUT t {}" });
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

void test("what cannot be asked is not measured", () => {
  assert.throws(() => vaultMeasure("OpenBao's leader", "curl: (7) Failed to connect\n"), /no answer/);
  assert.throws(() => consulMeasure("Consul's leader", "sealed\n500"), /it answers 500: sealed/);
});

void test("a drill writes keys to the store of the own datacenter, and reads them from its leader", () => {
  const d = new DrillPlan("consul-vault");
  const [la] = consulEnds(ENDS);
  assert.ok(la);
  declareKeyWrites(d, la);
  const [writes] = d.written;
  assert.equal(writes?.name, "keys of la");
  // Stands for Consul: a file a key; it answers as Consul does.
  const curl = `curl() { for url; do case $url in http*) break ;; esac; done; k=\${url##*/}; k=\${k%%\\?*}
case "$*" in *' -X PUT '*) cat >"$store/$k" && echo true ;; *' -X DELETE '*) rm -f "$store/$k"* ;; *'?keys&consistent'*) printf '['; for f in "$store/$k"*; do printf '"hawser/drill/%s",' "\${f##*/}"; done ;; esac; }`;
  const store = mkdtempSync(path.join(tmpdir(), "hawser-keys-"));
  try {
    const ask = (vars: string, command: Sh | undefined): { status: number | null; stdout: string } => spawnSync("sh", ["-c", `store=${store}\n${curl}\n${vars}\n${command?.render() ?? "false"}`], { encoding: "utf8" });
    for (const key of ["drill-1-la-1", "drill-1-la-2"]) assert.equal(ask(`key=${key}`, writes?.write).status, 0);
    assert.equal(ask("key=drill-1-la-3; curl() { echo 'No cluster leader'; }", writes?.write).status, 1);
    assert.equal(ask("key=drill-1-la-3; curl() { return 7; }", writes?.write).status, 1);
    assert.equal(ask("prefix=drill-1-la-", writes?.read).stdout, "drill-1-la-1\ndrill-1-la-2\n");
    ask("prefix=drill-1-la-", writes?.clean);
    assert.deepEqual(readdirSync(store), []);
  } finally {
    rmSync(store, { recursive: true });
  }
});

void test("a server that does not say what it keeps is not taken for one that keeps nothing", () => {
  const args = { name: "policy app", look: sh`curl`, write: sh`write`, differences: ({ status }: { status: number }) => (status === 404 ? undefined : []) };
  const planned = (out: string, code = 0): unknown => apiObject.plan(args, { out, err: "", code }, undefined as never);
  const predicted = (out: string, code = 0): string => apiObject.predict?.(args, { out, err: "", code }, [{ id: "task:unseal", kind: "task", outcome: "would-change" }], undefined as never).outcome ?? "";
  assert.equal(planned("{}\n200"), undefined);
  assert.deepEqual(planned("{}\n404"), { summary: "create", apply: args.write });
  for (const [out, message] of [['{"errors":["Vault is sealed"]}\n503', /answers 503: .*sealed/], ["Permission denied\n403", /refuses the token/]] as const) {
    assert.throws(() => planned(out), message);
    assert.equal(predicted(out), "unknown");
  }
  assert.equal(predicted("", 7), "would-change", "it is not there yet");
  assert.equal(predicted("{}\n200"), "ok");
});

const shell = (script: string): { status: number | null; stdout: string; stderr: string } => spawnSync("sh", ["-ec", script], { encoding: "utf8" });

void test("a server that follows the leader is asked until it tells what was written", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-settled-"));
  try {
    // The third look is the first that sees it; members come in any order.
    const told = sh`cd ${folder}; echo >>looks; if [ "$(wc -l <looks)" -lt 4 ]; then [ "$(wc -l <looks)" = 2 ] && echo '{"b":1,"a":2}' || echo '{"a":2,"b":1}'; else echo '{"a":3,"b":1}'; fi`;
    assert.equal(shell(settled(told, sh`echo written`).render()).stdout, "written\n");
    assert.equal(shell(`wc -l <${folder}/looks`).stdout.trim(), "4");
    assert.notEqual(shell(settled(told, Sh.lines("exit 1")).render()).status, 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

void test("the reader's token is made anew when it is refused, and not when nobody answers", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-known-"));
  const ask = (...answers: readonly string[]): number | null => shell(`sleep() { :; }\n${known(sh`n=$(cat ${folder}/n); echo $((n + 1)) >${folder}/n; printf '{}\\n'; echo ${answers.join(" ")} | cut -d ' ' -f $((n < ${answers.length} ? n : ${answers.length}))`).render().replaceAll(/\/etc\/hawser\/consul-vault\/vault-reader\.curl/g, `${folder}/curl`).replace("n=0", `n=0; echo 1 >${folder}/n`)}`).status;
  try {
    assert.equal(ask("200"), 1, "there is none");
    writeFileSync(path.join(folder, "curl"), "x");
    assert.equal(ask("200"), 0);
    assert.equal(ask("500", "403", "200"), 0, "this server had not heard of it yet");
    assert.equal(ask("403"), 1);
    assert.equal(ask("500"), 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
