import type { Failure, HostPhase, Outcome, RunEvent } from "../engine/events.ts";
import type { SourceLine } from "../errors/index.ts";
import type { RecapEvent, ResourceEvent } from "./reporter.ts";

/** What a resource is, whatever became of it; one object for all hosts that have it. */
export interface Resource {
  readonly play: string;
  readonly role: string;
  readonly id: string;
  readonly kind: string;
  readonly source: SourceLine;
  readonly handler: boolean;
}

/** What became of a resource on one host. */
export interface Entry {
  readonly resource: Resource;
  readonly outcome: Outcome;
  /** When that was known, in milliseconds of the run. */
  readonly at: number;
  readonly summary?: string;
  readonly cause?: string;
  readonly diff?: string;
  readonly seconds?: number;
  readonly probeSeconds?: number;
  readonly failure?: Failure;
}

/** A stretch of time in one phase, in milliseconds of the run. */
export interface PhaseSpan {
  readonly phase: HostPhase;
  readonly from: number;
  to: number;
}

export interface Warning {
  readonly message: string;
  readonly source?: SourceLine;
}

export interface HostRecord {
  readonly name: string;
  readonly spans: PhaseSpan[];
  /** In the order in which they were first heard of. */
  readonly entries: Map<Resource, Entry>;
  /** Of the host itself rather than of one of its resources. */
  readonly failures: Failure[];
  readonly warnings: Warning[];
  first: number | undefined;
  last: number;
}

const AT_REST: ReadonlySet<HostPhase> = new Set(["done", "failed", "unreachable"]);

/**
 * A run as reports tell it. Of 1000 hosts that fare alike, what a resource is and every text is kept once: what grows with
 * their number is an entry for each resource.
 */
export class RunRecord {
  /** When the run began. */
  readonly began: Date;
  readonly hosts = new Map<string, HostRecord>();
  readonly plays: Extract<RunEvent, { event: "play" }>[] = [];
  /** Of the run rather than of a host. */
  readonly failures: Failure[] = [];
  readonly warnings: Warning[] = [];
  start: Extract<RunEvent, { event: "start" }> | undefined;
  recap: RecapEvent | undefined;
  readonly #resources = new Map<string, Resource>();
  readonly #texts = new Map<string, string>();

  constructor(began = new Date()) {
    this.began = began;
  }

  on(event: RunEvent): void {
    switch (event.event) {
      case "start":
        this.start = event;
        for (const host of event.hosts) this.#host(host);
        break;
      case "play":
        this.plays.push(event);
        break;
      case "phase":
        this.#phase(this.#heard(event.host, event.at), event.phase, event.at);
        break;
      case "resource":
        this.#resource(this.#heard(event.host, event.at), event);
        break;
      case "failure":
        (event.failure.host === undefined ? this : this.#heard(event.failure.host, event.at)).failures.push(event.failure);
        break;
      case "warning":
        (event.host === undefined ? this : this.#host(event.host)).warnings.push({ message: this.#text(event.message), ...(event.source && { source: event.source }) });
        break;
      case "recap":
        this.recap = event;
        for (const host of this.hosts.values()) this.#rest(host, event.seconds * 1000);
        break;
      case "output":
        this.#heard(event.host, event.at);
        break;
    }
  }

  /** Seconds of the whole run; of one that broke off, until its last event. */
  get seconds(): number {
    return this.recap?.seconds ?? Math.max(0, ...[...this.hosts.values()].map(({ last }) => last)) / 1000;
  }

  #host(name: string): HostRecord {
    const known = this.hosts.get(name);
    if (known) return known;
    const host: HostRecord = { name, spans: [], entries: new Map(), failures: [], warnings: [], first: undefined, last: 0 };
    this.hosts.set(name, host);
    return host;
  }

  #heard(name: string, at: number): HostRecord {
    const host = this.#host(name);
    host.first ??= at;
    host.last = at;
    return host;
  }

  /** Neighbouring spans of one phase are one: applying says each of its resources. */
  #phase(host: HostRecord, phase: HostPhase, at: number): void {
    const open = host.spans.at(-1);
    if (open?.phase === phase && open.to === Infinity) return;
    this.#rest(host, at);
    if (!AT_REST.has(phase)) host.spans.push({ phase, from: at, to: Infinity });
  }

  #rest(host: HostRecord, at: number): void {
    const open = host.spans.at(-1);
    if (open?.to === Infinity) open.to = Math.max(open.from, at);
  }

  #resource(host: HostRecord, event: ResourceEvent): void {
    const { outcome, at, summary, cause, diff, seconds, probeSeconds, failure } = event;
    const resource = this.#known(event);
    const before = host.entries.get(resource);
    host.entries.set(resource, {
      resource,
      outcome,
      at,
      ...(summary !== undefined && { summary: this.#text(summary) }),
      ...(cause !== undefined && { cause: this.#text(cause) }),
      ...(diff !== undefined && { diff: this.#text(diff) }),
      ...(seconds !== undefined && { seconds }),
      ...(probeSeconds !== undefined && { probeSeconds }),
      ...(failure !== undefined && { failure }),
      // The proof says of a change that it did not last, and a rescue of a failure that it was made good: what was before is still of interest.
      ...(outcome === "rescued" && failure === undefined && before?.failure && { failure: before.failure }),
      ...((outcome === "failed" || outcome === "rescued") && before && { ...(diff === undefined && before.diff !== undefined && { diff: before.diff }), ...(seconds === undefined && before.seconds !== undefined && { seconds: before.seconds, at: before.at }) }),
    });
  }

  #known({ play, role, id, kind, source, handler = false }: ResourceEvent): Resource {
    const key = `${play}\0${id}\0${source.file}:${source.line}:${source.column}`;
    const known = this.#resources.get(key);
    if (known) return known;
    const resource: Resource = { play, role, id, kind, source, handler };
    this.#resources.set(key, resource);
    return resource;
  }

  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, text);
    return known ?? text;
  }
}
