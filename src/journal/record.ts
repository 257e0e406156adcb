import { readFileSync } from "node:fs";
import path from "node:path";
import type { Failure, HostCounts, HostResult, RecoveredStep } from "../engine/events.ts";
import { HawserError } from "../errors/index.ts";
import { isAlive } from "./folder.ts";
import type { Header, Kept } from "./journal.ts";

/** What a run sent to a host as one script. */
export interface Sent {
  /** Its name on the host. */
  readonly script: string;
  readonly steps: readonly (readonly string[])[];
}

/** A run on one host, as its journal tells it. */
export interface HostRecord {
  /** Of its last play; undefined when that did not end. */
  result?: HostResult;
  /** Places of the plays that it has finished. */
  readonly finished: Set<number>;
  /** Resources and handlers that were changed, in order. */
  readonly changed: { readonly id: string; readonly summary: string; readonly seconds?: number }[];
  readonly failures: Failure[];
  readonly recovered: RecoveredStep[];
  /** It has sent something that changes. */
  sent: boolean;
}

/** How a run ended: `running` while its process lives, `cut` when that died without a recap, `refused` before it began. */
export type RunState = "ok" | "failed" | "interrupted" | "running" | "cut" | "refused";

/** A run, as its journal tells it. */
export interface RunRecord {
  readonly header: Header;
  readonly state: RunState;
  /** Every host of the run, in the inventory's order. */
  readonly hosts: ReadonlyMap<string, HostRecord>;
  /** The last script that was sent to a host, without what is known to have been done, where nothing is known of its end: it may still run there. */
  readonly sent: ReadonlyMap<string, Sent>;
  /** Plays that were begun, by their places. */
  readonly plays: ReadonlyMap<number, string>;
  readonly seconds?: number;
  readonly counts?: Readonly<Record<string, HostCounts>>;
  readonly pendingHandlers: Readonly<Record<string, readonly string[]>>;
  /** Failures that belong to no host. */
  readonly failures: readonly Failure[];
  /** Why it was refused. */
  readonly error?: string;
  /** False where a line of it cannot be read; what stands before and after counts. */
  readonly whole: boolean;
}

type Line = Kept | { readonly event: "error"; readonly message: string };

/** Reads a journal. @throws HawserError when its first line is none. */
export function readJournal(file: string): RunRecord {
  const [first = "", ...rest] = readFileSync(file, "utf8").split("\n");
  const header = parsed(first) as Partial<Header> | undefined;
  if (header?.journal !== 1 || header.id === undefined || header.writer === undefined) throw new HawserError(`${file} is no journal of a run`, { hint: "it was written by another version of hawser, or cut: remove it" });
  return new Reading(header as Header).read(rest.filter((line) => line !== ""));
}

/** A last line that was cut in the middle says nothing. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

class Reading {
  readonly #header: Header;
  readonly #hosts = new Map<string, HostRecord>();
  readonly #plays = new Map<number, string>();
  readonly #failures: Failure[] = [];
  /** By host, also of hosts on which only others have acted. */
  readonly #open = new Map<string, Sent>();
  readonly #done = new Set<string>();
  #recap: Extract<Kept, { event: "recap" }> | undefined;
  #error: string | undefined;

  constructor(header: Header) {
    this.#header = header;
  }

  read(lines: readonly string[]): RunRecord {
    let whole = true;
    for (const line of lines) {
      const event = parsed(line) as Line | undefined;
      if (event) this.#take(event);
      else whole = false;
    }
    return {
      header: this.#header,
      state: this.#state(),
      hosts: this.#hosts,
      sent: this.#sent(),
      plays: this.#plays,
      ...(this.#recap && { seconds: this.#recap.seconds, counts: this.#recap.hosts }),
      pendingHandlers: this.#recap?.pendingHandlers ?? {},
      failures: this.#failures,
      ...(this.#error !== undefined && { error: this.#error }),
      whole,
    };
  }

  #state(): RunState {
    if (this.#recap) return this.#recap.interrupted ? "interrupted" : this.#recap.result;
    if (this.#error !== undefined) return this.#hosts.size === 0 ? "refused" : "failed";
    return isAlive(this.#header.writer) === false ? "cut" : "running";
  }

  #sent(): Map<string, Sent> {
    const left = [...this.#open].map(([host, { script, steps }]) => [host, { script, steps: steps.map((ids) => ids.filter((id) => !this.#done.has(`${host}\0${id}`))) }] as const);
    return new Map(left.filter(([, { steps }]) => steps.some((ids) => ids.length > 0)));
  }

  #host(name: string): HostRecord {
    const known = this.#hosts.get(name);
    if (known) return known;
    const fresh: HostRecord = { finished: new Set(), changed: [], failures: [], recovered: [], sent: false };
    this.#hosts.set(name, fresh);
    return fresh;
  }

  #take(event: Line): void {
    switch (event.event) {
      case "start":
        for (const host of event.hosts) this.#host(host);
        break;
      case "play":
        this.#plays.set(event.index, event.play);
        for (const host of event.hosts) delete this.#host(host).result;
        break;
      case "sent":
        this.#host(event.host).sent = true;
        this.#open.set(event.on ?? event.host, { script: event.script, steps: event.steps });
        break;
      case "recovered":
        this.#recovered(event);
        break;
      case "resource":
        this.#resource(event);
        break;
      case "host": {
        const host = this.#host(event.host);
        host.result = event.result;
        this.#open.delete(event.host);
        if (event.result === "done") host.finished.add(event.index);
        break;
      }
      case "failure":
        if (event.failure.host === undefined) this.#failures.push(event.failure);
        else this.#host(event.failure.host).failures.push(event.failure);
        if (event.failure.host !== undefined && event.failure.unreachable === true) this.#host(event.failure.host).result = "unreachable";
        break;
      case "recap":
        this.#recap = event;
        break;
      case "error":
        this.#error = event.message;
        break;
      case "warning":
        break;
      default:
        event satisfies never;
    }
  }

  /** Of a host that takes no part itself, whoever acts on it will say what is left. */
  #recovered({ host: name, steps }: Extract<Kept, { event: "recovered" }>): void {
    const host = this.#hosts.get(name);
    host?.recovered.push(...steps);
    for (const { ids, result } of steps) if (result === "done") host?.changed.push(...ids.map((id) => ({ id, summary: "by the interrupted run" })));
  }

  #resource(event: Extract<Kept, { event: "resource" }>): void {
    const host = this.#host(event.host);
    if (event.outcome === "changed") this.#done.add(`${event.on ?? event.host}\0${event.id}`);
    if (event.outcome === "changed") host.changed.push({ id: event.id, summary: event.summary ?? "", ...(event.seconds !== undefined && { seconds: event.seconds }) });
    if (event.outcome === "failed") host.failures.push({ message: event.summary ?? "failed", ...event.failure, resource: event.id, source: event.source });
  }
}

export const idOf = (file: string): string => path.basename(file, ".jsonl");
