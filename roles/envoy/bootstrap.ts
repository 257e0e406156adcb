import { any, extension, socket, type Any, type Bootstrap, type ConfigSource, type Resources } from "./api.ts";
import { adminCluster, assignmentOf, servedOf } from "./clusters.ts";
import { listenersOf } from "./listeners.ts";
import type { End } from "./mesh.ts";
import { XDS } from "./paths.ts";

/** Everything of this host's Envoy, in one piece. */
export const resourcesOf = (own: End, peers: readonly End[]): Resources => ({
  listeners: [...listenersOf(own, peers), ...own.vars.extra.listeners],
  clusters: [...servedOf(own, peers).map(({ cluster, endpoints }) => ({ ...cluster, load_assignment: assignmentOf(cluster.name, endpoints) })), adminCluster(own.vars), ...own.vars.extra.clusters],
});

export const bootstrapOf = (own: End, peers: readonly End[]): Bootstrap => ({ ...frame(own), static_resources: resourcesOf(own, peers) });

/** The same in files that Envoy watches: what `own.vars.xds` as `filesystem` runs with. */
export interface Watched {
  readonly bootstrap: Bootstrap;
  readonly resources: Resources;
  /** Texts of files in XDS by their names, in the order in which they are written: what others refer to comes first. */
  readonly files: readonly (readonly [string, { readonly resources: readonly Any[] }])[];
}

export function watchedOf(own: End, peers: readonly End[]): Watched {
  const { listeners } = resourcesOf(own, peers);
  const served = servedOf(own, peers);
  const clusters = [...served.map(({ cluster }) => ({ ...cluster, type: "EDS" as const, eds_cluster_config: { eds_config: watching(endpointsFile(cluster.name)) } })), adminCluster(own.vars), ...own.vars.extra.clusters];
  const endpoints = served.map(({ cluster: { name }, endpoints: all }) => [endpointsFile(name), { resources: [any("envoy.config.endpoint.v3.ClusterLoadAssignment", { ...assignmentOf(name, all) })] }] as const);
  return {
    bootstrap: { ...frame(own), dynamic_resources: { cds_config: watching("clusters.yaml"), lds_config: watching("listeners.yaml") } },
    resources: { listeners, clusters },
    files: [
      ...endpoints,
      ["clusters.yaml", { resources: clusters.map((cluster) => any("envoy.config.cluster.v3.Cluster", { ...cluster })) }],
      ["listeners.yaml", { resources: listeners.map((listener) => any("envoy.config.listener.v3.Listener", { ...listener })) }],
    ],
  };
}

const endpointsFile = (cluster: string): string => `endpoints-${cluster}.yaml`;
const watching = (file: string): ConfigSource => ({ path_config_source: { path: `${XDS}/${file}` }, resource_api_version: "V3" });

const frame = ({ host, vars }: End): Pick<Bootstrap, "node" | "admin" | "overload_manager"> => ({
  node: { id: host.name, cluster: "hawser", locality: { region: vars.region } },
  admin: { address: socket("127.0.0.1", vars.admin_port) },
  overload_manager: { resource_monitors: [extension("envoy.resource_monitors.global_downstream_max_connections", "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig", { max_active_downstream_connections: String(vars.max_connections) })] },
});
