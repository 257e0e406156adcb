import { HawserError, UsageError } from "../errors/index.ts";
import { PlanError } from "../resources/contract.ts";
import type { Lane } from "../dsl/lane.ts";
import { everyResource, keptOf, resourcesOf, sectionsOf, type HandlerNode, type Item } from "../dsl/items.ts";
import { HostApply } from "./apply.ts";
import { batchHalt, type Halt, playHalt } from "./budgets.ts";
import { HostCheck } from "./check.ts";
import { refuseCircles } from "./circles.ts";
import type { Declared } from "./declare.ts";
import type { Unstamped } from "./events.ts";
import { failureOf } from "./failures.ts";
import { type HostContext, HostFailed, HostStopped, type OpenLane, phase, reportError } from "./host-context.ts";
import { bookOf, type First, type HostPart, partOf, type PlayRunOptions } from "./host-part.ts";
import { type HostRun } from "./host-run.ts";
import { loadKept, madeBy, recoverKept } from "./kept.ts";
import { passGate } from "./play-gate.ts";
import { STALE, STALE_HINT } from "./planned.ts";
import type { Redactor } from "./redactor.ts";
import type { ResolvedPlay } from "./resolve.ts";
import { Semaphore } from "./semaphore.ts";
import { serialBatches } from "./serial.ts";
import { BecomeFailed, Unreachable } from "./session.ts";
import { toolsFor } from "./solo.ts";
import { refuseRivals, TargetLost } from "./targets.ts";

/** Ends a host's part and says why. */
export function endHost(run: HostRun, error: unknown, redactor: Redactor, emit: (event: Unstamped) => void): void {
  if (error instanceof HostStopped) {
    run.ended = "stopped";
    return;
  }
  const unreachable = error instanceof Unreachable || error instanceof BecomeFailed;
  run.ended = unreachable ? "unreachable" : "failed";
  if (unreachable) run.counts.unreachable = true;
  else if (!(error instanceof HostFailed)) run.counts.failed++;
  if (!(error instanceof HostFailed)) emit({ event: "failure", failure: failureOf(error, { host: run.name }, redactor) });
  emit({ event: "phase", host: run.name, phase: run.ended });
}

/** One play on all its hosts. */
export class PlayRun {
  readonly #resolved: ResolvedPlay;
  readonly #options: PlayRunOptions;
  readonly #lanes = new Map<Lane, OpenLane>();
  /** Hosts on which others may still work. */
  readonly #kept: HostRun[] = [];
  #stop: string | undefined;

  constructor(resolved: ResolvedPlay, options: PlayRunOptions) {
    this.#resolved = resolved;
    this.#options = options;
  }

  /** @throws UsageError when a declaration is wrong, before anything was changed in this play. */
  async run(runs: readonly HostRun[]): Promise<void> {
    const { play } = this.#resolved;
    const { emit } = this.#options;
    const batches = serialBatches(runs.filter((run) => !run.ended), this.#options.check ? undefined : play.serial);
    const ready: HostPart[] = [];
    for (const batch of batches) for (const run of batch) ready.push(...(await this.#ready(run, { play: batches[0]?.[0] ?? run, batch: batch[0] ?? run })));
    const told = ready.map(({ run, declared }) => ({ host: run.name, items: declared.items }));
    refuseCircles(told, this.#options.hub);
    refuseRivals(told);
    emit({ event: "play", play: play.name, index: this.#options.index, hosts: runs.map((run) => run.name), roles: [...new Set([...this.#resolved.roles.values()].flat().map(({ use }) => use.name))] });
    for (const { cx } of ready) phase(cx, "waiting");
    for (const { run, declared } of ready) await loadKept(run.name, keptOf(declared.items), this.#options.kept, this.#options.redactor);
    if (!this.#options.check && ready.some(makesKept)) await this.#options.kept?.prove();
    for (const run of runs) if (run.ended) this.#options.hub.gone(run.name);
    // What is known of a host is let go of as soon as it is done: a fleet has many.
    const parts = new Map(ready.splice(0).map((part) => [part.run, part]));
    this.#judge(playHalt(play, runs));
    await this.#lookElsewhere([...parts.values()]);
    // Who is to enter a lane does so in the inventory's order, and not in that of the looks' answers.
    const first = [...parts.values()].some(({ declared }) => hasLane(declared.items));
    const gated = play.gate !== undefined && !this.#options.check;
    for (const [i, whole] of batches.entries()) {
      const batch = whole.filter((run) => parts.has(run));
      if (batches.length > 1 && this.#stopping() === undefined) emit({ event: "batch", play: play.name, batch: i + 1, of: batches.length, hosts: batch.map((run) => run.name) });
      for (const run of batch) this.#options.hub.begin(run.name);
      if (first) await Promise.all(batch.map((run) => this.#forked(run, () => this.#look(parts.get(run) as HostPart))));
      await Promise.all(batch.map(async (run) => {
        try {
          if (!run.ended) await this.#forked(run, () => this.#work(parts.get(run) as HostPart, !first));
        } finally {
          this.#options.hub.end(run.name);
          this.#judge(playHalt(play, runs));
          this.#conclude(parts.get(run) as HostPart);
          if (!gated) {
            this.#over(run);
            parts.delete(run);
            this.#leave(run);
          }
        }
      }));
      this.#judge(batchHalt(play, batch));
      const going = this.#stop === undefined;
      await this.#gate(batch, parts, { batch: i + 1, of: batches.length });
      for (const run of batch) {
        // Who goes on with this run has to pass the gate as well.
        if (gated) this.#over(run, going && this.#stop !== undefined);
        if (gated) this.#leave(run);
        parts.delete(run);
      }
    }
    for (const run of this.#kept.splice(0)) this.#options.left(run);
    if (this.#stop !== undefined) for (const run of runs) run.ended ??= "stopped";
  }

  /** Others may still have work to do on a host whose own part is over. */
  #leave(run: HostRun): void {
    if (this.#options.guests.has(run.name)) this.#kept.push(run);
    else this.#options.left(run);
  }

  /** Looks at what hosts do on others, for all of them at once. A host whose other one does not answer has failed. */
  async #lookElsewhere(parts: readonly HostPart[]): Promise<void> {
    const sections = parts.flatMap(({ declared, cx }) => sectionsOf(declared.items).map((node) => ({ node, cx })));
    for (const [name, error] of await this.#options.guests.look(sections)) {
      const waiting = new Set(sections.filter(({ node }) => node.host === name).map(({ cx }) => cx.host));
      for (const { run } of parts) if (waiting.has(run.name) && !run.ended) endHost(run, new HawserError(`${name}, which it acts on, cannot be looked at: ${error.message}`, { cause: error }), this.#options.redactor, this.#options.emit);
    }
  }

  #over(run: HostRun, halted = false): void {
    this.#options.emit({ event: "host", host: run.name, play: this.#resolved.play.name, index: this.#options.index, result: run.ended ?? (halted ? "stopped" : "done") });
  }

  /** Why no host may begin another batch of changes, if so. */
  #stopping(): string | undefined {
    return this.#options.interrupted() ?? this.#stop;
  }

  /** A check changes nothing, so no number of failures does any harm. */
  #judge(halt: Halt | undefined): void {
    if (halt && !this.#options.check) this.#halt(halt);
  }

  /** The run ends here for all hosts, and says why. */
  #halt({ why, hint }: Halt): void {
    if (this.#stop !== undefined) return;
    this.#stop = why;
    const { play } = this.#resolved;
    this.#options.emit({ event: "failure", failure: { message: `play ${play.name}: ${why}`, source: play.source, ...(hint !== undefined && { hint }) } });
  }

  /** Empty when a host that it acts on is lost. */
  async #ready(run: HostRun, first: First): Promise<HostPart[]> {
    const { redactor, emit } = this.#options;
    try {
      return [await partOf(run, { resolved: this.#resolved, options: this.#options, first, lanes: (lane) => this.#lane(lane), stopping: () => this.#stopping() })];
    } catch (error) {
      if (!(error instanceof TargetLost)) throw error;
      endHost(run, error, redactor, emit);
      return [];
    }
  }

  #lane(lane: Lane): OpenLane {
    const open = this.#lanes.get(lane) ?? { semaphore: new Semaphore(lane.width) };
    this.#lanes.set(lane, open);
    return open;
  }

  async #forked(run: HostRun, work: () => Promise<void>): Promise<void> {
    await this.#options.fork.acquire();
    try {
      await work();
    } catch (error) {
      if (error instanceof UsageError) throw error;
      endHost(run, this.#options.aborted() ? new HostStopped("the run was stopped", { cause: error }) : error, this.#options.redactor, this.#options.emit);
    } finally {
      this.#options.fork.release();
    }
  }

  async #look({ cx, run, declared }: HostPart): Promise<void> {
    phase(cx, "probing");
    const wanted = cx.book.fragments(resourcesOf(declared.items).filter((node) => cx.skips(node) === undefined));
    cx.book.record(wanted, await cx.remote.look(wanted));
    this.#refuseStale(cx, run, declared);
  }

  /** What a saved plan was made on must still be so, as long as this run itself has changed nothing. @throws HostFailed */
  #refuseStale(cx: HostContext, run: HostRun, declared: Declared): void {
    const { plan, index } = this.#options;
    if (!plan || !this.#options.untouched()) return;
    const stale = everyResource(declared.items).filter((node) => {
      const look = cx.skips(node) === undefined ? bookOf(node, cx).find(node) : undefined;
      return look !== undefined && !plan.holds(run.name, index, node, look);
    });
    for (const node of stale) reportError(cx, node, new PlanError(STALE, STALE_HINT));
    if (stale.length > 0) throw new HostFailed(`${stale.length} resources are not as the plan saw them`, { host: run.name });
  }

  async #work(host: HostPart, look: boolean): Promise<void> {
    const { cx, declared, ops } = host;
    const why = cx.stopping();
    if (why !== undefined) throw new HostStopped(why);
    if (look) await this.#look(host);
    if (!this.#options.check) await recoverKept(cx, keptOf(declared.items), toolsFor(cx));
    if (this.#options.check) await new HostCheck(cx).run(ops);
    else await new HostApply(cx, resourcesOf(declared.items)).run(ops);
    phase(cx, "done");
  }

  /** Asks what must hold after a batch; hosts on which it does not have failed, and the run ends. */
  async #gate(batch: readonly HostRun[], parts: ReadonlyMap<HostRun, HostPart>, place: { readonly batch: number; readonly of: number }): Promise<void> {
    const { gate, name } = this.#resolved.play;
    const hosts = batch.filter((run) => run.ended === undefined);
    if (!gate || this.#options.check || hosts.length === 0 || this.#stopping() !== undefined) return;
    const { emit, redactor, plays, fork } = this.#options;
    const forked = async <T>(work: () => Promise<T>): Promise<T> => {
      await fork.acquire();
      return await work().finally(() => fork.release());
    };
    const each = hosts.map((run) => (parts.get(run) as HostPart).cx);
    const { broken, asserted, seconds } = await passGate({ gate, resolved: this.#resolved, plays, hosts, ...place, redactor, forked, stopping: () => this.#stopping(), waiting: (detail) => each.forEach((cx) => phase(cx, "waiting", detail)) });
    for (const cx of each) phase(cx, "done");
    // Stopped in the middle, it says nothing.
    if (this.#stopping() !== undefined) return;
    if (broken.length === 0) return emit({ event: "gate", play: name, ...place, hosts: hosts.map((run) => run.name), asserted, seconds });
    for (const { host, error } of broken) if (host && host.ended === undefined) endHost(host, error, redactor, emit);
    const what = broken.map(({ host, error }) => `${host ? `${host.name}: ` : ""}${redactor.text(error.message)}`);
    const why = `the gate after batch ${place.batch} of ${place.of} is not passed after ${seconds} s: ${what.join("; ")}`;
    this.#halt({ why, ...(place.batch < place.of && { hint: "the batches that follow were not begun" }) });
  }

  /** Counts what was not reached on a host whose part is over. */
  #conclude({ cx, run, declared }: HostPart): void {
    run.counts.notReached += everyResource(declared.items).filter((node) => !cx.outcomes.has(node.id)).length;
    if (cx.check) for (const handler of declared.handlers.filter((node: HandlerNode) => cx.outcomes.has(node.id))) run.pending.delete(handler.id);
  }
}


/** Whether any block lets in only so many hosts at a time. */
/** Whether a host gives this run what is to be kept. */
function makesKept({ declared, cx }: HostPart): boolean {
  return madeBy(everyResource(declared.items), cx.skips).some(({ value }) => !value.known);
}

function hasLane(items: readonly Item[]): boolean {
  return items.some((item) => item.type === "block" && (item.lane !== undefined || hasLane([...item.items, ...item.rescue, ...item.always])));
}
