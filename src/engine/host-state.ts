import type { ResourceNode } from "../dsl/items.ts";
import { PlanError, type Change } from "../resources/contract.ts";
import type { Look } from "./fragment.ts";
import { type HostContext, HostFailed, HostStopped, pendingValue, report, reportError } from "./host-context.ts";
import { Stepper } from "./step.ts";

/** How far one host has come in a play. */
export class HostState {
  readonly cx: HostContext;
  /** Every resource of the host in this play, in order; lists from late values join when they are known. */
  readonly nodes: ResourceNode[] = [];
  readonly finished = new Set<ResourceNode>();
  readonly applied = new Set<ResourceNode>();
  /** What a resource's first look said, before this run touched anything. */
  readonly first = new Map<ResourceNode, Look>();
  /** What held only for the time of a block, or stands in one whose failure was made good: how it is left says nothing. */
  readonly exempt = new Set<ResourceNode>();
  readonly step: Stepper;
  /** While what is due in every case is done, nothing stops it between two batches. */
  tidying = 0;
  /** Every look in the book was made after the last change. */
  fresh = true;

  constructor(cx: HostContext) {
    this.cx = cx;
    this.step = new Stepper(cx);
  }

  /** Adds resources whose first look was made. */
  add(nodes: readonly ResourceNode[]): void {
    for (const node of nodes) {
      this.nodes.push(node);
      try {
        const look = this.cx.book.get(node);
        if (look) this.first.set(node, look);
      } catch (error) {
        if (!pendingValue(error)) throw error;
      }
    }
  }

  get unfinished(): ResourceNode[] {
    return this.nodes.filter((node) => !this.finished.has(node));
  }

  /** Those that this run is about. */
  chosen(nodes: readonly ResourceNode[]): ResourceNode[] {
    return nodes.filter((node) => this.cx.skips(node) === undefined);
  }

  /** Looks again, in one request, at everything that is not finished, or at the given resources. */
  async sweep(nodes: readonly ResourceNode[] = this.unfinished): Promise<void> {
    const wanted = this.cx.book.fragments(this.chosen(nodes));
    if (wanted.length > 0) this.cx.book.record(wanted, await this.cx.remote.look(wanted));
  }

  changed(node: ResourceNode, change: Change, seconds?: number): void {
    this.finished.add(node);
    this.applied.add(node);
    if (node.kind.waits) report(this.cx, node, { outcome: "ok", ...(seconds !== undefined && { seconds }) });
    else report(this.cx, node, { outcome: "changed", change, ...(seconds !== undefined && { seconds }) });
  }

  /** Nothing to do now: unchanged, or brought about by an earlier resource. */
  finish(node: ResourceNode): void {
    this.finished.add(node);
    if (node.makes && !node.makes.value.known) {
      node.makes.fail(`${node.id} was done before, but its output is not kept`);
      this.cx.hub.notify();
    }
    const first = this.first.get(node);
    const now = this.cx.book.get(node);
    const wanted = !node.kind.waits && first && now && first.digest !== now.digest && !this.#hasTwin(node) ? this.#plannedFrom(node, first) : undefined;
    if (wanted) report(this.cx, node, { outcome: "changed", change: { ...wanted, summary: `${wanted.summary} (by an earlier resource)` } });
    else report(this.cx, node, { outcome: "ok" });
  }

  /** Another role wanted the same of the host, and its change is counted already. */
  #hasTwin(node: ResourceNode): boolean {
    const key = this.cx.book.key(node);
    return [...this.applied].some((other) => this.cx.book.key(other) === key);
  }

  skip(node: ResourceNode, cause: string): void {
    this.finished.add(node);
    report(this.cx, node, { outcome: "skipped", cause });
  }

  fail(node: ResourceNode, error: unknown): never {
    if (error instanceof HostFailed || error instanceof HostStopped) throw error;
    reportError(this.cx, node, error);
    throw new HostFailed(`${node.id} failed`, { host: this.cx.host, cause: error });
  }

  /** @throws HostStopped when no further batch may begin. */
  refuseWhenStopping(): void {
    if (this.tidying > 0) return;
    const why = this.cx.stopping();
    if (why !== undefined) throw new HostStopped(why, { host: this.cx.host });
  }

  /** What a look asked for, where that can be told. */
  #plannedFrom(node: ResourceNode, look: Look): Change | undefined {
    try {
      return node.kind.plan(node.args, look.seen, this.cx.kinds);
    } catch (error) {
      if (error instanceof PlanError) return { summary: "made possible" };
      throw error;
    }
  }
}
