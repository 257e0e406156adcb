import { UsageError, type HostView } from "hawser";
import { CLEAR_GRE, largestInside } from "./esp.ts";
import { linksOf, overlap, refuseGateways, type Link } from "./gateway.ts";
import { DEFAULT_MTU, TCP_HEADERS, type Vars } from "./vars.ts";

/**
 * FRR reads the first byte of a kernel route's metric as its distance. This one is larger than that of all routes of FRR,
 * which would otherwise never get into the kernel beside ours.
 */
const LAST_RESORT = 251 * 2 ** 24;

/** A tunnel with all that the host needs to know of it. */
export interface Tunnel extends Link {
  readonly mtu: number;
  readonly mss: number;
  /** What the outer packets are sent from and to. */
  readonly own: string;
  readonly far: string;
  /** The networks that it leads to. */
  readonly routes: readonly { readonly network: string; readonly metric: number }[];
  /** Networks that are reached through it with this source address; without one, the kernel takes the inner address. */
  readonly source: string | undefined;
}

export interface End {
  readonly host: HostView;
  readonly vars: Vars;
}

/** The tunnels of a host. What depends on both ends comes out alike on both. */
export function tunnelsOf(own: End, peers: readonly End[]): Tunnel[] {
  const links = linksOf({ ...own.vars.gateway, host: own.host.name }, peers.map(({ host, vars }) => ({ ...vars.gateway, host: host.name })));
  const { address, private_cidrs } = own.vars.gateway;
  const source = private_cidrs.some((cidr) => overlap(cidr, `${address}/32`)) ? address : undefined;
  const hub = own.vars.gateway.hub;
  const ways = new Map<string, number>();
  return links.map((link) => {
    const peer = peers.find(({ host }) => host.name === link.peer.host)?.vars ?? own.vars;
    const mtu = Math.min(own.vars.mtu ?? DEFAULT_MTU, peer.mtu ?? DEFAULT_MTU, fits(own.vars, peer));
    const mss = Math.min(own.vars.mss ?? mtu - TCP_HEADERS, peer.mss ?? mtu - TCP_HEADERS, mtu - TCP_HEADERS);
    // Regions that have no tunnel of their own are behind the hub.
    const behind = hub !== undefined && link.peer.region === hub ? peers.filter(({ vars }) => vars.gateway.region !== hub && vars.gateway.region !== own.vars.gateway.region).flatMap(({ vars }) => vars.gateway.private_cidrs) : [];
    const routes = [...link.peer.private_cidrs, ...behind].map((network) => {
      // Where several gateways lead to a network, the first one does while its tunnel is there.
      const way = ways.get(network) ?? 0;
      ways.set(network, way + 1);
      return { network, metric: LAST_RESORT + own.vars.metric + way };
    });
    return { ...link, mtu, mss, own: address, far: link.peer.public_address, routes, source };
  });
}

/** The largest packet that fits into a tunnel between both. */
export function fits(own: Vars, peer: Vars): number {
  return largestInside(Math.min(own.underlay_mtu, peer.underlay_mtu), [...own.esp_proposals, ...peer.esp_proposals]);
}

/** @throws UsageError at the inventory's line for tunnels that cannot be */
export function refuse(own: End, peers: readonly End[]): void {
  const { host, vars } = own;
  refuseGateways(host, vars.gateway, peers.map((peer) => ({ host: peer.host, gateway: peer.vars.gateway })));
  const at = (name: keyof Vars) => host.at("gre", name);
  for (const tunnel of tunnelsOf(own, peers)) {
    const peer = peers.find((each) => each.host.name === tunnel.peer.host)?.vars ?? vars;
    const underlay = Math.min(vars.underlay_mtu, peer.underlay_mtu);
    if (fits(vars, peer) < 576) throw new UsageError(`a network with an MTU of ${underlay} leaves ${fits(vars, peer)} octets for ${tunnel.name}: IPv4 needs 576`, { source: at("underlay_mtu"), hint: "gre.underlay_mtu is the MTU between the regions, such as 1460 on GCP" });
    if (vars.mtu !== undefined && vars.mtu > underlay - CLEAR_GRE) throw new UsageError(`gre.mtu ${vars.mtu} cannot fit: GRE alone leaves ${underlay - CLEAR_GRE} of the ${underlay} octets between ${host.name} and ${tunnel.peer.host}`, { source: at("mtu"), hint: `with IPsec ${fits(vars, peer)} fit; without gre.mtu it is ${DEFAULT_MTU}` });
    if (vars.mss !== undefined && vars.mss > tunnel.mtu - TCP_HEADERS) throw new UsageError(`gre.mss ${vars.mss} cannot fit: ${tunnel.name} has an MTU of ${tunnel.mtu}, of which TCP leaves ${tunnel.mtu - TCP_HEADERS}`, { source: at("mss"), hint: "leave gre.mss out: it follows from the MTU" });
    if (vars.metric !== peer.metric) throw new UsageError(`gre.metric is ${vars.metric} on ${host.name} and ${peer.metric} on ${tunnel.peer.host}`, { source: at("metric"), hint: "set it once, for a group that holds both" });
  }
}
