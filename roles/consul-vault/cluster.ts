import { UsageError, type HostView } from "hawser";
import type { ConsulVars } from "./consul-vars.ts";
import type { Vars } from "./vars.ts";
import type { VaultVars } from "./vault-vars.ts";

/** A host with its vars, of itself or of another. */
export interface End {
  readonly host: HostView;
  readonly vars: Vars;
}

export interface ConsulEnd extends End {
  readonly consul: ConsulVars;
  readonly datacenter: string;
}

export interface VaultEnd extends End {
  readonly vault: VaultVars;
}

export const consulEnds = <T extends End>(ends: readonly T[]): readonly (T & ConsulEnd)[] => ends.flatMap((end) => (end.vars.consul === undefined ? [] : [{ ...end, consul: end.vars.consul, datacenter: datacenterOf(end) }]));
export const vaultEnds = <T extends End>(ends: readonly T[]): readonly (T & VaultEnd)[] => ends.flatMap((end) => (end.vars.vault === undefined ? [] : [{ ...end, vault: end.vars.vault }]));

function datacenterOf({ host, vars }: End): string {
  return vars.consul?.datacenter ?? host.region;
}

export const wanAddress = ({ vars }: End): string => vars.wan_address ?? vars.address;

/** Where a host reaches another one. */
export const addressFor = (from: ConsulEnd, to: ConsulEnd): string => (from.datacenter === to.datacenter ? to.vars.address : wanAddress(to));

/** The datacenters of one federation. */
export interface Federation {
  /** In the inventory's order; the first host makes what all share. */
  readonly all: readonly ConsulEnd[];
  readonly servers: readonly ConsulEnd[];
  readonly primary: string;
  /** The host that speaks for all. */
  readonly first: ConsulEnd;
  readonly datacenters: readonly string[];
}

/** @throws UsageError when no host of the primary datacenter is a server */
export function federationOf(ends: readonly End[]): Federation | undefined {
  const all = consulEnds(ends);
  const [any] = all;
  if (any === undefined) return undefined;
  const servers = all.filter(({ consul }) => consul.server);
  const named = all.find(({ consul }) => consul.primary_datacenter !== undefined);
  const primary = named?.consul.primary_datacenter ?? (servers[0] ?? any).datacenter;
  const first = servers.find(({ datacenter }) => datacenter === primary);
  if (first === undefined) throw new UsageError(`Consul's primary datacenter ${primary} has no server`, { source: (named ?? any).host.at("consul-vault", "consul"), hint: `servers are in ${[...new Set(servers.map(({ datacenter }) => datacenter))].join(", ") || "no datacenter"}` });
  return { all, servers, primary, first, datacenters: [...new Set(servers.map(({ datacenter }) => datacenter))] };
}

export const serversOf = ({ servers }: Federation, datacenter: string): readonly ConsulEnd[] => servers.filter((each) => each.datacenter === datacenter);

/** How many may be lost. */
const borne = (count: number): number | "none" => Math.ceil(count / 2) - 1 || "none";

/** @throws UsageError at the inventory's line for what cannot be one federation */
export function refuseConsul(own: ConsulEnd, federation: Federation): void {
  const { host, datacenter } = own;
  const at = (...path: string[]) => host.at("consul-vault", "consul", ...path);
  if (datacenter === "") throw new UsageError(`${host.name} is in no region, so that its datacenter has no name`, { source: at(), hint: "consul-vault.consul.datacenter, or the host var region" });
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(datacenter)) throw new UsageError(`${datacenter} cannot be the name of a datacenter: lower case letters, digits, - and _`, { source: at("datacenter"), hint: "consul-vault.consul.datacenter" });
  const servers = serversOf(federation, datacenter);
  if (servers.length === 0) throw new UsageError(`the datacenter ${datacenter} of ${host.name} has no server`, { source: at("server"), hint: "consul-vault.consul.server: true on one host of it, or on three" });
  if (servers.length % 2 === 0 && !servers.every((each) => each.consul.allow_even_servers)) {
    throw new UsageError(`the datacenter ${datacenter} has ${servers.length} servers, which bear the loss of ${borne(servers.length)}, as ${servers.length - 1} would: ${servers.map((each) => each.host.name).join(", ")}`, { source: at("server"), hint: `${servers.length - 1} or ${servers.length + 1} servers, or consul-vault.consul.allow_even_servers: true` });
  }
  for (const other of federation.all) refuseOther(own, other, at);
}

const SAME = ["primary_datacenter", "encrypt_generation"] as const;

function refuseOther(own: ConsulEnd, other: ConsulEnd, at: (...path: string[]) => ReturnType<HostView["at"]>): void {
  const hint = "say it once, for a group that holds all hosts";
  for (const name of SAME) if (own.consul[name] !== other.consul[name]) throw new UsageError(`consul-vault.consul.${name} is ${own.consul[name] ?? "not set"} on ${own.host.name} and ${other.consul[name] ?? "not set"} on ${other.host.name}`, { source: at(name), hint });
  if (JSON.stringify(own.consul.ports) !== JSON.stringify(other.consul.ports)) throw new UsageError(`consul-vault.consul.ports differ between ${own.host.name} and ${other.host.name}`, { source: at("ports"), hint });
  for (const name of ["encrypt", "initial_management"] as const) if (!sameSecret(own.consul[name], other.consul[name])) throw new UsageError(`consul-vault.consul.${name} differs between ${own.host.name} and ${other.host.name}`, { source: at(name), hint });
  if (own.host.name !== other.host.name && own.vars.address === other.vars.address && own.datacenter === other.datacenter) throw new UsageError(`${own.host.name} and ${other.host.name} both have the address ${own.vars.address}`, { source: own.host.at("consul-vault", "address"), hint: "each host has one of its own" });
}

type MaybeSecret = ConsulVars["encrypt"];
function sameSecret(a: MaybeSecret, b: MaybeSecret): boolean {
  if (a === undefined || b === undefined) return a === b;
  return !a.known || !b.known || a.reveal() === b.reveal();
}

/** @throws UsageError at the inventory's line for servers that cannot be one cluster */
export function refuseVault({ host, vault }: VaultEnd, all: readonly VaultEnd[]): void {
  const at = (...path: string[]) => host.at("consul-vault", "vault", ...path);
  for (const other of all) {
    for (const name of ["engine", "cluster_name", "port", "cluster_port"] as const) if (vault[name] !== other.vault[name]) throw new UsageError(`consul-vault.vault.${name} is ${vault[name]} on ${host.name} and ${other.vault[name]} on ${other.host.name}`, { source: at(name), hint: "say it once, for a group that holds all hosts" });
  }
  if (all.length % 2 === 0 && !vault.allow_even_voters) {
    throw new UsageError(`${vault.engine} has ${all.length} servers (${all.map((each) => each.host.name).join(", ")}), which bear the loss of ${borne(all.length)}: where they stand in two regions, it stops with either`, { source: at(), hint: "one more in a third place, the witness; or consul-vault.vault.allow_even_voters: true" });
  }
}

/** What an operator must know of how many there are. */
export function weaknesses(own: End, ends: readonly End[]): readonly string[] {
  const federation = federationOf(ends);
  const [consul] = consulEnds([own]);
  const vaults = vaultEnds(ends);
  const said: string[] = [];
  if (federation !== undefined && consul !== undefined) {
    const count = serversOf(federation, consul.datacenter).length;
    if (count === 1) said.push(`Consul's datacenter ${consul.datacenter} has one server: there is no quorum, and without it nothing of the datacenter can be changed or asked. Three servers survive the loss of one`);
    else if (count % 2 === 0) said.push(`Consul's datacenter ${consul.datacenter} has ${count} servers, which survive the loss of ${borne(count)}, as ${count - 1} would`);
  }
  if (own.vars.vault !== undefined && vaults.length === 1) said.push(`${own.vars.vault.engine} has one server: there is no quorum, and without it no secret can be read. Three servers in three places survive the loss of one`);
  if (own.vars.vault !== undefined && vaults.length % 2 === 0) said.push(`${own.vars.vault.engine} has ${vaults.length} servers, which survive the loss of ${borne(vaults.length)}: add a witness in a third place`);
  return said;
}
