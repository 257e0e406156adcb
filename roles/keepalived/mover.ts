import { Secret, type ResourceNode, type Tasks } from "hawser";
import { FOLDER } from "./plan.ts";
import type { Vars } from "./vars.ts";

/** The script that leads packets to this host, and what it must know; nothing for movers that are none of ours. */
export function declareMover(t: Tasks, vars: Vars, host: string, peers: readonly string[], needs: readonly ResourceNode[]): readonly ResourceNode[] {
  const lines = settingsOf(vars, host, peers);
  if (lines === undefined) return [];
  const script = `move-${vars.mover}.sh`;
  return [
    t.file(`${FOLDER}/${script}`, { source: script, mode: "0700", needs }),
    // Read by the script, so that no secret is in a command's words.
    t.file(`${FOLDER}/mover.conf`, { content: new Secret(["# Managed by hawser: role keepalived", ...Object.entries(lines).map(([name, value]) => `${name}='${value.replaceAll("'", String.raw`'\''`)}'`), ""].join("\n")), mode: "0600", needs }),
    ...(vars.mover === "dns" ? t.package("bind9-dnsutils") : []),
  ];
}

/** What stands in mover.conf, by the name of the shell variable. */
export function settingsOf(vars: Vars, host: string, peers: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (vars.mover === "gcp" && vars.gcp) {
    const { project, network, zone, instance, metadata, api } = vars.gcp;
    const name = (of: string): string => `hawser-vip-${vars.virtual_router_id}-${of}`.toLowerCase().replace(/[^a-z0-9-]/g, "-").slice(0, 63);
    return { VIP: vars.vip, PROJECT: project, NETWORK: network, ZONE: zone, INSTANCE: instance, METADATA: metadata, API: api, ROUTE: name(host), OTHERS: peers.map(name).join(" ") };
  }
  if (vars.mover === "tencent" && vars.tencent) {
    const { secret_id, secret_key, region, havip, address, api } = vars.tencent;
    return { SECRET_ID: secret_id, SECRET_KEY: secret_key.reveal(), REGION: region, HAVIP: havip, ADDRESS: address, API: api };
  }
  if (vars.mover === "dns" && vars.dns) {
    const { server, zone, name, ttl, address, key_name, key, algorithm } = vars.dns;
    return { SERVER: server, ZONE: zone, NAME: name, TTL: String(ttl), ADDRESS: address, KEY_NAME: key_name, KEY: key.reveal(), ALGORITHM: algorithm };
  }
  return undefined;
}
