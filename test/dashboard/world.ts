import type { Line, Sample, Source } from "../../src/dashboard/prometheus.ts";

/** A series, and its value so many seconds before the end; undefined where there is none. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly at: (ago: number, time: number) => number | undefined;
}

export interface WorldOptions {
  /** Seconds for which the tunnel has been down at the end; 0: it is up. */
  readonly cut?: number;
  /** The far region's host says nothing for so long. */
  readonly silent?: number;
  /** States of the far region's host are so old, while it answers. */
  readonly stale?: number;
  /** Hosts that have the address, where it is not la-1. */
  readonly holders?: readonly string[];
  readonly thirdRegion?: boolean;
}

const wave = (ago: number, period: number): number => Math.sin((ago / period) * 2 * Math.PI);

/** What the monitor la-1 knows of a two-region platform with a witness. */
export function world({ cut = 0, silent = 0, stale = 0, holders = ["la-1"], thirdRegion = false }: WorldOptions = {}): readonly Series[] {
  const regions = ["la", "sg", ...(thirdRegion ? ["fr"] : [])];
  const here = (region: string, ago: number): boolean => region === "la" || ago >= Math.max(cut, silent);
  const isCut = (a: string, b: string, ago: number): boolean => [a, b].includes("sg") && ago < cut;
  const usual = (a: string, b: string): number => ([a, b].includes("fr") ? 0.142 : 0.171);
  const all: Series[] = [];
  const add = (name: string, labels: Series["labels"], at: Series["at"]): void => void all.push({ name, labels, at });
  for (const region of [...regions, "witness"]) {
    const host = `${region}-1`;
    const own = { host, region, job: "node", instance: `${host}:9100` };
    add("up", own, (ago) => Number(here(region, ago)));
    const when = (at: Series["at"]): Series["at"] => (ago, time) => (here(region, ago) ? at(ago, time) : undefined);
    add("hawser_collector_time_seconds", { ...own, tier: "fast" }, when((_, time) => time - (region === "sg" ? stale : 0) - 2));
    add("hawser_collector_time_seconds", { ...own, tier: "slow" }, when((_, time) => time - 9));
    add("node_load5", own, when((ago) => 0.42 + 0.2 * wave(ago, 900)));
    for (const cpu of ["0", "1"]) add("node_cpu_seconds_total", { ...own, cpu, mode: "idle" }, when((_, time) => time % 1e6));
    add("hawser_etcd_healthy", own, when(() => 1));
    if (region === "witness") continue;
    if (region !== "fr") add("up", { ...own, job: "prometheus" }, (ago) => Number(here(region, ago)));
    add("hawser_vip_holder", { ...own, vip: "10.0.0.100" }, when(() => Number(holders.includes(host))));
    for (const far of regions.filter((each) => each !== region)) {
      const peer = `${far}-1`;
      const link = [region, far].includes("fr") ? ([region, far].includes("sg") ? "gre3" : "gre2") : "gre1";
      const labels = { ...own, link, peer, peer_region: far };
      add("hawser_link_info", labels, when(() => 1));
      add("hawser_bfd_up", labels, when((ago) => Number(!isCut(region, far, ago))));
      add("hawser_bgp_established", labels, when((ago) => Number(!isCut(region, far, ago))));
      add("hawser_ipsec_sas", labels, when((ago) => Number(!isCut(region, far, ago))));
      add("hawser_path_tunnel", { ...own, exported_region: far }, when((ago) => Number(!(isCut(region, far, ago) || (ago > 2400 && ago < 2640 && region === "la" && far === "sg")))));
      for (const [way, rate] of [["transmit", 1_250_000], ["receive", 900_000]] as const) add(`node_network_${way}_bytes_total`, { ...own, device: link }, when((ago) => 4e9 - rate * ago));
      if (region === "fr") continue;
      for (const way of ["tunnel", "public"] as const) {
        const probe = { host, region, job: "link", peer, peer_region: far, way, instance: `${peer}-${way}`, ...(way === "tunnel" && { link }) };
        const lost = (ago: number): boolean => way === "tunnel" && isCut(region, far, ago);
        add("probe_success", probe, (ago) => (here(region, ago) ? Number(!lost(ago)) : undefined));
        add("link:rtt_seconds", probe, when((ago) => (lost(ago) ? undefined : usual(region, far) + (way === "public" ? 0.004 : 0) + 0.003 * wave(ago, 1300) + 0.0012 * wave(ago, 170))));
        add("link:rtt_baseline_seconds", probe, when(() => usual(region, far)));
        add("link:loss_ratio", probe, when((ago) => (way === "tunnel" && isCut(region, far, ago) ? Math.min(1, (cut - ago) / 900) : 0)));
      }
    }
    if (region === "fr") continue;
    const slot = { ...own, database: "app", slot: `pgl_app_${region === "la" ? "sg" : "la"}` };
    add("hawser_pg_slot_active", slot, when((ago) => Number(ago >= cut)));
    add("hawser_pg_slot_lag_bytes", slot, when((ago) => (ago < cut ? (cut - ago) * 90_000 : 1200 + 900 * wave(ago, 300))));
    add("hawser_pg_replay_lag_seconds", slot, when(() => 0.18));
  }
  return all;
}

/** The samples of a whole world up to `end`, as OpenMetrics text. */
export function openMetrics(series: readonly Series[], { end, seconds, step, beyond = 0 }: { readonly end: number; readonly seconds: number; readonly step: number; readonly beyond?: number }): string {
  const blocks = new Map<string, string[]>();
  for (const { name, labels, at } of series) {
    const words = Object.entries(labels).map(([key, value]) => `${key}="${value}"`).join(",");
    const lines = blocks.get(name) ?? [];
    blocks.set(name, lines);
    // Beyond the end all stays as it was, but for clocks that go on.
    for (let time = end - seconds; time <= end + beyond; time += step) {
      const value = at(Math.max(0, end - time), time);
      if (value !== undefined) lines.push(`${name}{${words}} ${value} ${time}`);
    }
  }
  return `${[...blocks].map(([, lines]) => lines.join("\n")).join("\n")}\n# EOF\n`;
}

/** A source that answers from a world, without any Prometheus: what it is asked must be what the page asks. */
export function worldSource(series: readonly Series[], end = 1_764_000_000): Source {
  const now = (wanted: (each: Series) => boolean): Sample[] => series.filter(wanted).flatMap(({ name, labels, at }) => {
    const value = at(0, end);
    return value === undefined ? [] : [{ labels: { __name__: name, ...labels }, value }];
  });
  return {
    name: "la-1",
    query: (expr) => {
      if (expr.startsWith("label_replace(rate")) return Promise.resolve({ at: end, samples: series.filter(({ name, at }) => name.startsWith("node_network") && at(0, end) !== undefined).map(({ name, labels, at }) => ({ labels: { ...labels, way: name.split("_")[2] ?? "" }, value: ((at(0, end) ?? 0) - (at(60, end - 60) ?? 0)) * 8 / 60 })) });
      if (expr.startsWith("node_load5")) return Promise.resolve({ at: end, samples: now(({ name }) => name === "node_load5").map(({ labels, value }) => ({ labels, value: value / 2 })) });
      return Promise.resolve({ at: end, samples: now(({ name }) => !name.startsWith("node_")) });
    },
    range: (_, from, to, step) => Promise.resolve(series.filter(({ name }) => /^(link:(rtt_seconds|loss_ratio)|hawser_(path_tunnel|vip_holder|bfd_up|pg_slot_lag_bytes))$/.test(name)).map(({ name, labels, at }): Line => {
      const points: [number, number][] = [];
      for (let time = from; time <= to; time += step) {
        const value = at(end - time, time);
        if (value !== undefined) points.push([time, value]);
      }
      return { labels: { __name__: name, ...labels }, points };
    })),
    alerts: () => Promise.resolve([]),
  };
}
