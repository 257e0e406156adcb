import type { Timing } from "./timing.ts";

/** One event of the trace event format of Chrome (`chrome://tracing`, Perfetto); times in microseconds. */
interface TraceEvent {
  readonly name: string;
  /** `X` a span, `M` a name for a process or thread. */
  readonly ph: "X" | "M";
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, string>>;
}

const MS = 1000;
const SECOND = 1_000_000;

/** A run as a trace: a line for each host, with its phases, and below them the applies that took part of them. */
export function traceOf(timing: Timing): string {
  const hosts = [...new Set([...timing.spans, ...timing.resources].map(({ host }) => host))];
  const lines = new Map(hosts.map((host, i) => [host, i + 1]));
  const lineOf = (host: string): { readonly pid: number; readonly tid: number } => ({ pid: 1, tid: lines.get(host) ?? 0 });
  const events: TraceEvent[] = [
    { name: "process_name", ph: "M", pid: 1, tid: 0, args: { name: "hawser" } },
    ...hosts.map((host): TraceEvent => ({ name: "thread_name", ph: "M", ...lineOf(host), args: { name: host } })),
    ...timing.spans.map(({ host, phase, detail, from, to }): TraceEvent => ({ name: phase, ph: "X", ...lineOf(host), ts: from * MS, dur: (to - from) * MS, ...(detail !== "" && { args: { detail } }) })),
    ...timing.resources.filter(({ what }) => what === "apply").map(({ host, id, seconds, at }): TraceEvent => ({ name: id, ph: "X", ...lineOf(host), ts: Math.max(0, at * MS - seconds * SECOND), dur: seconds * SECOND })),
  ];
  return `${JSON.stringify({ traceEvents: events, displayTimeUnit: "ms" })}\n`;
}
