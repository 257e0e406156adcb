import { UsageError, type HostView } from "hawser";
import { shortestLease } from "hawser/roles/etcd/vars";
import { overlap, refuseGateways } from "hawser/roles/gre/gateway";
import { SWARM_DEFAULT } from "./swarm.ts";
import { priorityOf, type Vars } from "./vars.ts";

export interface End {
  readonly host: HostView;
  readonly vars: Vars;
}

const ALIKE = ["vip", "virtual_router_id", "advert_int", "lease_ttl", "witness", "round_trip_ms"] as const;

/** @throws UsageError at the inventory's line for gateways that cannot share an address */
export function refuse({ host, vars }: End, peers: readonly End[]): void {
  refuseGateways(host, vars.gateway, peers.map((peer) => ({ host: peer.host, gateway: peer.vars.gateway })));
  const at = (name: string) => host.at("keepalived", name);
  for (const peer of peers) {
    for (const name of ALIKE) {
      if (vars[name] !== peer.vars[name]) throw new UsageError(`keepalived.${name} is ${vars[name] ?? "not given"} on ${host.name} and ${peer.vars[name] ?? "not given"} on ${peer.host.name}`, { source: at(name), hint: "say it once, for a group that holds all gateways" });
    }
    if (priorityOf(vars) === priorityOf(peer.vars)) throw new UsageError(`${host.name} and ${peer.host.name} both have the priority ${priorityOf(vars)}`, { source: at("priority"), hint: "the preferred gateway has the higher one: 100 and 90" });
  }
  for (const pool of vars.swarm_pools ?? []) {
    if (overlap(pool, `${vars.vip}/32`)) throw new UsageError(`${vars.vip} is inside Docker Swarm's address pool ${pool}: Swarm may give the address, or a network around it, to containers`, { source: at("vip"), hint: `take one outside of it, or set swarm.default_addr_pool to another pool, such as 172.28.0.0/14; ${pool === SWARM_DEFAULT ? "this is Swarm's default" : "that is for ever, from the first docker swarm init"}` });
  }
  for (const each of [{ host, vars }, ...peers]) {
    const { address, public_address } = each.vars.gateway;
    if ([address, public_address].includes(vars.vip)) throw new UsageError(`${vars.vip} is ${each.host.name}'s own address, which does not move`, { source: at("vip"), hint: "an address that no host has" });
  }
  if (vars.lease_ttl < shortestLease(vars)) throw new UsageError(`keepalived.lease_ttl is ${vars.lease_ttl} s, and etcd gives no lease under ${shortestLease(vars)} s with a round trip of ${vars.round_trip_ms} ms`, { source: at("lease_ttl"), hint: `${shortestLease(vars)}, or measure the round trip again` });
  if (["gcp", "tencent", "dns"].includes(vars.mover) && vars[vars.mover as "gcp"] === undefined) throw new UsageError(`keepalived.mover is ${vars.mover}, and keepalived.${vars.mover} is not given`, { source: at("mover"), hint: `see docs/reference/roles.md, keepalived.${vars.mover}` });
}
