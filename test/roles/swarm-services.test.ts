import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, Secret, use, type PlannedResource } from "../../src/index.ts";
import { ascii } from "../../roles/swarm/api.ts";
import { differences, diffLines } from "../../roles/swarm/compare.ts";
import { versionedName } from "../../roles/swarm/data-kind.ts";
import { assertServices } from "../../roles/swarm/health.ts";
import { objectsOf } from "../../roles/swarm/layout.ts";
import { nanoseconds, serviceSchema } from "../../roles/swarm/service-vars.ts";
import { swarmServices } from "../../roles/swarm/plays/services.ts";
import { specOf } from "../../roles/swarm/spec.ts";
import { schema } from "../../roles/swarm/vars.ts";
import { measuring, one } from "./harness.ts";

type Given = Record<string, unknown>;
type Spec = { Labels: Record<string, string>; TaskTemplate: { ContainerSpec: Given; Placement: Given; Networks: Given[] }; UpdateConfig: Given; Mode: Given; EndpointSpec: { Ports: unknown[] } };
const names = { service: "web", network: (name: string) => name, config: (name: string) => `${name}-c`, secret: (name: string) => `${name}-s` };
const spec = (service: Given): Spec => specOf(serviceSchema.parse({ image: "web:1", ...service }), names) as unknown as Spec;
const VARS = { public_address: "203.0.113.1", role: "manager", networks: { back: {} }, configs: { page: { content: "hello" } }, secrets: { token: { content: new Secret("very secret") } }, services: { web: { image: "web:1", networks: ["back"], configs: ["page"], secrets: ["token"], ports: [{ target: 80, published: 8080 }], deploy: { replicas: 2 } } } };
const CLUSTER = { ID: "c1", Spec: {} };
const line = (kind: string, value: unknown): string => `${kind} ${JSON.stringify(value)}`;
const network = (changes: Given = {}): string => line("network", { ID: "n1", Name: "back", Driver: "overlay", Ingress: false, Internal: false, Attachable: false, Options: { "com.docker.network.driver.mtu": "1360" }, Labels: { "hawser.name": "back" }, Config: null, ...changes });

/** The plans for a cluster that is seen so. */
function plan(lines: readonly string[], changes: Given = {}): PlannedResource[] {
  const look = { out: [line("swarm", CLUSTER), ...lines].join("\n"), code: 0 };
  const all = ["swarm-network:back", "swarm-data:config page", "swarm-data:secret token", "swarm-service:web", "swarm-prune:leftovers"];
  return planOf(use(swarmServices, { ...VARS, ...changes } as never), recorded("debian-12"), { seen: Object.fromEntries(all.map((id) => [`swarm-services/${id}`, look])) });
}

/** What Docker gives back of a service: ids in the place of names, and nothing that has its zero value. */
function kept(changes: Given = {}): string {
  const [{ spec: wanted } = { spec: {} }] = objectsOf(schema.parse(VARS), () => "").services;
  const drop = (value: unknown): unknown => (Array.isArray(value) ? value.map(drop) : typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).flatMap(([key, each]) => ([0, "", false, null].includes(each as never) ? [] : [[key, key === "Target" && each === "back" ? "n1" : key === "SecretID" || key === "ConfigID" ? "id" : drop(each)]]))) : value);
  return line("service", { ID: "s1", Spec: { ...(drop(wanted) as Given), ...changes } });
}
const DATA = [line("config", { ID: "i1", Name: versionedName("config", "page", "hello"), Labels: { "hawser.name": "page" } }), line("secret", { ID: "i2", Name: versionedName("secret", "token", "very secret"), Labels: { "hawser.name": "token" } })];

void test("an empty cluster gets everything, in the order in which it is needed", () => {
  const summaries = plan([]).map(({ id, summary }) => [id.slice(15), summary?.replace(/-[0-9a-f]{12}/, "-HASH")]);
  assert.deepEqual(summaries, [["swarm-network:back", "create"], ["swarm-data:config page", "create: page-HASH"], ["swarm-data:secret token", "create: token-HASH"], ["swarm-service:web", "create"], ["swarm-prune:leftovers", undefined]]);
});

void test("what is there as declared needs nothing, whatever newer engines add", () => {
  const all = plan([network(), ...DATA, kept({ Novelty: { of: "an engine" } })]);
  assert.deepEqual(all.flatMap(({ id, summary, error }) => (summary === undefined && error === undefined ? [] : [`${id} ${summary ?? error}`])), []);
});

void test("a drift in anything that the vars can say is repaired, and shown", () => {
  const scaled = one(plan([network(), ...DATA, kept({ Mode: { Replicated: { Replicas: 7 } } })]), "swarm-service:web");
  assert.deepEqual([scaled.summary, scaled.diff], ["update Mode.Replicated.Replicas", "-Mode.Replicated.Replicas: 7\n+Mode.Replicated.Replicas: 2"]);
  assert.match(scaled.apply ?? "", /services\/web\/update\?version=/);
  const labelled = one(plan([network(), ...DATA, kept({ EndpointSpec: { Mode: "vip", Ports: [] } })]), "swarm-service:web");
  assert.match(labelled.summary ?? "", /^update EndpointSpec\.Ports$/);
});

void test("a secret reaches the host by standard input, under a name that does not tell it", () => {
  const { apply = "" } = one(plan([]), "swarm-data:secret token");
  assert.match(apply, /^printf '%s' 'very secret' \| \{\ndocker secret create .* token-[0-9a-f]{12} - /s);
  assert.doesNotMatch(one(plan([]), "swarm-service:web").apply ?? "", /very secret/);
  assert.notEqual(versionedName("secret", "a", "x"), versionedName("secret", "b", "x").replace(/^b/, "a"));
});

void test("another content is another config; the one before goes when no service uses it, nor would after a rollback", () => {
  const old = line("config", { ID: "i0", Name: "page-000000000000", Labels: { "hawser.name": "page" } });
  const using = (name: string) => ({ TaskTemplate: { ContainerSpec: { Configs: [{ ConfigName: name }] } } });
  const prune = (lines: readonly string[]) => one(plan([network(), ...DATA, old, ...lines]), "swarm-prune:leftovers").summary;
  assert.equal(prune([kept()]), "remove config page-000000000000");
  const [, json = ""] = /^service (.*)$/.exec(kept()) ?? [];
  assert.equal(prune([line("service", { ...(JSON.parse(json) as Given), Previous: using("page-000000000000") })]), undefined);
  assert.equal(one(plan([network(), old]), "swarm-data:config page").summary?.slice(0, 12), "new content:");
});

void test("what hawser made and nobody wants goes; what others made stays", () => {
  const service = (name: string, labels: Given) => line("service", { ID: name, Spec: { Name: name, Labels: labels, TaskTemplate: {} } });
  const lines = [network(), ...DATA, kept(), service("gone", { "hawser.name": "gone" }), service("theirs", {}), network({ ID: "n2", Name: "old", Labels: { "hawser.name": "old" } }), network({ ID: "n3", Name: "other", Labels: {} })];
  const { summary, apply } = one(plan(lines), "swarm-prune:leftovers");
  assert.equal(summary, "remove service gone, network old");
  assert.match(apply ?? "", /docker service rm gone/);
  assert.equal(one(plan(lines, { prune: false }), "swarm-prune:leftovers").summary, undefined);
});

void test("a network with another MTU is made anew while nothing uses it, and named with its users else", () => {
  const narrow = network({ Options: {} });
  assert.equal(one(plan([narrow]), "swarm-network:back").summary, "mtu of 1500 -> 1360");
  assert.match(one(plan([narrow, kept()]), "swarm-network:back").error ?? "", /network back has mtu of 1500 -> 1360, which Docker cannot change, and web uses it/);
});

void test("a service is updated one task at a time, the new one first, and rolled back when it does not hold", () => {
  assert.deepEqual(spec({}).UpdateConfig, { Parallelism: 1, Delay: 0, FailureAction: "rollback", Monitor: 10e9, MaxFailureRatio: 0, Order: "start-first" });
  assert.equal(spec({ ports: [{ target: 80, published: 80, mode: "host" }] }).UpdateConfig["Order"], "stop-first");
  assert.deepEqual(spec({}).TaskTemplate.Placement["Preferences"], [{ Spread: { SpreadDescriptor: "node.labels.region" } }]);
  assert.deepEqual(spec({ deploy: { mode: "global" } }).Mode, { Global: {} });
});

void test("Compose's words become the engine's", () => {
  const { ContainerSpec } = spec({ command: ["a", "b"], entrypoint: ["/e"], environment: { A: 1 }, extra_hosts: ["db:10.0.0.1"], cap_add: ["NET_ADMIN"], secrets: [{ source: "token", target: "t", mode: "0400" }], healthcheck: { test: ["CMD", "true"], interval: "1m30s" } }).TaskTemplate;
  assert.deepEqual([ContainerSpec["Args"], ContainerSpec["Command"], ContainerSpec["Env"], ContainerSpec["Hosts"], ContainerSpec["CapabilityAdd"]], [["a", "b"], ["/e"], ["A=1"], ["10.0.0.1 db"], ["CAP_NET_ADMIN"]]);
  assert.deepEqual(ContainerSpec["Secrets"], [{ File: { Name: "t", UID: "0", GID: "0", Mode: 0o400 }, SecretID: "@secret:token-s@", SecretName: "token-s" }]);
  assert.deepEqual(ContainerSpec["Healthcheck"], { Test: ["CMD", "true"], Interval: 90e9, Timeout: 30e9, Retries: 3, StartPeriod: 0 });
});

void test("a stack's things have its name before theirs, and its services reach one another by their own", () => {
  const { services, networks, data } = objectsOf(schema.parse({ public_address: "203.0.113.1", stacks: { shop: { networks: { back: {} }, configs: { page: { content: "x" } }, services: { web: { image: "a", networks: ["back"], configs: ["page"] } } } } }), () => "");
  const [web] = services as unknown as [{ name: string; spec: Spec }];
  assert.deepEqual([web.name, networks[0]?.name, data[0]?.name, web.spec.Labels["com.docker.stack.namespace"], web.spec.TaskTemplate.Networks], ["shop_web", "shop_back", "shop_page", "shop", [{ Target: "shop_back", Aliases: ["web"] }]]);
});

void test("differences are told by their paths, and zero values are none", () => {
  assert.deepEqual(differences({ a: 0, b: [], c: { d: "" }, e: null }, {}), []);
  assert.deepEqual(differences({ a: { b: [1, 2] } }, { a: { b: [1, 3] } }), [{ path: "a.b[1]", wanted: 2, seen: 3 }]);
  assert.deepEqual(differences({ Mode: { Global: {} } }, { Mode: { Replicated: { Replicas: 2 } } }, new Set(["Mode"])).length, 1);
  assert.equal(diffLines([{ path: "a", wanted: 1, seen: undefined }]), "+a: 1");
});

void test("durations are nanoseconds, sizes bytes, and JSON is plain ASCII", () => {
  assert.deepEqual(["10s", "1m30s", "500ms", "2h"].map(nanoseconds), [10e9, 90e9, 5e8, 7200e9]);
  for (const wrong of ["10", "s", "1x", ""]) assert.equal(serviceSchema.safeParse({ image: "a", stop_grace_period: wrong }).success, false, wrong);
  assert.equal(serviceSchema.parse({ image: "a", deploy: { resources: { limits: { memory: "256m" } } } }).deploy.resources.limits.memory, 256 * 1024 * 1024);
  assert.equal(ascii("ü"), String.raw`"\u00fc"`);
});

void test("verify counts the tasks that run", () => {
  const { services } = objectsOf(schema.parse({ ...VARS, services: { web: { image: "a", deploy: { replicas: 2 } }, all: { image: "a", deploy: { mode: "global" } } } }), () => "");
  const measure = measuring((v) => assertServices(v, services));
  const out = "web 1/2\nall 2/3\nwebx 9/9\n";
  assert.deepEqual([measure("service web: tasks that run", out), measure("service all: nodes without its task", out)], [1, 1]);
});
