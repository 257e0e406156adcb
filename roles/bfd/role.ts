import { defineRole, Sh, sh, UsageError, type Facts, type HostView, type Tasks } from "hawser";
import { refuseGateways } from "hawser/roles/gre/gateway";
import { assertRouting } from "./health.ts";
import { asOf, farNetworks, neighboursOf, routerId, sourceOf, type End, type Neighbour } from "./routes.ts";
import { schema, timing, type Vars } from "./vars.ts";

/** FRR's own program that takes a running router from one configuration to another by what differs alone. */
const RELOAD = "/usr/lib/frr/frr-reload.py";
const CONF = "/etc/frr/frr.conf";

export const bfd = defineRole(import.meta, {
  name: "bfd",
  summary: "FRR on the gateways: BFD notices a dead tunnel within a second, and BGP takes its routes away at once.",
  vars: schema,
  validate({ vars, host, peers }) {
    refuseGateways(host, vars.gateway, peers.map((peer) => ({ host: peer.host, gateway: peer.vars.gateway })));
    for (const peer of peers) refusePeer({ host, vars }, peer);
    for (const [i, network] of vars.announce.entries()) if (!network.endsWith("/32")) throw new UsageError(`bfd.announce has ${network}: an address that moves is announced by itself`, { source: host.at("bfd", "announce", i), hint: `${network.split("/")[0]}/32` });
  },
  listens: () => [
    { port: 179, protocol: "tcp", what: "BGP" },
    { port: 3784, protocol: "udp", what: "BFD" },
    { port: 3785, protocol: "udp", what: "BFD's echo" },
  ],
  tasks({ t, vars, facts, host, peers }) {
    refuseSystem(facts, vars, host.name);
    const neighbours = neighboursOf({ host: host.name, vars }, peers.map(ends));
    for (const [name, port] of [["bfd", [3784, 3785]], ["bgp", [179]]] as const) {
      t.firewallRule(name, { chain: "input", protocol: name === "bfd" ? "udp" : "tcp", port: [...port], source: neighbours.map(({ remote }) => remote), action: "accept" });
    }
    const packages = t.package(facts.family === "debian" || !vars.repository ? ["frr", "frr-pythontools"] : ["frr"]);
    if (facts.family === "debian") leaveRoutes(t);
    const restart = t.handler("restart frr", sh`systemctl restart frr`);
    const reload = t.handler("reload frr", sh`systemctl is-active --quiet frr || exit 0
${RELOAD} --reload ${CONF}`);
    const daemons = ["bgpd", "bfdd"].map((name) => t.line("/etc/frr/daemons", { match: new RegExp(`^${name}=`), line: `${name}=yes`, needs: packages, notify: restart }));
    const conf = t.template(CONF, "frr.conf.ejs", {
      host: host.name,
      refused: vars.when_down === "refuse" ? farNetworks(neighbours) : [],
      neighbours,
      networks: vars.gateway.private_cidrs,
      announce: vars.announce,
      as: asOf(vars.gateway.id),
      routerId: routerId(vars),
      source: sourceOf(vars),
      ...timing(vars),
    }, { owner: "frr", group: "frr", mode: "0640", validate: (file) => sh`vtysh -C -f ${file}`, needs: packages, notify: reload });
    const service = t.service("frr", { state: "running", enabled: true, needs: [packages, ...daemons, conf] });
    t.flush();
    t.gate("frr answers", { probe: Sh.raw("vtysh -c 'show bfd peers json' >/dev/null 2>&1"), within: 60, needs: [service, restart, reload] });
  },
  verify({ v, vars, host, peers }) {
    assertRouting(v, vars, neighboursOf({ host: host.name, vars }, peers.map(ends)));
  },
  drill({ d, vars, host, peers }) {
    const neighbours = neighboursOf({ host: host.name, vars }, peers.map(ends));
    for (const network of farNetworks(neighbours)) {
      const [first, ...others] = neighbours.filter(({ takes }) => takes.includes(network));
      if (first) d.route(network, { to: regionOf(network, neighbours) ?? first.peer.region, via: [first, ...others].map(({ remote }) => remote) });
    }
  },
});

/** systemd-networkd takes away routes that are not its own whenever it starts; it reads this then, so that nothing has to be told now. */
function leaveRoutes(t: Tasks): void {
  const folder = t.directory("/etc/systemd/networkd.conf.d", { mode: "0755", parents: true });
  t.file("/etc/systemd/networkd.conf.d/90-hawser-frr.conf", { content: "# Managed by hawser: role bfd. Routes of FRR stay when systemd-networkd is started again.\n[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n", mode: "0644", needs: [folder] });
}

/** The region that a network is behind; with a hub, another one than the neighbour's that it is heard of from. */
const regionOf = (network: string, neighbours: readonly Neighbour[]): string | undefined => neighbours.find(({ peer }) => peer.private_cidrs.includes(network))?.peer.region;

const ends = ({ host, vars }: { readonly host: HostView; readonly vars: Vars }): End => ({ host: host.name, vars });

/** @throws UsageError at the inventory's line for two routers that cannot stand beside each other */
function refusePeer({ host, vars }: { readonly host: HostView; readonly vars: Vars }, peer: { readonly host: HostView; readonly vars: Vars }): void {
  if (routerId(vars) === routerId(peer.vars)) throw new UsageError(`${host.name} and ${peer.host.name} both have the router id ${routerId(vars)}`, { source: host.at(...(vars.router_id === undefined ? ["private_address"] : ["bfd", "router_id"])), hint: "BGP tells routers apart by it: bfd.router_id, or a private address of its own" });
  if (timing(vars).interval !== timing(peer.vars).interval) throw new UsageError(`BFD sends every ${timing(vars).interval} ms on ${host.name} and every ${timing(peer.vars).interval} ms on ${peer.host.name}`, { source: host.at("bfd"), hint: "the slower counts for both: set bfd.profile once, for a group that holds both" });
}

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`bfd serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family !== "el" || facts.os.major !== 7) return;
  if (!vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "bfd.allow_eol: true, if it has to be" });
  if (vars.repository) throw new UsageError(`CentOS 7 has no FRR of its own (${host})`, { hint: "declare FRR's repository for EL 7 before this role, and say bfd.repository: false" });
}
