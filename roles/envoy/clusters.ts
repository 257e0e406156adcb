import { any, duration, socket, type Cluster, type LoadAssignment } from "./api.ts";
import { endpointsOf, ownServices, split, type End, type Endpoint } from "./mesh.ts";
import { towards } from "./tls.ts";
import type { Service, Vars } from "./vars.ts";

/** A cluster, and who is in it. */
export interface Served {
  readonly cluster: Cluster;
  readonly endpoints: readonly Endpoint[];
}

/** A service wherever it is, for this host's clients; and this host's own targets of it, for the peers. */
export const servedOf = (own: End, peers: readonly End[]): readonly Served[] => [
  ...Object.entries(own.vars.services).map(([name, service]) => {
    const endpoints = endpointsOf(own, peers, name);
    return { endpoints, cluster: serviceCluster(own.vars, name, service, endpoints) };
  }),
  ...ownServices(own.vars).map(([name, service]) => ({
    endpoints: service.targets.map((target) => ({ ...split(target), way: "local" as const, priority: 0 })),
    cluster: common(own.vars, ownName(name), name, service),
  })),
];

/** Names the cluster of a host's own targets. */
export const ownName = (service: string): string => `own-${service}`;
export const ADMIN = "administration";

function serviceCluster(vars: Vars, name: string, service: Service, endpoints: readonly Endpoint[]): Cluster {
  const peers = [...new Set(endpoints.flatMap(({ peer }) => (peer === undefined ? [] : [peer])))];
  return {
    ...common(vars, name, name, service),
    outlier_detection: {
      consecutive_5xx: vars.outlier_detection.consecutive_5xx,
      interval: duration(vars.outlier_detection.interval_s),
      base_ejection_time: duration(vars.outlier_detection.base_ejection_time_s),
      max_ejection_percent: vars.outlier_detection.max_ejection_percent,
    },
    // Endpoints without a peer are the services themselves, in the clear.
    ...(peers.length > 0 && { transport_socket_matches: peers.map((peer) => ({ name: peer, match: { peer }, transport_socket: towards(peer) })) }),
  };
}

function common(vars: Vars, cluster: string, name: string, { health_check }: Service): Cluster {
  return {
    name: cluster,
    connect_timeout: duration(vars.connect_timeout_s),
    lb_policy: "LEAST_REQUEST",
    health_checks: [
      {
        timeout: duration(health_check.timeout_s),
        interval: duration(health_check.interval_s),
        // Envoy's own is a minute: a standby would be found dead when it is needed.
        no_traffic_interval: duration(health_check.interval_s),
        unhealthy_threshold: health_check.unhealthy_threshold,
        healthy_threshold: health_check.healthy_threshold,
        grpc_health_check: { ...(health_check.service_name !== "" && { service_name: health_check.service_name }), authority: name },
      },
    ],
    circuit_breakers: {
      thresholds: [
        {
          max_connections: vars.circuit_breakers.max_connections,
          max_pending_requests: vars.circuit_breakers.max_pending_requests,
          max_requests: vars.circuit_breakers.max_requests,
          retry_budget: { budget_percent: { value: vars.retry_budget.budget_percent }, min_retry_concurrency: vars.retry_budget.min_retry_concurrency },
        },
      ],
    },
    // Peers are told the truth. For clients, when nothing anywhere is healthy all is tried: the checks may be what is wrong.
    common_lb_config: { healthy_panic_threshold: { value: cluster === name ? 1 : 0 } },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": any("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", {
        // What waits on a dead path is freed, and may be asked again on another: failed health checks alone do not do that.
        explicit_http_config: { http2_protocol_options: { connection_keepalive: { interval: duration(health_check.interval_s), timeout: duration(health_check.timeout_s * health_check.unhealthy_threshold) } } },
      }),
    },
    ignore_health_on_host_removal: true,
  };
}

export function assignmentOf(cluster: string, endpoints: readonly Endpoint[]): LoadAssignment {
  return {
    cluster_name: cluster,
    endpoints: [...new Set(endpoints.map(({ priority }) => priority))].map((priority) => ({
      ...(priority > 0 && { priority }),
      lb_endpoints: endpoints
        .filter((endpoint) => endpoint.priority === priority)
        .map(({ address, port, peer }) => ({ endpoint: { address: socket(address, port) }, ...(peer !== undefined && { metadata: { filter_metadata: { "envoy.transport_socket_match": { peer } } } }) })),
    })),
  };
}

/** For the metrics alone. */
export const adminCluster = (vars: Vars): Cluster => ({ name: ADMIN, connect_timeout: "1s", load_assignment: assignmentOf(ADMIN, [{ address: "127.0.0.1", port: vars.admin_port, way: "local", priority: 0 }]) });
