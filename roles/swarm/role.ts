import { defineRole, lane, UsageError, type Tasks } from "hawser";
import { FIREWALL, firewallPackages } from "hawser/roles/base/firewall";
import { declareBridge, declareInit, declareJoin, declareSettings, GOSSIP_PORT, MANAGER_PORT, readNodeId, readTicket, ticketSchema } from "./cluster.ts";
import { declareEngine, OWN_KEYS, refuseSystem, SWARM_STATE } from "./engine.ts";
import { assertNode } from "./health.ts";
import { addressesOf, entryOf, joinedOf, listenOf, managersOf, speakerFor, type End } from "./layout.ts";
import { declareLeave } from "./leave.ts";
import { swarmNetwork } from "./network-kind.ts";
import { swarmNode } from "./node-kind.ts";
import { refuse, weaknesses } from "./refuse.ts";
import { schema } from "./vars.ts";

/** Two managers that join at once can keep the quorum from either. */
const oneManager = lane("swarm managers", 1);

export const swarm = defineRole(import.meta, {
  name: "swarm",
  summary: "Docker Swarm over the regions: the engine, one cluster of managers and workers, its address pools and MTU, and forwarding beside it.",
  vars: schema,
  facts: () => ({ firewall: FIREWALL, swarm: SWARM_STATE }),
  exports: { before: ticketSchema, ticket: ticketSchema },
  validate({ vars, host, peers }) {
    refuse({ host, vars }, peers);
    for (const [key, of] of Object.entries(OWN_KEYS)) if (key in vars.daemon) throw new UsageError(`swarm.daemon.${key} is the role's own`, { source: host.at("swarm", "daemon", key), hint: `in its place: ${of}` });
  },
  listens: ({ vars }) => [
    ...(vars.role === "manager" ? [{ port: MANAGER_PORT, protocol: "tcp" as const, what: "Swarm's managers" }] : []),
    { port: GOSSIP_PORT, protocol: "tcp", what: "Swarm's nodes" },
    { port: GOSSIP_PORT, protocol: "udp", what: "Swarm's nodes" },
    { port: vars.data_path_port, protocol: "udp", what: "Swarm's overlay networks", var: ["data_path_port"] },
  ],
  tasks({ t, vars, facts, host, members, peers }) {
    refuseSystem(facts, vars, host.name);
    const own = { host, vars };
    const entry = entryOf(members);
    for (const weakness of weaknesses(members)) t.warn(weakness);
    if (vars.state === "left") return declareLeave(t, own, speakerFor(host.name, members).host.name, facts.hostname);
    openPorts(t, own, peers, members, firewallPackages(facts, facts.firewall));

    const active = facts.swarm === "active";
    const ready = declareEngine(t, vars, facts, active);
    const before = vars.role === "manager" ? readTicket(t, "ticket before", ready) : undefined;
    if (before) t.export("before", before);
    // One that is a member has it, and Docker changes it no more.
    const bridge = active ? [] : [declareBridge(t, own, ready)];
    const needs = [...ready, ...bridge];
    if (entry.host.name === host.name) {
      const others = managersOf(peers).map((end) => ({ end, ticket: end.exports.before }));
      const cluster = declareInit(t, { ...own, listen: listenOf(own, members, facts) }, members, others, needs);
      const settings = declareSettings(t, own, [...ready, cluster]);
      const ingress = t.add(swarmNetwork, { name: "ingress", ingress: true, mtu: vars.ingress.mtu ?? vars.mtu, ...(vars.ingress.subnet !== undefined && { subnet: vars.ingress.subnet }) }, { needs: [...ready, cluster] });
      t.export("ticket", readTicket(t, "ticket", [cluster, settings, ingress]));
      t.add(swarmNode, nodeArgs(own, readNodeId(t, [cluster])), { needs: [...ready, cluster] });
      return;
    }
    const join = () => declareJoin(t, { ...own, listen: listenOf(own, members, facts) }, members, entry, entry.exports.ticket, needs);
    let cluster = undefined as unknown as ReturnType<typeof join>;
    if (vars.role === "manager" && !active) t.block("join", { lane: oneManager }, () => void (cluster = join()));
    else cluster = join();
    const id = readNodeId(t, [cluster]);
    // Only a manager can say what a node is and has.
    t.on(entry.host.name, () => t.add(swarmNode, nodeArgs(own, id), { needs: [cluster] }));
  },
  verify({ v, vars, host, members }) {
    assertNode(v, { host, vars }, members);
    for (const weakness of weaknesses(members)) v.warn(weakness);
  },
});

const nodeArgs = ({ host, vars }: End, id: ReturnType<typeof readNodeId>) => ({ name: host.name, id, role: vars.role, availability: vars.availability, labels: { ...(host.region !== "" && { region: host.region }), ...vars.labels } });

/** To the other nodes alone, by every address that they may come from. */
function openPorts(t: Tasks, { vars }: End, peers: readonly End[], members: readonly End[], packages: readonly string[]): void {
  const source = [...new Set(joinedOf(peers).flatMap((peer) => addressesOf(peer, members)))];
  if (source.length === 0) return;
  const tool = t.package(packages);
  const open = (name: string, protocol: "tcp" | "udp", port: number) => void t.firewallRule(name, { chain: "input", protocol, port, source, action: "accept", needs: tool });
  if (vars.role === "manager") open("swarm-managers", "tcp", MANAGER_PORT);
  open("swarm-gossip-tcp", "tcp", GOSSIP_PORT);
  open("swarm-gossip-udp", "udp", GOSSIP_PORT);
  open("swarm-data", "udp", vars.data_path_port);
}
