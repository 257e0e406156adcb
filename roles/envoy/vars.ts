import { artifact, z, type HostView } from "hawser";
import { METRICS } from "./paths.ts";

const port = z.number().int().min(1).max(65535);
const seconds = (least: number, most: number) => z.number().min(least).max(most);
const count = z.number().int().min(1).max(1_000_000);
const NAME = /^[a-z][a-z0-9-]{0,30}$/;

const endpoint = (example: string) =>
  z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$/, `ADDRESS:PORT, such as ${example}`)
    .refine((text) => z.ipv4().safeParse(text.split(":")[0]).success && port.safeParse(Number(text.split(":")[1])).success, "an IPv4 address and a port of 1 to 65535");

const healthCheck = z
  .strictObject({
    interval_s: seconds(0.1, 300).default(1).describe("Seconds between two checks of one endpoint, whether it has traffic or not."),
    timeout_s: seconds(0.1, 60).default(1).describe("Seconds for an answer."),
    unhealthy_threshold: z.number().int().min(1).max(20).default(2).describe("Failures in a row that take an endpoint out."),
    healthy_threshold: z.number().int().min(1).max(20).default(2).describe("Answers in a row that put it back; the first one after a start is enough."),
    service_name: z.string().max(100).default("").describe("What grpc.health.v1.Health is asked for. Default: the server as a whole."),
  })
  .prefault({});

const service = z.strictObject({
  port: port.describe("Port on which this host's clients find the service, at `listen`."),
  targets: z.array(endpoint("127.0.0.1:50051")).default([]).describe("Where this host serves it, in plain HTTP/2: on the host, or on the region's network behind it. Default: nowhere, it is a client only."),
  idempotent: z.boolean().default(false).describe("A call may be made twice: what died under way (`reset`) or was answered UNAVAILABLE is asked again elsewhere. Without it only calls that were not sent are (`connect-failure`, `refused-stream`, `reset-before-request`)."),
  timeout_s: seconds(0, 86_400).default(15).describe("Seconds for a whole call with its retries; 0 for none, as long streams need."),
  per_try_timeout_s: seconds(0.01, 86_400).optional().describe("Seconds for one try. Default: none but that of the call."),
  num_retries: z.number().int().min(0).max(10).default(3).describe("Tries after the first."),
  health_check: healthCheck.describe("How endpoints are asked by the gRPC health protocol."),
});

export const schema = z
  .strictObject({
    region: z.string().min(1).describe("Whose endpoints are local. Default in playbooks/envoy.ts: the host's region."),
    private_address: z.ipv4().optional().describe("Where the region's hosts reach this one, and the other regions' through the tunnel. Default in playbooks/envoy.ts: the host var of the same name."),
    public_address: z.ipv4().optional().describe("Where the other regions reach it without the tunnel. Default in playbooks/envoy.ts: the host var of the same name."),
    services: z.record(z.string().regex(NAME, "lower-case letters, digits and dashes, a letter first"), service).default({}).describe("The gRPC services of the mesh, by name. Say them once for all; a host without `targets` of one is its client."),
    listen: z.ipv4().default("127.0.0.1").describe("Address on which clients find the services: loopback, or a private address of the host for others in the region."),
    clients: z.array(z.union([z.ipv4(), z.cidrv4()])).default([]).describe("Who may use the services where `listen` is not loopback."),
    mesh_port: port.default(15443).describe("Port on which the other hosts' Envoys come in, by mutual TLS."),
    admin_port: port.default(9901).describe("Port of Envoy's administration, on 127.0.0.1 alone."),
    metrics: endpoint("10.10.0.11:9902").default(METRICS).describe("Where Prometheus finds the metrics, and nothing else of the administration: /stats/prometheus."),
    outlier_detection: z
      .strictObject({
        consecutive_5xx: z.number().int().min(1).max(1000).default(5).describe("Failures in a row that eject an endpoint."),
        interval_s: seconds(1, 3600).default(10).describe("Seconds between looks at who may return."),
        base_ejection_time_s: seconds(1, 3600).default(30).describe("Seconds for which an endpoint is ejected, times how often it was."),
        max_ejection_percent: z.number().int().min(0).max(100).default(50).describe("The share of a service's endpoints that may be ejected."),
      })
      .prefault({})
      .describe("Takes out endpoints that answer with errors while their health check is well."),
    circuit_breakers: z
      .strictObject({
        max_connections: count.default(1024).describe("Connections to a service's endpoints."),
        max_pending_requests: count.default(5000).describe("Calls that wait for a connection."),
        max_requests: count.default(5000).describe("Calls under way."),
      })
      .prefault({})
      .describe("Per service and priority; what is beyond is refused at once."),
    retry_budget: z
      .strictObject({
        budget_percent: z.number().min(0).max(100).default(25).describe("Retries under way as a share of the calls under way."),
        min_retry_concurrency: z.number().int().min(0).max(10_000).default(50).describe("Retries that are always allowed. When an endpoint dies, all that was under way to it is asked again at once."),
      })
      .prefault({})
      .describe("Keeps retries from making an overload worse."),
    connect_timeout_s: seconds(0.1, 60).default(2).describe("Seconds for a connection, its TLS included: three round trips."),
    max_connections: count.default(20_000).describe("Connections that clients and peers may have at once."),
    concurrency: z.number().int().min(1).max(256).optional().describe("Worker threads. Default: the host's processors."),
    access_log: z.enum(["all", "errors", "off"]).default("all").describe("Which calls are written to the journal, as JSON: health checks never."),
    log_level: z.enum(["trace", "debug", "info", "warning", "error", "critical", "off"]).default("warning").describe("Of Envoy itself."),
    drain_time_s: z.number().int().min(1).max(3600).default(20).describe("Seconds in which an Envoy that is to go asks its clients to leave: after a hot restart, and before a stop."),
    parent_shutdown_time_s: z.number().int().min(2).max(7200).default(30).describe("Seconds after which the old Envoy of a hot restart ends: calls that last longer are cut off. More than `drain_time_s`."),
    base_id: z.number().int().min(0).max(1_000_000).default(0).describe("Tells this Envoy from others on the host (`--base-id`)."),
    xds: z.enum(["static", "filesystem"]).default("static").describe("`static`: one file, and a hot restart for every change. `filesystem`: listeners, clusters and endpoints in files that Envoy watches, so that endpoints change without one."),
    extra: z
      .strictObject({
        listeners: z.array(z.looseObject({ name: z.string().min(1).describe("Its name, which is none of the role's own.") })).default([]).describe("As they are."),
        clusters: z.array(z.looseObject({ name: z.string().min(1).describe("Its name, which is none of the role's own.") })).default([]).describe("As they are."),
      })
      .prefault({})
      .describe("Listeners and clusters of your own, in Envoy's words (API v3)."),
    answer_ms: z.number().positive().default(1000).describe("`verify`: the longest time for a call to another host, in milliseconds, its connection included: four round trips."),
    artifact: artifact.optional().describe("Envoy with its sha256: the program itself as its releases have it (envoy-1.36.2-linux-x86_64), or a tar.gz with it at its top."),
    apt: z
      .strictObject({
        uri: z.url().default("https://apt.envoyproxy.io").describe("The repository."),
        suite: z.string().regex(/^[a-z]+$/).optional().describe("Default: the system's code name."),
        key_url: z.url().default("https://apt.envoyproxy.io/signing.key").describe("The key that signs it."),
        key_sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits in lower case").describe("Of the key's file: `curl -s URL | sha256sum`, compared with what you know of it."),
        version: z.string().min(1).optional().describe("Of the package `envoy`, whole or as `1.36.*`. Default: what is newest when it is installed."),
      })
      .optional()
      .describe("In place of `artifact`, on Debian and Ubuntu: the official repository."),
  })
  .describe("Either `artifact` or `apt` says where Envoy comes from.");

export type Vars = z.output<typeof schema>;
export type Service = z.output<typeof service>;

/** What a host's inventory says of its place, for `use(envoy, (host) => ({ ...meshOf(host), ...host.vars(envoy) }))`. */
export function meshOf(host: HostView): { region: string; private_address?: string; public_address?: string } {
  const { public_address, private_address } = host.inventory;
  return { region: host.region, ...(typeof private_address === "string" && { private_address }), ...(typeof public_address === "string" && { public_address }) };
}
