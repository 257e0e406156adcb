import { UsageError, type Facts, type HostView, type Listener } from "hawser";
import { addressesOf, split, type End } from "./mesh.ts";
import type { Vars } from "./vars.ts";

/** Where Envoy listens on a host. */
export function portsOf(vars: Vars): readonly Listener[] {
  const metrics = split(vars.metrics);
  return [
    { port: vars.mesh_port, protocol: "tcp", what: "the peers", var: ["mesh_port"] },
    { port: vars.admin_port, protocol: "tcp", address: "127.0.0.1", what: "the administration", var: ["admin_port"] },
    { port: metrics.port, protocol: "tcp", address: metrics.address, what: "the metrics", var: ["metrics"] },
    ...Object.entries(vars.services).map(([name, { port }]) => ({ port, protocol: "tcp" as const, address: vars.listen, what: `clients of ${name}`, var: ["services", name, "port"] })),
  ];
}

/** @throws UsageError at the inventory's line for what cannot be a mesh */
export function refuse(own: End, peers: readonly End[]): void {
  const { host, vars } = own;
  if ((vars.artifact === undefined) === (vars.apt === undefined)) throw new UsageError(`envoy on ${host.name} comes from ${vars.apt ? "two places" : "nowhere"}`, { source: at(host, vars.apt ? "apt" : "artifact"), hint: "say envoy.artifact: { url, sha256 } or envoy.apt: { key_sha256 }, and not both" });
  if (vars.parent_shutdown_time_s <= vars.drain_time_s) throw new UsageError(`envoy.parent_shutdown_time_s (${vars.parent_shutdown_time_s}) is not more than drain_time_s (${vars.drain_time_s})`, { source: at(host, "parent_shutdown_time_s"), hint: "the old Envoy would end while it still asks its clients to leave" });
  if (isLoopback(vars.listen) && vars.clients.length > 0) throw new UsageError(`envoy.clients are named on ${host.name}, and it listens on ${vars.listen}`, { source: at(host, "clients"), hint: "listen: a private address of the host" });
  if (!isLoopback(vars.listen) && vars.clients.length === 0) throw new UsageError(`envoy.listen is ${vars.listen} on ${host.name}, and nobody may come there`, { source: at(host, "listen"), hint: "clients: [10.10.0.0/24]" });
  if (peers.length > 0 && addressesOf(own).length === 0) throw new UsageError(`nobody reaches ${host.name}`, { source: at(host, "private_address"), hint: "private_address, public_address, or both" });
  refuseTargets(own);
  for (const peer of peers) refusePeer(own, peer);
  for (const [name, { targets }] of Object.entries(vars.services)) {
    if (targets.length === 0 && !peers.some((peer) => (peer.vars.services[name]?.targets.length ?? 0) > 0)) throw new UsageError(`envoy.services.${name}: no host has targets of it`, { source: at(host, "services", name), hint: `targets: ["127.0.0.1:50051"] for the hosts that serve it` });
  }
}

/** A target that is Envoy would send calls round and round. */
function refuseTargets({ host, vars }: End): void {
  const own = new Map(portsOf(vars).map(({ port, what }) => [port, what]));
  for (const [name, { targets }] of Object.entries(vars.services)) {
    for (const [i, target] of targets.entries()) {
      const { address, port } = split(target);
      const what = own.get(port);
      if (what !== undefined && (isLoopback(address) || address === vars.listen || addressesOf({ host, vars }).includes(address))) throw new UsageError(`envoy.services.${name}: ${target} is Envoy itself (${what})`, { source: at(host, "services", name, "targets", i), hint: "a target is where the service listens" });
    }
  }
}

function refusePeer({ host, vars }: End, peer: End): void {
  for (const name of ["private_address", "public_address"] as const) {
    if (vars[name] !== undefined && vars[name] === peer.vars[name]) throw new UsageError(`${host.name} and ${peer.host.name} both have the ${name} ${vars[name]}`, { source: host.at(name), hint: "endpoints are known by it: each host has one of its own" });
  }
}

const isLoopback = (address: string): boolean => address.startsWith("127.");
const at = (host: HostView, ...path: readonly (string | number)[]) => host.at("envoy", ...path) ?? host.at("envoy");

/** @throws UsageError for a host that the role does not serve */
export function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`envoy serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  // Envoy's releases need glibc 2.28 or later; CentOS 7 has 2.17.
  if (facts.family === "el" && facts.os.major === 7) throw new UsageError(`no Envoy runs on ${facts.os.name} (${host}): its C library is too old`, { hint: "take the host out of the mesh, and name its services in the targets of another host of the region" });
  if (vars.apt && facts.packageManager !== "apt") throw new UsageError(`${host} is ${facts.os.name}, which has no apt`, { hint: "envoy.artifact: { url, sha256 } of a release" });
}
