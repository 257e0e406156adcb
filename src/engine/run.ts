import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import type { ResourceNode } from "../dsl/items.ts";
import type { Playbook } from "../dsl/play.ts";
import { UsageError } from "../errors/index.ts";
import type { InventoryHost } from "../inventory/index.ts";
import { declareAll } from "./declare-all.ts";
import type { HostCounts, RunEvent, Unstamped } from "./events.ts";
import { failureOf } from "./failures.ts";
import { HostStopped } from "./host-context.ts";
import { HostRun, type HostRunOptions } from "./host-run.ts";
import { endHost, PlayRun } from "./play-run.ts";
import { madeBy, proveKept, type KeptOfHost } from "./kept.ts";
import { markerOf } from "./queue.ts";
import { readExports } from "./reader.ts";
import { Redactor } from "./redactor.ts";
import { resolvePlays, type ResolvedPlay } from "./resolve.ts";
import type { RunOptions } from "./run-options.ts";
import { STATE_FOLDER } from "./script.ts";
import { checkRoles, checkSelection, matchesId, selectNodes, type Selection, type Skips } from "./selection.ts";
import { Guests } from "./guests.ts";
import { anyFacts } from "./targets.ts";
import { Semaphore } from "./semaphore.ts";
import { type AskStep, oneAtATime } from "./step.ts";
import { ValueHub } from "./values.ts";

export type Recap = Extract<RunEvent, { event: "recap" }>;

/** Runs a playbook and tells `listen` everything. @throws UsageError before any host was changed. */
export async function runPlaybook(playbook: Playbook, options: RunOptions, listen: (event: RunEvent) => void): Promise<Recap> {
  return await new PlaybookRun(playbook, options, listen).redacted();
}

class PlaybookRun {
  readonly #playbook: Playbook;
  readonly #options: RunOptions;
  readonly #began = performance.now();
  readonly #emit: (event: Unstamped) => void;
  readonly #redactor = new Redactor();
  readonly #hub = new ValueHub();
  readonly #fork: Semaphore;
  readonly #runs = new Map<string, HostRun>();
  readonly #readers: { run: HostRun; done: Promise<void> }[] = [];
  readonly #hostOptions: HostRunOptions;
  readonly #guests: Guests;
  readonly #ask: AskStep | undefined;
  #quit = false;
  #failed = false;

  constructor(playbook: Playbook, options: RunOptions, listen: (event: RunEvent) => void) {
    this.#playbook = playbook;
    this.#options = options;
    this.#emit = (event) => listen(this.#redactor.deep({ at: Math.round(performance.now() - this.#began), ...event }));
    this.#fork = new Semaphore(options.step ? 1 : (options.forks ?? 10));
    this.#ask = options.step && oneAtATime(options.step, () => (this.#quit = true));
    this.#hostOptions = {
      connect: options.connect,
      redactor: this.#redactor,
      emit: this.#emit,
      check: options.check ?? false,
      lockTimeout: options.lockTimeout ?? 30,
      probeTimeout: options.probeTimeout ?? 30,
      timeLooks: options.timeLooks ?? false,
      note: `${userInfo().username}@${hostname()} (process ${process.pid}) since ${new Date().toISOString()}`,
      run: options.id ?? randomBytes(8).toString("hex"),
      ...(options.detail && { detail: options.detail }),
      ...(options.resumes && { interrupted: options.resumes }),
    };
    this.#guests = new Guests({ inventory: options.inventory, runs: this.#runs, open: (host) => new HostRun(host, this.#hostOptions), redactor: this.#redactor });
  }

  /** @throws what `run` throws, without secrets in it */
  async redacted(): Promise<Recap> {
    try {
      return await this.run();
    } catch (error) {
      this.#redactor.error(error);
      throw error;
    }
  }

  async run(): Promise<Recap> {
    const { inventory, limit, selection = {} } = this.#options;
    const resolved = resolvePlays(this.#playbook, inventory, limit);
    this.#redactor.learn(inventory.hosts, resolved);
    const plays = this.#unfinished(resolved);
    const roleNames = [...new Set(plays.flatMap((play) => [...play.roles.values()].flat().map(({ use }) => use.name)))];
    checkRoles(selection, roleNames);
    for (const host of inventory.hosts) if (plays.some((play) => play.hosts.includes(host))) this.#runs.set(host.name, new HostRun(host, this.#hostOptions));
    this.#emit({ event: "start", playbook: this.#playbook.name, check: this.#options.check ?? false, plays: plays.map(({ play }) => play.name), hosts: [...this.#runs.keys()] });
    for (const { play, all } of plays) if (all.length === 0) this.#emit({ event: "warning", message: `play "${play.name}" has nothing to do: ${play.hosts} has no hosts`, source: play.source });
    this.#refuse();
    const stopNow = () => void this.#closeAll();
    this.#options.abort?.addEventListener("abort", stopNow, { once: true });
    try {
      await this.#prepare(plays, (run) => plays.flatMap((play) => (play.hosts.some((host) => host.name === run.name) ? (play.roles.get(run.name) ?? []) : [])));
      const begin = await this.#checkAll(plays, selection, roleNames);
      let first = true;
      for (const play of plays.slice(begin)) {
        const runs = play.hosts.map((host) => this.#runs.get(host.name) as HostRun);
        if (runs.length === 0) continue;
        try {
          if (!first) await this.#prepare([play], (run) => play.roles.get(run.name) ?? []);
          const later = new Set(plays.slice(plays.indexOf(play) + 1).flatMap(({ hosts }) => hosts.map(({ name }) => name)));
          await this.#play(play, plays, runs, selection, later);
        } catch (error) {
          // Before the first play nothing was done, so there is nothing to recap.
          if (first || !(error instanceof UsageError)) throw error;
          this.#fail(error);
          break;
        }
        first = false;
      }
      return this.#recap();
    } finally {
      this.#options.abort?.removeEventListener("abort", stopNow);
      await Promise.all(this.#readers.map(({ done }) => done));
      // The connector waits for them, if anybody does.
      void this.#closeAll();
      await Promise.all([...this.#runs.values(), ...this.#guests.own].map((run) => run.tidied));
    }
  }

  /** Hosts that a saved plan does not fit any more fail before they are connected to. */
  #refuse(): void {
    for (const [name, failures] of this.#options.plan?.refused ?? []) {
      const run = this.#runs.get(name);
      if (!run) continue;
      run.ended = "failed";
      run.counts.failed += failures.length;
      for (const failure of failures) this.#emit({ event: "failure", failure: { host: name, ...failure } });
      this.#emit({ event: "phase", host: name, phase: "failed" });
    }
  }

  /** A host that an interrupted run has finished in a play is like one outside `--limit`: read when somebody wants its values. */
  #unfinished(plays: readonly ResolvedPlay[]): readonly ResolvedPlay[] {
    const { resumes } = this.#options;
    return resumes ? plays.map((play, i) => ({ ...play, hosts: play.hosts.filter(({ name }) => !resumes.finished(name, i)) })) : plays;
  }

  async #prepare(plays: readonly ResolvedPlay[], rolesOf: (run: HostRun) => ReturnType<ResolvedPlay["roles"]["get"]> & object): Promise<void> {
    const names = new Set(plays.flatMap((play) => play.hosts.map((host) => host.name)));
    const wanted = [...this.#runs.values()].filter((run) => names.has(run.name) && !run.ended);
    await Promise.all(wanted.map(async (run) => {
      await this.#fork.acquire();
      try {
        await run.prepare(rolesOf(run));
        // It gives its fork to others, and nothing is declared before all are there.
        if (wanted.length > 1) this.#emit({ event: "phase", host: run.name, phase: "waiting" });
      } catch (error) {
        endHost(run, this.#options.abort?.aborted ? new HostStopped("the run was stopped", { cause: error }) : error, this.#redactor, this.#emit);
        void run.close();
      } finally {
        this.#fork.release();
      }
    }));
  }

  /**
   * Declares everything once to see whether the names on the command line exist, whether later plays can be declared at
   * all, and whether what hosts give only once can be kept. Nothing was changed yet. The first play is declared by itself before it changes anything: without names to look for,
   * once is enough.
   * @returns the index of the play to begin with.
   */
  async #checkAll(plays: readonly ResolvedPlay[], selection: Selection, roleNames: readonly string[]): Promise<number> {
    const named = Object.values(selection).some((wanted) => wanted !== undefined) || [...this.#runs.values()].some((run) => run.pending.size > 0);
    const { byPlay, kept, complete } = declareAll(plays, this.#runs, this.#options.inventory, named ? 0 : 1);
    const nodes = byPlay.flat();
    if (nodes.length > 0 && complete) checkSelection(selection, nodes, roleNames);
    if (complete) for (const run of this.#runs.values()) this.#disown(run);
    await this.#proveKept(kept, selectNodes(selection, nodes), nodes);
    const { startAt } = selection;
    return startAt === undefined ? 0 : Math.max(0, byPlay.findIndex((own) => own.some((node) => matchesId(node, startAt))));
  }

  async #proveKept(kept: readonly KeptOfHost[], skips: Skips, nodes: readonly ResourceNode[]): Promise<void> {
    const made = new Set(this.#options.check ? [] : madeBy(nodes, skips).map(({ id }) => id));
    if (this.#options.kept) await proveKept(kept, this.#options.kept, ({ id }) => made.has(id));
  }

  /** The run ends here for all hosts, with a recap of what was done. */
  #fail(error: UsageError): void {
    this.#failed = true;
    const { host: _, ...failure } = failureOf(error, { host: "" }, this.#redactor);
    this.#emit({ event: "failure", failure });
  }

  /** What another playbook owes, or a handler that is gone from its role, is none of this run's: said, and left there. */
  #disown(run: HostRun): void {
    if (run.ended || !run.facts) return;
    for (const id of run.pending) {
      if (run.declares.has(id)) continue;
      run.pending.delete(id);
      this.#emit({ event: "warning", host: run.name, message: `the handler ${id} is owed, and this playbook does not declare it: run the one that does, or remove ${STATE_FOLDER}/pending/${markerOf({ id })} on the host` });
    }
  }

  async #play(play: ResolvedPlay, plays: readonly ResolvedPlay[], runs: readonly HostRun[], selection: Selection, later: ReadonlySet<string>): Promise<void> {
    const working = new Set(runs.map((run) => run.name));
    const reading = new Set<string>();
    this.#hub.onWanted = (host) => {
      const target = play.all.find((candidate) => candidate.name === host);
      if (working.has(host) || reading.has(host) || !target) return;
      reading.add(host);
      this.#read(target, play, plays);
    };
    this.#guests.beginPlay();
    await new PlayRun(play, {
      guests: this.#guests,
      index: plays.indexOf(play),
      observe: this.#options.observe,
      plan: this.#options.plan,
      untouched: () => [...this.#runs.values()].every(({ counts }) => counts.changed === 0),
      check: this.#options.check ?? false,
      selection,
      redactor: this.#redactor,
      hub: this.#hub,
      fork: this.#fork,
      emit: this.#emit,
      plays,
      ask: this.#ask,
      kept: this.#options.kept,
      // A session that nobody needs any more is closed; its host is unlocked for others.
      left: (run) => void (run.ended || !later.has(run.name) ? run.close() : undefined),
      aborted: () => this.#options.abort?.aborted === true,
      interrupted: () => (this.#interrupted ? "the run was interrupted" : undefined),
    }).run(runs);
  }

  #read(host: InventoryHost, play: ResolvedPlay, plays: readonly ResolvedPlay[]): void {
    const run = new HostRun(host, this.#hostOptions);
    this.#hub.begin(host.name);
    const done = readExports(run, play, plays, this.#hub, this.#redactor, (own) => anyFacts(this.#options.inventory, (name) => this.#runs.get(name)?.facts, own))
      .catch((error: unknown) => this.#emit({ event: "warning", host: host.name, message: `its values could not be read: ${this.#redactor.text((error as Error).message)}` }))
      .finally(() => this.#hub.end(host.name))
      .finally(() => void run.close());
    this.#readers.push({ run, done });
  }

  async #closeAll(): Promise<void> {
    await Promise.all([...this.#runs.values(), ...this.#guests.own, ...this.#readers.map(({ run }) => run)].map((run) => run.close()));
  }

  get #interrupted(): boolean {
    return this.#quit || this.#options.interrupt?.aborted === true || this.#options.abort?.aborted === true;
  }

  #recap(): Recap {
    const hosts: Record<string, HostCounts> = {};
    const pendingHandlers: Record<string, readonly string[]> = {};
    for (const run of this.#runs.values()) {
      hosts[run.name] = { ...run.counts, handlersPending: run.pending.size, requests: run.requests };
      if (run.pending.size > 0) pendingHandlers[run.name] = [...run.pending];
    }
    for (const [host, owed] of this.#guests.owed()) pendingHandlers[host] = owed;
    const interrupted = this.#interrupted;
    const failed = interrupted || this.#failed || [...this.#runs.values()].some((run) => run.ended !== undefined || run.counts.failed > 0);
    const recap = { event: "recap" as const, result: failed ? ("failed" as const) : ("ok" as const), hosts, pendingHandlers, ...(interrupted && { interrupted }), seconds: Math.round(performance.now() - this.#began) / 1000 };
    this.#emit(recap);
    return { at: 0, ...recap };
  }
}
