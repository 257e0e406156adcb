import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { Secret, UsageError } from "../../src/index.ts";
import { weaknesses } from "../../roles/monitoring/health.ts";
import { listenersOf } from "../../roles/monitoring/ports.ts";
import { refuse } from "../../roles/monitoring/refuse.ts";
import { jobsOf } from "../../roles/monitoring/targets.ts";
import { schema } from "../../roles/monitoring/vars.ts";
import { monitored } from "../../roles/monitoring/watched.ts";
import { added, ids, one, view } from "./harness.ts";
import { gatewayVars, parsed, plan, WITNESS } from "./monitoring-fixture.ts";

const end = (name: string, vars: object) => ({ host: view(name, "la"), vars: parsed(vars) });
const members = [end("la-1", gatewayVars(1, "la")), end("sg-1", gatewayVars(2, "sg")), end("witness-1", WITNESS)] as const;
const [la, sg] = members;
const targets = (own = la, all: readonly (typeof la)[] = members) => Object.fromEntries(jobsOf(own, all).map(({ name, targets: some }) => [name, some.map(({ address }) => address)]));

void test("a monitor asks what each host has, by the roles that it has", () => {
  assert.deepEqual(targets(), {
    node: ["10.1.0.11:9100", "10.2.0.11:9100", "203.0.113.3:9100"],
    frr: ["10.1.0.11:9342", "10.2.0.11:9342"],
    postgres: ["10.1.0.11:9187", "10.2.0.11:9187"],
    haproxy: ["10.1.0.11:9101", "10.2.0.11:9101"],
    prometheus: ["10.1.0.11:9090", "10.2.0.11:9090"],
    alertmanager: ["10.1.0.11:9093", "10.2.0.11:9093"],
    link: ["10.255.0.2", "203.0.113.2"],
  });
});

void test("each end measures its links by the tunnel and beside it, and says between whom", () => {
  const link = jobsOf(sg, members).find(({ name }) => name === "link");
  assert.deepEqual(link?.targets, [
    { address: "10.255.0.1", labels: { host: "sg-1", region: "sg", peer: "la-1", peer_region: "la", way: "tunnel", link: "gre1" } },
    { address: "203.0.113.1", labels: { host: "sg-1", region: "sg", peer: "la-1", peer_region: "la", way: "public" } },
  ]);
});

void test("a monitor that is no gateway pings through its region's tunnel", () => {
  const monitor = end("la-mon", { server: true, region: "la", address: "10.1.0.50" });
  assert.deepEqual(targets(monitor, [monitor, ...members])["link"], ["10.2.0.11", "203.0.113.2"]);
});

void test("a third region is targets more, and nothing else changes", () => {
  const before = targets();
  const after = targets(la, [...members, end("fr-1", gatewayVars(4, "fr"))]);
  assert.deepEqual(after["link"]?.slice(0, 2), before["link"]);
  assert.equal(after["node"]?.length, 4);
});

void test("HAProxy's own place is asked where it is on the network", () => {
  const own = end("la-1", gatewayVars(1, "la", { watch: { backup_path: true, haproxy_metrics: "10.1.0.11:8405" } }));
  assert.deepEqual(targets(own, [own])["haproxy"], ["10.1.0.11:8405"]);
  const forwarder = (metrics: string) => ids(plan("debian-12", { own: { watch: { backup_path: true, haproxy_metrics: metrics } } })).includes("service:hawser-haproxy-metrics.socket");
  assert.deepEqual([forwarder("127.0.0.1:8405"), forwarder("10.1.0.11:8405")], [true, false]);
});

void test("Envoy on loopback is shown to the monitors, and asked in its own place where it is on the network", () => {
  const of = (envoy_metrics: string) => {
    const own = end("la-1", gatewayVars(1, "la", { watch: { envoy_metrics } }));
    const sockets = ids(plan("debian-12", { own: { watch: { envoy_metrics } } })).filter((id) => id.startsWith("service:hawser-envoy"));
    return [jobsOf(own, [own]).find(({ name }) => name === "envoy"), sockets, listenersOf(own.vars).filter(({ port }) => port === 9902).length];
  };
  const job = (address: string) => ({ name: "envoy", path: "/stats/prometheus", targets: [{ address, labels: { host: "la-1", region: "la" } }] });
  assert.deepEqual(of("127.0.0.1:9902"), [job("10.1.0.11:9902"), ["service:hawser-envoy-metrics.socket"], 1]);
  assert.deepEqual(of("10.1.0.11:9999"), [job("10.1.0.11:9999"), [], 0]);
});

void test("further exporters are jobs, and probes are asked by every monitor", () => {
  const own = end("la-1", gatewayVars(1, "la", { exporters: [{ name: "app", port: 8000, metrics_path: "/m" }] }));
  const far = end("sg-1", gatewayVars(2, "sg", { probes: [{ name: "echo", module: "grpc", target: "10.2.0.21:443" }] }));
  const jobs = jobsOf(own, [own, far]);
  assert.deepEqual(jobs.find(({ name }) => name === "app"), { name: "app", scheme: "http", path: "/m", targets: [{ address: "10.1.0.11:8000", labels: { host: "la-1", region: "la" } }] });
  assert.deepEqual(jobs.find(({ name }) => name === "probe-grpc")?.targets, [{ address: "10.2.0.21:443", labels: { host: "la-1", region: "la", probe: "echo" } }]);
});

void test("only monitors have Prometheus and Alertmanager; each host has its exporters", () => {
  const monitor = ids(plan("debian-12"));
  for (const id of ["package:prometheus", "package:prometheus-alertmanager", "package:prometheus-blackbox-exporter", "package:prometheus-node-exporter", "package:prometheus-frr-exporter", "package:prometheus-postgres-exporter", "timer:hawser-metrics-fast", "timer:hawser-metrics-slow"]) assert.ok(monitor.includes(id), id);
  assert.ok(monitor.includes("sysctl:net.ipv4.ping_group_range"), "its prober may ping");
  const watched = ids(plan("debian-12", { own: { server: false } }));
  for (const id of ["package:prometheus", "package:prometheus-alertmanager", "package:prometheus-blackbox-exporter"]) assert.ok(!watched.includes(id), id);
  assert.ok(watched.includes("package:prometheus-node-exporter"));
});

void test("ports are open to the monitors and the host itself, and then to nobody", () => {
  const resources = plan("debian-12");
  const open = one(resources, "firewall-rule:monitoring").apply ?? "";
  for (const text of ["9100", "9090", "9093", "9342", "10.2.0.11", "203.0.113.2", "127.0.0.1"]) assert.ok(open.includes(text), text);
  assert.ok(!open.includes("203.0.113.3"), "the witness is no monitor");
  assert.match(one(resources, "firewall-rule:monitoring-others").apply ?? "", /900 monitoring-others nft[^\n]*drop/);
});

void test("its ports are told, so that another role's service on one of them is refused", () => {
  const told = listenersOf(parsed(gatewayVars(1, "la"))).map(({ port, protocol, address }) => `${address ?? "*"}:${port}/${protocol}`);
  assert.deepEqual(told, ["10.1.0.11:9100/tcp", "10.1.0.11:9342/tcp", "10.1.0.11:9187/tcp", "10.1.0.11:9101/tcp", "10.1.0.11:9090/tcp", "10.1.0.11:9093/tcp", "10.1.0.11:9094/tcp", "10.1.0.11:9094/udp", "127.0.0.1:9115/tcp"]);
  assert.deepEqual(listenersOf(parsed(WITNESS)).map(({ port }) => port), [9100]);
});

void test("the script is told of each tunnel, the address, and what else there is", () => {
  const conf = added(one(plan("debian-12"), "collect.conf"));
  for (const line of ["LINKS='gre1 10.255.0.2 sg-1 sg'", "VIP='10.0.0.100'", "DATABASES='app'", "PG_BIN='/usr/lib/postgresql/15/bin'", "ETCD='yes'", "CERTIFICATES='/etc/hawser-etcd/own.crt /etc/hawser/backup-path/own.crt'"]) assert.ok(conf.includes(line), line);
});

void test("both Alertmanagers are told, and know one another", () => {
  const config = parse(added(one(plan("debian-12"), "prometheus.yml"))) as { alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] } };
  assert.deepEqual(config.alerting.alertmanagers[0]?.static_configs[0]?.targets, ["10.1.0.11:9093", "10.2.0.11:9093"]);
  assert.match(added(one(plan("debian-12"), "/etc/default/prometheus-alertmanager")), /--cluster\.listen-address=10\.1\.0\.11:9094 \\\n --cluster\.peer=10\.2\.0\.11:9094"/);
});

void test("a receiver's secret is in a file of its own, and nowhere else", () => {
  const receivers = [{ name: "ops", slack_configs: [{ api_url: new Secret("https://hooks.example/T0/topsecret"), channel: "#ops" }], webhook_configs: [{ url: "https://alerts.example/", credentials: new Secret("bearertoken") }] }];
  const resources = plan("debian-12", { own: { receivers } });
  assert.ok(!JSON.stringify(resources).includes("topsecret"));
  const config = parse(added(one(resources, "alertmanager.yml"))) as { receivers: { name: string; slack_configs?: object[]; webhook_configs?: object[] }[] };
  assert.deepEqual(config.receivers[1]?.slack_configs, [{ api_url_file: "/etc/prometheus/alertmanager-secrets/ops.slack.0", channel: "#ops", send_resolved: true }]);
  assert.deepEqual(config.receivers[1]?.webhook_configs, [{ url: "https://alerts.example/", http_config: { authorization: { credentials_file: "/etc/prometheus/alertmanager-secrets/ops.webhook.0" } }, send_resolved: true }]);
  assert.ok(ids(resources).includes("file:/etc/prometheus/alertmanager-secrets/ops.webhook.0"));
});

void test("what is weak is said", () => {
  const said: string[] = [];
  plan("debian-12", { peers: { "sg-1": gatewayVars(2, "sg", { server: false }), "witness-1": WITNESS }, onWarning: (message) => said.push(message) });
  for (const part of [/nobody is told/, /la-1 is the only monitor/, /region sg has no monitor/, /witness-1: asked by other regions over a public address/]) assert.ok(said.some((each) => part.test(each)), String(part));
  assert.deepEqual(weaknesses([la, sg]), []);
});

void test("systems without packages need artifacts, and get users and units with them", () => {
  assert.throws(() => plan("el-9"), /packages no node_exporter/);
  const artifact = { url: "https://releases.example/x.tar.gz", sha256: "a".repeat(64) };
  const artifacts = Object.fromEntries(["prometheus", "alertmanager", "node_exporter", "blackbox_exporter", "postgres_exporter", "frr_exporter"].map((name) => [name, artifact]));
  const resources = ids(plan("el-9", { own: { artifacts } }));
  for (const id of ["user:prometheus", "unit:prometheus.service", "unit:prometheus-node-exporter.service", "symlink:/usr/local/bin/promtool", "archive:/opt/hawser-monitoring/prometheus:prometheus"]) assert.ok(resources.includes(id), `${id} in ${resources.join(" ")}`);
  assert.throws(() => plan("ubuntu-22.04"), /packages no frr_exporter/);
  assert.ok(!ids(plan("ubuntu-22.04", { own: { frr_exporter: false } })).includes("package:prometheus-frr-exporter"));
  assert.throws(() => plan("centos-7", { own: { artifacts } }), /support ended/);
});

for (const [what, vars, message] of [
  ["two receivers of one name", { receivers: [1, 2].map(() => ({ name: "a", webhook_configs: [{ url: "https://a.example" }] })) }, /declared twice/],
  ["a receiver that tells nobody", { receivers: [{ name: "a" }] }, /tells nobody/],
  ["mail without a server", { receivers: [{ name: "a", email_configs: [{ to: "a@example.org" }] }] }, /needs monitoring\.smtp/],
  ["a time without a unit", { scrape_interval: "5" }, /a number and a unit/],
  ["an exporter with the name of a job of the role", { exporters: [{ name: "node", port: 1 }] }, /the role's own/],
  ["an artifact from nowhere", { artifacts: { prometheus: { sha256: "a".repeat(64) } } }, /give its url/],
  ["a var that is misspelt", { retenton: "1d" }, /retenton/],
] as const) {
  void test(`${what} is refused`, () => assert.throws(() => parsed(gatewayVars(1, "la", vars)), message));
}

for (const [what, own, peer, message] of [
  ["no monitor at all", { server: false }, { server: false }, /no host is a monitor/],
  ["one address for two hosts", {}, { address: "10.1.0.11" }, /both reached at 10\.1\.0\.11/],
  ["limits that differ between monitors", {}, { limits: { load_per_core: 3 } }, /at different limits/],
  ["one exporter that is asked in two ways", { exporters: [{ name: "app", port: 1 }] }, { exporters: [{ name: "app", port: 1, scheme: "https" }] }, /asked in two ways/],
] as const) {
  void test(`${what}: refused at the inventory's line`, () =>
    assert.throws(() => refuse(end("la-1", gatewayVars(1, "la", own)), [end("sg-1", gatewayVars(2, "sg", peer))]), (error) => error instanceof UsageError && message.test(error.message) && error.source?.line === 7));
}

void test("the inventory says what a host has, by its groups and the vars of its roles", () => {
  const inventory = { public_address: "203.0.113.1", private_address: "10.1.0.11", private_cidr: "10.1.0.0/24", gateway: { id: 1 }, keepalived: { vip: "10.0.0.100/32" }, "postgres-pglogical": { databases: [{ name: "app" }, { name: "shop" }] } };
  const found = schema.parse(monitored(view("la-1", "la", { inventory, groups: ["gateways", "databases", "monitors"] })));
  assert.deepEqual([found.server, found.region, found.address, found.public_address], [true, "la", "10.1.0.11", "203.0.113.1"]);
  assert.deepEqual([found.watch.vip, found.watch.gateway?.id, found.watch.postgres?.databases, found.watch.etcd, found.watch.backup_path], ["10.0.0.100", 1, ["app", "shop"], false, true]);
  assert.deepEqual(schema.parse(monitored(view("w-1", "w", { inventory: { public_address: "203.0.113.3" }, groups: ["quorum"] }))).watch, parsed({ address: "1.2.3.4", watch: { etcd: true } }).watch);
  const platform = { private_address: "10.1.0.21", "consul-vault": { consul: { datacenter: "la" }, vault: { engine: "vault" } }, envoy: { metrics: "10.1.0.21:9999" } };
  const { watch } = schema.parse(monitored(view("la-2", "la", { inventory: platform, groups: ["consul_vault", "objects", "mesh"] })));
  assert.deepEqual([watch.envoy_metrics, watch.units], ["10.1.0.21:9999", ["hawser-consul", "hawser-vault", "hawser-objects-store", "hawser-objects", "hawser-envoy"]]);
  assert.deepEqual(watch.certificates, ["consul", "vault", "objects", "envoy"].map((name) => `/etc/hawser-tls/${name}/cert.pem`));
  const garage = schema.parse(monitored(view("la-2", "la", { inventory: { private_address: "10.1.0.21", minio: { backend: "garage" } }, groups: ["objects"] })));
  assert.deepEqual(garage.watch.units, ["hawser-objects", "hawser-objects-tls"]);
  assert.throws(() => monitored(view("w-1", "w", {})), /neither private_address nor public_address/);
});

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
