import type { Request, Sample, Timeline, Watched } from "../../src/drill/types.ts";

const PERIOD = 0.1;

export const PATH: Watched = { id: "path:to sg", kind: "path", host: "la-1", name: "to sg", to: "sg", healthy: "tunnel" };
export const ROUTE: Watched = { id: "route:10.20.0.0/24", kind: "route", host: "la-1", name: "10.20.0.0/24", to: "sg", healthy: "1" };
export const vip = (host: string): Watched => ({ id: "address:vip", kind: "address", host, name: "vip" });

/** Looks ten times a second at what a host showed: values with the second from which on they were shown; null while it is silent. */
export function shows(host: string, id: string, end: number, changes: readonly (readonly [from: number, value: string | null])[]): Sample[] {
  const times = Array.from({ length: Math.floor(end / PERIOD) }, (_, i) => Math.round(i * PERIOD * 100) / 100);
  return times.flatMap((at) => {
    const value = changes.findLast(([from]) => from <= at)?.[1] ?? null;
    return value === null ? [] : [{ host, at, seen: { [id]: value } }];
  });
}

/** Ten requests a second that take 0.2 s, but for those sent in one of the spans. */
export function requests(end: number, lost: readonly (readonly [from: number, to: number])[] = []): Request[] {
  return Array.from({ length: end * 10 }, (_, i) => {
    const at = i / 10;
    const isLost = lost.some(([from, to]) => at >= from && at < to);
    return { at, seconds: isLost ? 5 : 0.2, ok: !isLost };
  });
}

export function timeline(over: Partial<Timeline>): Timeline {
  return { kind: "tunnel-cut", fault: 10, healed: 45, end: 70, period: PERIOD, watched: [PATH, ROUTE], samples: [], requests: [], scene: { client: "la-1", service: "sg", lost: "sg", victims: [], answerable: true }, ...over };
}
