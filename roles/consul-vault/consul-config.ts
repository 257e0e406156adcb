import { Secret } from "hawser";
import { addressFor, serversOf, wanAddress, type ConsulEnd, type Federation } from "./cluster.ts";
import { CONSUL } from "./paths.ts";

/** The agent's configuration, without any secret. */
export function consulConfig(own: ConsulEnd, federation: Federation): object {
  const { host, vars, consul, datacenter } = own;
  const { ports, server } = consul;
  const near = serversOf(federation, datacenter);
  const join = (others: readonly ConsulEnd[], port: number): string[] => others.filter((each) => each.host.name !== host.name).map((each) => `${addressFor(own, each)}:${port}`);
  return {
    node_name: host.name,
    datacenter,
    primary_datacenter: federation.primary,
    data_dir: CONSUL.data,
    server,
    ...(server && { bootstrap_expect: near.length, retry_join_wan: join(federation.servers.filter((each) => each.datacenter !== datacenter), ports.serf_wan) }),
    retry_join: join(near, ports.serf_lan),
    bind_addr: "0.0.0.0",
    client_addr: "127.0.0.1",
    advertise_addr: vars.address,
    ...(server && { advertise_addr_wan: wanAddress(own), translate_wan_addrs: true }),
    ports: { ...ports, ...(!server && { serf_wan: -1 }), https: -1, grpc: -1, grpc_tls: -1 },
    performance: { raft_multiplier: consul.raft_multiplier },
    tls: {
      defaults: { ca_file: CONSUL.trusted, cert_file: CONSUL.certificate, key_file: CONSUL.key, verify_incoming: true, verify_outgoing: true, tls_min_version: "TLSv1_2" },
      internal_rpc: { verify_server_hostname: true },
    },
    acl: { enabled: true, default_policy: "deny", down_policy: "extend-cache", ...(server && { enable_token_replication: true }) },
    disable_update_check: true,
    enable_script_checks: false,
    enable_local_script_checks: false,
    log_level: "WARN",
  };
}

/** What it may do, and how it speaks: for root and the agent alone. `encrypt` counts for the first start; later the agent has a keyring of its own. */
export function secretConfig(tokens: { readonly host: Secret; readonly gossip: Secret; readonly replication: Secret | undefined; readonly management: Secret | undefined; readonly dns: boolean }): Secret {
  const host = tokens.host.reveal();
  return new Secret(
    `${JSON.stringify({ encrypt: tokens.gossip.reveal(), acl: { tokens: { agent: host, ...(tokens.dns && { dns: host }), ...(tokens.management && { initial_management: tokens.management.reveal() }), ...(tokens.replication && { replication: tokens.replication.reveal() }) } } }, undefined, 2)}\n`,
  );
}

/** Services with their checks, as the agent reads them. Each names the host's token, which older agents need to register it by. */
export function servicesConfig({ consul, host }: ConsulEnd, token: Secret): Secret {
  const config = {
    services: consul.services.map(({ id, port, address, checks, ...service }) => ({
      ...service,
      token: token.reveal(),
      ...(id !== undefined && { id }),
      ...(port !== undefined && { port }),
      ...(address !== undefined && { address }),
      checks: checks.map((check, i) => ({ ...check, id: `${host.name}:${id ?? service.name}:${i + 1}`, name: check.name ?? `${service.name} by ${check.http !== undefined ? "http" : check.tcp !== undefined ? "tcp" : "grpc"}` })),
    })),
  };
  return new Secret(`${JSON.stringify(config, undefined, 2)}\n`);
}
