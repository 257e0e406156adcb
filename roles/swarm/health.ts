import { Sh, sh, z, type Verifier } from "hawser";
import { forwardingIs } from "./engine.ts";
import { dataPathOf, entryOf, joinedOf, managersOf, type End, type Objects } from "./layout.ts";

/** What VXLAN takes of each packet: 20 of IP, 8 of UDP, 8 of its own, 14 of Ethernet. */
export const VXLAN = 50;

/** Octets of the request that must come through to every other node. */
const REQUEST = 1400;

/** This node, and the way of its containers to those of the others. */
export function assertNode(v: Verifier, own: End, members: readonly End[]): void {
  const { vars } = own;
  v.assert("engine", { probe: sh`systemctl is-active docker || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: "journalctl -u docker" });
  if (vars.state === "left") return v.assert("membership", { probe: Sh.raw("docker info --format '{{.Swarm.LocalNodeState}}'"), value: ({ out }) => out.trim(), limit: { equals: "inactive" }, hint: "docker swarm leave" });
  v.assert("membership", { probe: Sh.raw("docker info --format '{{.Swarm.LocalNodeState}}'"), value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: "docker info says what is wrong: does the node reach a manager on port 2377?" });
  if (vars.role === "manager") assertQuorum(v, managersOf(members).length);
  if (entryOf(members).host.name === own.host.name) {
    v.assert("nodes that are ready", { probe: Sh.raw("docker node ls --format '{{.Status}}'"), value: ({ out }) => out.split("\n").filter((line) => line === "Ready").length, unit: "nodes", limit: { equals: joinedOf(members).length }, hint: "docker node ls: fewer are away; more are of the cluster and not of the inventory (docker node rm, or role swarm with state: left)" });
  }
  v.assert("forwarding", { probe: sh`if [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] && ${forwardingIs(vars)}; then echo passes; else echo dropped; fi`, value: ({ out }) => out.trim(), limit: { equals: "passes" }, hint: `net.ipv4.ip_forward, and iptables -S DOCKER-USER: Docker drops what it does not know, and ${vars.forward_interfaces.join(", ")} must pass` });
  if (vars.availability === "active") assertOverlay(v, own, members);
}

function assertQuorum(v: Verifier, managers: number): void {
  const quorum = Math.floor(managers / 2) + 1;
  v.assert("managers that are reachable", {
    probe: Sh.raw("docker node ls --format '{{.ManagerStatus}}' 2>/dev/null || :"),
    value: ({ out }) => out.split("\n").filter((line) => ["Leader", "Reachable"].includes(line)).length,
    unit: "managers",
    limit: { min: quorum },
    hint: `${quorum} of ${managers} are the quorum. Below it nothing can be changed; tasks go on. Bring a manager back; docker swarm init --force-new-cluster on the best one only if the others are lost for good`,
  });
  v.assert("managers that are away", {
    probe: Sh.raw("docker node ls --format '{{.ManagerStatus}}' 2>/dev/null || :"),
    value: ({ out }) => managers - out.split("\n").filter((line) => ["Leader", "Reachable"].includes(line)).length,
    unit: "managers",
    limit: { max: 0, min: 0 },
    hint: "the quorum holds as long as a majority is left; look at the one that is missing: journalctl -u docker",
  });
}

const SANDBOX = "/run/docker/netns/ingress_sbox";

/** By the routing mesh's own network, which every node is on: its MTU, and a request to each other node that works. */
function assertOverlay(v: Verifier, own: End, members: readonly End[]): void {
  const mtu = (own.vars.ingress.mtu ?? own.vars.mtu) - VXLAN;
  v.assert("overlay: MTU", { probe: sh`nsenter --net=${SANDBOX} ip -o link show dev eth0`, value: ({ out }) => Number(/mtu (\d+)/.exec(out)?.[1]), unit: "octets", limit: { equals: mtu }, hint: "ingress was made with another MTU: see roles/swarm/README.md on how it is made anew" });
  const path = (member: End): string => dataPathOf(member, members);
  for (const peer of joinedOf(members).filter(({ host, vars }) => host.name !== own.host.name && vars.availability === "active")) {
    v.assert(`overlay to ${peer.host.name}: ${REQUEST} octets and back`, {
      probe: pingOver(path(peer)),
      value: ({ out }) => (/rtt|round-trip/.test(out) ? Number(/= *[\d.]+\/([\d.]+)/.exec(out)?.[1]) : undefined),
      unit: "ms",
      limit: { max: 1000 },
      link: peer.host.name,
      hint: `VXLAN to ${path(peer)}, UDP ${own.vars.data_path_port}, does not arrive: firewall, tunnel, or its MTU`,
    });
  }
}

/** Docker tells each node by which hardware address, behind which host, an address of the overlay is: that one is asked from inside of it. */
const pingOver = (host: string): Sh => sh`id=$(docker network inspect --format '{{.ID}}' ingress)
for ns in /run/docker/netns/1-*; do case $id in "\${ns##*/1-}"*) break ;; esac; done
for mac in $(nsenter --net="$ns" bridge fdb show | grep -F " dst "${host}" " | cut -d' ' -f1); do
  ip=$(nsenter --net="$ns" ip neigh show | grep -F "lladdr $mac" | cut -d' ' -f1 | head -n 1)
  if [ -n "$ip" ] && nsenter --net=${SANDBOX} ping -q -c 3 -i 0.3 -W 2 -s ${REQUEST} "$ip"; then exit 0; fi
done
exit 1`;

/** That each service has as many tasks running as it wants. */
export function assertServices(v: Verifier, services: Objects["services"]): void {
  const probe = Sh.raw("docker service ls --format '{{.Name}} {{.Replicas}}'");
  for (const { name, spec } of services) {
    const { Replicated } = mode.parse(spec["Mode"]);
    const counted = (out: string): readonly number[] => /^(\d+)\/(\d+)/.exec(out.split("\n").find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? "")?.slice(1).map(Number) ?? [];
    const hint = `docker service ps --no-trunc ${name}`;
    if (Replicated) v.assert(`service ${name}: tasks that run`, { probe, value: ({ out }) => counted(out)[0], unit: "tasks", limit: { equals: Replicated.Replicas }, hint });
    else v.assert(`service ${name}: nodes without its task`, { probe, value: ({ out }) => { const [running = Number.NaN, wanted = Number.NaN] = counted(out); return wanted - running; }, unit: "nodes", limit: { equals: 0 }, hint });
  }
}

const mode = z.looseObject({ Replicated: z.looseObject({ Replicas: z.number() }).optional() });
