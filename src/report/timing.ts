import type { HostPhase, RunEvent } from "../engine/events.ts";
import type { LineStyle } from "./lines.ts";
import { cells, clean, count, padEnd, padStart } from "./text.ts";

/** The columns, in the order in which a host goes through them; several phases of the engine may share one. */
const COLUMNS = ["connect", "facts", "probe", "plan", "apply", "wait", "prove"] as const;
type Column = (typeof COLUMNS)[number];

const COLUMN_OF: Partial<Record<HostPhase, Column>> = { connecting: "connect", reconnecting: "connect", facts: "facts", probing: "probe", planning: "plan", applying: "apply", waiting: "wait", proving: "prove" };

/** Hosts and resources that are listed one by one; of the rest only their number is told. */
const MOST_HOSTS = 20;
const MOST_RESOURCES = 10;
/** A look that took less is told of nobody. Seconds. */
const WORTH_TELLING = 0.005;

/** One phase of one host, in milliseconds of the run. */
export interface Span {
  readonly host: string;
  readonly phase: HostPhase;
  readonly detail: string;
  readonly from: number;
  readonly to: number;
}

interface Slow {
  readonly host: string;
  readonly id: string;
  readonly what: "look" | "apply";
  readonly seconds: number;
  /** When it ended, in milliseconds of the run. */
  readonly at: number;
}

/** Follows where the time of a run goes, host by host. */
export class Timing {
  readonly spans: Span[] = [];
  readonly resources: Slow[] = [];
  readonly #open = new Map<string, Omit<Span, "to">>();
  #hosts: readonly string[] = [];
  #total = 0;

  on(event: RunEvent): void {
    if (event.event === "start") this.#hosts = event.hosts;
    else if (event.event === "phase") this.#phase(event.host, event.phase, event.detail ?? "", event.at);
    else if (event.event === "resource") {
      const { host, id, at } = event;
      if (event.seconds !== undefined) this.resources.push({ host, id, what: "apply", seconds: event.seconds, at });
      if (event.probeSeconds !== undefined) this.resources.push({ host, id, what: "look", seconds: event.probeSeconds, at });
    } else if (event.event === "recap") {
      this.#total = event.seconds;
      for (const host of this.#open.keys()) this.#close(host, event.seconds * 1000);
    }
  }

  #phase(host: string, phase: HostPhase, detail: string, at: number): void {
    this.#close(host, at);
    if (COLUMN_OF[phase] !== undefined) this.#open.set(host, { host, phase, detail, from: at });
  }

  #close(host: string, at: number): void {
    const open = this.#open.get(host);
    if (!open) return;
    this.#open.delete(host);
    this.spans.push({ ...open, to: Math.max(open.from, at) });
  }

  /**
   * A table of the hosts, the slowest first, and the slowest resources.
   * @param startup Seconds from the start of the process to that of the run: loading hawser, the playbook and the inventory.
   */
  text(startup: number, { color }: Pick<LineStyle, "color">): string {
    const seconds = this.#seconds();
    const rows = this.#hosts.map((host) => ({ host, seconds: seconds.get(host) ?? {} })).sort((a, b) => total(b.seconds) - total(a.seconds));
    const width = Math.max(4, ...rows.slice(0, MOST_HOSTS).map(({ host }) => cells(host)));
    const line = (name: string, values: readonly string[]): string => `  ${padEnd(name, width)}${values.map((value) => padStart(value, 9)).join("")}`;
    const shown = rows.slice(0, MOST_HOSTS).map(({ host, seconds }) => line(host, [...COLUMNS.map((column) => number(seconds[column])), number(total(seconds))]));
    const hidden = rows.slice(MOST_HOSTS);
    const more = hidden.length === 0 ? [] : [`  and ${count(hidden.length, "faster host")}, ${number(total(hidden[Math.floor(hidden.length / 2)]?.seconds ?? {}))} s in the middle of them`];
    return [color.bold(`where the time went, in seconds (start-up ${number(startup)}, run ${number(this.#total)})`), color.dim(line("host", [...COLUMNS, "all"])), ...shown, ...more, ...this.#slowest(width), ""].join("\n");
  }

  #seconds(): ReadonlyMap<string, Partial<Record<Column, number>>> {
    const byHost = new Map<string, Partial<Record<Column, number>>>();
    for (const span of this.spans) {
      const column = COLUMN_OF[span.phase];
      const seconds = byHost.get(span.host) ?? {};
      byHost.set(span.host, seconds);
      if (column) seconds[column] = (seconds[column] ?? 0) + (span.to - span.from) / 1000;
    }
    return byHost;
  }

  #slowest(width: number): string[] {
    const slow = this.resources.filter(({ seconds }) => seconds >= WORTH_TELLING).sort((a, b) => b.seconds - a.seconds);
    if (slow.length === 0) return [];
    return ["slowest:", ...slow.slice(0, MOST_RESOURCES).map(({ host, id, what, seconds }) => `  ${padEnd(host, width)}${padStart(number(seconds), 9)}  ${padEnd(what, 5)}  ${clean(id)}`)];
  }
}

const total = (seconds: Partial<Record<Column, number>>): number => Object.values(seconds).reduce((sum, each) => sum + each, 0);
const number = (seconds: number | undefined): string => (seconds === undefined || seconds === 0 ? "-" : seconds.toFixed(seconds < 9.995 ? 2 : 1));
