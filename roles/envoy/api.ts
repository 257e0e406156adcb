/**
 * The part of Envoy's API v3 that the role writes, with its names: https://www.envoyproxy.io/docs/envoy/latest/api-v3.
 * Durations are as protobuf's JSON has them, 64-bit numbers are text.
 */
export type Duration = `${number}s`;

/** A message of another package, by its type. */
export interface Any {
  readonly "@type": `type.googleapis.com/${string}`;
  readonly [field: string]: unknown;
}

export interface Extension {
  readonly name: string;
  readonly typed_config: Any;
}

export interface Address {
  readonly socket_address: { readonly address: string; readonly port_value: number };
}

export interface HealthCheck {
  readonly timeout: Duration;
  readonly interval: Duration;
  readonly no_traffic_interval: Duration;
  readonly unhealthy_threshold: number;
  readonly healthy_threshold: number;
  readonly grpc_health_check: { readonly service_name?: string; readonly authority: string };
}

export interface LbEndpoint {
  readonly endpoint: { readonly address: Address };
  readonly metadata?: { readonly filter_metadata: { readonly "envoy.transport_socket_match": { readonly peer: string } } };
}

export interface LoadAssignment {
  readonly cluster_name: string;
  readonly endpoints: readonly { readonly priority?: number; readonly locality?: { readonly region: string }; readonly lb_endpoints: readonly LbEndpoint[] }[];
}

export interface ConfigSource {
  readonly path_config_source: { readonly path: string };
  readonly resource_api_version: "V3";
}

export interface Cluster {
  readonly name: string;
  readonly type?: "EDS";
  readonly eds_cluster_config?: { readonly eds_config: ConfigSource };
  readonly connect_timeout?: Duration;
  readonly lb_policy?: "LEAST_REQUEST";
  readonly load_assignment?: LoadAssignment;
  readonly health_checks?: readonly HealthCheck[];
  readonly circuit_breakers?: { readonly thresholds: readonly object[] };
  readonly outlier_detection?: object;
  readonly common_lb_config?: { readonly healthy_panic_threshold: { readonly value: number } };
  readonly typed_extension_protocol_options?: Readonly<Record<string, Any>>;
  readonly transport_socket_matches?: readonly { readonly name: string; readonly match: { readonly peer: string }; readonly transport_socket: Extension }[];
  readonly ignore_health_on_host_removal?: boolean;
}

export interface Listener {
  readonly name: string;
  readonly address: Address;
  readonly filter_chains: readonly { readonly filters: readonly Extension[]; readonly transport_socket?: Extension }[];
}

/** Clusters and listeners as operators add them. */
export type Own = { readonly name: string };

export interface Resources {
  readonly listeners: readonly (Listener | Own)[];
  readonly clusters: readonly (Cluster | Own)[];
}

export interface Bootstrap {
  readonly node: { readonly id: string; readonly cluster: string; readonly locality: { readonly region: string } };
  readonly admin: { readonly address: Address };
  readonly static_resources?: Resources;
  readonly dynamic_resources?: { readonly cds_config: ConfigSource; readonly lds_config: ConfigSource };
  readonly overload_manager: { readonly resource_monitors: readonly Extension[] };
}

const TYPE = "type.googleapis.com/";

export const any = (type: string, fields: Readonly<Record<string, unknown>> = {}): Any => ({ "@type": `${TYPE}${type}`, ...fields });

export const extension = (name: string, type: string, fields?: Readonly<Record<string, unknown>>): Extension => ({ name, typed_config: any(type, fields) });

/** As protobuf prints it: whole seconds, else with milliseconds. */
export const duration = (seconds: number): Duration => (Number.isInteger(seconds) ? `${seconds}s` : (`${seconds.toFixed(3)}s` as Duration));

export const socket = (address: string, port: number): Address => ({ socket_address: { address, port_value: port } });
