import { UsageError, z, type HostView } from "hawser";

/** The first AS number for private use of RFC 6996 is 64512; ids count from 1. */
export const FIRST_AS = 64_512;

/** What every role of the tunnel knows of a region's gateway. Inventories say it once, as the host var `gateway`. */
export const gatewaySchema = z.strictObject({
  id: z.number().int().min(1).max(250).describe("The gateway's number, its own for ever: the tunnels' names and inner addresses and the AS number follow from it, so that a further region changes nothing of the others."),
  region: z.string().min(1).describe("The region that the gateway stands for. Default: the host's."),
  address: z.ipv4().describe("The host's own address on the network that carries the tunnel. Clouds translate public addresses outside of the host, so this is the private one there. Default: the host var `private_address`."),
  public_address: z.ipv4().describe("Where the other regions reach it. Default: the host var of the same name."),
  private_cidrs: z.array(z.cidrv4()).min(1).describe("The networks behind the gateway that other regions reach through the tunnel. Default: the host var `private_cidr`."),
  inner_pool: z.cidrv4().default("10.255.0.0/22").describe("The tunnels' inner addresses, a /30 for each pair of gateways. The same on every gateway."),
  hub: z.string().optional().describe("Only this region has tunnels to all others, and they reach one another through it. Default: every region has one to every other. The same on every gateway."),
});

export type Gateway = z.output<typeof gatewaySchema>;

/** A gateway, by the name of its host. */
export type NamedGateway = Gateway & { readonly host: string };

/** One end of the tunnel between two gateways. */
export interface Link {
  /** The interface, of the same name on both ends: `gre1` is the tunnel between ids 1 and 2. */
  readonly name: string;
  /** The inner addresses, this end's and the other's. */
  readonly local: string;
  readonly remote: string;
  readonly prefix: 30;
  readonly peer: NamedGateway;
}

/**
 * A host's gateway as its inventory says it, for `use(gre, (host) => ({ gateway: gatewayOf(host), ...host.vars(gre) }))`.
 * @throws UsageError at the line of the inventory
 */
export function gatewayOf(host: HostView): z.input<typeof gatewaySchema> {
  const { public_address, private_address, private_cidr, gateway } = host.inventory;
  const fallbacks = {
    ...(host.region !== "" && { region: host.region }),
    ...(public_address !== undefined && { public_address }),
    ...(private_address !== undefined && { address: private_address }),
    ...(private_cidr !== undefined && { private_cidrs: [private_cidr] }),
  };
  const own = gateway ?? {};
  if (typeof own !== "object" || own === null || Array.isArray(own)) throw new UsageError(`gateway of ${host.name} is a mapping`, { source: host.at("gateway"), hint: "gateway: { id: 1 }" });
  const wanted = { ...fallbacks, ...own };
  const parsed = gatewaySchema.safeParse(wanted);
  if (parsed.success) return wanted as z.input<typeof gatewaySchema>;
  const { path = [], message = "" } = parsed.error.issues[0] ?? {};
  const keys = path.map((key) => (typeof key === "symbol" ? String(key) : key));
  throw new UsageError(`gateway${keys.map((key) => `.${key}`).join("")} of ${host.name}: ${message}`, { source: placeOf(host, own, keys), hint: HINTS[String(keys[0])] ?? "see roles/gre/README.md" });
}

const ELSEWHERE: Readonly<Record<string, string>> = { public_address: "public_address", address: "private_address", private_cidrs: "private_cidr", region: "region" };

const HINTS: Readonly<Record<string, string>> = {
  id: "give each gateway a number of its own, for ever: gateway: { id: 1 }",
  address: "the host's own address: private_address, or gateway.address",
  public_address: "where the other regions reach it: public_address",
  private_cidrs: "the network behind it: private_cidr, or gateway.private_cidrs",
  region: "region, in the region's group",
};

function placeOf(host: HostView, own: object, keys: readonly (string | number)[]) {
  const [first] = keys;
  const elsewhere = ELSEWHERE[String(first)];
  return first !== undefined && !(first in own) && elsewhere !== undefined && elsewhere in host.inventory ? host.at(elsewhere) : host.at("gateway", ...keys);
}

/**
 * A gateway's tunnels, in the order of their names. Which pairs there are follows from regions and `hub`; a pair's number from the
 * two ids alone.
 */
export function linksOf(own: NamedGateway, peers: readonly NamedGateway[]): Link[] {
  return peers
    .filter((peer) => peer.region !== own.region && (own.hub === undefined || own.region === own.hub || peer.region === own.hub))
    .map((peer) => ({ pair: pairNumber(own.id, peer.id), peer }))
    .sort((one, other) => one.pair - other.pair)
    .map(({ pair, peer }) => {
      const [low, high] = [innerAddress(own.inner_pool, pair, 1), innerAddress(own.inner_pool, pair, 2)];
      const [local, remote] = own.id < peer.id ? [low, high] : [high, low];
      return { name: `gre${pair + 1}`, local, remote, prefix: 30, peer };
    });
}

/** 0 for ids 1 and 2; a new highest id adds numbers and moves none. */
export function pairNumber(one: number, other: number): number {
  const [low, high] = one < other ? [one, other] : [other, one];
  return ((high - 1) * (high - 2)) / 2 + (low - 1);
}

function innerAddress(pool: string, pair: number, host: 1 | 2): string {
  return addressAt(rangeOf(pool).first + pair * 4 + host);
}

/** The first and last address of a network, as numbers. */
export function rangeOf(cidr: string): { readonly first: number; readonly last: number } {
  const [address = "", prefix = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(numberOf(address) / size) * size;
  return { first, last: first + size - 1 };
}

export const overlap = (one: string, other: string): boolean => {
  const [a, b] = [rangeOf(one), rangeOf(other)];
  return a.first <= b.last && b.first <= a.last;
};

export const numberOf = (address: string): number => address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);

const addressAt = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");

/**
 * What makes a tunnel between these gateways impossible; every role of the tunnel refuses it.
 * @throws UsageError at the line of the inventory
 */
export function refuseGateways(host: HostView, own: Gateway, peers: readonly { readonly host: HostView; readonly gateway: Gateway }[]): void {
  const fail = (message: string, path: readonly (string | number)[], hint: string): never => {
    const [first = ""] = path;
    const inGateway = typeof host.inventory["gateway"] === "object" && host.inventory["gateway"] !== null && first in host.inventory["gateway"];
    const elsewhere = ELSEWHERE[first];
    throw new UsageError(message, { source: inGateway || elsewhere === undefined ? host.at("gateway", ...path) : host.at(elsewhere), hint });
  };
  if (!peers.some(({ gateway }) => gateway.region !== own.region)) fail(`${host.name} has no gateway of another region to join`, ["region"], "a tunnel has two ends: put the other region's gateway into the play's group");
  for (const [i, cidr] of own.private_cidrs.entries()) if (overlap(cidr, own.inner_pool)) fail(`${cidr}, a network behind ${host.name}, overlaps with the tunnels' own ${own.inner_pool}`, ["private_cidrs", i], "give the tunnels another inner_pool");
  if (own.hub !== undefined && own.hub !== own.region && !peers.some(({ gateway }) => gateway.region === own.hub)) fail(`no gateway is in the hub, region ${own.hub}`, ["hub"], `regions with a gateway: ${[own.region, ...peers.map(({ gateway }) => gateway.region)].join(", ")}`);
  for (const { host: peer, gateway } of peers) {
    if (gateway.id === own.id) fail(`${host.name} and ${peer.name} both have the gateway id ${own.id}`, ["id"], "the router id, the AS number and the inner addresses follow from it: each gateway needs its own");
    if (gateway.public_address === own.public_address) fail(`${host.name} and ${peer.name} both have the public address ${own.public_address}`, ["public_address"], "the tunnel is told apart by it");
    for (const name of ["inner_pool", "hub"] as const) if (gateway[name] !== own[name]) fail(`gateway.${name} is ${own[name] ?? "not set"} on ${host.name} and ${gateway[name] ?? "not set"} on ${peer.name}`, [name], "set it once, for a group that holds all gateways");
    if (gateway.region === own.region) continue;
    const pair = pairNumber(own.id, gateway.id);
    const { first, last } = rangeOf(own.inner_pool);
    if (first + pair * 4 + 3 > last) fail(`the pair of ${host.name} and ${peer.name} needs place ${pair + 1} of ${own.inner_pool}, which has ${Math.floor((last - first + 1) / 4)}`, ["inner_pool"], "give the tunnels a bigger pool, or the gateways smaller ids");
    for (const [i, cidr] of own.private_cidrs.entries()) {
      const clash = gateway.private_cidrs.find((other) => overlap(cidr, other));
      if (clash !== undefined) fail(`${cidr} behind ${host.name} (${own.region}) overlaps with ${clash} behind ${peer.name} (${gateway.region})`, ["private_cidrs", i], "regions that are joined need networks of their own");
    }
  }
}
