import type { HostView } from "hawser";
import type { Service, Vars } from "./vars.ts";

export interface End {
  readonly host: HostView;
  readonly vars: Vars;
}

/** How an endpoint is reached. */
export type Way = "local" | "tunnel" | "public";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly way: Way;
  /** 0 is asked first; without gaps, as Envoy wants them. */
  readonly priority: number;
  /** The host whose Envoy it is. None: the service itself, in plain HTTP/2. */
  readonly peer?: string;
}

const RANK: Readonly<Record<Way, number>> = { local: 0, tunnel: 1, public: 2 };

/** What an Envoy of the mesh is known by in TLS: not by the host's name alone, which other certificates of the host have too. */
export const meshName = (host: string): string => `${host}.mesh`;

/** Everything that serves `name`, from this host's own targets to the other regions' public addresses. */
export function endpointsOf(own: End, peers: readonly End[], name: string): readonly Endpoint[] {
  const all = [
    ...(own.vars.services[name]?.targets ?? []).map((target) => ({ ...split(target), way: "local" as const })),
    ...peers.filter(({ vars }) => (vars.services[name]?.targets.length ?? 0) > 0).flatMap((peer) => waysTo(own, peer).map(({ way, address }) => ({ address, port: peer.vars.mesh_port, way, peer: peer.host.name }))),
  ];
  const ranks = [...new Set(all.map(({ way }) => RANK[way]))].toSorted((one, other) => one - other);
  return all.map((endpoint) => ({ ...endpoint, priority: ranks.indexOf(RANK[endpoint.way]) })).toSorted((one, other) => one.priority - other.priority);
}

/** The ways to a peer: the region's network where that is shared, else through the tunnel and over its public address. */
export function waysTo(own: End, { vars }: End): readonly { readonly way: Way; readonly address: string }[] {
  const { private_address: inside, public_address: outside } = vars;
  if (vars.region === own.vars.region) return [{ way: "local", address: (inside ?? outside) as string }];
  return [
    ...(inside !== undefined && inside !== outside ? [{ way: "tunnel" as const, address: inside }] : []),
    ...(outside === undefined ? [] : [{ way: "public" as const, address: outside }]),
  ];
}

/** What peers may be seen to come from. */
export const addressesOf = ({ vars }: End): readonly string[] => [vars.private_address, vars.public_address].filter((address) => address !== undefined);

/** This host's own targets of its services; who serves none of one is not in it. */
export const ownServices = ({ services }: Vars): readonly (readonly [string, Service])[] => Object.entries(services).filter(([, { targets }]) => targets.length > 0);

export function split(endpoint: string): { readonly address: string; readonly port: number } {
  const [address = "", port] = endpoint.split(":");
  return { address, port: Number(port) };
}

/** What an operator must know of who serves what. */
export function weaknesses(own: End, peers: readonly End[]): readonly string[] {
  return Object.keys(own.vars.services).flatMap((name) => {
    const regions = new Set([own, ...peers].filter(({ vars }) => (vars.services[name]?.targets.length ?? 0) > 0).map(({ vars }) => vars.region));
    return regions.size === 1 ? [`${name} is served in region ${[...regions].join()} alone: when that is lost, nobody takes its place`] : [];
  });
}
