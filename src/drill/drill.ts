import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../engine/session.ts";
import { DrillError, DrillInterrupted } from "./error.ts";
import type { Fault } from "./fault.ts";
import { figuresOf } from "./figures.ts";
import { holdersOf, unhealthy } from "./health.ts";
import { holdFilesOf, shortenHold } from "./hold.ts";
import { judge, judgeWrites, type Judged } from "./limits.ts";
import { Load } from "./load.ts";
import { Sampler } from "./sampler.ts";
import { castOf, probesOf, watchedOf, type Breakage, type Cast, type Declared, type Wish } from "./scene.ts";
import type { Figures, Timeline } from "./types.ts";
import { Writers, type Written } from "./writers.ts";

/** Seconds between looks at each host. */
const PERIOD = 0.1;
/** Seconds in which the load grows to its rate, of load before the fault, and after the return. */
const RAMP = 5;
const SETTLE = 5;
const TAIL = 3;
/** Seconds in which an answer comes while nothing is broken, and the share of the requests that must have one. */
const PROMPT = 2;
const CARRIED = 0.99;
/** Seconds in which a request must have its whole answer. */
const PATIENCE = 5;
/** Requests by which the right answer is learnt. */
const LESSONS = 3;

export interface DrillOptions {
  readonly wish: Wish;
  /** Every host of the inventory. */
  readonly hosts: readonly Declared[];
  /** A connection to a host, of its own. */
  readonly connect: (host: string) => Promise<Session>;
  /** How clients of a host connect to an address of it. Default, also where it gives none: from the host, through its session. */
  readonly dial?: (host: string, address: string, port: number) => Promise<Duplex> | undefined;
  /** Prepares the fault; nothing is broken yet. */
  readonly faultOf: (breakage: Breakage, now: () => number) => Promise<Fault>;
  /** Asked with what will be broken; false ends the drill. */
  readonly confirm: (what: string) => Promise<boolean>;
  /** Requests a second. */
  readonly rate: number;
  /** Seconds that the fault lasts. */
  readonly duration: number;
  /** Seconds after healing in which everything must be as before. */
  readonly within: number;
  /** Seconds that the hosts are asked to wait before they return to their path, instead of their own. */
  readonly returnAfter?: number;
  /** Goes on although something is wrong at the start. */
  readonly force: boolean;
  readonly interrupt: AbortSignal;
  /** Progress, for people. */
  readonly say: (line: string) => void;
}

export interface Drilled {
  readonly timeline: Timeline;
  readonly figures: Figures;
  readonly judged: readonly Judged[];
  /** What became of what hosts wrote meanwhile. */
  readonly writes: readonly Written[];
  readonly ok: boolean;
  /** What was broken, in a sentence. */
  readonly what: string;
  readonly began: Date;
}

/**
 * Breaks something, watches what becomes of it, and mends it, whatever happens meanwhile.
 * @throws DrillError when it did not come about, DrillInterrupted; nothing is left broken
 */
export async function drill(options: DrillOptions): Promise<Drilled> {
  return await new Drill(options).run();
}

class Drill {
  readonly #options: DrillOptions;
  readonly #samplers: ReadonlyMap<string, Sampler>;
  readonly #watched: Timeline["watched"];
  readonly #undo: (() => Promise<unknown>)[] = [];
  readonly #now = (): number => performance.now() / 1000;

  constructor(options: DrillOptions) {
    this.#options = options;
    const watching = options.hosts.filter((declared) => probesOf(declared).length > 0);
    this.#watched = watchedOf(watching);
    this.#samplers = new Map(watching.map((declared) => [declared.host, new Sampler(declared.host, { probes: probesOf(declared), period: PERIOD, now: this.#now, connect: () => options.connect(declared.host) })]));
  }

  async run(): Promise<Drilled> {
    try {
      return await this.#run();
    } finally {
      for (const undo of this.#undo.toReversed()) {
        // oxlint-disable-next-line no-await-in-loop
        await undo().catch((error: unknown) => this.#options.say(`could not tidy up: ${String(error)}`));
      }
    }
  }

  async #run(): Promise<Drilled> {
    const { wish, hosts, say, confirm, faultOf, rate } = this.#options;
    this.#undo.push(() => Promise.all([...this.#samplers.values()].map((sampler) => sampler.stop())));
    await Promise.all([...this.#samplers.values()].map((sampler) => sampler.start()));
    // On a busy machine the first looks come late.
    for (const until = this.#now() + PATIENCE; this.#wrong().length > 0 && this.#now() < until; ) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#wait(0.5);
    }
    this.#refuseUnhealthy();
    const cast = castOf(hosts, wish, holdersOf(this.#watched, this.#latest));
    const load = await this.#loadOf(cast);
    const fault = await faultOf(cast.breakage, this.#now);
    say(`about to break, for ${this.#options.duration} s: ${fault.what}`);
    if (!(await confirm(fault.what))) throw new DrillError("not confirmed, so nothing was broken");
    await this.#shortenHolds();
    const began = new Date();
    say(`load begins: ${rate} requests/s from ${cast.scene.client} to ${cast.traffic.name} in ${cast.scene.service}`);
    const writers = this.#writers();
    load.start(RAMP);
    writers.start();
    this.#undo.push(() => load.stop(), () => writers.clean(), () => writers.stop());
    await this.#wait(RAMP);
    const start = this.#now();
    const times = await this.#breakAndHeal(fault, cast, load, start);
    await Promise.all([load.stop(), writers.stop()]);
    const timeline = this.#timeline(cast, load, start, { ...times, end: this.#now() });
    const figures = figuresOf(timeline);
    const writes = await writers.settle(this.#options.within);
    const judged = [...judge(figures, timeline), ...judgeWrites(writes)];
    return { timeline, figures, judged, writes, ok: judged.every(({ ok }) => ok), what: fault.what, began };
  }

  async #breakAndHeal(fault: Fault, cast: Cast, load: Load, start: number): Promise<{ fault: number; healed: number }> {
    const { say, duration, interrupt } = this.#options;
    const said = new Set<string>();
    const tell = (times: { fault: number; healed: number }): void => {
      const timeline = this.#timeline(cast, load, start, { ...times, end: this.#now() });
      for (const [key, text] of progress(timeline)) if (!said.has(key) && said.add(key)) say(text);
    };
    await this.#wait(SETTLE);
    this.#refuseOverload(load, start);
    let broken = false;
    try {
      broken = true;
      const at = await fault.make();
      say(`broken: ${fault.what}`);
      await this.#wait(duration, () => tell({ fault: at, healed: Infinity }));
      const healed = await fault.heal();
      broken = false;
      say(`healed after ${(healed - at).toFixed(1)} s`);
      for (const host of cast.scene.victims) this.#samplers.get(host)?.renew();
      await this.#awaitHealth({ fault: at, healed }, tell);
      await this.#wait(TAIL);
      return { fault: at, healed };
    } finally {
      if (broken) {
        if (interrupt.aborted) say("interrupted: healing");
        await fault.heal();
        say("healed");
      }
    }
  }

  async #awaitHealth(times: { fault: number; healed: number }, tell: (times: { fault: number; healed: number }) => void): Promise<void> {
    const { within, say } = this.#options;
    const until = times.healed + within;
    // What has just been healed has not been noticed yet: a second look must say the same.
    for (let well = 0; well < 2 && this.#now() < until; well = this.#wrong().length === 0 ? well + 1 : 0) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#wait(1, () => tell(times));
    }
    for (const what of this.#wrong()) say(`still wrong ${within} s after healing: ${what}`);
  }

  readonly #latest = (host: string) => this.#samplers.get(host)?.latest();
  readonly #wrong = (): string[] => unhealthy(this.#watched, this.#latest);

  #refuseUnhealthy(): void {
    const { force, say } = this.#options;
    const wrong = this.#wrong();
    if (wrong.length === 0) return say(`checked: all paths, routes and addresses of ${[...this.#samplers.keys()].join(", ")} are as they must be`);
    if (!force) throw new DrillError(`something is wrong before anything is broken: ${wrong.join("; ")}`, { hint: "mend it first (hawser verify says more), or --force" });
    for (const what of wrong) say(`wrong before anything is broken: ${what}`);
  }

  /** What clients lose because there are too many of them would be taken for the fault's doing. */
  #refuseOverload({ requests }: Load, start: number): void {
    const { rate, force, say } = this.#options;
    const due = Math.floor(rate * (this.#now() - start - PROMPT));
    const answered = requests.filter(({ at, ok }) => ok && at < this.#now() - PROMPT).length;
    if (answered >= due * CARRIED) return;
    const what = `only ${answered} of ${due} requests were answered within ${PROMPT} s before anything was broken: ${rate} a second are more than these hosts carry`;
    if (!force) throw new DrillError(what, { hint: "a lower --rate, or --force" });
    say(`wrong before anything is broken: ${what}`);
  }

  async #loadOf({ scene, traffic }: Cast): Promise<Load> {
    const session = await this.#options.connect(scene.client);
    this.#undo.push(() => session.close());
    const load = new Load({ rate: this.#options.rate, patience: PATIENCE, now: this.#now, target: traffic, dial: (address, port) => this.#options.dial?.(scene.client, address, port) ?? session.dial(address, port) });
    try {
      await load.learn(LESSONS);
    } catch (cause) {
      throw new DrillError(`${scene.client} gets no answer from ${traffic.name} at http://${traffic.address}:${traffic.port}${traffic.path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, host: scene.client, hint: "is the service up? hawser verify says more" });
    }
    return load;
  }

  #writers(): Writers {
    const { hosts, connect, say } = this.#options;
    const writing = hosts.map(({ host, plans }) => ({ host, writes: plans.flatMap(({ written }) => written) })).filter(({ writes }) => writes.length > 0);
    for (const { host, writes } of writing) say(`${host} writes: ${writes.map(({ name }) => name).join(", ")}`);
    return new Writers({ hosts: writing, connect, stamp: Date.now().toString(36) });
  }

  async #shortenHolds(): Promise<void> {
    const { returnAfter, hosts, connect, duration, within } = this.#options;
    if (returnAfter === undefined) return;
    await Promise.all(hosts.map(async (declared) => {
      const files = holdFilesOf(declared);
      if (files.length === 0) return;
      const session = await connect(declared.host);
      const undo = await shortenHold(session, files, returnAfter, Math.ceil(SETTLE + duration + within));
      // A host that was lost meanwhile has forgotten it, and the connection as well.
      this.#undo.push(() => undo().catch(() => {}).then(() => session.close()));
    }));
  }

  #timeline({ scene }: Cast, load: Load, start: number, { fault, healed, end }: { fault: number; healed: number; end: number }): Timeline {
    const samples = [...this.#samplers.values()].flatMap((sampler) => sampler.samples.filter(({ at }) => at >= start).map((sample) => ({ ...sample, at: sample.at - start })));
    const requests = load.requests.map((request) => ({ ...request, at: request.at - start })).toSorted((a, b) => a.at - b.at);
    return { kind: this.#options.wish.kind, fault: fault - start, healed: healed - start, end: end - start, period: PERIOD, watched: this.#watched, samples, requests, scene };
  }

  /** Waits, and looks twice a second. @throws DrillInterrupted */
  async #wait(seconds: number, look: () => void = () => {}): Promise<void> {
    const until = this.#now() + seconds;
    const { interrupt } = this.#options;
    while (!interrupt.aborted && this.#now() < until) {
      // oxlint-disable-next-line no-await-in-loop
      await sleep(Math.min(500, Math.max(0, (until - this.#now()) * 1000)), undefined, { signal: interrupt }).catch(() => {});
      look();
    }
    if (interrupt.aborted) throw new DrillInterrupted("the drill was interrupted");
  }
}

/** What is worth a line while it goes on. */
function progress(timeline: Timeline): [key: string, text: string][] {
  const { detectionSeconds, switchSeconds, returnSeconds } = figuresOf(timeline);
  const { client, service } = timeline.scene;
  return [
    ...(detectionSeconds === null ? [] : [["detected", `detected after ${detectionSeconds} s: ${client} has no route to region ${timeline.scene.lost} any more`] as [string, string]]),
    ...(switchSeconds === null ? [] : [["switched", timeline.kind === "tunnel-cut" ? `switched after ${switchSeconds} s: ${client} gets answers from ${service} by the other path` : `taken over after ${switchSeconds} s`] as [string, string]]),
    ...(returnSeconds === null || !Number.isFinite(timeline.healed) ? [] : [["returned", `returned after ${returnSeconds} s`] as [string, string]]),
  ];
}
