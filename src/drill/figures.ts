import type { Figures, Timeline } from "./types.ts";

/** Seconds between two looks at a host up to which what both saw is held for true in between. */
const KNOWN = 1;
/** Seconds after the fault in which lost requests are counted on their own. */
const WINDOW = 30;

interface Point {
  readonly at: number;
  readonly value: string;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The figures of a drill. What was between two looks is never guessed in the drill's favour. */
export function figuresOf(timeline: Timeline): Figures {
  const { fault, requests } = timeline;
  const soon = requests.filter(({ at }) => at >= fault && at < fault + WINDOW);
  const lost = (some: Timeline["requests"]): number => some.filter(({ ok }) => !ok).length;
  const addresses = [...new Set(timeline.watched.filter(({ kind }) => kind === "address").map(({ id }) => id))];
  return {
    detectionSeconds: rounded(detection(timeline)),
    switchSeconds: rounded(timeline.kind === "tunnel-cut" ? pathSwitch(timeline) : takeover(timeline, addresses)),
    returnSeconds: rounded(returned(timeline)),
    requestsSent: requests.length,
    requestsLost: lost(requests),
    requestsSent30s: soon.length,
    requestsLost30s: lost(soon),
    vipHoldersMax: addresses.length === 0 ? null : Math.max(...addresses.map((id) => mostAtOnce(holds(timeline, id)))),
    vipGapSeconds: addresses.length === 0 ? null : rounded(Math.max(...addresses.map((id) => longestGap(timeline, id)))),
  };
}

/** From the fault until the route to the lost region is gone on the clients' host. */
function detection({ watched, samples, scene, fault }: Timeline): number | null {
  const route = watched.find(({ kind, host, to }) => kind === "route" && host === scene.client && to !== undefined && to === scene.lost);
  const gone = route && series(samples, route.host, route.id).find(({ at, value }) => at >= fault && value !== route.healthy);
  return gone ? gone.at - fault : null;
}

/** From the fault until the clients' host takes the other path and an answer came by it. */
function pathSwitch(timeline: Timeline): number | null {
  const { fault, requests } = timeline;
  const { path, points } = clientPath(timeline, timeline.scene.service);
  const left = points.find(({ at, value }) => at >= fault && isOther(value, path?.healthy));
  if (!left) return null;
  // What was sent before the fault may have been answered before it, and only arrive now.
  const answered = requests.filter(({ ok, at, seconds }) => ok && at >= fault && at + seconds >= left.at).map(({ at, seconds }) => at + seconds);
  return answered.length === 0 ? null : Math.min(...answered) - fault;
}

/** From the fault until another host holds what the lost ones held; the slowest, of several addresses. */
function takeover({ watched, samples, scene, fault }: Timeline, addresses: readonly string[]): number | null {
  const hosts = [...new Set(watched.map(({ host }) => host))];
  const times = addresses.flatMap((id) => {
    const held = scene.victims.some((host) => series(samples, host, id).findLast(({ at }) => at < fault)?.value === "1");
    if (!held) return [];
    const taken = hosts.filter((host) => !scene.victims.includes(host)).flatMap((host) => series(samples, host, id).find(({ at, value }) => at >= fault && value === "1")?.at ?? []);
    return [taken.length === 0 ? null : Math.min(...taken) - fault];
  });
  return times.length === 0 || times.includes(null) ? null : Math.max(...times.map(Number));
}

/** From the end of the fault until the clients' host is back on the path that it had left. */
function returned(timeline: Timeline): number | null {
  const { scene, healed, fault } = timeline;
  const { path, points } = clientPath(timeline, scene.lost ?? scene.service);
  // It may be found dead only after it was mended.
  const left = points.find(({ at, value }) => at >= fault && at <= healed + KNOWN && isOther(value, path?.healthy));
  const back = left && points.find(({ at, value }) => at >= Math.max(healed, left.at) && value === path?.healthy);
  return back ? back.at - healed : null;
}

function clientPath({ watched, samples, scene }: Timeline, to: string) {
  const path = watched.find((each) => each.kind === "path" && each.host === scene.client && each.to === to);
  return { path, points: path ? series(samples, path.host, path.id) : [] };
}

/** A file that cannot be read for a moment is no path. */
const isOther = (value: string, healthy: string | undefined): boolean => value !== "-" && value !== healthy;

export function series(samples: Timeline["samples"], host: string, id: string): Point[] {
  return samples.flatMap((sample) => {
    const value = sample.host === host ? sample.seen[id] : undefined;
    return value === undefined ? [] : [{ at: sample.at, value }];
  });
}

/** The times in which a host is known to see one thing: from a look that saw it to the last one in a row that did. */
export function spansOf(points: readonly Point[]): (Span & { readonly value: string })[] {
  const spans: { from: number; to: number; value: string }[] = [];
  for (const { at, value } of points) {
    const last = spans.at(-1);
    if (last && last.value === value && at - last.to <= KNOWN) last.to = at;
    else spans.push({ from: at, to: at, value });
  }
  return spans;
}

function holds({ watched, samples }: Timeline, id: string): Span[] {
  const hosts = watched.filter((each) => each.id === id).map(({ host }) => host);
  return hosts.flatMap((host) => spansOf(series(samples, host, id)).filter(({ value }) => value === "1"));
}

function mostAtOnce(spans: readonly Span[]): number {
  return Math.max(0, ...spans.map(({ from }) => spans.filter((other) => other.from <= from && from <= other.to).length));
}

function longestGap(timeline: Timeline, id: string): number {
  const spans = holds(timeline, id);
  const looks = timeline.watched.filter((each) => each.id === id).map(({ host }) => series(timeline.samples, host, id).map(({ at }) => at));
  const times = looks.flat();
  // Neither the first looks at the hosts nor the last ones fall together.
  let until = Math.max(...looks.flatMap((each) => each.slice(0, 1)));
  let longest = 0;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    longest = Math.max(longest, from - until);
    until = Math.max(until, to);
  }
  return Math.max(longest, spans.length === 0 || Math.max(...times) - until > KNOWN ? Math.max(...times) - until : 0);
}

/** The host's clock counts hundredths. */
const rounded = (seconds: number | null): number | null => (seconds === null ? null : Math.round(seconds * 100) / 100);
