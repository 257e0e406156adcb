import { LabError } from "./error.ts";
import { macOf, wireOf } from "./names.ts";
import { subnetOf, TRANSFER } from "./spec.ts";
import type { LabFault, LabHost, LabTraffic } from "./types.ts";

const PORTLESS = ["icmp", "gre", "esp"] as const;

/** `udp:500`, `tcp:8443`; `icmp`, `gre` and `esp` have no port. @throws LabError */
export function parseTraffic(text: string): LabTraffic {
  const portless = PORTLESS.find((protocol) => protocol === text);
  if (portless !== undefined) return { protocol: portless };
  const [, protocol, digits] = /^(tcp|udp):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if ((protocol === "tcp" || protocol === "udp") && port >= 1 && port <= 65_535) return { protocol, port };
  throw new LabError(`"${text}" is no traffic that can be cut`, { hint: `tcp:PORT, udp:PORT, ${PORTLESS.join(", ")}` });
}

export const trafficText = ({ protocol, port }: LabTraffic): string => (port === undefined ? protocol : `${protocol}:${port}`);

/** A fault in words; it stands beside its rules as their comment, so the rules themselves say which faults there are. */
export function faultText(fault: LabFault): string {
  if (fault.kind === "loss") return `loss ${fault.a} ${fault.b} ${fault.percent}`;
  return ["cut", fault.a, fault.b ?? "*", ...(fault.only === undefined ? [] : [trafficText(fault.only)])].join(" ");
}

/** The reverse of `faultText`. @throws LabError */
export function parseFault(text: string): LabFault {
  const [kind, a, b, last] = text.split(" ");
  if (kind === "loss" && a !== undefined && b !== undefined) return { kind, a, b, percent: Number(last) };
  if (kind !== "cut" || a === undefined || b === undefined) throw new LabError(`a rule of the lab's faults says "${text}"`, { hint: "take the lab down and up again" });
  return { kind, a, ...(b === "*" ? {} : { b }), ...(last === undefined ? {} : { only: parseTraffic(last) }) };
}

/** The hosts that a name stands for: one host, or all of a region. @throws LabError when it is neither */
export function membersOf(name: string, hosts: readonly LabHost[]): LabHost[] {
  const named = hosts.filter((host) => host.name === name);
  const members = named.length > 0 ? named : hosts.filter(({ region }) => region === name);
  if (members.length > 0) return members;
  const regions = [...new Set(hosts.map(({ region }) => region))];
  throw new LabError(`the lab has no host or region ${name}`, { evidence: `hosts: ${hosts.map((host) => host.name).join(", ")}\nregions: ${regions.join(", ")}` });
}

/**
 * All faults of a lab as text for `nft -f`, which replaces the table as a whole; without any it deletes the table.
 *
 * A packet is judged where it leaves a region's bridge for a host. There it passes once, delayed or not, routed or bridged,
 * multicast too; the controller's packets have an address that no fault names.
 */
export function faultRules(faults: readonly LabFault[], hosts: readonly LabHost[]): string {
  const fresh = "table bridge hawser-faults\ndelete table bridge hawser-faults\n";
  if (faults.length === 0) return fresh;
  const rules = faults.flatMap((fault) => rulesOf(fault, hosts).map((rule) => `    ${rule} comment "${faultText(fault)}"\n`));
  return `${fresh}table bridge hawser-faults {
  chain to-host {
    type filter hook postrouting priority 0
${rules.join("")}  }
}
`;
}

function rulesOf(fault: LabFault, hosts: readonly LabHost[]): string[] {
  const a = membersOf(fault.a, hosts);
  const b = fault.b === undefined ? undefined : membersOf(fault.b, hosts);
  const matches = b === undefined ? apart(a) : [...between(a, b), ...between(b, a)];
  if (fault.kind === "cut") return matches.flatMap((match) => cutRules(match, fault.only));
  return matches.map((match) => `${match} numgen random mod 10000 < ${Math.round(fault.percent * 100)} drop`);
}

/** What is bridged carries its sender's MAC, whatever the address; what is routed carries its public address. No packet matches both. */
function between(from: readonly LabHost[], to: readonly LabHost[]): string[] {
  const out = `oifname ${set(to.map(({ address }) => `"${wireOf(address)}"`))}`;
  const macs = set(macsOf(from));
  return [`${out} ether saddr ${macs}`, `${out} ether saddr != ${macs} ip saddr ${set(addressesOf(from))}`];
}

/** Everything in and out, but for the controller, the gateway, and what passes between the hosts themselves. */
function apart(hosts: readonly LabHost[]): string[] {
  const wires = set(hosts.map(({ address }) => `"${wireOf(address)}"`));
  const gateways = [...new Set(hosts.map(({ address }) => `${subnetOf(address)}.1`))];
  const privately = hosts.flatMap(({ privateAddress }) => (privateAddress === undefined ? [] : [`${subnetOf(privateAddress)}.1`]));
  const routers = gateways.map((gateway) => macOf("bridge", gateway));
  const friends = [`${TRANSFER}.0/24`, ...gateways, ...new Set(privately), ...addressesOf(hosts)];
  return [
    `oifname ${wires} ether saddr != ${set([...macsOf(hosts), ...routers])}`,
    `oifname ${wires} ether saddr ${set(routers)} ip saddr != ${set(friends)}`,
    `oifname != ${wires} ether saddr ${set(macsOf(hosts))}`,
    `oifname != ${wires} ip saddr ${set(addressesOf(hosts))}`,
  ];
}

/** Of a service both directions: to its port and from it. */
function cutRules(match: string, only: LabTraffic | undefined): string[] {
  if (only === undefined) return [`${match} drop`];
  if (only.port === undefined) return [`${match} ip protocol ${only.protocol} drop`];
  return ["sport", "dport"].map((side) => `${match} ${only.protocol} ${side} ${only.port} drop`);
}

const set = (items: readonly string[]): string => `{ ${items.join(", ")} }`;
const macsOf = (hosts: readonly LabHost[]): string[] => hosts.map(({ address }) => macOf("host", address));
const addressesOf = (hosts: readonly LabHost[]): string[] => hosts.map(({ address }) => address);
