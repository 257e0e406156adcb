import type { HandlerNode, ResourceNode } from "../dsl/items.ts";
import { restoreFile } from "../resources/file.ts";
import { PlanError, type Change } from "../resources/contract.ts";
import { expectedLook, fragment, type Look } from "./fragment.ts";
import { pendingValue, report, settleRead, waitFor } from "./host-context.ts";
import type { HostState } from "./host-state.ts";
import { Expectations } from "./looks.ts";
import { enqueue, type QueuedStep } from "./queue.ts";
import { STALE_HINT } from "./planned.ts";
import { bytesToStage, stage } from "./staging.ts";
import { DECLINED } from "./step.ts";

/** Bytes that lie twice on a host until a batch has used them. */
const MOST_STAGED = 256 * 1024 * 1024;

/** What came of a resource while a batch is put together. */
export type Verdict =
  | "finished"
  | "queued"
  /** It cannot be planned before what is queued has been done. */
  | "barrier"
  /** It goes alone: what shell text cannot do, or a reboot. */
  | { readonly solo: Change };

/** A batch under construction, and what the host is expected to look like after it. */
export class Draft {
  readonly steps: QueuedStep[] = [];
  readonly #state: HostState;
  readonly #expected = new Expectations();
  readonly #changing = new Set<ResourceNode | HandlerNode>();
  /** Notified by what is queued, and not queued after that. */
  readonly #notified = new Set<HandlerNode>();
  readonly #handling = new Set<HandlerNode>();
  #opaque = false;
  /** Bytes. */
  #staged = 0;

  constructor(state: HostState) {
    this.#state = state;
  }

  get #queued(): boolean {
    return this.steps.length > 0;
  }

  /** Queues the pending handlers of a list. @returns the first that has to run alone, with nothing queued before it. */
  async handlers(handlers: readonly HandlerNode[], op: number): Promise<{ readonly alone?: HandlerNode; readonly barrier?: true }> {
    const { pending, redactor } = this.#state.cx;
    for (const handler of handlers) {
      // One that was queued before is due again only when something was queued since that notifies it.
      if (!this.#notified.has(handler) && (!pending.has(handler.id) || this.#handling.has(handler))) continue;
      if (!(await this.#state.step.wants(handler))) {
        if (!this.#state.cx.outcomes.has(handler.id)) report(this.#state.cx, handler, { outcome: "skipped", cause: `${DECLINED}; it is owed` });
        continue;
      }
      if (typeof handler.run === "function") return this.#queued ? { barrier: true } : { alone: handler };
      this.steps.push({ op, resources: [], handler, apply: fragment(handler.run, handler.user, redactor.add) });
      this.#changing.add(handler);
      this.#handling.add(handler);
      this.#notified.delete(handler);
      this.#opaque = true;
    }
    return {};
  }

  /** Plans a resource on what the queued changes will leave; waits for values of other hosts when nothing is queued. */
  async consider(node: ResourceNode, op: number): Promise<Verdict> {
    if (this.#state.finished.has(node)) return "finished";
    for (;;) {
      try {
        return await this.#consider(node, op);
      } catch (error) {
        const value = pendingValue(error);
        if (value && this.#queued) return "barrier";
        if (!value) return this.#state.fail(node, error);
        await waitFor(this.#state.cx, value, node).catch((missing: unknown) => this.#state.fail(node, missing));
      }
    }
  }

  async #consider(node: ResourceNode, op: number): Promise<Verdict> {
    const { cx } = this.#state;
    const skipped = cx.skips(node);
    if (skipped !== undefined) {
      this.#state.skip(node, skipped);
      return "finished";
    }
    const look = await this.#lookAt(node);
    if (!look) return "barrier";
    if (look.timedOut) throw new PlanError(look.seen.err, "something on the host hangs: a dead mount or a stuck daemon");
    if (node.kind.kind === "read") return this.#read(node, look);
    const change = node.restores ? this.#planRestore(node.restores) : this.#plan(node, look);
    if (change === "barrier") return "barrier";
    if (!change && !this.#queued) {
      this.#state.finish(node);
      return "finished";
    }
    if (change && !node.kind.waits && cx.permits?.(node.id) === false) throw new PlanError(`the plan has no change of it, and it now wants: ${change.summary}`, STALE_HINT);
    if (change && !(await this.#state.step.wants(node, change))) {
      this.#state.skip(node, DECLINED);
      return "finished";
    }
    // Values that only the apply takes.
    if (change) for (const value of Object.values(node.uses)) value.get();
    if (change && (change.run || change.reboots)) return this.#queued ? "barrier" : { solo: change };
    if (change?.uploads?.length && !(await this.#stage(node, change))) return "barrier";
    enqueue(this.steps, op, { node, look: cx.book.fragment(node), planned: look, ...(change && { change }) }, cx.redactor.add);
    if (change) this.#expectAfter(node, change);
    return "queued";
  }

  /** Brings a change's files to the host, before the batch that uses them. @returns false when there should be no more of them now. */
  async #stage(node: ResourceNode, change: Change): Promise<boolean> {
    const bytes = await bytesToStage(change).catch((error: unknown) => this.#state.fail(node, error));
    if (this.#queued && this.#staged + bytes > MOST_STAGED) return false;
    this.#staged += bytes;
    this.#state.refuseWhenStopping();
    await stage(this.#state, node, change);
    return true;
  }

  /** The expected look where something is queued, else the real one; undefined when it can only be told after the batch. */
  async #lookAt(node: ResourceNode): Promise<Look | undefined> {
    const { book } = this.#state.cx;
    const expected = this.#expected.get(book.key(node));
    if (expected === "unforeseeable") return undefined;
    const known = expected ?? book.get(node);
    if (known || this.#queued) return known;
    await this.#state.sweep();
    return book.get(node);
  }

  #expectAfter(node: ResourceNode, change: Change): void {
    this.#expected.set(this.#state.cx.book.key(node), change.after && expectedLook(change.after));
    this.#changing.add(node);
    for (const handler of node.notify) this.#notified.add(handler);
    this.#opaque ||= node.kind.opaque ?? false;
  }

  #plan(node: ResourceNode, look: Look): Change | undefined | "barrier" {
    try {
      return node.kind.plan(node.args, look.seen, this.#state.cx.kinds);
    } catch (error) {
      if (!(error instanceof PlanError) || this.#changing.size === 0) throw error;
      // What it saw may be mended by what is queued: foreseen where the kind can, else looked at again after that.
      return this.#foresee(node, look) ?? "barrier";
    }
  }

  /** The change after what a resource needs has changed; the host compares before it acts. */
  #foresee(node: ResourceNode, look: Look): Change | undefined {
    const upstream = this.steps.flatMap(({ resources }) => resources).flatMap(({ node: need, change }) => (change && node.needs.includes(need) ? [{ id: need.id, kind: need.kind.kind, outcome: "would-change" as const, change }] : []));
    if (!node.kind.foresees || upstream.length === 0) return undefined;
    const prediction = node.kind.predict?.(node.args, look.seen, upstream, this.#state.cx.kinds);
    return prediction?.outcome === "would-change" ? prediction.change : undefined;
  }

  /** What brings a file back to how this run found it. */
  #planRestore(replaced: ResourceNode): Change | undefined {
    const before = this.#state.first.get(replaced);
    const now = this.#state.cx.book.get(replaced);
    if (!before || !now) return undefined;
    return restoreFile((replaced.args as { path: string }).path, before.seen, now.seen, this.#state.cx.kinds.facts);
  }

  #read(node: ResourceNode, look: Look): Verdict {
    const stale = this.#opaque || node.needs.some((need) => this.#changing.has(need)) || (look.seen.code !== 0 && this.#changing.size > 0);
    if (stale) return "barrier";
    settleRead(this.#state.cx, node, look.seen);
    this.#state.finish(node);
    return "finished";
  }
}
