import type { ConsulVars } from "./consul-vars.ts";
import type { VaultVars } from "./vault-vars.ts";

interface Listener {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly address?: string;
  readonly what: string;
  readonly var: readonly string[];
}

const LOOPBACK = "127.0.0.1";

/** Where Consul's agent listens. */
export function consulListeners({ ports, server }: Pick<ConsulVars, "ports" | "server">): readonly Listener[] {
  const at = (name: keyof ConsulVars["ports"], protocol: "tcp" | "udp", what: string, address?: string): Listener => ({ port: ports[name], protocol, what, var: ["consul", "ports", name], ...(address !== undefined && { address }) });
  const both = (name: keyof ConsulVars["ports"], what: string, address?: string): Listener[] => [at(name, "tcp", what, address), at(name, "udp", what, address)];
  return [at("http", "tcp", "Consul's API", LOOPBACK), ...both("dns", "Consul's DNS", LOOPBACK), ...both("serf_lan", "Consul's gossip"), ...(server ? [at("server", "tcp", "Consul's servers"), ...both("serf_wan", "Consul's gossip between datacenters")] : [])];
}

/** Where OpenBao or Vault listens. */
export const vaultListeners = ({ port, cluster_port }: Pick<VaultVars, "port" | "cluster_port">): readonly Listener[] => [
  { port, protocol: "tcp", what: "the API of Vault or OpenBao", var: ["vault", "port"] },
  { port: cluster_port, protocol: "tcp", what: "the servers of Vault or OpenBao", var: ["vault", "cluster_port"] },
];
