import { lane, Secret, sh, Sh, type ResourceNode } from "hawser";
import { leaf } from "hawser/roles/ca/leaf";
import { addressFor, consulEnds, federationOf, wanAddress, type ConsulEnd, type Federation } from "./cluster.ts";
import { declareAcl } from "./consul-acl.ts";
import { consulConfig, secretConfig, servicesConfig } from "./consul-config.ts";
import { declareGossipKey } from "./consul-gossip.ts";
import { canaryOf, declareOwn } from "./consul-own.ts";
import { consulUrl } from "./consul-url.ts";
import type { Context, Peer } from "./context.ts";
import { answers, request, tokenHeader } from "./curl.ts";
import { declareMaking, gossipName, hostName, madeNames, MANAGEMENT, readMade, REPLICATION, take, type Taken } from "./made.ts";
import { CONSUL, HOST_CURL } from "./paths.ts";
import { declareProgram } from "./program.ts";
import { unitText } from "./unit.ts";

/** Two servers of a datacenter that restart at once may be no quorum. */
const oneAtATime = lane("consul", 1);

/** Consul on this host: the agent, and on the first host what all datacenters share. */
export function declareConsul(cx: Context): void {
  const federation = federationOf(cx.members);
  const own = consulEnds(cx.members).find(({ host }) => host.name === cx.host.name);
  if (federation === undefined || own === undefined) return;
  const { t } = cx;
  declareFirewall(cx, own, federation);
  const { path, nodes } = declareProgram(t, cx.facts, { layout: CONSUL, artifact: own.consul.artifact, repository: own.consul.repository, packaged: "consul", tools: cx.tools });
  const folder = t.directory(CONSUL.folder, { mode: "0750", owner: "root", group: CONSUL.user, needs: nodes });
  const data = t.directory(CONSUL.data, { mode: "0700", owner: CONSUL.user, group: CONSUL.user, needs: nodes });
  const { made } = cx;
  const isFirst = own.host.name === federation.first.host.name;
  const names = madeNames(federation);
  const making = isFirst ? [declareMaking(t, names, [made])] : [];
  if (isFirst) t.export("made", readMade(t, names, making));
  const from = isFirst ? undefined : (cx.members.find((member) => member.host.name === federation.first.host.name) as Peer).exports.made;
  const taking = (name: string) => take(t, name, { from, had: cx.facts.had, needs: [made, ...making] });
  const { encrypt } = own.consul;
  const gossip = encrypt ?? taking(gossipName(own.consul.encrypt_generation));
  const host = taking(hostName(own.host.name));
  const replication = own.consul.server && own.datacenter !== federation.primary ? taking(REPLICATION) : undefined;
  // Whichever of the primary's servers leads first makes it valid.
  const { initial_management: named } = own.consul;
  const leads = own.consul.server && own.datacenter === federation.primary;
  const management = leads && named === undefined ? taking(MANAGEMENT) : undefined;
  const curl = t.file(HOST_CURL, { content: host.value.map((token) => new Secret(tokenHeader("X-Consul-Token", token.reveal()))), mode: "0600", needs: [host.node] });

  const readable = { owner: "root", group: CONSUL.user, mode: "0640" };
  const secrets = [...(gossip instanceof Secret ? [] : [gossip.node]), host.node, ...(replication === undefined ? [] : [replication.node]), ...(management === undefined ? [] : [management.node])];
  const text = (config: object): string => `${JSON.stringify(config, undefined, 2)}\n`;
  const unit = t.unit(CONSUL.unit, { content: unitOf(path) });
  const reload = t.handler("reload consul", sh`systemctl is-active --quiet ${CONSUL.unit} || exit 0
systemctl reload ${CONSUL.unit}`);
  const tls = leaf(cx, { name: "consul", seen: cx.facts.consulTls, names: namesOf(own), usage: "both", group: CONSUL.user, needs: nodes, notify: reload });
  let service: ResourceNode | undefined;
  t.block("consul", cx.facts.consulData === "yes" && own.consul.server ? { lane: oneAtATime } : {}, () => {
    const restart = t.handler("restart consul", sh`systemctl is-active --quiet ${CONSUL.unit} || exit 0
systemctl restart ${CONSUL.unit}`);
    const config = t.file(`${CONSUL.folder}/consul.json`, { content: text(consulConfig(own, federation)), ...readable, needs: [folder], notify: restart });
    const hidden = t.file(`${CONSUL.folder}/secrets.json`, { content: () => secretConfig({ host: host.value.get(), gossip: gossip instanceof Secret ? gossip : gossip.value.get(), replication: replication?.value.get(), management: leads ? (named ?? management?.value.get()) : undefined, dns: own.consul.dns_token }), ...readable, needs: [folder, ...secrets], notify: reload });
    const services = t.file(`${CONSUL.folder}/services.json`, { content: () => servicesConfig(own, host.value.get()), ...readable, needs: [folder, host.node], notify: reload });
    service = t.service(CONSUL.unit, { state: "running", enabled: true, needs: [unit, data, ...tls.nodes, config, hidden, services] });
    t.flush();
    t.gate("a leader is known", { probe: hasLeader(own), within: 90, every: 1, needs: [service, restart, reload] });
  });
  const up = [curl, service as unknown as ResourceNode];
  if (isFirst) declareAcl(cx, { own, federation, token: host, management: named ?? (management as Taken).value, up });
  const entitled = t.gate("the host's own token has its rights", { probe: answers(request({ url: consulUrl(own, `kv/${canaryOf(own.datacenter)}`), token: HOST_CURL }), [200, 404], { quiet: true }), within: 90, every: 1, needs: up });
  if (isFirst) declareGossipKey(cx, { own, gossip, up });
  declareOwn(cx, { own, federation, needs: [...up, entitled] });
}

const namesOf = (own: ConsulEnd): string[] => [
  `DNS:${own.host.name}`,
  "DNS:localhost",
  // By this name servers know one another as such; agents must not have it.
  ...(own.consul.server ? [`DNS:server.${own.datacenter}.consul`] : [`DNS:client.${own.datacenter}.consul`]),
  ...[...new Set(["127.0.0.1", own.vars.address, wanAddress(own)])].map((address) => `IP:${address}`),
];

/** Not `"" `: an address. */
const hasLeader = (own: ConsulEnd): Sh => Sh.lines(sh`r=$(curl -sS -m 5 ${consulUrl(own, "status/leader")}) || exit 1`, Sh.raw(`case $r in '"'*:*'"') ;; *) exit 1 ;; esac`));

function declareFirewall({ t, tools }: Context, own: ConsulEnd, federation: Federation): void {
  const { ports, server } = own.consul;
  const others = federation.all.filter(({ host }) => host.name !== own.host.name);
  const near = others.filter(({ datacenter }) => datacenter === own.datacenter);
  const far = server ? federation.servers.filter(({ datacenter }) => datacenter !== own.datacenter) : [];
  const rule = (name: string, protocol: "tcp" | "udp", port: number[], from: readonly ConsulEnd[]): void => {
    const source = [...new Set(from.map((each) => addressFor(own, each)))];
    if (source.length > 0) t.firewallRule(`consul-${name}`, { chain: "input", protocol, port, source, action: "accept", needs: tools });
  };
  rule("near", "tcp", [...(server ? [ports.server, ports.serf_wan] : []), ports.serf_lan], near);
  rule("near-gossip", "udp", [ports.serf_lan, ...(server ? [ports.serf_wan] : [])], near);
  rule("far", "tcp", [ports.server, ports.serf_wan], far);
  rule("far-gossip", "udp", [ports.serf_wan], far);
}

const unitOf = (program: string): string => unitText({ description: "Consul", user: CONSUL.user, command: `${program} agent ${["consul", "secrets", "services"].map((name) => `-config-file=${CONSUL.folder}/${name}.json`).join(" ")}` });
