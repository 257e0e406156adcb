import { UsageError } from "hawser";
import type { Site } from "../../sites.ts";
import { SECRETS } from "./secrets.ts";

/** Garage takes no shorter key id. */
const SHORTEST_ACCESS_KEY = 8;

/** What fails as a whole with this host. */
export const zoneOf = ({ host, vars }: Site): string => vars.garage.zone ?? host.region;

const zonesOf = (sites: readonly Site[]): readonly string[] => [...new Set(sites.map(zoneOf))];

/** Copies of every object. */
export const factorOf = ({ vars }: Pick<Site, "vars">, sites: readonly Site[]): number => vars.garage.replication_factor ?? Math.min(3, zonesOf(sites).length);

/** How many copies must answer, as Garage counts them (ReplicationFactor in its garage_rpc). */
function quorumOf(factor: number, mode: Site["vars"]["garage"]["consistency_mode"]): { readonly read: number; readonly write: number } {
  const half = Math.ceil(factor / 2);
  return { read: mode === "consistent" ? half : 1, write: mode === "dangerous" ? 1 : factor + 1 - half };
}

/** What an operator must know of how many zones there are. */
export function weaknesses(sites: readonly Site[]): readonly string[] {
  const [first] = sites;
  if (first === undefined) return [];
  const factor = factorOf(first, sites);
  const zones = Math.min(zonesOf(sites).length, factor);
  const { consistency_mode: mode } = first.vars.garage;
  const quorum = quorumOf(factor, mode);
  // Each zone has one copy, and one of them all those that are left over: that one may be lost.
  const left = zones - 1;
  const stops = [...(left < quorum.write ? ["written"] : []), ...(left < quorum.read ? ["read"] : [])];
  return [
    ...(stops.length === 0 ? [] : [`minio keeps ${factor === 1 ? "one copy" : `${factor} copies`} in ${zones === 1 ? "one zone" : `${zones} zones`}: when a zone is lost, nothing can be ${stops.join(" or ")} any more, anywhere. Three zones outlive the loss of one`]),
    ...(mode === "consistent" ? [] : [`minio.garage.consistency_mode is ${mode}: ${mode === "degraded" ? "a read may miss what was acknowledged before" : "an acknowledged write may be in one zone alone, and a read may miss it"}`]),
  ];
}

/** @throws UsageError at the inventory's line for what Garage cannot be */
export function refuse(own: Site, peers: readonly Site[]): void {
  const { host, vars } = own;
  const sites = [own, ...peers];
  const at = (...path: readonly string[]) => host.at("minio", ...path);
  if (zoneOf(own) === "") throw new UsageError(`${host.name} has no region, which is its zone in Garage`, { source: host.at("region"), hint: "region: or minio.garage.zone: the place that fails as a whole" });
  const factor = factorOf(own, sites);
  if (factor > sites.length) throw new UsageError(`minio.garage.replication_factor is ${factor}, and there are ${sites.length} hosts`, { source: at("garage", "replication_factor"), hint: "each copy is on a host of its own" });
  for (const name of ["replication_factor", "consistency_mode", "rpc_port"] as const) {
    const other = peers.find((peer) => peer.vars.garage[name] !== vars.garage[name]);
    if (other) throw new UsageError(`minio.garage.${name} differs between ${host.name} and ${other.host.name}`, { source: at("garage", name), hint: "set it once, for a group that holds all" });
  }
  for (const { name, access_key } of vars.users) {
    if (SECRETS.includes(name)) throw new UsageError(`minio.users: ${name} is the cluster's own`, { source: at("users"), hint: "call it something else" });
    if (access_key !== undefined && access_key.length < SHORTEST_ACCESS_KEY) throw new UsageError(`minio.users: ${name} has an access key of ${access_key.length} characters, and Garage takes none of less than ${SHORTEST_ACCESS_KEY}`, { source: at("users"), hint: "leave out both keys, and they are made" });
  }
}
