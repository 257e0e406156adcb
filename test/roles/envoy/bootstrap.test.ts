import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { yamlText } from "../../../src/index.ts";
import { bootstrapOf, resourcesOf, watchedOf } from "../../../roles/envoy/bootstrap.ts";
import { endpointsOf } from "../../../roles/envoy/mesh.ts";
import { end, LA, SG } from "./fixture.ts";

const here = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");
/** What stands at a path such as `clusters.echo.health_checks.0`, items of lists by their name where they have one. */
const at = (value: unknown, path: string): unknown =>
  path.split("/").reduce<unknown>((inside, key) => (Array.isArray(inside) ? (inside.find((each: { name?: string }) => each.name === key) ?? inside[Number(key)]) : (inside as Record<string, unknown> | undefined)?.[key]), value);

interface Case {
  readonly name: string;
  readonly own: { readonly region: string; readonly targets: string[] };
  readonly peers?: Readonly<Record<string, { readonly region: string; readonly targets: string[]; readonly mesh_port?: number }>>;
  readonly endpoints: readonly string[];
}

for (const { name, own, peers = {}, endpoints } of parse(here("endpoints.cases.yaml")) as Case[]) {
  void test(`endpoints: ${name}`, () => {
    const make = (host: string, { targets, ...vars }: Case["own"]) => end(host, { ...vars, services: { echo: { port: 15051, targets } } });
    const others = Object.entries(peers).map(([host, { region, ...vars }]) => {
      const made = make(host, { region, targets: vars.targets });
      return { ...made, vars: { ...made.vars, private_address: undefined, public_address: undefined, ...vars, services: made.vars.services } };
    });
    const found = endpointsOf(make("la-1", own), others, "echo");
    assert.deepEqual(found.map(({ address, port, way, priority, peer = "" }) => `${address}:${port} ${way} ${priority} ${peer}`.trim()), endpoints);
  });
}

void test("the whole configuration of one end of two regions", () => {
  const text = yamlText(bootstrapOf(LA, [SG]));
  assert.deepEqual(parse(text), parse(here("bootstrap.yaml")), "if the difference is meant, write test/roles/envoy/bootstrap.yaml anew: node --import tsx test/roles/envoy/write.ts");
});

const resources = resourcesOf(LA, [SG]);
for (const [path, value] of [
  ["clusters/echo/outlier_detection", { consecutive_5xx: 5, interval: "10s", base_ejection_time: "30s", max_ejection_percent: 50 }],
  ["clusters/echo/health_checks/0/grpc_health_check", { authority: "echo" }],
  ["clusters/echo/health_checks/0/no_traffic_interval", "1s"],
  ["clusters/echo/common_lb_config/healthy_panic_threshold/value", 1],
  ["clusters/own-echo/common_lb_config/healthy_panic_threshold/value", 0],
  ["clusters/echo/circuit_breakers/thresholds/0/retry_budget", { budget_percent: { value: 25 }, min_retry_concurrency: 50 }],
  ["clusters/echo/transport_socket_matches/sg-1/transport_socket/typed_config/common_tls_context/validation_context/match_typed_subject_alt_names", [{ san_type: "DNS", matcher: { exact: "sg-1.mesh" } }]],
  ["clusters/own-echo/transport_socket_matches", undefined],
  ["listeners/echo/address/socket_address/address", "127.0.0.1"],
  ["listeners/mesh/filter_chains/0/transport_socket/typed_config/require_client_certificate", true],
  ["listeners/metrics/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes", [{ match: { path: "/stats/prometheus" }, route: { cluster: "administration" } }]],
] as const) {
  void test(`${path} is ${JSON.stringify(value)}`, () => assert.deepEqual(at(resources, path), value));
}

const retries = (service: object) => at(resourcesOf(end("la-1", { services: { echo: { port: 15051, targets: ["127.0.0.1:50051"], ...service } } }), [SG]), "listeners/echo/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/0/route/retry_policy") as Record<string, unknown>;
void test("only what may be asked twice is, and each retry goes on to the next priority", () => {
  assert.equal(retries({})["retry_on"], "connect-failure,refused-stream,reset-before-request");
  assert.equal(retries({ idempotent: true })["retry_on"], "connect-failure,refused-stream,reset,unavailable");
  const updates = (service: object) => at(retries(service), "retry_priority/typed_config/update_frequency");
  assert.deepEqual([updates({}), updates({ targets: ["127.0.0.1:50051", "127.0.0.1:50052"] })], [1, 2]);
});

void test("administration is on loopback alone, whatever the vars say", () => {
  const { admin } = bootstrapOf(end("la-1", { listen: "10.10.0.11", clients: ["10.10.0.0/24"], admin_port: 9999 }), []);
  assert.deepEqual(admin.address.socket_address, { address: "127.0.0.1", port_value: 9999 });
});

void test("without peers nothing listens for any", () => assert.deepEqual(resourcesOf(LA, []).listeners.map(({ name }) => name), ["echo", "metrics"]));

void test("what is watched holds the same, endpoints in files of their own that come first", () => {
  const { bootstrap, files, resources: running } = watchedOf(LA, [SG]);
  assert.deepEqual(files.map(([name]) => name), ["endpoints-echo.yaml", "endpoints-own-echo.yaml", "clusters.yaml", "listeners.yaml"]);
  assert.equal(bootstrap.static_resources, undefined);
  assert.equal(at(running, "clusters/echo/type"), "EDS");
  assert.equal(at(running, "clusters/echo/load_assignment"), undefined);
  assert.equal(at(files[0]?.[1], "resources/0/cluster_name"), "echo");
  assert.deepEqual(running.listeners, resources.listeners);
});

void test("access logs: all but health checks, failures alone, or none", () => {
  const log = (access_log: "all" | "errors" | "off") => at(resourcesOf(end("la-1", { access_log }), [SG]), "listeners/mesh/filter_chains/0/filters/0/typed_config/access_log/0/filter");
  assert.deepEqual(log("all"), { not_health_check_filter: {} });
  assert.match(JSON.stringify(log("errors")), /not_health_check_filter.*status_code_filter.*grpc_status_filter/);
  assert.equal(log("off"), undefined);
});
