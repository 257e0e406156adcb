import { everyResource, type ResourceNode } from "../dsl/items.ts";
import type { Lane } from "../dsl/lane.ts";
import { HawserError } from "../errors/index.ts";
import { declare, type Declared } from "./declare.ts";
import type { Unstamped } from "./events.ts";
import type { Guests } from "./guests.ts";
import type { HostContext, OpenLane } from "./host-context.ts";
import type { HostRun } from "./host-run.ts";
import type { KeptStore } from "./kept.ts";
import { LookBook } from "./looks.ts";
import type { AppliedPlan, Observe } from "./planned.ts";
import { program, type Op } from "./program.ts";
import type { Redactor } from "./redactor.ts";
import type { ResolvedPlay } from "./resolve.ts";
import { type Selection, selectNodes } from "./selection.ts";
import type { Semaphore } from "./semaphore.ts";
import type { AskStep } from "./step.ts";
import { TargetNeeded } from "./targets.ts";
import type { ValueHub } from "./values.ts";

export interface PlayRunOptions {
  /** The play's place in the playbook, from 0. */
  readonly index: number;
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
  readonly guests: Guests;
  readonly ask: AskStep | undefined;
  readonly plays: readonly ResolvedPlay[];
  readonly kept: KeptStore | undefined;
  readonly observe: Observe | undefined;
  readonly plan: AppliedPlan | undefined;
  /** Nothing was changed on any host yet. */
  readonly untouched: () => boolean;
  /** Called when a host's part in the play is over. */
  readonly left: (run: HostRun) => void;
}

/** A host in a play, once it was told what it gets. */
export interface HostPart {
  readonly run: HostRun;
  readonly declared: Declared;
  readonly cx: HostContext;
  readonly ops: readonly Op[];
}

/** Who does what is done once for the play, and for the host's batch. */
export type First = Readonly<Record<"play" | "batch", HostRun>>;

export interface PartInput {
  readonly resolved: ResolvedPlay;
  readonly options: PlayRunOptions;
  readonly first: First;
  readonly lanes: (lane: Lane) => OpenLane;
  readonly stopping: () => string | undefined;
}

/** Tells a host what it gets in a play. Nothing is changed. @throws TargetLost when a host that it acts on cannot be worked on; UsageError */
export async function partOf(run: HostRun, input: PartInput): Promise<HostPart> {
  const { resolved, options, lanes, stopping } = input;
  const { hub, redactor, selection, emit, fork, check, index, observe, plan, guests, ask, kept } = options;
  const declared = await declareWithTargets(run, input);
  for (const { id, formerly } of declared.handlers) if (formerly !== undefined && run.pending.delete(formerly)) run.pending.add(id);
  for (const { role, message, source } of declared.warnings) emit({ event: "warning", host: run.name, message: `${role}: ${message}`, source });
  const kinds = { facts: factsOf(run) };
  const nodes = everyResource(declared.items);
  const cx: HostContext = {
    host: run.name,
    play: resolved.play.name,
    check,
    kinds,
    remote: run.remote,
    stage: run.stage,
    book: new LookBook(kinds, redactor),
    permits: plan && ((id) => plan.permits(run.name, index, id)),
    observe: observe && ((node, outcome) => observe(run.name, index, node, outcome, node.type === "resource" ? bookOf(node, cx).find(node) : undefined)),
    hub,
    kept,
    redactor,
    skips: selectNodes(selection, nodes),
    handlers: declared.handlers,
    pending: run.pending,
    counts: run.counts,
    fork,
    lanes,
    emit,
    stopping,
    guests,
    rolesOf: (host) => resolved.roles.get(host) ?? [],
    ask,
    renew: async () => {
      await run.prepare(resolved.roles.get(run.name) ?? []);
      kinds.facts = factsOf(run);
    },
    outcomes: new Map(),
    total: nodes.length,
  };
  return { run, declared, cx, ops: [...program(declared.items, declared.handlers), { type: "handlers", handlers: declared.handlers }] };
}

/** Where the look at a resource is: in the host's own book, or in that of the host that it acts on. */
export function bookOf(node: ResourceNode, { book, guests }: Pick<HostContext, "book" | "guests">): LookBook {
  return node.on === undefined ? book : guests.get(node.on).book;
}

/** Runs the host's declarations. Where they act on another host, that is prepared first, and they are run again. */
async function declareWithTargets(run: HostRun, { resolved, options, first }: PartInput): Promise<Declared> {
  const { hub, guests, plays } = options;
  for (;;) {
    try {
      return declare({ resolved, all: plays, host: run.host, facts: factsOf(run), roleFacts: run.roleFacts, hub, target: (name, source) => guests.find(name, source), firstOf: (per) => first[per].name });
    } catch (error) {
      if (!(error instanceof TargetNeeded)) throw error;
      await guests.prepare(error.target);
    }
  }
}

function factsOf({ name, facts }: HostRun): NonNullable<HostRun["facts"]> {
  if (!facts) throw new HawserError(`${name} has no facts`);
  return facts;
}
