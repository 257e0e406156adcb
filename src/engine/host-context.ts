import type { HandlerNode, ResourceNode } from "../dsl/items.ts";
import type { Lane } from "../dsl/lane.ts";
import { HawserError } from "../errors/index.ts";
import type { Change, KindContext, Observed } from "../resources/contract.ts";
import { ValuePending, type Value } from "../shell/index.ts";
import type { Failure, HostCounts, HostPhase, Outcome, Unstamped } from "./events.ts";
import { failureOf } from "./failures.ts";
import type { Guests } from "./guests.ts";
import type { KeptStore } from "./kept.ts";
import type { LookBook } from "./looks.ts";
import type { Redactor } from "./redactor.ts";
import type { Remote } from "./remote.ts";
import type { RoleOnHost } from "./resolve.ts";
import type { Skips } from "./selection.ts";
import type { Semaphore } from "./semaphore.ts";
import type { AskStep } from "./step.ts";
import type { ValueHub } from "./values.ts";

/** The host's part ends here; what went wrong was reported. */
export class HostFailed extends HawserError {
  override readonly name = "HostFailed";
}

/** The run stops between two batches: an interrupt, or another host's failure. */
export class HostStopped extends HawserError {
  override readonly name = "HostStopped";
}

/** Where uploads wait on the host for the batch that uses them. */
export interface StageFolder {
  /** Absolute. */
  path: string;
  /** Names of what is there, whole or in part. */
  readonly names: Set<string>;
}

/** A lane whose block failed on one host lets no other host in. */
export interface OpenLane {
  readonly semaphore: Semaphore;
  closedBy?: string;
}

/** What is shared by everything that works on one host in one play. */
export interface HostContext {
  readonly host: string;
  readonly play: string;
  readonly check: boolean;
  /** Facts are replaced after a reboot. */
  readonly kinds: { facts: KindContext["facts"] };
  readonly remote: Remote;
  readonly stage: StageFolder;
  readonly book: LookBook;
  readonly hub: ValueHub;
  readonly kept: KeptStore | undefined;
  readonly redactor: Redactor;
  readonly skips: Skips;
  readonly handlers: readonly HandlerNode[];
  /** Ids of handlers that are owed: notified now or by an earlier run. */
  readonly pending: Set<string>;
  readonly counts: HostCounts;
  readonly fork: Semaphore;
  readonly lanes: (lane: Lane) => OpenLane;
  readonly emit: (event: Unstamped) => void;
  /** Why the host must not start another batch, if so. */
  readonly stopping: () => string | undefined;
  /** Whether a saved plan has a resource's change; without it everything may be changed. */
  readonly permits: ((id: string) => boolean) | undefined;
  readonly observe: ((node: ResourceNode | HandlerNode, outcome: Outcome) => void) | undefined;
  /** Hosts that this one works on besides itself, and the roles that a host has in this play. */
  readonly guests: Guests;
  readonly rolesOf: (host: string) => readonly RoleOnHost[];
  /** While this host has its turn on another one, for which others wait. */
  readonly turnOn?: string;
  /** Asked before each change; without it nothing is asked. */
  readonly ask: AskStep | undefined;
  /** Takes the lock and the facts again after a reboot. */
  readonly renew: () => Promise<void>;
  /** The last outcome that was counted for each resource. */
  readonly outcomes: Map<string, Outcome>;
  total: number;
}

const COUNT_OF: Readonly<Record<Outcome, Exclude<keyof HostCounts, "unreachable">>> = { ok: "ok", changed: "changed", "would-change": "wouldChange", unknown: "unknown", skipped: "skipped", failed: "failed", rescued: "rescued" };

export function phase(cx: HostContext, name: HostPhase, detail?: string): void {
  cx.emit({ event: "phase", host: cx.host, phase: name, done: cx.outcomes.size, total: cx.total, ...(detail !== undefined && { detail }) });
}

export interface Report {
  readonly outcome: Outcome;
  readonly change?: Change;
  readonly cause?: string;
  readonly seconds?: number;
  readonly failure?: Failure;
}

/** Counts an outcome and says it; a later outcome of the same resource replaces the earlier one. */
export function report(cx: HostContext, node: ResourceNode | HandlerNode, { outcome, change, cause, seconds, failure }: Report): void {
  const before = cx.outcomes.get(node.id);
  if (before) cx.counts[COUNT_OF[before]]--;
  cx.counts[COUNT_OF[outcome]]++;
  cx.outcomes.set(node.id, outcome);
  cx.observe?.(node, outcome);
  cx.emit({
    event: "resource",
    host: cx.host,
    play: cx.play,
    role: node.role,
    id: node.id,
    kind: node.type === "handler" ? "handler" : node.kind.kind,
    outcome,
    source: node.source,
    ...(node.type === "handler" && { handler: true }),
    ...(node.on !== undefined && { on: node.on }),
    ...(change && { summary: cx.redactor.text(change.summary) }),
    ...(change?.diff !== undefined && { diff: cx.redactor.text(change.diff) }),
    ...(cause !== undefined && { cause: cx.redactor.text(cause) }),
    ...(seconds !== undefined && { seconds }),
    ...probeSeconds(cx, node),
    ...(failure && { failure }),
  });
}

function probeSeconds(cx: HostContext, node: ResourceNode | HandlerNode): { readonly probeSeconds?: number } {
  const seconds = node.type === "handler" ? undefined : cx.book.find(node)?.seconds;
  return seconds === undefined ? {} : { probeSeconds: Math.round(seconds * 1e6) / 1e6 };
}

/** Reports an error as the resource's failure. */
export function reportError(cx: HostContext, node: ResourceNode | HandlerNode, error: unknown): void {
  report(cx, node, { outcome: "failed", failure: failureOf(error, { host: cx.host, node }, cx.redactor) });
}

/** Waits for a value without holding a fork. @throws ValueMissing */
export async function waitFor(cx: HostContext, value: Value<unknown>, node: { readonly id: string; readonly source: ResourceNode["source"] }): Promise<void> {
  if (value.known) return;
  if (cx.turnOn !== undefined) throw new HawserError(`the value "${value.label}" is not known, and ${cx.host} has its turn on ${cx.turnOn}, for which others may wait`, { source: node.source, hint: "pass it as an argument of the resource, or read it before t.on" });
  cx.fork.release();
  phase(cx, "waiting", `for ${value.label}`);
  try {
    await cx.hub.wait({ host: cx.host, id: node.id, source: node.source, value });
  } finally {
    await cx.fork.acquire();
  }
}

/** Gives a read's value to whoever waits for it. */
export function settleRead(cx: Pick<HostContext, "host" | "hub">, node: ResourceNode, seen: Observed): void {
  const parse = (node.args as { parse: (out: string) => unknown }).parse;
  if (seen.code === 0) {
    try {
      node.settle?.({ value: parse(seen.out) });
    } catch (error) {
      node.settle?.({ failed: `${cx.host}: ${node.id} could not be parsed: ${(error as Error).message}` });
    }
  } else node.settle?.({ failed: `${cx.host}: ${node.id} exited ${seen.code}${seen.err.trim() === "" ? "" : `: ${seen.err.trim().split("\n")[0]}`}` });
  cx.hub.notify();
}

/** The value that an attempt still lacked, or undefined when it failed for another reason. */
export function pendingValue(error: unknown): Value<unknown> | undefined {
  return error instanceof ValuePending ? error.value : undefined;
}
