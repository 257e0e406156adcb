import { sh, z, type Verifier } from "hawser";
import { farNetworks, type Neighbour } from "./routes.ts";
import type { Vars } from "./vars.ts";

const bfdPeers = z.array(z.looseObject({ peer: z.string(), status: z.string(), "detect-multiplier": z.number().optional(), "remote-detect-multiplier": z.number().optional(), "receive-interval": z.number().optional(), "remote-transmit-interval": z.number().optional() }));
const bgpSummary = z.looseObject({ ipv4Unicast: z.looseObject({ peers: z.record(z.string(), z.looseObject({ state: z.string(), pfxRcd: z.number().optional() })) }) });

/** BFD and BGP of each tunnel as FRR knows them, and where the kernel really sends packets. */
export function assertRouting(v: Verifier, vars: Vars, neighbours: readonly Neighbour[]): void {
  for (const neighbour of neighbours) assertNeighbour(v, vars, neighbour);
  for (const network of farNetworks(neighbours)) assertRoute(v, network, neighbours);
}

function assertNeighbour(v: Verifier, vars: Vars, { name, remote, peer }: Neighbour): void {
  const bfd = (out: string) => bfdPeers.parse(JSON.parse(out)).find((each) => each.peer === remote);
  v.assert(`BFD with ${peer.host} over ${name}`, {
    probe: sh`vtysh -c 'show bfd peers json'`,
    value: ({ out }) => bfd(out)?.status ?? "absent",
    limit: { equals: "up" },
    link: peer.host,
    hint: `does ${remote} answer a ping? journalctl -u frr on both; udp port 3784 must be open`,
  });
  v.assert(`BFD notices that ${peer.host} is gone`, {
    probe: sh`vtysh -c 'show bfd peers json'`,
    // RFC 5880, 6.8.4: the peer's multiplier times the slower of what it sends and what is taken here.
    value: ({ out }) => {
      const session = bfd(out);
      if (session === undefined || session.status !== "up") return undefined;
      return (session["remote-detect-multiplier"] ?? 0) * Math.max(session["remote-transmit-interval"] ?? 0, session["receive-interval"] ?? 0);
    },
    unit: "ms",
    limit: { min: 1, max: vars.detect_max_ms },
    hint: "the peer's profile counts as well: bfd.profile, once for both",
  });
  v.assert(`BGP with ${peer.host}`, {
    probe: sh`vtysh -c 'show bgp summary json'`,
    value: ({ out }) => bgpSummary.parse(JSON.parse(out)).ipv4Unicast.peers[remote]?.state ?? "absent",
    limit: { equals: "Established" },
    hint: `vtysh -c 'show bgp neighbors ${remote}'`,
  });
}

function assertRoute(v: Verifier, network: string, neighbours: readonly Neighbour[]): void {
  const links = neighbours.filter(({ takes }) => takes.includes(network)).map(({ name }) => name);
  v.assert(`${network} is reached by BGP over a tunnel`, {
    probe: sh`ip -4 route show ${network} proto bgp`,
    value: ({ out }) => links.filter((name) => new RegExp(`\\bdev ${name}\\b`).test(out)).length,
    unit: "routes",
    limit: { min: 1 },
    hint: "without one, packets take the static route of role gre, or are refused",
  });
}
