import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, use, UsageError, yamlText, type PlannedResource } from "../../src/index.ts";
import { parseState } from "../../roles/ca/record.ts";
import { bootstrapOf, resourcesOf } from "../../roles/envoy/bootstrap.ts";
import { difference, runningOf, stateOf } from "../../roles/envoy/dump.ts";
import { answerOf, assertMesh } from "../../roles/envoy/health.ts";
import { HEADING } from "../../roles/envoy/paths.ts";
import { refuse } from "../../roles/envoy/refuse.ts";
import { envoy } from "../../roles/envoy/role.ts";
import { meshOf, schema } from "../../roles/envoy/vars.ts";
import { ARTIFACT, end, LA, SG } from "./envoy/fixture.ts";
import { added, ids, measuring, one, view } from "./harness.ts";

const CONFIG = "/etc/hawser-envoy/envoy.yaml";
const FILES = [CONFIG, "/etc/hawser-envoy/supervise.conf", "/etc/systemd/system/hawser-envoy.service", "/etc/hawser-envoy/bootstrap.yaml"];
const seen = { ...Object.fromEntries(FILES.map((file) => [`envoy/file:${file}`, { out: "absent\n", code: 0 }])), ...Object.fromEntries(["envoy", "envoy-others", "envoy-clients"].map((rule) => [`envoy/firewall-rule:${rule}`, { out: "nft\n", code: 0 }])) };

interface Changes {
  readonly own?: object;
  readonly running?: "yes" | "no";
  readonly onWarning?: (message: string) => void;
}

const CA = { ca: { vars: { host: "la-1" }, roleFacts: { authority: { generations: [], kept: [], active: undefined, issued: [] }, leaves: [], openssl: "yes" } } };
const vars = (changes: object = {}) => ({ region: "la", private_address: "10.10.0.11", public_address: "203.0.113.11", artifact: ARTIFACT, services: { echo: { port: 15051, targets: ["127.0.0.1:50051"] } }, ...changes });
const peers = { "sg-1": vars({ region: "sg", private_address: "10.20.0.11", public_address: "198.51.100.11" }) };
const plan = (system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { own = {}, running = "no", onWarning = () => undefined }: Changes = {}): PlannedResource[] =>
  planOf(use(envoy, vars(own)), recorded(system), { host: "la-1", peers, roleFacts: { firewall: "nft", running, tls: parseState("") }, dependencies: CA, seen, onWarning });

void test("the file is what is generated, and Envoy has to take it before it is put in place", () => {
  const file = one(plan("debian-12"), `file:${CONFIG}`);
  assert.equal(`${added(file)}\n`, yamlText(bootstrapOf(LA, [SG]), HEADING));
  assert.match(file.apply ?? "", /\/opt\/hawser-envoy\/envoy --mode validate/);
});

void test("the program is a plain one, one in an archive, or the repository's package", () => {
  assert.ok(ids(plan("debian-12")).includes("download:/opt/hawser-envoy/envoy"));
  assert.ok(ids(plan("el-9", { own: { artifact: { file: "/srv/envoy-1.36.tar.gz", sha256: "b".repeat(64) } } })).includes("archive:/opt/hawser-envoy:envoy"));
  const packaged = plan("debian-12", { own: { artifact: undefined, apt: { key_sha256: "c".repeat(64), version: "1.36.*" } } });
  assert.ok(ids(packaged).includes("repository:envoy") && ids(packaged).includes("package:envoy"));
  assert.match(added(one(packaged, "supervise.conf")), /^PROGRAM='\/usr\/bin\/envoy'$/m);
});

void test("the mesh's port is open to the peers' addresses and to nobody else", () => {
  const resources = plan("debian-12");
  for (const address of ["10.20.0.11", "198.51.100.11"]) assert.ok(one(resources, "firewall-rule:envoy").apply?.includes(address), address);
  assert.match(one(resources, "firewall-rule:envoy-others").apply ?? "", /drop/);
  assert.ok(!ids(resources).includes("firewall-rule:envoy-clients"));
  assert.match(one(plan("debian-12", { own: { listen: "10.10.0.11", clients: ["10.10.0.0/24"] } }), "firewall-rule:envoy-clients").apply ?? "", /10\.10\.0\.0\/24/);
});

void test("the CA is asked for the name in the mesh alone, and Envoy's user reads the key", () => {
  const made = plan("debian-12").filter(({ id }) => id.includes("certificate")).map(({ probe, apply = "", error = "" }) => probe + apply + error).join("\n");
  assert.match(made, /envoy/);
  assert.ok(ids(plan("debian-12")).includes("task:key for envoy"));
});

void test("a stop has time to drain, and the supervisor knows for how long peers need to notice", () => {
  const own = { drain_time_s: 10, parent_shutdown_time_s: 12, services: { echo: { port: 15051, targets: ["127.0.0.1:50051"], health_check: { interval_s: 2, timeout_s: 1, unhealthy_threshold: 3 } } } };
  const settings = added(one(plan("debian-12", { own }), "supervise.conf"));
  for (const line of ["LEAVE_S=9", "DRAIN_S=10", "PARENT_SHUTDOWN_S=12", "BOOTSTRAP='/etc/hawser-envoy/envoy.yaml'"]) assert.ok(settings.split("\n").includes(line), line);
  assert.match(added(one(plan("debian-12", { own }), "hawser-envoy.service")), /^TimeoutStopSec=34$/m);
});

void test("with watched files the bootstrap is small, and the whole one is still what is validated", () => {
  const resources = plan("debian-12", { own: { xds: "filesystem" } });
  assert.doesNotMatch(added(one(resources, "bootstrap.yaml")), /static_resources/);
  assert.ok(ids(resources).includes("file:/etc/hawser-envoy/xds/endpoints-echo.yaml"));
  assert.match(one(resources, `file:${CONFIG}`).apply ?? "", /--mode validate/);
  assert.match(added(one(resources, "supervise.conf")), /^BOOTSTRAP='\/etc\/hawser-envoy\/bootstrap\.yaml'$/m);
});

void test("a service of one region alone is warned of", () => {
  const said: string[] = [];
  plan("debian-12", { onWarning: (message) => said.push(message), own: { services: { echo: { port: 15051, targets: ["127.0.0.1:50051"] }, solo: { port: 15052, targets: ["127.0.0.1:50052"] } } } });
  assert.deepEqual(said, ["solo is served in region la alone: when that is lost, nobody takes its place"]);
});

void test("a host's place comes from its inventory", () => {
  assert.deepEqual(meshOf(view("la-1", "la", { inventory: { private_address: "10.10.0.11", public_address: "203.0.113.11" } })), { region: "la", private_address: "10.10.0.11", public_address: "203.0.113.11" });
  assert.deepEqual(meshOf(view("w-1", "w", { inventory: { public_address: "192.0.2.1" } })), { region: "w", public_address: "192.0.2.1" });
});

const echo = (changes: object) => ({ services: { echo: { port: 15051, targets: ["127.0.0.1:50051"], ...changes } } });
for (const [what, own, message, path] of [
  ["an Envoy from nowhere", { artifact: undefined }, /comes from nowhere/, "envoy.artifact"],
  ["an Envoy from two places", { apt: { key_sha256: "c".repeat(64) } }, /comes from two places/, "envoy.apt"],
  ["an old Envoy that ends while it drains", { drain_time_s: 30, parent_shutdown_time_s: 30 }, /is not more than drain_time_s/, "envoy.parent_shutdown_time_s"],
  ["clients of loopback", { clients: ["10.0.0.0/8"] }, /clients are named on la-1, and it listens on 127/, "envoy.clients"],
  ["an address that nobody may come to", { listen: "10.10.0.11" }, /nobody may come there/, "envoy.listen"],
  ["a host that nobody reaches", { private_address: undefined, public_address: undefined }, /nobody reaches la-1/, "envoy.private_address"],
  ["a target that is Envoy itself", echo({ targets: ["127.0.0.1:15051"] }), /127\.0\.0\.1:15051 is Envoy itself/, "envoy.services.echo.targets.0"],
  ["a target that is Envoy at another address", echo({ targets: ["10.10.0.11:15443"] }), /is Envoy itself \(the peers\)/, "envoy.services.echo.targets.0"],
  ["a service that nobody serves", { services: { echo: { port: 15051, targets: ["127.0.0.1:50051"] }, lost: { port: 2 } } }, /services\.lost: no host has targets of it/, "envoy.services.lost"],
  ["one address for two hosts", { public_address: "198.51.100.11" }, /la-1 and sg-1 both have the public_address/, "public_address"],
] as const) {
  void test(`${what} is refused at the inventory's line`, () => {
    const lines = [path];
    assert.throws(() => refuse(end("la-1", own as object, lines), [SG]), (error: UsageError) => error instanceof UsageError && message.test(error.message) && error.hint !== undefined && error.source?.line === 1);
  });
}
for (const [what, own, message] of [
  ["the mesh's own", { services: { echo: { port: 15443, targets: ["127.0.0.1:50051"] } } }, /15443/],
  ["two services", { services: { a: { port: 1, targets: ["127.0.0.1:5"] }, b: { port: 1, targets: ["127.0.0.1:6"] } } }, /port 1\b/],
] as const) {
  void test(`a port of ${what} twice is refused`, () => assert.throws(() => plan("debian-12", { own }), (error) => error instanceof UsageError && message.test(error.message)));
}
void test("a host that can be reached passes", () => refuse(LA, [SG]));

for (const [what, own, message] of [
  ["a target without a port", echo({ targets: ["10.10.0.21"] }), /ADDRESS:PORT/],
  ["a service in capitals", { services: { Echo: { port: 1 } } }, /lower-case letters/],
  ["a misspelt var", { mesh_prot: 1 }, /mesh_prot/],
  ["a share above the whole", { outlier_detection: { max_ejection_percent: 101 } }, /<=100/],
  ["a short sha256", { artifact: { url: ARTIFACT.url, sha256: "abc" } }, /64 hexadecimal digits/],
] as const) {
  void test(`${what} is no var`, () => assert.match(schema.safeParse(vars(own)).error?.message ?? "", message));
}

for (const [system, own, message] of [
  ["centos-7", {}, /no Envoy runs on CentOS.*: its C library is too old/],
  ["el-9", { artifact: undefined, apt: { key_sha256: "c".repeat(64) } }, /which has no apt/],
] as const) {
  void test(`${system} ${JSON.stringify(own)} is refused`, () => assert.throws(() => plan(system, { own }), (error: UsageError) => message.test(error.message) && error.hint !== undefined));
}

/** As Envoy dumps it: types on what is watched, defaults left out. */
const dumpOf = (change: (text: string) => string = (text) => text): string => {
  const { listeners, clusters } = resourcesOf(LA, [SG]);
  return change(JSON.stringify({ configs: [{ "@type": "b" }, { "@type": "c", static_clusters: clusters.map((cluster) => ({ cluster: { "@type": "x", ...cluster } })) }, { "@type": "l", static_listeners: listeners.map((listener) => ({ listener })) }] }));
};
void test("what runs is compared with what is declared, but for how protobuf writes defaults", () => {
  const declared = resourcesOf(LA, [SG]);
  const differs = (change: (text: string) => string) => difference(declared, runningOf(dumpOf(change)));
  assert.equal(differs((text) => text.replaceAll('{"value":0}', "{}")), undefined);
  assert.equal(differs((text) => text.replace('"consecutive_5xx":5', '"consecutive_5xx":7')), "clusters echo.outlier_detection.consecutive_5xx");
  assert.equal(differs((text) => text.replace("10.20.0.11", "10.20.0.12")), "clusters echo.load_assignment.endpoints[1].lb_endpoints[0].endpoint.address.socket_address.address");
  assert.equal(differs((text) => text.replace('"name":"metrics","address"', '"name":"other","address"')), "listeners metrics is missing");
});

const CLUSTERS = JSON.stringify({ cluster_statuses: [{ name: "echo", host_statuses: [["127.0.0.1", 50051, { failed_active_health_check: true }], ["10.20.0.11", 15443, {}], ["198.51.100.11", 15443, { failed_outlier_check: true }]].map(([address, port_value, flags]) => ({ address: { socket_address: { address, port_value } }, health_status: { eds_health_status: "HEALTHY", ...(flags as object) } })) }] });
void test("endpoints are healthy, dead, ejected or unknown", () => {
  assert.deepEqual([stateOf(CLUSTERS, "echo", "127.0.0.1", 50051), stateOf(CLUSTERS, "echo", "10.20.0.11", 15443), stateOf(CLUSTERS, "echo", "198.51.100.11", 15443), stateOf(CLUSTERS, "echo", "10.9.9.9", 1)], ["fails its health check", "healthy", "ejected after errors", "unknown to Envoy"]);
});

const SERVING = "HTTP/2 200 \r\ncontent-type: application/grpc\r\n\r\ngrpc-status: 0\r\nseconds 0.169\nbody 00000000020801\n";
void test("answers of the health protocol are read, and gRPC's own errors", () => {
  assert.deepEqual(answerOf(SERVING), { status: "SERVING", ms: 169 });
  assert.equal(answerOf(SERVING.replace("0801", "0802")).status, "NOT_SERVING");
  assert.equal(answerOf("HTTP/2 200 \r\ngrpc-status: 14\r\ngrpc-message: no healthy upstream\r\n\r\nseconds 0.01\nbody \n").status, "grpc-status 14 no healthy upstream");
  assert.equal(answerOf("seconds 0.000\nbody \n").status, "no answer");
});

const measure = measuring((v) => assertMesh(v, LA, [SG]));
for (const [name, healthy, value, broken, wrong] of [
  ["ready", "LIVE\n", "LIVE", "DRAINING\n", "DRAINING"],
  ["administration listens on", "LISTEN 0 4096 127.0.0.1:9901 0.0.0.0:*\n", "127.0.0.1", "LISTEN 0 4096 0.0.0.0:9901 0.0.0.0:*\n", "0.0.0.0"],
  ["configuration file", "", "missing", `${"0".repeat(64)}  -\n`, "another one"],
  ["running configuration", dumpOf(), "as declared", dumpOf((text) => text.replace('"consecutive_5xx":5', '"consecutive_5xx":7')), "clusters echo.outlier_detection.consecutive_5xx"],
  ["echo: sg-1 by the tunnel", CLUSTERS, "healthy", CLUSTERS.replace("10.20.0.11", "10.20.0.12"), "unknown to Envoy"],
  ["echo: its target 127.0.0.1:50051", CLUSTERS.replace("true", "false"), "healthy", CLUSTERS, "fails its health check"],
  ["echo: a call from this host", SERVING, "SERVING", "seconds 0\nbody \n", "no answer"],
  ["a call of echo to sg-1 by the tunnel", SERVING, 169, SERVING.replace("0801", "0802"), undefined],
  ["certificate", "3649\n", 3649, "3\n", 3],
] as const) {
  void test(`verify sees ${name}: ${wrong}`, () => assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]));
}

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
