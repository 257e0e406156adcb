import { Secret } from "hawser";
import { wanAddress, type VaultEnd } from "./cluster.ts";
import { vaultLayout } from "./paths.ts";

export const vaultAddress = (end: VaultEnd): string => `https://${wanAddress(end)}:${end.vault.port}`;

/** Of the host's own server. */
export const vaultUrl = ({ vault }: Pick<VaultEnd, "vault">, path: string): string => `https://127.0.0.1:${vault.port}/v1/${path}`;

/** The server's configuration. With a seal it may hold a secret. */
export function vaultConfig(own: VaultEnd, all: readonly VaultEnd[]): Secret | string {
  const { vault, host } = own;
  const files = vaultLayout(vault.engine);
  const others = all.filter((each) => each.host.name !== host.name);
  const settings = Object.entries(vault.seal?.settings ?? {});
  const config = {
    cluster_name: vault.cluster_name,
    api_addr: vaultAddress(own),
    cluster_addr: `https://${wanAddress(own)}:${vault.cluster_port}`,
    // OpenBao has no such setting any more: it locks nothing.
    ...(vault.engine === "vault" && { disable_mlock: vault.disable_mlock }),
    ui: vault.ui,
    log_level: "warn",
    storage: {
      raft: {
        path: files.data,
        node_id: host.name,
        performance_multiplier: String(vault.performance_multiplier),
        // An empty list is an error.
        ...(others.length > 0 && { retry_join: others.map((each) => ({ leader_api_addr: vaultAddress(each), leader_ca_cert_file: files.trusted })) }),
      },
    },
    listener: [{ tcp: { address: `0.0.0.0:${vault.port}`, cluster_address: `0.0.0.0:${vault.cluster_port}`, tls_cert_file: files.certificate, tls_key_file: files.key, tls_min_version: "tls12" } }],
    ...(vault.seal && { seal: { [vault.seal.type]: Object.fromEntries(settings.map(([name, value]) => [name, value instanceof Secret ? value.reveal() : String(value)])) } }),
  };
  const text = `${JSON.stringify(config, undefined, 2)}\n`;
  return settings.some(([, value]) => value instanceof Secret) ? new Secret(text) : text;
}
