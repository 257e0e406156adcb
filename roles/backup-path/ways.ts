import { overlap } from "hawser/roles/gre/gateway";
import { UsageError, type HostView, type Listener } from "hawser";
import type { Service, Vars } from "./vars.ts";

export interface End {
  readonly host: HostView;
  readonly vars: Vars;
}

/** A service of another region, and the ways to it. */
export interface Way {
  /** Its name in HAProxy: REGION-SERVICE. */
  readonly name: string;
  readonly service: string;
  readonly port: number;
  readonly mode: Service["mode"];
  readonly check: string | undefined;
  /** Through the tunnel. */
  readonly targets: readonly string[];
  /** The public ones: that region's gateways. */
  readonly gateways: readonly { readonly host: string; readonly address: string; readonly port: number }[];
}

/** Another region, with the networks that the tunnel leads to. */
export interface Region {
  readonly name: string;
  readonly networks: readonly string[];
  readonly ways: readonly Way[];
}

/** The other regions as this gateway sees them, in the inventory's order. */
export function regionsOf(own: End, peers: readonly End[]): readonly Region[] {
  const far = peers.filter(({ vars }) => vars.gateway.region !== own.vars.gateway.region);
  return [...new Set(far.map(({ vars }) => vars.gateway.region))].map((name) => {
    const gateways = far.filter(({ vars }) => vars.gateway.region === name);
    const services = new Map(gateways.flatMap(({ vars }) => Object.entries(vars.services)));
    return {
      name,
      networks: [...new Set(gateways.flatMap(({ vars }) => vars.gateway.private_cidrs))],
      ways: [...services].map(([service, { port, mode, check, targets }]) => ({
        name: `${name}-${service}`,
        service,
        port,
        mode,
        check,
        targets,
        gateways: gateways.filter(({ vars }) => service in vars.services).map(({ host, vars }) => ({ host: host.name, address: vars.gateway.public_address, port: vars.port })),
      })),
    };
  });
}

/** What HAProxy listens on; what `extra` has in it is not known. */
export function listenersOf(own: End, peers: readonly End[]): readonly Listener[] {
  const { vars } = own;
  const [address = "", port] = vars.metrics.split(":");
  return [
    { port: vars.port, protocol: "tcp", what: "the public proxy", var: ["port"] },
    { port: Number(port), protocol: "tcp", address, what: "metrics", var: ["metrics"] },
    ...regionsOf(own, peers).flatMap(({ ways }) => ways.map((way) => ({ port: way.port, protocol: "tcp" as const, address: vars.listen, what: `the way to ${way.name}`, var: ["listen"] }))),
  ];
}

/** @throws UsageError at the inventory's line for services that cannot be reached or told apart */
export function refuse({ host, vars }: End, peers: readonly End[]): void {
  const at = (...path: readonly (string | number)[]) => host.at("backup-path", ...path) ?? host.at("backup-path");
  const reserved = [vars.port, Number(vars.metrics.split(":")[1])];
  for (const [name, service] of Object.entries(vars.services)) {
    if (service.mode === "tcp" && service.check !== undefined) throw new UsageError(`backup-path.services.${name} is tcp and has a check by HTTP`, { source: at("services", name, "check"), hint: "mode: http, or no check" });
    for (const [i, target] of service.targets.entries()) {
      const address = `${target.split(":")[0]}/32`;
      if (!vars.gateway.private_cidrs.some((cidr) => overlap(cidr, address))) throw new UsageError(`backup-path.services.${name}: ${target} is in none of the networks behind ${host.name} (${vars.gateway.private_cidrs.join(", ")}), so that no tunnel leads to it`, { source: at("services", name, "targets", i), hint: "an address in the region's private_cidr; a service on the gateway itself listens there too" });
    }
    if (reserved.includes(service.port)) throw new UsageError(`backup-path.services.${name}: port ${service.port} is taken by the proxy itself`, { source: at("services", name, "port") });
    for (const [other, { port }] of Object.entries(vars.services)) if (other < name && port === service.port) throw new UsageError(`backup-path.services.${name} and ${other} both have the port ${port}`, { source: at("services", name, "port") });
  }
  for (const peer of peers) refusePeer({ host, vars }, peer, at, peers.length > 0 && farRegions(vars, peers) > 1);
}

const farRegions = (vars: Vars, peers: readonly End[]): number => new Set(peers.map((peer) => peer.vars.gateway.region).filter((region) => region !== vars.gateway.region)).size;

function refusePeer({ host, vars }: End, peer: End, at: (...path: readonly (string | number)[]) => ReturnType<HostView["at"]>, shared: boolean): void {
  const sameRegion = peer.vars.gateway.region === vars.gateway.region;
  if (sameRegion && JSON.stringify(peer.vars.services) !== JSON.stringify(vars.services)) throw new UsageError(`${host.name} and ${peer.host.name} serve different things to the other regions`, { source: at("services"), hint: `set backup-path.services once, for region ${vars.gateway.region}` });
  // With two other regions or more, a gateway listens for the services of both.
  if (!sameRegion && shared) for (const [name, { port }] of Object.entries(vars.services)) for (const [other, service] of Object.entries(peer.vars.services)) if (service.port === port) throw new UsageError(`backup-path.services.${name} of ${host.name} and ${other} of ${peer.host.name} both have the port ${port}: a third region could not tell them apart`, { source: at("services", name, "port"), hint: "each service of each region has a port of its own" });
}
