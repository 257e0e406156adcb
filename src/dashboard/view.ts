import type { Alert, Labels, Line, Sample, Source } from "./prometheus.ts";

/** One of these that is known; undefined is unknown, and is shown as such. */
export type Known<T> = T | undefined;

export interface HostState {
  readonly name: string;
  readonly region: string;
  readonly up: boolean;
  /** Seconds since its states were written. */
  readonly age: Known<number>;
  /** Mean load of five minutes, per processor. */
  readonly load: Known<number>;
  /** Whether it has the address that moves; unknown where it is no gateway or does not say. */
  readonly holds: Known<boolean>;
  readonly monitor: boolean;
}

/** A link as one end has it. Times in seconds, shares from 0 to 1, traffic in bits a second. */
export interface LinkEnd {
  readonly host: string;
  readonly region: string;
  readonly peer: string;
  readonly peerRegion: string;
  readonly link: Known<string>;
  readonly bfd: Known<boolean>;
  readonly bgp: Known<boolean>;
  readonly ipsec: Known<boolean>;
  readonly tunnel: Way;
  readonly public: Way;
  readonly sent: Known<number>;
  readonly received: Known<number>;
  /** The path that traffic to the peer's region takes. */
  readonly path: Known<"tunnel" | "public">;
  /** Its host's states are too old to count. */
  readonly stale: boolean;
}

export interface Way {
  readonly rtt: Known<number>;
  readonly baseline: Known<number>;
  readonly loss: Known<number>;
  /** Whether the last packet came back. */
  readonly answers: Known<boolean>;
}

export interface Replication {
  readonly host: string;
  readonly database: string;
  readonly slot: string;
  readonly active: Known<boolean>;
  /** Bytes. */
  readonly lag: Known<number>;
  readonly seconds: Known<number>;
  readonly stale: boolean;
}

export interface Quorum {
  readonly what: "etcd" | "swarm";
  readonly host: string;
  readonly well: boolean;
}

export interface View {
  /** Prometheus' own time, in seconds since 1970. */
  readonly at: number;
  /** Which Prometheus was asked. */
  readonly source: string;
  readonly hosts: readonly HostState[];
  readonly links: readonly LinkEnd[];
  readonly vips: readonly { readonly address: string; readonly holders: readonly string[] }[];
  readonly replication: readonly Replication[];
  readonly quorums: readonly Quorum[];
  readonly alerts: readonly Alert[];
}

/** Seconds after which states of a host are too old to count: the script that writes them runs every 5 and every 30 s. */
export const STALE = 25;
const STALE_SLOW = 120;

const NAMES = ["up", "hawser_(link_info|bfd_up|bgp_established|ipsec_sas|vip_holder|path_tunnel|pg_.+|swarm_quorum|etcd_healthy|collector_time_seconds)", "link:.+", "probe_success"];
const STATES = `{__name__=~"${NAMES.join("|")}", job!~"probe-.+"}`;
const GRE = ["transmit", "receive"].map((way) => `label_replace(rate(node_network_${way}_bytes_total{device=~"gre[1-9].*"}[1m]) * 8, "way", "${way}", "", "")`).join(" or ");
const LOAD = 'node_load5 / on (host) group_left () count by (host) (node_cpu_seconds_total{mode="idle"})';

/** Asks for everything that is shown of this moment. @throws HawserError when Prometheus does not say */
export async function viewOf(source: Source): Promise<View> {
  const [states, traffic, load, alerts] = await Promise.all([source.query(STATES), source.query(GRE), source.query(LOAD), source.alerts()]);
  return buildView(source.name, states.at, { states: states.samples, traffic: traffic.samples, load: load.samples, alerts });
}

export interface Answers {
  readonly states: readonly Sample[];
  readonly traffic: readonly Sample[];
  readonly load: readonly Sample[];
  readonly alerts: readonly Alert[];
}

/** Puts together what Prometheus said; pure. */
export function buildView(source: string, at: number, { states, traffic: rates, load, alerts }: Answers): View {
  const find = (name: string, wanted: Labels): Known<number> => valueOf(states, { __name__: name, ...wanted });
  const all = (name: string): readonly Sample[] => states.filter(({ labels }) => labels["__name__"] === name);
  const age = (host: string, tier: "fast" | "slow"): Known<number> => {
    const time = find("hawser_collector_time_seconds", { host, tier });
    return time === undefined ? undefined : Math.max(0, at - time);
  };
  const stale = (host: string, tier: "fast" | "slow"): boolean => (age(host, tier) ?? Infinity) > (tier === "fast" ? STALE : STALE_SLOW);
  const yes = (value: Known<number>): Known<boolean> => (value === undefined ? undefined : value > 0);
  const monitors = new Set(all("up").filter(({ labels }) => labels["job"] === "prometheus").map(({ labels }) => labels["host"]));

  const hosts = all("up").filter(({ labels }) => labels["job"] === "node").map(({ labels: { host = "", region = "" }, value }): HostState => ({
    name: host,
    region,
    up: value > 0,
    age: age(host, "fast"),
    load: valueOf(load, { host }),
    holds: stale(host, "fast") ? undefined : yes(find("hawser_vip_holder", { host })),
    monitor: monitors.has(host),
  }));

  const wayOf = (host: string, peer: string, way: string): Way => {
    const rtt = find("link:rtt_seconds", { host, peer, way });
    return { rtt: Number.isFinite(rtt) ? rtt : undefined, baseline: find("link:rtt_baseline_seconds", { host, peer, way }), loss: find("link:loss_ratio", { host, peer, way }), answers: yes(find("probe_success", { host, peer, way })) };
  };
  const told = unique([...all("hawser_link_info"), ...all("probe_success").filter(({ labels }) => labels["peer"] !== undefined)].map(({ labels }) => `${labels["host"]}\0${labels["peer"]}`));
  // An end that says nothing is there all the same, and unknown.
  const silent = told.map((pair) => pair.split("\0").toReversed().join("\0")).filter((pair) => hosts.some(({ name }) => pair.startsWith(`${name}\0`)));
  const links = unique([...told, ...silent]).map((pair): LinkEnd => {
    const [host = "", peer = ""] = pair.split("\0");
    const between = (one: string, other: string) => states.filter(({ labels }) => labels["host"] === one && labels["peer"] === other);
    const back = between(peer, host)[0]?.labels;
    const known: Labels = between(host, peer)[0]?.labels ?? { region: back?.["peer_region"] ?? "", peer_region: back?.["region"] ?? "" };
    const { region = "", peer_region: peerRegion = "" } = known;
    const link = [...between(host, peer), ...between(peer, host)].find(({ labels }) => labels["link"] !== undefined)?.labels["link"];
    const old = stale(host, "fast");
    const state = (name: string): Known<boolean> => (old ? undefined : yes(find(name, { host, peer })));
    const path = old ? undefined : find("hawser_path_tunnel", { host, exported_region: peerRegion });
    const traffic = (way: string): Known<number> => (old || link === undefined ? undefined : valueOf(rates, { host, device: link, way }));
    return {
      host, region, peer, peerRegion, link,
      bfd: state("hawser_bfd_up"), bgp: state("hawser_bgp_established"), ipsec: state("hawser_ipsec_sas"),
      tunnel: wayOf(host, peer, "tunnel"), public: wayOf(host, peer, "public"),
      sent: traffic("transmit"),
      received: traffic("receive"),
      path: path === undefined ? undefined : path > 0 ? "tunnel" : "public",
      stale: old,
    };
  });

  const vips = unique(all("hawser_vip_holder").map(({ labels }) => labels["vip"] ?? "")).map((address) => ({ address, holders: all("hawser_vip_holder").filter(({ labels, value }) => labels["vip"] === address && value > 0).map(({ labels }) => labels["host"] ?? "") }));
  const replication = unique(["hawser_pg_slot_active", "hawser_pg_slot_lag_bytes"].flatMap(all).map(({ labels }) => `${labels["host"]}\0${labels["database"]}\0${labels["slot"]}`)).map((key): Replication => {
    const [host = "", database = "", slot = ""] = key.split("\0");
    const wanted = { host, database, slot };
    return { ...wanted, active: yes(find("hawser_pg_slot_active", wanted)), lag: find("hawser_pg_slot_lag_bytes", wanted), seconds: find("hawser_pg_replay_lag_seconds", wanted), stale: stale(host, "slow") };
  });
  const quorums = ([["hawser_etcd_healthy", "etcd"], ["hawser_swarm_quorum", "swarm"]] as const).flatMap(([name, what]) => all(name).map(({ labels, value }): Quorum => ({ what, host: labels["host"] ?? "", well: value > 0 })));
  const raised = alerts.filter(({ labels }) => labels["alertname"] !== "Watchdog").toSorted((a, b) => rank(a) - rank(b) || b.since - a.since);
  return { at, source, hosts: byName(hosts), links: links.toSorted((a, b) => compare(a.region + a.host, b.region + b.host)), vips, replication, quorums, alerts: raised };
}

const rank = ({ labels }: Alert): number => (labels["severity"] === "critical" ? 0 : 1);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (hosts: readonly HostState[]): HostState[] => hosts.toSorted((a, b) => compare(a.name, b.name));
const unique = (words: readonly string[]): string[] => [...new Set(words)];

function valueOf(samples: readonly Sample[], wanted: Labels): Known<number> {
  return samples.find(({ labels }) => Object.entries(wanted).every(([name, value]) => labels[name] === value))?.value;
}

/** What was, for the charts. */
export interface Past {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly lines: readonly Line[];
}

const HISTORY = '{__name__=~"link:rtt_seconds|link:loss_ratio|hawser_path_tunnel|hawser_vip_holder|hawser_bfd_up|hawser_pg_slot_lag_bytes"}';
/** Points that a chart shows. */
const POINTS = 240;

/** @param seconds How far back. @throws HawserError when Prometheus does not say */
export async function pastOf(source: Source, to: number, seconds: number): Promise<Past> {
  const step = Math.max(5, Math.round(seconds / POINTS));
  // On whole steps, so that a later look asks for the same moments.
  const end = Math.floor(to / step) * step;
  return { from: end - seconds, to: end, step, lines: await source.range(HISTORY, end - seconds, end, step) };
}

/** A change of something that is one of two, and when it was seen. */
export interface Turn {
  readonly at: number;
  readonly text: string;
  readonly bad: boolean;
}

/** Switches of paths and holders, and tunnels that went down or came back, the newest first. */
export function turnsOf({ lines }: Past): readonly Turn[] {
  const told: Readonly<Record<string, (labels: Labels, up: boolean) => string>> = {
    hawser_path_tunnel: ({ host, exported_region }, up) => `traffic from ${host ?? "?"} to ${exported_region ?? "?"} takes the ${up ? "tunnel again" : "public path"}`,
    hawser_vip_holder: ({ host, vip }, up) => `${host ?? "?"} ${up ? "took" : "gave up"} ${vip ?? "the address"}`,
    hawser_bfd_up: ({ host, peer }, up) => `BFD of ${host ?? "?"} with ${peer ?? "?"} ${up ? "came up" : "went down"}`,
  };
  return lines
    .flatMap(({ labels, points }) => {
      const name = labels["__name__"] ?? "";
      const words = told[name];
      if (words === undefined) return [];
      return points.flatMap(([at, value], i): Turn[] => {
        const before = points[i - 1];
        if (before === undefined || before[1] > 0 === value > 0) return [];
        return [{ at, text: words(labels, value > 0), bad: value === 0 && name !== "hawser_vip_holder" }];
      });
    })
    .toSorted((a, b) => b.at - a.at);
}
