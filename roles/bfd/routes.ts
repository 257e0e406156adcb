import { FIRST_AS, linksOf, overlap, type Link } from "hawser/roles/gre/gateway";
import type { Vars } from "./vars.ts";

export interface End {
  readonly host: string;
  readonly vars: Vars;
}

/** A neighbour of BGP, and what is taken from it and told to it. */
export interface Neighbour extends Link {
  readonly as: number;
  readonly takes: readonly string[];
  readonly tells: readonly string[];
}

export const asOf = (id: number): number => FIRST_AS + id;
/** What the gateway's own packets to other regions come from, as with the static routes of role gre: their firewalls know no inner address. */
export const sourceOf = ({ gateway: { address, private_cidrs } }: Vars): string | undefined => (private_cidrs.some((cidr) => overlap(cidr, `${address}/32`)) ? address : undefined);
export const routerId = ({ router_id, gateway }: Vars): string => router_id ?? gateway.address;

/**
 * Each gateway tells its own networks and addresses; the hub's also what the others behind it have. Nothing else is told or
 * taken, so that no mistake elsewhere reaches a region's routes.
 */
export function neighboursOf(own: End, peers: readonly End[]): Neighbour[] {
  const named = ({ host, vars }: End) => ({ ...vars.gateway, host });
  const has = ({ vars }: End): readonly string[] => [...vars.gateway.private_cidrs, ...vars.announce];
  const { hub, region } = own.vars.gateway;
  const others = (peer: End): readonly string[] => peers.filter((each) => each.host !== peer.host && each.vars.gateway.region !== region).flatMap(has);
  return linksOf(named(own), peers.map(named)).map((link) => {
    const peer = peers.find(({ host }) => host === link.peer.host) as End;
    const takes = [...has(peer), ...(link.peer.region === hub ? others(peer) : [])];
    const tells = [...has(own), ...(region === hub ? peers.filter(({ host }) => host !== peer.host).flatMap(has) : [])];
    return { ...link, as: asOf(link.peer.id), takes: unique(takes), tells: unique(tells) };
  });
}

const unique = (words: readonly string[]): string[] => [...new Set(words)];

/** Networks of other regions. */
export const farNetworks = (neighbours: readonly Neighbour[]): readonly string[] => unique(neighbours.flatMap(({ peer, takes }) => [...peer.private_cidrs, ...takes.filter((network) => !network.endsWith("/32"))]));
