import { sh, Sh, type Observed, type Verifier } from "hawser";
import { largestInside } from "./esp.ts";
import { rangeOf } from "./gateway.ts";
import { CLEAR_RULES, SCRIPT } from "./paths.ts";
import { fits, type End, type Tunnel } from "./tunnels.ts";
import { DEFAULT_MTU, type Vars } from "./vars.ts";

/** Enough for a mean, in a second and a half. */
const PINGS = 20;
/** What IPv4 and ICMP take of a packet. */
const PING_HEADERS = 28;

const number = (text: string | undefined): number | undefined => (text === undefined || text === "" ? undefined : Number(text));
const first = (pattern: RegExp) => ({ out }: Observed) => pattern.exec(out)?.[1];

/** Each tunnel with the networks behind it, and that nothing of them is in the clear. */
export function assertTunnels(v: Verifier, vars: Vars, tunnels: readonly Tunnel[]): void {
  for (const tunnel of tunnels) {
    assertTunnel(v, vars, tunnel);
    for (const { network } of tunnel.routes) assertRoute(v, tunnel, network);
  }
  assertHost(v);
}

function assertTunnel(v: Verifier, vars: Vars, { name, remote, own, far, mtu, mss, peer }: Tunnel): void {
  const to = `${name} to ${peer.host}`;
  // The first one may wait for IKE, and tells nothing of the way.
  const pings = sh`ping -c 1 -W 5 ${remote} >/dev/null 2>&1; ping -q -c ${PINGS} -i 0.05 -W 2 ${remote}`;
  v.assert(`${to}: round trip`, { probe: pings, value: (seen) => number(first(/= [\d.]+\/([\d.]+)\//)(seen)), unit: "ms", limit: { max: vars.rtt_max_ms }, hint: "gre.rtt_max_ms is 1.3 times what was measured when all was well" });
  v.assert(`${to}: lost packets`, { probe: pings, value: (seen) => number(first(/([\d.]+)% packet loss/)(seen)), unit: "%", limit: { max: vars.loss_max_percent }, link: peer.host, hint: `is IPsec up? swanctl --list-sas; does the network between let UDP 500 and 4500 through?` });
  v.assert(`${to}: MTU`, { probe: sh`ip -d -o link show dev ${name}`, value: (seen) => number(first(/ mtu (\d+) /)(seen)), unit: "octets", limit: { equals: mtu }, hint: `sh ${SCRIPT} check says what differs` });
  v.assert(`${to}: largest packet that arrives`, { probe: largest(remote, mtu), value: (seen) => number(seen.out.trim()), unit: "octets", limit: { equals: mtu }, hint: "the network between the regions carries less than gre.underlay_mtu says: measure it, and set it" });
  v.assert(`${to}: ends`, { probe: sh`ip -d -o link show dev ${name}`, value: (seen) => /gre remote (\S+) local (\S+)/.exec(seen.out)?.slice(1, 3).reverse().join(" to "), limit: { equals: `${own} to ${far}` }, hint: `sh ${SCRIPT} up sets them` });
  v.assert(`${to}: TCP segments`, { probe: clamp(name), value: (seen) => number(first(/(?:maxseg size set|--set-mss) (\d+)/)(seen)), unit: "octets", limit: { max: mss }, hint: "somebody flushed the rules: systemctl restart hawser-gre" });
}

/** Prints the largest size, of some, that arrives whole. */
const largest = (remote: string, mtu: number): Sh => sh`ping -q -c 2 -W 2 ${remote} >/dev/null 2>&1 || exit 0
for s in ${[mtu, ...[1386, 1360, 1320, 1280, 1200, 1000, 576].filter((size) => size < mtu)]}; do if ping -q -c 3 -i 0.2 -W 1 -M do -s $((s - ${PING_HEADERS})) ${remote} >/dev/null 2>&1; then echo "$s"; break; fi; done`;

const clamp = (name: string): Sh => sh`if nft list table inet hawser_gre >/dev/null 2>&1; then nft list table inet hawser_gre | grep ${`oifname "${name}" `}
else t=iptables; if command -v iptables-legacy >/dev/null 2>&1; then t=iptables-legacy; fi; "$t" -w -t mangle -S HAWSER-GRE | grep -e ${`-o ${name} `}; fi`;

/** Of an address inside the network, since one host is asked for. */
function assertRoute(v: Verifier, { name, peer }: Tunnel, network: string): void {
  const inside = addressOf(rangeOf(network).first + 1);
  v.assert(`way to ${network} behind ${peer.host}`, { probe: sh`ip -4 route get ${inside}`, value: (seen) => first(/ dev (\S+)/)(seen), limit: { equals: name }, hint: "ip route show says what else leads there; the public path, while BFD is down" });
}

const addressOf = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");

function assertHost(v: Verifier): void {
  // As the kernel has them, not as the file says.
  v.assert("rules that drop clear GRE", {
    probe: sh`{ nft list table inet hawser 2>/dev/null; for t in iptables-legacy iptables; do if command -v "$t" >/dev/null 2>&1; then "$t" -w -S 2>/dev/null; break; fi; done; } | grep -e ${Sh.raw(CLEAR_RULES.join(" -e "))}`,
    value: ({ out }) => CLEAR_RULES.filter((rule) => out.split("\n").some((line) => line.includes(rule) && /\bdrop\b/i.test(line))).length,
    limit: { equals: CLEAR_RULES.length },
    hint: "somebody flushed the rules: systemctl restart hawser-firewall",
  });
  v.assert("forwards packets", { probe: sh`cat /proc/sys/net/ipv4/ip_forward`, value: ({ out }) => number(out.trim()), limit: { equals: 1 }, hint: "something set net.ipv4.ip_forward back: sysctl --system" });
}

/** What an operator must know: wishes that were not granted, and why. */
export function weaknesses(own: End, peers: readonly End[], tunnels: readonly Tunnel[]): readonly string[] {
  const { vars } = own;
  return tunnels.flatMap(({ name, mtu, peer }) => {
    const other = peers.find(({ host }) => host.name === peer.host)?.vars ?? vars;
    const wanted = vars.mtu ?? DEFAULT_MTU;
    if (mtu >= wanted) return [];
    if (fits(vars, other) === mtu) return [`gre.mtu ${wanted} does not fit: IPsec leaves ${largestInside(Math.min(vars.underlay_mtu, other.underlay_mtu), [...vars.esp_proposals, ...other.esp_proposals])} of the ${Math.min(vars.underlay_mtu, other.underlay_mtu)} octets of the network between; larger packets would be lost. ${name} gets ${mtu}`];
    return [`gre.mtu is ${wanted} here and ${other.mtu ?? DEFAULT_MTU} on ${peer.host}: ${name} gets ${mtu} on both ends`];
  });
}
