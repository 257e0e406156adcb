import { isIP } from "node:net";
import type { Facts } from "./facts.ts";

type Address = Facts["addresses"][number];

/** Reads `ip -o addr show`: `2: eth0    inet 10.0.0.11/24 brd …`, with `peer` on a point-to-point link. */
export function addressesOf(lines: readonly string[]): Address[] {
  return lines.flatMap((line) => {
    const [, name = "", family, address = "", peerPrefix, prefix = peerPrefix] = /^\d+:\s+(\S+?)(?:@\S+)?:?\s+(inet6?)\s+([^\s/]+)(?:\s+peer\s+[^\s/]+(?:\/(\d+))?)?(?:\/(\d+))?(?:\s|$)/.exec(line) ?? [];
    return addressOf(name, address, prefix === undefined ? (family === "inet6" ? 128 : 32) : Number(prefix));
  });
}

function addressOf(name: string, address: string, prefix: number): Address[] {
  const family = isIP(address);
  if (name === "" || name === "lo" || family === 0 || prefix > (family === 4 ? 32 : 128)) return [];
  return [{ interface: name, address, prefix, family: family as 4 | 6 }];
}

/** Reads `ip -4 route show default`, the route of the lowest metric first. The gateway is '' on a link that needs none. */
export function defaultRouteOf(lines: readonly string[], addresses: readonly Address[]): Facts["defaultRoute"] {
  // A route of several next hops names them on the following lines.
  const [first = "", ...rest] = lines;
  const next = rest.findIndex((line) => !/^\s/.test(line));
  const text = [first, ...(next === -1 ? rest : rest.slice(0, next))].join(" ");
  if (!text.startsWith("default")) return undefined;
  const word = (name: string) => new RegExp(`\\s${name}\\s+(\\S+)`).exec(text)?.[1] ?? "";
  const [gateway, device, given] = [word("via"), word("dev"), word("src")];
  if (device === "") return undefined;
  const own = addresses.filter((address) => address.interface === device && address.family === 4);
  const source = own.find((address) => isIP(gateway) === 4 && sameNetwork(address.address, gateway, address.prefix)) ?? own[0];
  return { gateway: isIP(gateway) === 4 ? gateway : "", interface: device, source: isIP(given) === 4 ? given : source?.address ?? "" };
}

const toNumber = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

function sameNetwork(a: string, b: string, prefix: number): boolean {
  const size = 2 ** (32 - prefix);
  return Math.floor(toNumber(a) / size) === Math.floor(toNumber(b) / size);
}

interface Route4 {
  readonly interface: string;
  readonly destination: string;
  readonly gateway: string;
  readonly prefix: number;
  readonly metric: number;
}

/** Without iproute the kernel's own tables say it: an IPv4 address is one that the trie calls local, on the interface of the network that holds it. */
export function networkWithoutIproute(route4: readonly string[], trie: readonly string[], inet6: readonly string[]): { addresses: Address[]; route: string[] } {
  const routes = route4.flatMap(route4Of);
  const local = new Set<string>();
  trie.forEach((line, i) => {
    const address = /^\s*\|--\s+(\d+(?:\.\d+){3})$/.exec(line)?.[1];
    if (address !== undefined && isIP(address) === 4 && trie[i + 1]?.includes("/32 host LOCAL")) local.add(address);
  });
  const four = [...local].flatMap((address) => {
    const network = routes.filter((route) => route.prefix > 0 && sameNetwork(address, route.destination, route.prefix)).sort((a, b) => b.prefix - a.prefix)[0];
    return network === undefined ? [] : addressOf(network.interface, address, network.prefix);
  });
  const standard = routes.filter((route) => route.prefix === 0).sort((a, b) => a.metric - b.metric)[0];
  return {
    addresses: [...four, ...inet6.flatMap(inet6Of)],
    route: standard === undefined ? [] : [`default via ${standard.gateway} dev ${standard.interface}`],
  };
}

/** A line of /proc/net/route; its numbers are in the byte order of the machine, which is little-endian wherever hawser runs. */
function route4Of(line: string): Route4[] {
  const [name = "", destination = "", gateway = "", , , , metric = "", mask = ""] = line.split(/\s+/);
  if (![destination, gateway, mask].every((word) => /^[0-9A-F]{8}$/i.test(word))) return [];
  const bits = toNumber(dotted(mask)).toString(2);
  return [{ interface: name, destination: dotted(destination), gateway: dotted(gateway), prefix: bits.length === 32 ? bits.replaceAll("0", "").length : 0, metric: Number(metric) || 0 }];
}

const dotted = (hex: string): string => (hex.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)).join(".");

/** A line of /proc/net/if_inet6: address, index, prefix in hex, scope, flags, name. */
function inet6Of(line: string): Address[] {
  const [hex = "", , prefix = "", , , name = ""] = line.split(/\s+/);
  if (!/^[0-9a-f]{32}$/.test(hex) || !/^[0-9a-f]{2}$/.test(prefix)) return [];
  const long = (hex.match(/.{4}/g) ?? []).join(":");
  // A URL's host is the shortest spelling of an address.
  return addressOf(name, new URL(`http://[${long}]/`).hostname.slice(1, -1), Number.parseInt(prefix, 16));
}
