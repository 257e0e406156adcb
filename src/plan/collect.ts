import type { RunEvent } from "../engine/events.ts";
import type { Observe } from "../engine/planned.ts";
import { Digester, type Digests } from "./digest.ts";
import type { PlanEntry, PlanFile } from "./file.ts";

/** What a check found, host by host: the body of a plan. */
export class Collector {
  readonly #digester: Digester;
  readonly #digests = new Map<string, Digests>();
  readonly #entries = new Map<string, PlanEntry[]>();
  readonly #without = new Map<string, string>();
  #play = 0;

  constructor(salt: string) {
    this.#digester = new Digester(salt);
  }

  /** For the check's options. Called before the event that tells of the same resource. */
  readonly observe: Observe = (host, play, node, _outcome, look) => {
    this.#digests.set(`${host}\0${play}\0${node.id}`, this.#digester.of(node, look));
  };

  on(event: RunEvent): void {
    if (event.event === "start") for (const host of event.hosts) this.#entries.set(host, []);
    else if (event.event === "play") this.#play = event.index;
    else if (event.event === "resource") this.#resource(event);
    else if (event.event === "failure" && event.failure.host !== undefined) this.#leaveOut(event.failure.host, event.failure.message);
  }

  get hosts(): PlanFile["hosts"] {
    return Object.fromEntries([...this.#entries].filter(([host]) => !this.#without.has(host)));
  }

  /** A host with a failure is not planned: what comes after it is not known. */
  get without(): PlanFile["without"] {
    return Object.fromEntries(this.#without);
  }

  #leaveOut(host: string, why: string): void {
    if (!this.#without.has(host)) this.#without.set(host, why);
  }

  #resource(event: Extract<RunEvent, { event: "resource" }>): void {
    const { host, id, outcome, summary, diff, cause, handler } = event;
    if (outcome !== "ok" && outcome !== "would-change" && outcome !== "unknown" && outcome !== "skipped") return this.#leaveOut(host, `${id}: ${event.failure?.message ?? outcome}`);
    const digests = outcome === "skipped" ? undefined : this.#digests.get(`${host}\0${this.#play}\0${id}`);
    this.#entries.get(host)?.push({
      play: this.#play,
      id,
      outcome,
      ...digests,
      ...(outcome !== "ok" && { ...(summary !== undefined && { summary }), ...(diff !== undefined && { diff }), ...(cause !== undefined && { cause }) }),
      ...(handler === true && { handler }),
    });
  }
}
