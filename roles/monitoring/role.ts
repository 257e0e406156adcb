import { defineRole, UsageError, type Facts, type Tasks } from "hawser";
import { FIREWALL, firewallPackages } from "hawser/roles/base/firewall";
import { declareExporters } from "./exporters.ts";
import { declareGrafana } from "./grafana.ts";
import { assertHost, assertServer, weaknesses } from "./health.ts";
import { declareGround } from "./programs.ts";
import { refuse } from "./refuse.ts";
import { asked, listenersOf } from "./ports.ts";
import { clusterPort, declareServer } from "./server.ts";
import type { End } from "./targets.ts";
import { schema, type Vars } from "./vars.ts";

export const monitoring = defineRole(import.meta, {
  name: "monitoring",
  summary: "Prometheus in each region watching the others: links, tunnels, the address that moves, databases and quorums, with alerts, and dashboards in Grafana.",
  vars: schema,
  facts: () => ({ firewall: FIREWALL }),
  validate({ vars, host, peers }) {
    refuse({ host, vars }, peers);
  },
  listens: ({ vars }) => listenersOf(vars),
  tasks({ t, vars, facts, host, members, peers }) {
    refuseSystem(facts, vars, host.name);
    for (const weakness of weaknesses(members)) if (vars.server) t.warn(weakness);
    declareFirewall(t, vars, peers, firewallPackages(facts, facts.firewall));
    // Downloads and assertions ask by curl; ends of certificates are read by openssl.
    t.package(["curl", "openssl"]);
    const ground = [...Object.values(vars.artifacts), vars.grafana?.artifact].some((each) => each !== undefined) ? declareGround(t, facts) : [];
    const cx = { t, vars, facts, host: host.name, ground };
    declareExporters(cx, { host, vars }, peers);
    if (!vars.server) return;
    declareServer(cx, { host, vars }, members);
    if (vars.grafana !== undefined) declareGrafana(cx, vars.grafana);
  },
  verify({ v, vars, host, members }) {
    assertHost(v, vars);
    if (!vars.server) return;
    assertServer(v, { host, vars }, members);
    for (const weakness of weaknesses(members)) v.warn(weakness);
  },
});

/** What monitors ask is open to them and to the host itself; the role's own ports are to nobody else. */
function declareFirewall(t: Tasks, vars: Vars, peers: readonly End[], packages: readonly string[]): void {
  const tool = t.package(packages);
  const monitors = peers.filter((peer) => peer.vars.server);
  const own = asked(vars);
  // A host on the public network alone is asked from a monitor's public address.
  const source = [...new Set(["127.0.0.1", vars.address, ...monitors.flatMap(({ vars: { address, public_address } }) => [address, ...(public_address === undefined ? [] : [public_address])])])];
  t.firewallRule("monitoring", { chain: "input", protocol: "tcp", port: [...own, ...vars.exporters.map(({ port }) => port)], source, action: "accept", needs: tool });
  if (vars.server) t.firewallRule("monitoring-gossip", { chain: "input", protocol: "udp", port: clusterPort(vars), source, action: "accept", needs: tool });
  t.firewallRule("monitoring-others", { chain: "input", protocol: "tcp", port: [...own], action: "drop", position: 900, needs: tool });
}

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`monitoring serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family === "el" && facts.os.major === 7 && !vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "monitoring.allow_eol: true, if it has to be" });
}
