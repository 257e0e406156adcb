import type { ClientTraffic, DrillPlan, DrillProbe, Tunnel } from "../dsl/drill-plan.ts";
import { UsageError } from "../errors/index.ts";
import { idOf } from "./sampler-script.ts";
import type { Kind, Scene, Watched } from "./types.ts";

/** The inventory group whose hosts `witness-loss` takes away. */
const WITNESSES = "witness";

/** A host, with what its roles told the drill. */
export interface Declared {
  readonly host: string;
  readonly region: string;
  readonly groups: readonly string[];
  readonly plans: readonly DrillPlan[];
}

/** What was asked for on the command line. */
export interface Wish {
  readonly kind: Kind;
  /** The clients' region or host, and the region that they ask. */
  readonly from?: string;
  readonly to?: string;
  /** The name of what they ask for. */
  readonly service?: string;
  /** The host, or the region, that is lost. */
  readonly target?: string;
}

/** What is to be broken. */
export type Breakage =
  | { readonly kind: "tunnels"; readonly tunnels: readonly (Tunnel & { readonly from: string })[] }
  | { readonly kind: "region"; readonly region: string; readonly hosts: readonly string[] }
  | { readonly kind: "hosts"; readonly hosts: readonly string[] };

/** A drill with all its parts given out. */
export interface Cast {
  readonly scene: Scene;
  readonly traffic: ClientTraffic;
  readonly breakage: Breakage;
}

/** What a host's roles want watched; a probe that two roles declare is one. */
export function probesOf({ plans }: Declared): readonly DrillProbe[] {
  return [...new Map(plans.flatMap(({ probes }) => probes).map((probe) => [idOf(probe), probe])).values()];
}

export function watchedOf(hosts: readonly Declared[]): readonly Watched[] {
  return hosts.flatMap((declared) =>
    probesOf(declared).map((probe): Watched => {
      const { kind, name } = probe;
      const own = { id: idOf(probe), kind, host: declared.host, name };
      if (kind === "address") return own;
      return { ...own, to: probe.to, healthy: kind === "path" ? probe.healthy : "1" };
    }),
  );
}

/**
 * Gives out the parts.
 * @param hosts All of the inventory, in its order.
 * @param holders Hosts that hold an address now; the first one is what `node-loss` and `region-loss` take away by default.
 * @throws UsageError when something asked for is not there
 */
export function castOf(hosts: readonly Declared[], wish: Wish, holders: readonly string[]): Cast {
  const breakage = wish.kind === "tunnel-cut" ? undefined : lossOf(hosts, wish, holders);
  const victims = breakage === undefined || breakage.kind === "tunnels" ? [] : breakage.hosts;
  const { client, traffic } = clientOf(hosts, wish, victims);
  if (breakage) {
    const lost = wish.kind === "witness-loss" ? undefined : hosts.find(({ host }) => host === victims[0])?.region;
    return { traffic, breakage, scene: { client: client.host, service: traffic.to, ...(lost !== undefined && { lost }), victims, answerable: lost !== traffic.to } };
  }
  const tunnels = hosts.filter(({ region }) => region === client.region).flatMap(({ host, plans }) => plans.flatMap((plan) => plan.tunnels).filter(({ to }) => to === traffic.to).map((tunnel) => ({ ...tunnel, from: host })));
  if (tunnels.length === 0) throw new UsageError(`no role on ${client.host} says which tunnel leads to region ${traffic.to}`, { hint: "a role that makes tunnels declares them with d.tunnel in its drill()" });
  return { traffic, breakage: { kind: "tunnels", tunnels }, scene: { client: client.host, service: traffic.to, lost: traffic.to, victims: [], answerable: true } };
}

function lossOf(hosts: readonly Declared[], { kind, target }: Wish, holders: readonly string[]): Breakage {
  const playing = hosts.filter(({ plans }) => plans.length > 0);
  const holder = playing.find(({ host }) => host === holders[0]) ?? playing.at(-1);
  if (kind === "region-loss") {
    const region = target ?? holder?.region ?? "";
    const members = hosts.filter((each) => each.region === region).map(({ host }) => host);
    if (members.length === 0) throw new UsageError(`no host is in region "${region}"`, { hint: `regions: ${unique(hosts.map((each) => each.region)).join(", ")}` });
    return { kind: "region", region, hosts: members };
  }
  const witnesses = hosts.filter(({ groups }) => groups.includes(WITNESSES)).map(({ host }) => host);
  const wanted = target === undefined ? (kind === "witness-loss" ? witnesses : holder ? [holder.host] : []) : [target];
  if (wanted.length === 0) throw new UsageError(kind === "witness-loss" ? `the inventory has no host in a group "${WITNESSES}"` : "no host has a role that can be drilled", { hint: "--target HOST" });
  for (const name of wanted) if (!hosts.some(({ host }) => host === name)) throw new UsageError(`there is no host ${name}`, { hint: `hosts: ${hosts.map(({ host }) => host).join(", ")}` });
  return { kind: "hosts", hosts: wanted };
}

/** Clients must outlive the fault, and ask for what outlives it where there is such a thing. */
function clientOf(hosts: readonly Declared[], { from, to, service }: Wish, victims: readonly string[]): { readonly client: Declared; readonly traffic: ClientTraffic } {
  const all = hosts.flatMap((client) => client.plans.flatMap(({ traffics }) => traffics).map((traffic) => ({ client, traffic })));
  if (all.length === 0) throw new UsageError("no role says what clients can ask for", { hint: "role backup-path does, for a service with mode http: backup-path.services in the inventory" });
  const fits = all.filter(({ client, traffic }) => (from === undefined || client.region === from || client.host === from) && (to === undefined || traffic.to === to) && (service === undefined || traffic.name === service));
  const offered = `there is ${unique(all.map(({ client, traffic }) => `${traffic.name} from ${client.host} to ${traffic.to}`)).join("; ")}`;
  if (fits.length === 0) throw new UsageError(`no client traffic fits ${[from && `--from ${from}`, to && `--to ${to}`, service && `--service ${service}`].filter(Boolean).join(" ")}`, { hint: offered });
  const safe = fits.filter(({ client }) => !victims.includes(client.host));
  const lost = new Set(hosts.filter(({ host }) => victims.includes(host)).map(({ region }) => region));
  const chosen = safe.find(({ traffic }) => !lost.has(traffic.to)) ?? safe[0];
  if (!chosen) throw new UsageError(`no client is left when ${victims.join(", ")} is lost`, { hint: `${offered}; --target names what is lost` });
  return chosen;
}

const unique = (words: readonly string[]): string[] => [...new Set(words)];
