import { sh, Sh, z, type Verifier } from "hawser";
import { serversOf, type ConsulEnd, type Federation } from "./cluster.ts";
import { canaryOf } from "./consul-own.ts";
import { consulUrl } from "./consul-url.ts";
import { jsonOf, replyOf, request } from "./curl.ts";
import { CONSUL, HOST_CURL } from "./paths.ts";

/** serf's number for a member that answers. */
const ALIVE = 1;

const memberList = z.array(z.looseObject({ Name: z.string(), Status: z.number() }));
const raft = z.looseObject({ Servers: z.array(z.looseObject({ Node: z.string(), Leader: z.boolean(), Voter: z.boolean() })) });
const agent = z.looseObject({ Stats: z.looseObject({ serf_lan: z.looseObject({ encrypted: z.string() }), serf_wan: z.looseObject({ encrypted: z.string() }).optional() }) });
const time = z.iso.datetime().transform((text) => Date.parse(text));
const replication = z.looseObject({ Running: z.boolean(), LastSuccess: time, LastError: time, LastErrorMessage: z.string().default("") });

/** Consul as this host sees it. */
export function assertConsul(v: Verifier, own: ConsulEnd, federation: Federation): void {
  const ask = (path: string): Sh => Sh.lines("(", request({ url: consulUrl(own, path), token: HOST_CURL }), ") 2>&1 || :");
  const near = federation.all.filter(({ datacenter }) => datacenter === own.datacenter);
  const servers = serversOf(federation, own.datacenter);
  const alive = (out: string): number => memberList.parse(jsonOf(out)).filter(({ Status: status }) => status === ALIVE).length;
  v.assert("Consul's service", { probe: sh`systemctl is-active ${CONSUL.unit} || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: `journalctl -u ${CONSUL.unit}` });
  v.assert("Consul's leader", { probe: ask("status/leader"), value: ({ out }) => (jsonOf(out) === "" ? "none" : "known"), limit: { equals: "known" }, hint: `no majority of ${servers.length} servers is in reach: is TCP ${own.consul.ports.server} open between them?` });
  v.assert("Consul's voters", { probe: ask("operator/raft/configuration"), value: ({ out }) => raft.parse(jsonOf(out)).Servers.filter((each) => each.Voter).length, unit: "servers", limit: { equals: servers.length }, hint: "a server is missing, or one that is gone is still counted: consul operator raft remove-peer" });
  v.assert(`members of ${own.datacenter} that are alive`, { probe: ask("agent/members"), value: ({ out }) => alive(out), unit: "members", limit: { min: near.length }, hint: `consul members; is port ${own.consul.ports.serf_lan} open (TCP and UDP)?` });
  if (own.consul.server) assertFederation(v, own, federation, ask);
  v.assert("gossip is encrypted", { probe: ask("agent/self"), value: ({ out }) => encrypted(agent.parse(jsonOf(out)).Stats, own.consul.server), limit: { equals: true }, hint: `the agent was started without its key: is it in ${CONSUL.folder}/secrets.json? Then systemctl restart ${CONSUL.unit}` });
  v.assert("what a write without a token does", {
    // It would write only over a version that never is.
    probe: Sh.lines("(", request({ url: consulUrl(own, "kv/hawser/anonymous?cas=18446744073709551615"), method: "PUT", body: "x" }), ") 2>&1 || :"),
    // Without a leader it answers 5xx to everybody: nothing is written, and others here alarm of that.
    value: ({ out }) => (({ status }) => (status === 403 || status >= 500 ? "nothing" : `it writes (${status})`))(replyOf(out)),
    limit: { equals: "nothing" },
    hint: "the anonymous token has rights, or acl.default_policy is not deny: consul acl token read -accessor-id 00000000-0000-0000-0000-000000000002",
  });
  v.assert("checks that are critical", { probe: ask("agent/checks?filter=Status%20%3D%3D%20critical"), value: ({ out }) => Object.keys(z.record(z.string(), z.unknown()).parse(jsonOf(out))).length, unit: "checks", limit: { max: 0 }, hint: "a service that this host offers is not well: curl -s 127.0.0.1:8500/v1/agent/checks says which" });
}

function encrypted({ serf_lan: near, serf_wan: far }: z.output<typeof agent>["Stats"], server: boolean): boolean {
  return near.encrypted === "true" && (!server || far?.encrypted === "true");
}

/** It goes on running when nothing comes any more, so what counts is how it ended last. Consul's times are whole seconds, and the year 1 where there was none. */
function replicated(said: unknown): string {
  const { Running: running, LastSuccess: worked, LastError: failed, LastErrorMessage: why } = replication.parse(said);
  if (!running) return "it does not run";
  if (worked < failed) return `it failed: ${why}`;
  return worked > 0 ? "yes" : "not yet";
}

function assertFederation(v: Verifier, own: ConsulEnd, federation: Federation, ask: (path: string) => Sh): void {
  v.assert("servers of all datacenters that are alive", {
    probe: ask("agent/members?wan=1"),
    value: ({ out }) => memberList.parse(jsonOf(out)).filter(({ Status: status }) => status === ALIVE).length,
    unit: "servers",
    limit: { min: federation.servers.length },
    hint: `consul members -wan; is port ${own.consul.ports.serf_wan} open (TCP and UDP) between the regions?`,
  });
  for (const datacenter of federation.datacenters) {
    if (datacenter === own.datacenter) continue;
    const [far] = serversOf(federation, datacenter);
    v.assert(`what ${datacenter} wrote, read from here`, {
      probe: ask(`kv/${canaryOf(datacenter)}?raw&dc=${datacenter}`),
      value: ({ out }) => ({ 200: replyOf(out).text, 404: "nothing" })[replyOf(out).status] ?? replyOf(out).text.trim(),
      limit: { equals: datacenter },
      hint: `the servers of ${datacenter} are not reached at TCP ${own.consul.ports.server}, or have no leader`,
      ...(far !== undefined && { link: far.host.name }),
    });
  }
  if (own.datacenter !== federation.primary) {
    v.assert(`ACLs come from ${federation.primary}`, { probe: ask("acl/replication"), value: ({ out }) => replicated(jsonOf(out)), limit: { equals: "yes" }, hint: "it is tried again after 1 s, 2 s and so on, at most 256 s; the leader's journal says more: journalctl -u hawser-consul" });
  }
}
