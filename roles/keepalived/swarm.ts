import type { HostView } from "hawser";

/** What Swarm takes networks from when nobody says otherwise: it swallows 10.0.0.100. */
export const SWARM_DEFAULT = "10.0.0.0/8";

/** What role swarm takes them from instead. */
export const DEFAULT_POOL = "172.28.0.0/14";

/** The pools of Swarm on a host as its inventory has them, or undefined where it has no Swarm. */
export function swarmPoolsOf(host: HostView): readonly string[] | undefined {
  const swarm = host.inventory["swarm"];
  if (swarm === undefined && !host.groups.includes("swarm")) return undefined;
  const pool = typeof swarm === "object" && swarm !== null ? (swarm as Record<string, unknown>)["default_addr_pool"] : undefined;
  return pool === undefined ? [DEFAULT_POOL] : [pool].flat().map(String);
}
