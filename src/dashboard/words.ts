import { STALE, type Known, type LinkEnd, type View } from "./view.ts";

/** What is not known is said in this way, everywhere. */
export const UNKNOWN = "unknown";

const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)).replace(/\.0+$/, "");

export const milliseconds = (seconds: Known<number>): string => (seconds === undefined ? UNKNOWN : `${digits(seconds * 1000)} ms`);

export const percent = (share: Known<number>): string => (share === undefined ? UNKNOWN : share === 0 ? "0 %" : share < 0.0001 ? "< 0.01 %" : `${digits(share * 100)} %`);

const scaled = (value: number, step: number, units: readonly string[]): string => {
  let rest = value;
  let at = 0;
  while (rest >= step && at < units.length - 1) {
    rest /= step;
    at += 1;
  }
  return `${at === 0 ? rest.toFixed(0) : digits(rest)} ${units[at] ?? ""}`;
};

export const bits = (value: Known<number>): string => (value === undefined ? UNKNOWN : scaled(value, 1000, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]));
export const bytes = (value: Known<number>): string => (value === undefined ? UNKNOWN : scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]));

/** A length of time, as one would say it. */
export function span(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.round(whole / 60)} min`;
  return whole < 172_800 ? `${Math.round(whole / 3600)} h` : `${Math.round(whole / 86_400)} days`;
}

/** The moment, in the time zone of whoever runs hawser: the page shows it in that of its reader. */
export const moment = (seconds: number): string => new Date(seconds * 1000).toISOString();

export type Health = "up" | "weak" | "down" | "unknown";

/** How a link is: both ends' tunnels carry it, one has a doubt, or it is known to be down. */
export function healthOf(ends: readonly LinkEnd[]): Health {
  const states = ends.flatMap(({ bfd, bgp, ipsec }) => [bfd, bgp, ipsec]);
  if (states.includes(false)) return "down";
  if (states.every((state) => state === undefined)) return ends.some(({ tunnel }) => tunnel.answers === false) ? "down" : "unknown";
  const weak = states.includes(undefined) || ends.some(({ path, tunnel: { rtt, baseline, loss } }) => path === "public" || (loss ?? 0) > 0.001 || (rtt !== undefined && baseline !== undefined && rtt > baseline * 1.3));
  return weak ? "weak" : "up";
}

/** Ends of one link, by the pair of their hosts. */
export function pairsOf({ links }: View): readonly (readonly LinkEnd[])[] {
  const pairs = new Map<string, LinkEnd[]>();
  for (const end of links) {
    const key = [end.host, end.peer].toSorted((a, b) => (a < b ? -1 : 1)).join("\0");
    pairs.set(key, [...(pairs.get(key) ?? []), end]);
  }
  return [...pairs.values()];
}

/** The state of all in a few words, for the top of the page and for who cannot see it. */
export function summaryOf(view: View): { readonly health: Health; readonly text: string } {
  const critical = view.alerts.filter(({ labels }) => labels["severity"] === "critical").length;
  const others = view.alerts.length - critical;
  const silent = view.hosts.filter(({ up }) => !up).map(({ name }) => name);
  const old = view.hosts.filter(({ up, age }) => up && (age ?? Infinity) > STALE).map(({ name }) => name);
  const pairs = pairsOf(view);
  const down = pairs.filter((ends) => healthOf(ends) === "down").length;
  const unknown = pairs.filter((ends) => healthOf(ends) === "unknown").length;
  const parts = [
    ...(critical > 0 ? [plural(critical, "critical alert")] : []),
    ...(others > 0 ? [plural(others, "warning")] : []),
    ...(down > 0 ? [`${plural(down, "link")} down`] : []),
    ...(silent.length > 0 ? [`no answer from ${silent.join(", ")}`] : []),
    ...(old.length > 0 ? [`no fresh states of ${old.join(", ")}`] : []),
    ...(unknown > 0 ? [`${plural(unknown, "link")} unknown`] : []),
  ];
  if (view.hosts.length === 0) return { health: "unknown", text: "Prometheus has no hosts" };
  if (parts.length === 0) return { health: "up", text: "All is well" };
  return { health: critical > 0 || down > 0 || silent.length > 0 ? "down" : others > 0 ? "weak" : "unknown", text: parts.join(", ") };
}

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
