import { overlap } from "hawser/roles/gre/gateway";
import type { End } from "./refuse.ts";
import { SWARM_DEFAULT } from "./swarm.ts";
import { priorityOf, type Vars } from "./vars.ts";

/** Where what this role writes lies, on the host. */
export const FOLDER = "/etc/hawser/vip";
export const RUN = "/run/hawser-vip";
export const UNIT = "hawser-vip";

/**
 * What keepalived itself adds to lo while it is the master. It adds addresses for ever, and adds one again that the kernel took away;
 * so this one marks its state, and its notify script adds the real one, with the lifetime of the lease.
 */
export const markOf = ({ virtual_router_id }: Vars): string => `127.86.${virtual_router_id}.1`;

/** Seconds from the last advert heard until a host with the lease is the master (RFC 5798, 6.1). */
export const takesAfter = (vars: Vars): number => Math.round((3 + (256 - priorityOf(vars)) / 256) * vars.advert_int * 10) / 10;

/** Seconds in which keepalived must have made use of a lease. */
export const graceOf = (vars: Vars): number => Math.ceil(2 * takesAfter(vars)) + 4;

/** Seconds for which a host that gave the lease back leaves it to others. */
export const ASIDE = 15;

/** The gateway that has the address by configuration where there is no third place. */
export const isPreferred = (own: End, peers: readonly End[]): boolean => peers.every((peer) => priorityOf(peer.vars) < priorityOf(own.vars));

export const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What has an answer to give, by name: other gateways by both ways, and the third place. */
export function reachOf({ vars }: End, peers: readonly End[]): readonly { readonly name: string; readonly address: string }[] {
  const far = peers.filter((peer) => peer.vars.gateway.region !== vars.gateway.region);
  return [
    ...far.flatMap(({ host, vars: { gateway } }) => [
      { name: `tunnel-${host.name}`, address: gateway.address },
      { name: `public-${host.name}`, address: gateway.public_address },
    ]),
    ...(vars.witness === undefined ? [] : [{ name: "witness", address: vars.witness }]),
  ];
}

/** What vip.conf says to the scripts. */
export function confOf(own: End, peers: readonly End[]) {
  const { vars, host } = own;
  const ahead = peers.filter((peer) => priorityOf(peer.vars) > priorityOf(vars)).map((peer) => base64(peer.host.name));
  return {
    mode: vars.witness === undefined ? "static" : "lease",
    vip: vars.vip,
    mark: markOf(vars),
    key: base64(`/hawser/vip/${vars.virtual_router_id}`),
    own: base64(host.name),
    ahead,
    witness: vars.witness ?? "",
    checks: reachOf(own, peers).map(({ name }) => name),
    ttl: vars.lease_ttl,
    // Two to the leader and back from a member that stands in, with a handshake of TLS before.
    requestCs: Math.max(100, Math.ceil(vars.round_trip_ms * 0.6)),
    graceCs: graceOf(vars) * 100,
    asideCs: ASIDE * 100,
    mover: ["gcp", "tencent", "dns"].includes(vars.mover) ? vars.mover : "",
  };
}

/** What an operator must know: wishes that are weak or do nothing, and what is done instead. */
export function weaknesses(own: End, peers: readonly End[]): readonly string[] {
  const { vars } = own;
  const said: string[] = [];
  if (vars.witness === undefined) said.push(`no third place is in keepalived.witness, so there is no automatic takeover: two gateways that do not reach one another cannot tell a cut from a loss, and both would take ${vars.vip}. The preferred one has it by configuration; to move it, change the priorities and run`);
  if (vars.state === "MASTER") said.push("keepalived.state: MASTER is taken as a wish to be preferred. Two hosts that start as they were both become the master when they do not hear one another; every gateway starts as BACKUP, does not preempt, and waits for the lease");
  for (const name of vars.track_interfaces) if (name.startsWith("gre")) said.push(`keepalived.track_interfaces: ${name} detects nothing: a tunnel whose path is cut stays UP. It stays one more input; who has the address is decided by the lease, and the tunnel is watched by BFD`);
  if (vars.advert_int >= 1) said.push(`keepalived.advert_int ${vars.advert_int}: a host that gets the lease takes the address ${takesAfter(vars)} s later; with 0.2 it is ${takesAfter({ ...vars, advert_int: 0.2 })} s. Adverts that are lost promote nobody, so fast ones do no harm`);
  if (vars.swarm_pools === undefined && overlap(SWARM_DEFAULT, `${vars.vip}/32`)) said.push(`${vars.vip} is inside ${SWARM_DEFAULT}, of which Docker Swarm takes networks unless swarm.default_addr_pool says otherwise: on these hosts it would be refused`);
  if (peers.length === 0) said.push("there is one gateway: it has nobody to leave the address to");
  return said;
}
