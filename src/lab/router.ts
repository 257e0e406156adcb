import { bridgeOf } from "./names.ts";
import { subnetOf } from "./spec.ts";
import type { LabHost } from "./types.ts";

/** In the lab's namespace: the ends of the delay line (delay.ts), from which every delayed packet comes back for its second pass. */
export const DELAY = "dl0";
export const FAR = "dl1";

interface Natted {
  readonly bridge: string;
  readonly inside: string;
  readonly outside: string;
}

/** The hosts behind 1:1 NAT. */
export const nattedHosts = (hosts: readonly LabHost[]): Natted[] =>
  hosts.flatMap(({ address, privateAddress }) => (privateAddress === undefined ? [] : [{ bridge: bridgeOf(address), inside: privateAddress, outside: address }]));

/**
 * What clouds do at the edge of a region, as text for `nft -f`, which replaces the table as a whole.
 *
 * - 1:1 NAT without a state: a host's private address leaves as its public one, and what comes for the public one arrives at the private
 *   one, from everywhere, its own region included. Packets of the router itself (ICMP errors) take it too.
 * - Private addresses reach nobody in another region.
 * - GRE and ESP (protocols 47 and 50) do not pass; ESP in UDP does.
 */
export function routerRules(hosts: readonly LabHost[]): string {
  const natted = nattedHosts(hosts);
  const regions = new Map(natted.map(({ bridge, inside }) => [bridge, subnetOf(inside)]));
  const inward = natted.map(({ inside, outside }) => `ip daddr ${outside} ip daddr set ${inside}`);
  const prerouting = [
    `iifname { "${DELAY}", "${FAR}" } accept`,
    ...[...regions].flatMap(([bridge, subnet]) => [`iifname "${bridge}" ip daddr ${subnet}.1 accept`, `iifname != "${bridge}" ip daddr ${subnet}.0/24 drop`]),
    ...natted.map(({ bridge, inside, outside }) => `iifname "${bridge}" ip saddr ${inside} ip saddr set ${outside}`),
    ...inward,
  ];
  const forward = ['iifname "br-*" meta l4proto { 47, 50 } drop', 'iifname "br-*" ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } drop'];
  return `table ip hawser-router
delete table ip hawser-router
table ip hawser-router {
  chain prerouting {
    type filter hook prerouting priority -300
${prerouting.map((rule) => `    ${rule}\n`).join("")}  }
  chain output {
    type route hook output priority -300
${inward.map((rule) => `    ${rule}\n`).join("")}  }
  chain forward {
    type filter hook forward priority 0
${forward.map((rule) => `    ${rule}\n`).join("")}  }
}
`;
}
