import { setTimeout as sleep } from "node:timers/promises";
import type { DrillProbe } from "../dsl/drill-plan.ts";
import type { Session } from "../engine/session.ts";
import { parseSample, samplerScript } from "./sampler-script.ts";
import type { Sample } from "./types.ts";

/** Looks, one after the other, after which the host's clock is known well enough to begin. */
const CLOCK_LOOKS = 8;
/** Looks that may be asked for and unanswered: a host that falls behind is asked less often, and not later and later. */
const PENDING = 10;
/** Seconds after which what was seen is no news. */
const STALE = 2;
/** Seconds between two tries to reach a host that is gone. */
const RETRY = 1;
export interface SamplerOptions {
  readonly probes: readonly DrillProbe[];
  /** Seconds between looks. */
  readonly period: number;
  /** Seconds on the drill's clock. */
  readonly now: () => number;
  readonly connect: () => Promise<Session>;
}

/**
 * Looks at one host ten times a second for as long as a drill takes. Each look is asked for from here and stamped by the
 * host's clock, so neither a slow way there nor a slow process blurs when something changed.
 */
export class Sampler {
  readonly host: string;
  readonly #options: SamplerOptions;
  readonly #watches: Watch[] = [];
  readonly #alive = new Set<Watch>();
  #stopped = false;
  #looking = false;

  constructor(host: string, options: SamplerOptions) {
    this.host = host;
    this.#options = options;
  }

  /** Resolves when the host's clock is known. @throws what connecting throws */
  async start(): Promise<void> {
    const watch = await this.#watch();
    await watch.clockKnown;
  }

  /** Everything that was seen, in order, by what is known of the host's clock by now. */
  get samples(): Sample[] {
    const all = this.#watches.flatMap((watch) => watch.samples(this.host));
    // Of two connections at a time both looks are true.
    return this.#watches.length > 1 ? all.toSorted((a, b) => a.at - b.at) : all;
  }

  /** What was seen last, unless that is more than `age` seconds ago. */
  latest(age = STALE): Sample | undefined {
    const last = this.#watches.map((watch) => watch.latest(this.host)).filter((sample) => sample !== undefined).toSorted((a, b) => b.at - a.at)[0];
    return last && this.#options.now() - last.at <= age ? last : undefined;
  }

  /** Connects at once when the host does not answer: it is back, and the old connection may not know that for a while. */
  renew(): void {
    const before = [...this.#alive];
    if (!this.latest(0.5)) void this.#watch().then(() => before.forEach((watch) => watch.end()), () => this.#watchAgain());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const watch of this.#alive) watch.end();
    await Promise.all([...this.#alive].map(({ over }) => over));
  }

  async #watch(): Promise<Watch> {
    const session = await this.#options.connect();
    const watch = new Watch(session, this.#options);
    this.#watches.push(watch);
    this.#alive.add(watch);
    void watch.over.then(() => {
      this.#alive.delete(watch);
      return this.#watchAgain();
    });
    if (this.#stopped) watch.end();
    return watch;
  }

  /** Until the host is reached again. */
  async #watchAgain(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (!this.#stopped && this.#alive.size === 0) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#watch().catch(() => sleep(RETRY * 1000));
    }
    this.#looking = false;
  }
}

interface Exchange {
  /** On our clock. */
  readonly asked: number;
  readonly heard: number;
  /** On the host's. */
  readonly uptime: number;
}

/** One connection's looks. */
class Watch {
  /** Resolves when the connection or its shell has ended. */
  readonly over: Promise<void>;
  readonly clockKnown: Promise<void>;
  readonly #session: Session;
  readonly #asked: number[] = [];
  readonly #looks: { readonly uptime: number; readonly seen: Sample["seen"] }[] = [];
  readonly #end: () => void;
  #quickest: Exchange | undefined;

  constructor(session: Session, { probes, period, now }: SamplerOptions) {
    this.#session = session;
    const child = session.$({ nothrow: true, quiet: true })`sh -c ${samplerScript(probes)}`;
    let [known, rest] = [(): void => {}, ""];
    let timer: NodeJS.Timeout | undefined;
    const ask = (): void => {
      if (this.#asked.length >= PENDING) return;
      this.#asked.push(now());
      child.stdin.write("\n");
    };
    // oxlint-disable-next-line promise/avoid-new
    this.clockKnown = new Promise((resolve) => (known = resolve));
    child.stdout.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const sample = parseSample(line, probes);
        const asked = this.#asked.shift();
        if (!sample || asked === undefined) continue;
        this.#quickest = quicker(this.#quickest, { asked, heard: now(), uptime: sample.uptime });
        this.#looks.push(sample);
        if (this.#looks.length < CLOCK_LOOKS) ask();
        else timer ??= setInterval(ask, period * 1000);
        if (this.#looks.length === CLOCK_LOOKS) known();
      }
    });
    ask();
    this.#end = () => {
      clearInterval(timer);
      child.stdin.end();
    };
    this.over = child.then(() => undefined, () => undefined).finally(() => {
      clearInterval(timer);
      known();
      void session.close();
    });
  }

  samples(host: string): Sample[] {
    const offset = offsetOf(this.#quickest);
    return this.#looks.map(({ uptime, seen }) => ({ host, at: offset + uptime, seen }));
  }

  latest(host: string): Sample | undefined {
    const last = this.#looks.at(-1);
    return last && { host, at: offsetOf(this.#quickest) + last.uptime, seen: last.seen };
  }

  end(): void {
    this.#end();
    // A host that is gone never says that its shell has ended.
    void this.#session.close();
  }
}

/** Of two exchanges the one that says more precisely when the host looked. */
export const quicker = (one: Exchange | undefined, other: Exchange): Exchange => (one === undefined || other.heard - other.asked < one.heard - one.asked ? other : one);

/** What to add to a host's uptime: it looked in the middle of the exchange. */
export const offsetOf = (exchange: Exchange | undefined): number => (exchange === undefined ? 0 : (exchange.asked + exchange.heard) / 2 - exchange.uptime);
