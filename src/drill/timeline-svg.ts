import { barRow, columns, lines, mark, scaleOf, timeAxis, WIDTH, type Bar } from "./chart.ts";
import { series, spansOf } from "./figures.ts";
import type { Timeline, Watched } from "./types.ts";

const ROW = 20;
const GAP = 8;
const PLOT = 90;
/** Room above the rows for the words of the marks. */
const TOP = 30;

/** What a host, an address, a path or a route was over time, the requests, and how long answers took; as SVG. */
export function timelineSvg(timeline: Timeline): string {
  const { watched, end, fault, healed } = timeline;
  const x = scaleOf(end);
  let y = TOP;
  const rows = watched.map((each) => {
    const row = barRow(nameOf(each), y, ROW, barsOf(timeline, each), x);
    y += ROW + GAP;
    return row;
  });
  y += GAP;
  const seconds = bySecond(timeline);
  const requests = columns("requests per second", y, PLOT, seconds, x);
  y += PLOT + 3 * GAP;
  const latency = lines("answer time", y, PLOT, [{ look: "slow", points: seconds.map(({ p99 }) => p99) }, { look: "median", points: seconds.map(({ p50 }) => p50) }], "ms", x);
  y += PLOT;
  const marks = mark(fault, "fault", GAP, y, x, "end") + mark(healed, "healed", GAP, y, x, "start");
  return `<svg viewBox="0 0 ${WIDTH} ${y + 30}" role="img" aria-label="Timeline of the drill">${rows.join("")}${requests}${latency}${timeAxis(y, end, x)}${marks}</svg>`;
}

const nameOf = ({ kind, name, host }: Watched): string => `${host}: ${kind === "address" ? "" : `${kind} `}${name}`;

function barsOf({ samples, end }: Timeline, { id, kind, host, healthy }: Watched): Bar[] {
  const spans = spansOf(series(samples, host, id));
  const bars = spans.map(({ from, to, value }, i): Bar => {
    // Until the next look, when that came in time.
    const next = spans[i + 1]?.from;
    const until = next !== undefined && next - to <= 1 ? next : to;
    const look = kind === "address" ? (value === "1" ? "good" : "off") : value === healthy ? "good" : "bad";
    return { from, to: until, look, title: `${wordOf(kind, value)} from ${from.toFixed(2)} to ${until.toFixed(2)} s` };
  });
  return [...bars, ...unseen(bars, end)];
}

/** Where nobody could look. */
function unseen(bars: readonly Bar[], end: number): Bar[] {
  const edges = [{ to: 0 }, ...bars];
  return edges.flatMap(({ to }, i) => {
    const from = bars[i]?.from ?? end;
    return from - to > 1 ? [{ from: to, to: from, look: "unknown" as const, title: `not seen from ${to.toFixed(2)} to ${from.toFixed(2)} s` }] : [];
  });
}

function wordOf(kind: Watched["kind"], value: string): string {
  if (kind === "address") return value === "1" ? "held" : "not held";
  if (kind === "route") return value === "1" ? "there" : "gone";
  return value === "-" ? "nothing said" : value;
}

interface Second {
  readonly ok: number;
  readonly lost: number;
  /** Milliseconds of the answers, the middle and the slowest hundredth. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

/** By the second in which requests were sent. */
export function bySecond({ requests, end }: Pick<Timeline, "requests" | "end">): Second[] {
  const seconds = Array.from({ length: Math.ceil(end) }, () => ({ times: [] as number[], lost: 0 }));
  for (const { at, seconds: took, ok } of requests) {
    const second = seconds[Math.floor(at)];
    if (ok) second?.times.push(took * 1000);
    else if (second) second.lost += 1;
  }
  return seconds.map(({ times, lost }) => {
    const sorted = times.toSorted((a, b) => a - b);
    const quantile = (share: number): number | undefined => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return { ok: times.length, lost, p50: quantile(0.5), p99: quantile(0.99) };
  });
}
