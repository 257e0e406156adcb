import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { assertPaths, serversUp } from "../../roles/backup-path/health.ts";
import { backupPath } from "../../roles/backup-path/role.ts";
import { schema } from "../../roles/backup-path/vars.ts";
import { refuse, regionsOf } from "../../roles/backup-path/ways.ts";
import { gateway, ids, measuring, view } from "./harness.ts";

const SERVICES = { api: { port: 18080, targets: ["10.2.0.21:8080", "10.2.0.22:8080"], check: "/healthz" }, postgres: { port: 15432, mode: "tcp", targets: ["10.2.0.31:5432"] } };
const OWN = { web: { port: 18081, targets: ["10.1.0.21:80"] } };
const PEERS = { "sg-1": { gateway: gateway(2, "sg"), services: SERVICES } };

interface Changes {
  readonly own?: object;
  readonly peers?: Readonly<Record<string, object>>;
}

const CONF = "/etc/haproxy/haproxy.cfg";
const WATCHED = "/etc/hawser/backup-path/sg.conf";
/** The plan of la-1. */
const plan = (system: "debian-12" | "ubuntu-22.04" | "el-9" | "centos-7", { own = {}, peers = PEERS }: Changes = {}): PlannedResource[] =>
  planOf(use(backupPath, { gateway: gateway(1, "la"), services: OWN, ...own }), recorded(system), { host: "la-1", peers, seen: Object.fromEntries([CONF, WATCHED].map((file) => [`backup-path/file:${file}`, { out: "absent\n", code: 0 }])) });
const text = (file: string, changes: Changes = {}): string[] => {
  const found = plan("debian-12", changes).find(({ id }) => id.endsWith(file)) ?? assert.fail(`no ${file}`);
  return (found.diff ?? found.error ?? "").split("\n").flatMap((line) => (line.startsWith("+") && !line.startsWith("+++") ? [line.slice(1).trim()] : []));
};

void test("each service of another region is served by the tunnel, and by its gateways when that is down", () => {
  const conf = text(CONF);
  for (const line of [
    "listen sg-api",
    "bind 127.0.0.1:18080",
    "option httpchk GET /healthz",
    "retries 5",
    "http-request set-header x-hawser-service api",
    "retry-on conn-failure empty-response 0rtt-rejected",
    "server tunnel-1 10.2.0.21:8080 check inter 1s fall 3 rise 5 observe layer4 error-limit 2 on-error mark-down tcp-ut 1500",
    "server tunnel-2 10.2.0.22:8080 check inter 1s fall 3 rise 5 observe layer4 error-limit 2 on-error mark-down tcp-ut 1500",
    "server public-sg-1 203.0.113.2:8443 backup ssl crt /etc/hawser/backup-path/own.pem ca-file /etc/hawser/backup-path/sg-1.crt verify required sni str(api.sg-1) check check-sni api.sg-1 inter 2s fastinter 1s fall 3 rise 2 tcp-ut 5000 alpn h2 check-alpn h2 maxconn 256",
    "listen sg-postgres",
    "mode tcp",
  ]) assert.ok(conf.includes(line), line);
});

void test("the other regions' gateways are let in by address and certificate, each to the service that it names", () => {
  const conf = text(CONF);
  for (const line of ["bind :8443 ssl crt /etc/hawser/backup-path/own.pem ca-file /etc/hawser/backup-path/peers.crt verify required alpn h2", "tcp-request content switch-mode http proto h2 if { ssl_fc_alpn h2 }", "tcp-request connection reject unless { src 203.0.113.2 }", "use_backend own-web if { ssl_fc_sni web.la-1 }", "use_backend own-web if { ssl_fc_alpn h2 } { req.hdr(x-hawser-service) -m str web }", "http-request del-header x-hawser-service", "backend own-web", "server target-1 10.1.0.21:80 check inter 1s fall 3 rise 2"]) assert.ok(conf.includes(line), line);
  assert.ok(ids(plan("debian-12")).includes("firewall-rule:backup-path"));
});

void test("the watcher knows the networks that the tunnel leads to, and which connections to close", () => {
  const conf = text(WATCHED);
  for (const line of ["REGION='sg'", "NETWORKS='10.2.0.0/24'", "SERVERS='sg-api/tunnel-1 sg-api/tunnel-2 sg-postgres/tunnel-1'", "TCP_SERVERS='sg-postgres/tunnel-1'", "TARGETS='10.2.0.21:8080 10.2.0.22:8080 10.2.0.31:5432'", "RETURN_AFTER=60"]) assert.ok(conf.includes(line), line);
});

void test("a third region is one listener and one watcher more", () => {
  const peers = { ...PEERS, "fr-1": { gateway: gateway(3, "fr"), services: { api: { port: 28080, targets: ["10.3.0.21:8080"] } } } };
  const conf = text(CONF, { peers });
  for (const line of ["listen sg-api", "listen fr-api", "tcp-request connection reject unless { src 203.0.113.2 203.0.113.3 }"]) assert.ok(conf.includes(line), line);
  for (const id of ["service:hawser-path@sg.service", "service:hawser-path@fr.service"]) assert.ok(ids(plan("debian-12", { peers })).includes(id), id);
});

void test("two gateways of a region are two public ways to it", () => {
  const peers = { ...PEERS, "sg-2": { gateway: { ...gateway(4, "sg"), private_cidrs: ["10.2.0.0/24"], address: "10.2.0.12" }, services: SERVICES } };
  const conf = text(CONF, { peers }).filter((line) => line.startsWith("server public-"));
  assert.deepEqual(conf.map((line) => line.split(" ").slice(1, 3).join(" ")), ["public-sg-1 203.0.113.2:8443", "public-sg-2 203.0.113.4:8443", "public-sg-1 203.0.113.2:8443", "public-sg-2 203.0.113.4:8443"]);
});

void test("SELinux is asked on EL, and an old HAProxy refused", () => {
  assert.ok(ids(plan("el-9")).includes("task:SELinux lets HAProxy connect"));
  assert.ok(!ids(plan("debian-12")).includes("task:SELinux lets HAProxy connect"));
  assert.throws(() => plan("centos-7"), /needs HAProxy 2\.4, and that of CentOS.* is older/);
  assert.ok(ids(plan("centos-7", { own: { package: "haproxy28" } })).includes("package:haproxy28"));
});

void test("the key is no one's but the host's", () => {
  const made = plan("debian-12").find(({ id }) => id.endsWith("key and certificate"));
  assert.match(made?.apply ?? "", /umask 077/);
  assert.doesNotMatch(JSON.stringify(plan("debian-12")), /BEGIN (EC )?PRIVATE KEY/);
});

const end = (name: string, id: number, region: string, changes: object = {}) => ({ host: view(name, region), vars: schema.parse({ gateway: gateway(id, region), ...changes }) });
const [la, sg] = [end("la-1", 1, "la", { services: OWN }), end("sg-1", 2, "sg", { services: SERVICES })];
for (const [what, own, peers, message] of [
  ["a target outside the region's networks", { api: { port: 1, targets: ["10.7.0.1:80"] } }, [], /10\.7\.0\.1:80 is in none of the networks behind la-1/],
  ["a check by HTTP of a tcp service", { api: { port: 1, mode: "tcp", targets: ["10.1.0.1:80"], check: "/" } }, [], /is tcp and has a check by HTTP/],
  ["the proxy's own port", { api: { port: 8443, targets: ["10.1.0.1:80"] } }, [], /port 8443 is taken by the proxy itself/],
  ["one port for two services", { api: { port: 1, targets: ["10.1.0.1:80"] }, web: { port: 1, targets: ["10.1.0.1:81"] } }, [], /web and api both have the port 1/],
  ["two gateways of a region that differ", OWN, [end("la-2", 5, "la", {})], /serve different things/],
  ["one port in two regions, which a third could not tell apart", { api: { port: 18080, targets: ["10.1.0.1:80"] } }, [sg, end("fr-1", 3, "fr")], /both have the port 18080/],
] as const) {
  void test(`${what} is refused at the inventory's line`, () =>
    assert.throws(() => refuse(end("la-1", 1, "la", { services: own }), [...peers]), (error) => error instanceof UsageError && message.test(error.message) && error.source?.line === 7));
}
void test("two regions may use the same port: each listens for the other alone", () => refuse(end("la-1", 1, "la", { services: { api: { port: 18080, targets: ["10.1.0.1:80"] } } }), [sg]));

/** As HAProxy 2.6 prints it, but for columns that nobody reads. */
const STAT = "# pxname,svname,status,\nsg-api,FRONTEND,OPEN,\nsg-api,tunnel-1,UP,\nsg-api,tunnel-2,UP 1/3,\nsg-api,public-sg-1,DOWN,\nsg-postgres,tunnel-1,MAINT,\n";
void test("servers that are up are counted by the kind of their way", () => {
  assert.deepEqual([serversUp(STAT, "sg-api", "tunnel"), serversUp(STAT, "sg-api", "public"), serversUp(STAT, "sg-postgres", "tunnel"), serversUp("", "sg-api", "tunnel")], [2, 0, 0, undefined]);
});

const measure = measuring((v) => assertPaths(v, regionsOf(la, [sg])));
for (const [name, healthy, value, broken, wrong] of [
  ["path to sg", "tunnel\n", "tunnel", "public\n", "public"],
  ["path to sg", "tunnel\n", "tunnel", "", undefined],
  ["path to sg is watched", "active\n", "active", "failed\n", "failed"],
  ["api in sg by the tunnel", STAT, 2, STAT.replaceAll("UP", "DOWN"), 0],
  ["api in sg by the public path", STAT.replaceAll("DOWN", "UP"), 1, STAT, 0],
  ["certificate", "3649\n", 3649, "3\n", 3],
  ["certificate", "3649\n", 3649, "", undefined],
] as const) {
  void test(`verify sees ${name}: ${wrong}`, () => assert.deepEqual([measure(name, healthy), measure(name, broken)], [value, wrong]));
}

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});
