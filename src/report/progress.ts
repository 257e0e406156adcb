import type { HostPhase, Outcome, RunEvent } from "../engine/events.ts";
import { oneLine } from "./text.ts";

/** What one host is doing, as the events told it. */
export interface HostProgress {
  readonly host: string;
  /** `queued` until the host's first event in a play. */
  phase: HostPhase | "queued";
  done: number;
  total: number | undefined;
  /** What runs: a resource's id or what the engine said of the phase; '' when nothing is known. */
  running: string;
  /** When that began, in milliseconds of the clock. */
  since: number;
  /** The last line that it printed. */
  tail: string;
  readonly outcomes: Record<Outcome, number>;
  /** When the host was first and last heard of, in milliseconds of the run. */
  first: number | undefined;
  last: number;
}

const ENDED: ReadonlySet<HostPhase | "queued"> = new Set(["done", "failed", "unreachable"]);

export function hasEnded(host: HostProgress): boolean {
  return ENDED.has(host.phase);
}

/** Neither ended nor waiting for its turn or for another host. */
export function isActive(host: HostProgress): boolean {
  return !hasEnded(host) && host.phase !== "queued" && host.phase !== "waiting";
}

/** Follows every host through the events of a run. */
export class Progress {
  readonly #hosts = new Map<string, HostProgress>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  host(name: string): HostProgress {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      const outcomes = { ok: 0, changed: 0, "would-change": 0, unknown: 0, skipped: 0, failed: 0, rescued: 0 };
      host = { host: name, phase: "queued", done: 0, total: undefined, running: "", since: this.#now(), tail: "", outcomes, first: undefined, last: 0 };
      this.#hosts.set(name, host);
    }
    return host;
  }

  all(): Iterable<HostProgress> {
    return this.#hosts.values();
  }

  /** Wall-clock seconds between a host's first and last event. */
  seconds(host: string): number {
    const known = this.#hosts.get(host);
    return known?.first === undefined ? 0 : (known.last - known.first) / 1000;
  }

  on(event: RunEvent): void {
    switch (event.event) {
      case "play":
        for (const host of event.hosts) this.#begin(host);
        break;
      case "phase": {
        const host = this.#heard(event.host, event.at);
        const running = oneLine(event.detail ?? "");
        if (host.phase !== event.phase || host.running !== running) this.#runs(host, running);
        host.phase = event.phase;
        if (event.total !== undefined) host.total = event.total;
        if (event.done !== undefined) host.done = Math.max(host.done, event.done);
        break;
      }
      case "output": {
        const host = this.#heard(event.host, event.at);
        if (host.running !== event.id) this.#runs(host, event.id);
        host.tail = event.line;
        break;
      }
      case "resource": {
        const host = this.#heard(event.host, event.at);
        host.outcomes[event.outcome] += 1;
        if (event.outcome === "rescued") host.outcomes.failed -= 1;
        // Without handlers, and never beyond the total: the proof after an apply reports some resources again.
        if (event.handler !== true && host.done < (host.total ?? Infinity)) host.done += 1;
        if (host.running === event.id) this.#runs(host, "");
        break;
      }
      case "failure":
        if (event.failure.host !== undefined) this.#heard(event.failure.host, event.at);
        break;
      case "start":
      case "batch":
      case "gate":
      case "warning":
      case "recap":
        break;
    }
  }

  /** A play counts anew; the time of the host goes on. */
  #begin(name: string): void {
    const host = this.host(name);
    host.phase = hasEnded(host) ? "queued" : host.phase;
    host.done = 0;
    host.total = undefined;
    for (const outcome of Object.keys(host.outcomes) as Outcome[]) host.outcomes[outcome] = 0;
    this.#runs(host, "");
  }

  #runs(host: HostProgress, what: string): void {
    host.running = what;
    host.since = this.#now();
    host.tail = "";
  }

  #heard(name: string, at: number): HostProgress {
    const host = this.host(name);
    host.first ??= at;
    host.last = at;
    return host;
  }
}
