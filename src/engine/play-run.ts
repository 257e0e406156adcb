import { HawserError, UsageError } from "../errors/index.ts";
import type { Lane } from "../dsl/lane.ts";
import { keptOf, resourcesOf, type HandlerNode, type Item } from "../dsl/items.ts";
import { HostApply } from "./apply.ts";
import { HostCheck } from "./check.ts";
import { refuseCircles } from "./circles.ts";
import { declare, type Declared } from "./declare.ts";
import type { Unstamped } from "./events.ts";
import { failureOf } from "./failures.ts";
import { type HostContext, HostFailed, HostStopped, type OpenLane, phase } from "./host-context.ts";
import { type HostRun } from "./host-run.ts";
import { loadKept, recoverKept, type KeptStore } from "./kept.ts";
import { LookBook } from "./looks.ts";
import { program, type Op } from "./program.ts";
import type { Redactor } from "./redactor.ts";
import type { ResolvedPlay } from "./resolve.ts";
import { type Selection, selectNodes } from "./selection.ts";
import { Semaphore } from "./semaphore.ts";
import { serialBatches } from "./serial.ts";
import { BecomeFailed, Unreachable } from "./session.ts";
import { toolsFor } from "./solo.ts";
import type { ValueHub } from "./values.ts";

export interface PlayRunOptions {
  readonly check: boolean;
  readonly selection: Selection;
  readonly redactor: Redactor;
  readonly hub: ValueHub;
  readonly fork: Semaphore;
  readonly emit: (event: Unstamped) => void;
  /** Why the whole run is to stop, if so. */
  readonly interrupted: () => string | undefined;
  /** The run was stopped at once: connections are closed, so nothing that fails now says anything about a host. */
  readonly aborted: () => boolean;
  readonly plays: readonly ResolvedPlay[];
  readonly kept: KeptStore | undefined;
  /** Called when a host's part in the play is over. */
  readonly left: (run: HostRun) => void;
}

/** A host in a play, once it was told what it gets. */
interface Ready {
  readonly run: HostRun;
  readonly declared: Declared;
  readonly cx: HostContext;
  readonly ops: readonly Op[];
}

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
  #stop: string | undefined;

  constructor(resolved: ResolvedPlay, options: PlayRunOptions) {
    this.#resolved = resolved;
    this.#options = options;
  }

  /** @throws UsageError when a declaration is wrong, before anything was changed in this play. */
  async run(runs: readonly HostRun[]): Promise<void> {
    const { play } = this.#resolved;
    const { emit } = this.#options;
    const ready = runs.filter((run) => !run.ended).map((run) => this.#ready(run));
    refuseCircles(ready.map(({ run, declared }) => ({ host: run.name, items: declared.items })), this.#options.hub);
    emit({ event: "play", play: play.name, hosts: runs.map((run) => run.name), roles: [...new Set([...this.#resolved.roles.values()].flat().map(({ use }) => use.name))] });
    for (const { cx } of ready) phase(cx, "waiting");
    for (const { run, declared } of ready) await loadKept(run.name, keptOf(declared.items), this.#options.kept);
    for (const run of runs) if (run.ended) this.#options.hub.gone(run.name);
    // What is known of a host is let go of as soon as it is done: a fleet has many.
    const parts = new Map(ready.splice(0).map((part) => [part.run, part]));
    const batches = serialBatches([...parts.keys()], this.#options.check ? undefined : play.serial);
    // Who is to enter a lane does so in the inventory's order, and not in that of the looks' answers.
    const first = [...parts.values()].some(({ declared }) => hasLane(declared.items));
    for (const batch of batches) {
      for (const run of batch) this.#options.hub.begin(run.name);
      if (first) await Promise.all(batch.map((run) => this.#forked(run, () => this.#look(parts.get(run) as Ready))));
      await Promise.all(batch.map(async (run) => {
        try {
          if (!run.ended) await this.#forked(run, () => this.#work(parts.get(run) as Ready, !first));
        } finally {
          this.#options.hub.end(run.name);
          this.#conclude(parts.get(run) as Ready);
          parts.delete(run);
        }
      }));
      this.#judge(batch);
    }
    if (this.#stop !== undefined) for (const run of batches.flat()) run.ended ??= "stopped";
  }

  #ready(run: HostRun): Ready {
    const { hub, redactor, selection, emit, fork, check } = this.#options;
    const facts = run.facts;
    if (!facts) throw new HawserError(`${run.name} has no facts`);
    const declared = declare({ resolved: this.#resolved, all: this.#options.plays, host: run.host, facts, roleFacts: run.roleFacts, hub });
    for (const { id, formerly } of declared.handlers) if (formerly !== undefined && run.pending.delete(formerly)) run.pending.add(id);
    for (const { role, message, source } of declared.warnings) emit({ event: "warning", host: run.name, message: `${role}: ${message}`, source });
    const kinds = { facts };
    const nodes = resourcesOf(declared.items);
    const cx: HostContext = {
      host: run.name,
      play: this.#resolved.play.name,
      check,
      kinds,
      remote: run.remote,
      stage: run.stage,
      book: new LookBook(kinds, redactor),
      hub,
      kept: this.#options.kept,
      redactor,
      skips: selectNodes(selection, nodes),
      handlers: declared.handlers,
      pending: run.pending,
      counts: run.counts,
      fork,
      lanes: (lane) => this.#lane(lane),
      emit,
      stopping: () => this.#options.interrupted() ?? this.#stop,
      renew: async () => {
        await run.prepare(this.#resolved.roles.get(run.name) ?? []);
        kinds.facts = run.facts ?? kinds.facts;
      },
      outcomes: new Map(),
      total: nodes.length,
    };
    return { run, declared, cx, ops: [...program(declared.items, declared.handlers), { type: "handlers", handlers: declared.handlers }] };
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
      if (this.#resolved.play.anyErrorsFatal) this.#stop ??= `${run.name} failed and the play allows no errors`;
    } finally {
      this.#options.fork.release();
    }
  }

  async #look({ cx, declared }: Ready): Promise<void> {
    phase(cx, "probing");
    const wanted = cx.book.fragments(resourcesOf(declared.items).filter((node) => cx.skips(node) === undefined));
    cx.book.record(wanted, await cx.remote.look(wanted));
  }

  async #work(host: Ready, look: boolean): Promise<void> {
    const { cx, declared, ops } = host;
    const why = cx.stopping();
    if (why !== undefined) throw new HostStopped(why);
    if (look) await this.#look(host);
    if (!this.#options.check) await recoverKept(cx, keptOf(declared.items), toolsFor(cx));
    if (this.#options.check) await new HostCheck(cx).run(ops);
    else await new HostApply(cx, resourcesOf(declared.items)).run(ops);
    phase(cx, "done");
  }

  /** After a batch: may the next one begin? */
  #judge(batch: readonly HostRun[]): void {
    const failed = batch.filter((run) => run.ended).length;
    const limit = this.#resolved.play.maxFailPercentage;
    const percent = (failed * 100) / Math.max(1, batch.length);
    if (limit !== undefined && percent > limit) this.#stop ??= `${failed} of ${batch.length} hosts failed, more than ${limit}%`;
  }

  /** Counts what was not reached on a host whose part is over. */
  #conclude({ cx, run, declared }: Ready): void {
    run.counts.notReached += resourcesOf(declared.items).filter((node) => !cx.outcomes.has(node.id)).length;
    if (cx.check) for (const handler of declared.handlers.filter((node: HandlerNode) => cx.outcomes.has(node.id))) run.pending.delete(handler.id);
    this.#options.left(run);
  }
}

/** Whether any block lets in only so many hosts at a time. */
function hasLane(items: readonly Item[]): boolean {
  return items.some((item) => item.type === "block" && (item.lane !== undefined || hasLane([...item.items, ...item.rescue, ...item.always])));
}
