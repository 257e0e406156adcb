import { sh, Sh, z, type Verifier } from "hawser";
import type { VaultEnd } from "./cluster.ts";
import { jsonOf, replyOf, request } from "./curl.ts";
import { READER_CURL, vaultLayout } from "./paths.ts";
import { vaultUrl } from "./vault-config.ts";

const peers = z.looseObject({ data: z.looseObject({ config: z.looseObject({ servers: z.array(z.looseObject({ node_id: z.string(), voter: z.boolean() })) }) }) });
const canary = z.looseObject({ data: z.looseObject({ cluster: z.string() }) });
const leader = z.looseObject({ leader_address: z.string().default("") });

/** What a server's state is called, by the code that `bao status` exits with. */
const STATES: Readonly<Record<string, string>> = { 0: "open", 1: "does not answer", 2: "sealed" };

/** By the code of sys/health. */
const HEALTH: Readonly<Record<number, string>> = { 200: "leads", 429: "stands by", 472: "stands by for another cluster", 473: "stands by for reads", 501: "holds no store", 503: "sealed" };

/** OpenBao or Vault as this host sees it. @param program Its path. */
export function assertVault(v: Verifier, own: VaultEnd, all: readonly VaultEnd[], program: string): void {
  const { vault } = own;
  const files = vaultLayout(vault.engine);
  const name = vault.engine === "openbao" ? "OpenBao" : "Vault";
  const ask = (path: string, token = true): Sh => Sh.lines("(", request({ url: vaultUrl(own, path), trusted: files.trusted, ...(token && { token: READER_CURL }) }), ") 2>&1 || :");
  const health = ask("sys/health", false);
  v.assert(`${name}'s service`, { probe: sh`systemctl is-active ${files.unit} || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: `journalctl -u ${files.unit}` });
  v.assert(`${name}'s seal`, {
    probe: sh`VAULT_ADDR=${`https://127.0.0.1:${vault.port}`} VAULT_CACERT=${files.trusted} BAO_ADDR=$VAULT_ADDR BAO_CACERT=$VAULT_CACERT ${program} status >/dev/null 2>&1; echo $?`,
    value: ({ out }) => STATES[out.trim()],
    limit: { equals: "open" },
    hint: "hawser run opens it, with the parts that hawser keeps or that are given as consul-vault.vault.unseal_keys",
  });
  v.assert(`${name}'s health`, { probe: health, value: ({ out }) => (({ status }) => ([200, 429].includes(status) ? "well" : (HEALTH[status] ?? `answers ${status}`)))(replyOf(out)), limit: { equals: "well" }, hint: "200 leads, 429 stands by; 503 is sealed, 501 holds no store" });
  v.assert(`${name}'s leader`, { probe: ask("sys/leader", false), value: ({ out }) => (leader.parse(jsonOf(out)).leader_address === "" ? "none" : "known"), limit: { equals: "known" }, hint: `no majority of ${all.length} servers is in reach and open: is TCP ${vault.cluster_port} open between them?` });
  v.total(`${name}: servers that lead`, { probe: health, value: ({ out }) => (replyOf(out).status === 200 ? 1 : 0), limit: { equals: 1 }, hint: "none leads without a majority that is open" });
  v.assert(`${name}'s voters`, { probe: ask("sys/storage/raft/configuration"), value: ({ out }) => peers.parse(jsonOf(out)).data.config.servers.filter(({ voter }) => voter).length, unit: "servers", limit: { equals: all.length }, hint: "a server has not joined, or one that is gone is still counted: bao operator raft list-peers, remove-peer" });
  v.assert(`${name}: what the first server wrote, read from here`, { probe: ask("hawser/canary"), value: ({ out }) => canary.parse(jsonOf(out)).data.cluster, limit: { equals: vault.cluster_name }, hint: `its store is behind the leader's, or it does not reach the leader at TCP ${vault.cluster_port}` });
  v.assert(`${name}: what a read without a token gets`, {
    probe: ask("hawser/canary", false),
    // A server that is sealed or knows no leader answers 5xx to everybody: it gives nothing away, and others here alarm of that.
    value: ({ out }) => (({ status }) => (status === 403 || status >= 500 ? "nothing" : `an answer (${status})`))(replyOf(out)),
    limit: { equals: "nothing" },
    hint: `what answers at 127.0.0.1:${vault.port} gives secrets to anybody: is it ${name}? systemctl status ${files.unit}`,
  });
}
