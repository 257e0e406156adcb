import { duration, extension, socket, type Extension, type Listener } from "./api.ts";
import { ADMIN, ownName } from "./clusters.ts";
import { endpointsOf, ownServices, split, type End } from "./mesh.ts";
import { from } from "./tls.ts";
import type { Service, Vars } from "./vars.ts";

const MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
/** What a path begins with in the health protocol of gRPC. */
const HEALTH = "/grpc.health.v1.Health/Check";

/** One for each service, where this host's clients come; one for the peers; one for the metrics. */
export const listenersOf = (own: End, peers: readonly End[]): readonly Listener[] => [
  ...Object.entries(own.vars.services).map(([name, service]) => serviceListener(own, peers, name, service)),
  ...(peers.length > 0 ? [meshListener(own, peers)] : []),
  metricsListener(own.vars),
];

const serviceListener = (own: End, peers: readonly End[], name: string, service: Service): Listener => ({
  name,
  address: socket(own.vars.listen, service.port),
  filter_chains: [
    {
      filters: [
        manager(name, own.vars, [
          {
            name,
            domains: ["*"],
            routes: [
              {
                match: { prefix: "/" },
                // The peer's Envoy knows by it which service is meant.
                route: { cluster: name, timeout: duration(service.timeout_s), host_rewrite_literal: name, retry_policy: retriesOf(own, peers, name, service) },
              },
            ],
          },
        ], []),
      ],
    },
  ],
});

/** A call that failed goes to another endpoint, and then to the next priority. */
function retriesOf(own: End, peers: readonly End[], name: string, service: Service) {
  const counts = new Map<number, number>();
  for (const { priority } of endpointsOf(own, peers, name)) counts.set(priority, (counts.get(priority) ?? 0) + 1);
  const several = Math.max(...counts.values()) > 1;
  return {
    retry_on: ["connect-failure", "refused-stream", ...(service.idempotent ? ["reset", "unavailable"] : ["reset-before-request"])].join(","),
    num_retries: service.num_retries,
    ...(service.per_try_timeout_s !== undefined && { per_try_timeout: duration(service.per_try_timeout_s) }),
    retry_priority: extension("envoy.retry_priorities.previous_priorities", "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig", { update_frequency: several ? 2 : 1 }),
    retry_host_predicate: [extension("envoy.retry_host_predicates.previous_hosts", "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")],
    host_selection_retry_max_attempts: "3",
  };
}

/** Peers get this host's own targets and no others: a call does not wander on. */
const meshListener = (own: End, peers: readonly End[]): Listener => ({
  name: "mesh",
  address: socket("0.0.0.0", own.vars.mesh_port),
  filter_chains: [
    {
      filters: [
        manager(
          "mesh",
          own.vars,
          ownServices(own.vars).map(([name]) => ({
            name,
            domains: [name],
            routes: [{ match: { prefix: "/" }, route: { cluster: ownName(name), timeout: "0s", retry_policy: { retry_on: "connect-failure,refused-stream", num_retries: 1 } } }],
          })),
          // Before a stop, peers are told by it that this end is leaving.
          [extension("envoy.filters.http.health_check", "envoy.extensions.filters.http.health_check.v3.HealthCheck", { pass_through_mode: true, headers: [{ name: ":path", string_match: { exact: HEALTH } }] })],
          "HTTP2",
        ),
      ],
      transport_socket: from(peers.map(({ host }) => host.name)),
    },
  ],
});

function metricsListener(vars: Vars): Listener {
  const { address, port } = split(vars.metrics);
  const routes = [{ match: { path: "/stats/prometheus" }, route: { cluster: ADMIN } }];
  return { name: "metrics", address: socket(address, port), filter_chains: [{ filters: [manager("metrics", { ...vars, access_log: "off" }, [{ name: "metrics", domains: ["*"], routes }], [])] }] };
}

function manager(name: string, vars: Vars, virtual_hosts: readonly object[], filters: readonly Extension[], codec?: "HTTP2"): Extension {
  return extension("envoy.filters.network.http_connection_manager", MANAGER, {
    ...(codec && { codec_type: codec }),
    stat_prefix: name,
    route_config: { name, virtual_hosts },
    // HTTP/2's own defaults would let one client hold far more than its share.
    http2_protocol_options: { max_concurrent_streams: 100, initial_stream_window_size: 65_536, initial_connection_window_size: 1_048_576 },
    http_filters: [...filters, extension("envoy.filters.http.grpc_stats", "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", { stats_for_all_methods: false }), extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")],
    ...(vars.access_log !== "off" && { access_log: [accessLog(vars.access_log)] }),
  });
}

const FORMAT = {
  start: "%START_TIME%",
  from: "%DOWNSTREAM_REMOTE_ADDRESS%",
  peer: "%DOWNSTREAM_PEER_SUBJECT%",
  path: "%REQ(:PATH)%",
  status: "%RESPONSE_CODE%",
  grpc_status: "%GRPC_STATUS%",
  flags: "%RESPONSE_FLAGS%",
  duration_ms: "%DURATION%",
  cluster: "%UPSTREAM_CLUSTER%",
  endpoint: "%UPSTREAM_HOST%",
  attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
  request_id: "%REQ(X-REQUEST-ID)%",
};

/** To the journal, where nobody has to rotate it. */
function accessLog(which: "all" | "errors"): object {
  const called = { not_health_check_filter: {} };
  const failed = {
    or_filter: {
      filters: [{ status_code_filter: { comparison: { op: "GE", value: { default_value: 500, runtime_key: "access_log.least_status" } } } }, { grpc_status_filter: { statuses: ["OK"], exclude: true } }, { response_flag_filter: {} }],
    },
  };
  return { ...extension("envoy.access_loggers.stdout", "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", { log_format: { json_format: FORMAT } }), filter: which === "all" ? called : { and_filter: { filters: [called, failed] } } };
}
