import { lane, sh, Sh } from "hawser";
import { leaf } from "hawser/roles/ca/leaf";
import { vaultEnds, wanAddress, type VaultEnd } from "./cluster.ts";
import type { Context, Peer } from "./context.ts";
import { answers, request } from "./curl.ts";
import { READER_CURL, VAULT_STORE, vaultLayout, type Layout } from "./paths.ts";
import { declareProgram } from "./program.ts";
import { unitText } from "./unit.ts";
import { vaultConfig, vaultUrl } from "./vault-config.ts";
import { declareInit, declareRevocation, declareUnseal } from "./vault-init.ts";
import { declareManaged } from "./vault-managed.ts";

/** Two servers that restart at once are no quorum. */
const oneAtATime = lane("vault", 1);

/** OpenBao or Vault on this host; on the first one also what it holds. */
export function declareVault(cx: Context): void {
  const all = vaultEnds(cx.members);
  const own = all.find(({ host }) => host.name === cx.host.name);
  const [first] = all;
  if (own === undefined || first === undefined) return;
  const { t } = cx;
  const { vault } = own;
  const files = vaultLayout(vault.engine);
  const isFirst = own.host.name === first.host.name;
  declareFirewall(cx, own, all);
  const { path, nodes } = declareProgram(t, cx.facts, { layout: files, artifact: vault.artifact, repository: vault.repository, packaged: "vault", tools: cx.tools });
  const folder = t.directory(files.folder, { mode: "0750", owner: "root", group: files.user, needs: nodes });
  const data = t.directory(files.data, { mode: "0700", owner: files.user, group: files.user, needs: nodes });
  const reload = t.handler("reload vault", sh`systemctl is-active --quiet ${files.unit} || exit 0
systemctl reload ${files.unit}`);
  const tls = leaf(cx, { name: "vault", seen: cx.facts.vaultTls, names: namesOf(own), usage: "both", group: files.user, needs: nodes, notify: reload });
  const unit = t.unit(files.unit, { content: unitOf(files, path, vault.disable_mlock) });
  const peers = (name: string): Peer => cx.members.find(({ host }) => host.name === name) as Peer;
  const others = all.filter(({ host }) => host.name !== own.host.name);
  // Before anybody waits in the lane: who is inside may need its parts.
  let keys = isFirst && cx.facts.vaultData === "yes" ? declareInit(cx, own, others, [cx.made]) : undefined;
  t.block("vault", cx.facts.vaultData === "yes" ? { lane: oneAtATime } : {}, () => {
    const restart = t.handler("restart vault", sh`systemctl is-active --quiet ${files.unit} || exit 0
systemctl restart ${files.unit}`);
    const config = t.file(`${files.folder}/server.json`, { content: vaultConfig(own, all), mode: "0640", owner: "root", group: files.user, needs: [folder], notify: restart });
    const service = t.service(files.unit, { state: "running", enabled: true, needs: [unit, data, ...tls.nodes, config] });
    t.flush();
    const listening = t.gate("the server answers", { probe: answers(request({ url: vaultUrl(own, "sys/seal-status"), trusted: files.trusted }), [200], { quiet: true }), within: 60, every: 1, needs: [service, restart, reload] });
    if (isFirst) keys ??= declareInit(cx, own, others, [listening]);
    const shares = isFirst ? keys?.shares : peers(first.host.name).exports.shares;
    const open = vault.seal === undefined ? [declareUnseal(cx, own, shares, [listening])] : [];
    const joined = t.gate("the server is open, and knows a leader", { probe: ready(own), within: 90, every: 1, needs: [listening, ...open] });
    t.file(VAULT_STORE, { content: "", mode: "0644", needs: [data, joined] });
  });
  if (isFirst && keys !== undefined) {
    const reader = declareManaged(cx, { own, keys, needs: [cx.made] });
    declareRevocation(cx, own, keys, [reader]);
  } else if (!cx.facts.had.includes("vault-reader.curl")) t.file(READER_CURL, { content: peers(first.host.name).exports.reader, mode: "0600", needs: [cx.made] });
}

/** One that is sealed answers 503; one that stands by without a leader is well, and names none. */
const ready = (own: VaultEnd): Sh => Sh.lines(answers(request({ url: vaultUrl(own, "sys/leader"), trusted: vaultLayout(own.vault.engine).trusted }), [200], { quiet: true }), Sh.raw(`case $r in *'"leader_address":"h'*) ;; *) exit 1 ;; esac`));

const namesOf = (own: VaultEnd): string[] => [`DNS:${own.host.name}`, "DNS:localhost", "DNS:vault.service.consul", "DNS:active.vault.service.consul", ...[...new Set(["127.0.0.1", own.vars.address, wanAddress(own)])].map((address) => `IP:${address}`)];

function declareFirewall({ t, tools }: Context, { host, vault }: VaultEnd, all: readonly VaultEnd[]): void {
  const others = all.filter((each) => each.host.name !== host.name);
  const source = [...new Set(others.flatMap((each) => [each.vars.address, wanAddress(each)]))];
  if (source.length > 0) t.firewallRule("vault-servers", { chain: "input", protocol: "tcp", port: [vault.port, vault.cluster_port], source, action: "accept", needs: tools });
  if (vault.clients.length > 0) t.firewallRule("vault-clients", { chain: "input", protocol: "tcp", port: vault.port, source: vault.clients, action: "accept", needs: tools });
}

const unitOf = (files: Layout, program: string, unlocked: boolean): string => unitText({
  description: files.program === "bao" ? "OpenBao" : "Vault",
  user: files.user,
  command: `${program} server -config=${files.folder}/server.json`,
  more: ["LimitCORE=0", ...(unlocked ? [] : ["LimitMEMLOCK=infinity", "AmbientCapabilities=CAP_IPC_LOCK"])],
});
