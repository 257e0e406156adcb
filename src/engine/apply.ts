import { everyResource, resourcesOf, type BlockNode, type GivenNode, type Item, type OnceNode, type OnNode, type ResourceNode } from "../dsl/items.ts";
import { declaring } from "./declaring.ts";
import { Draft } from "./draft.ts";
import { failureOf } from "./failures.ts";
import { type HostContext, HostFailed, phase, report, waitFor } from "./host-context.ts";
import { HostState } from "./host-state.ts";
import { enterLane } from "./lanes.ts";
import { handlersNotifiedIn, program, type Op } from "./program.ts";
import { prove, proveForNow } from "./proof.ts";
import { opsOn, takeTurn } from "./section.ts";
import { Sender } from "./send.ts";
import { applyAlone, forget, handleAlone } from "./solo.ts";

/** Whether it may go out together with others, in one script. */
const travels = (op: Op): op is Extract<Op, { type: "resource" | "handlers" }> => op.type === "resource" || op.type === "handlers";

/** Why a block's `before` is left out. */
export const NOT_NEEDED = "nothing in its block is to be done";

/** Brings one host to the declared state. */
export class HostApply {
  readonly #state: HostState;
  readonly #sender: Sender;

  /**
   * @param nodes Every resource of the host in this play, in order; their first looks were made.
   * @param tidying More than 0 where it is due in every case.
   */
  constructor(cx: HostContext, nodes: readonly ResourceNode[], tidying = 0) {
    this.#state = new HostState(cx);
    this.#state.tidying = tidying;
    this.#state.add(nodes);
    this.#sender = new Sender(this.#state);
  }

  get #cx(): HostContext {
    return this.#state.cx;
  }

  /** @throws HostFailed after the failure was reported; HostStopped when the run stops here. */
  async run(ops: readonly Op[]): Promise<void> {
    await this.#runOps(ops);
    await prove(this.#state);
  }

  async #runOps(ops: readonly Op[]): Promise<void> {
    let at = 0;
    while (at < ops.length) {
      const op = ops[at] as Op;
      if (op.type === "given") await this.#given(op.node);
      else if (op.type === "block") await this.#block(op.node);
      else if (op.type === "on") await this.#on(op.node);
      else if (op.type === "once") await this.#once(op.node);
      at = travels(op) ? await this.#batchFrom(ops, at) : at + 1;
    }
  }

  /** Plans as many operations as can go out together, sends them, and returns the index to go on from. */
  async #batchFrom(ops: readonly Op[], start: number): Promise<number> {
    const draft = new Draft(this.#state);
    let at = start;
    for (; at < ops.length; at++) {
      const op = ops[at] as Op;
      if (!travels(op)) break;
      if (op.type === "handlers") {
        const { alone, barrier } = await draft.handlers(op.handlers, at);
        if (barrier) break;
        if (!alone && this.#state.step.on && draft.steps.length > 0) break;
        if (!alone) continue;
        this.#state.refuseWhenStopping();
        if (typeof alone.run === "function") await handleAlone(this.#state, alone, alone.run);
        return at;
      }
      const verdict = await draft.consider(op.node, at);
      if (verdict === "barrier") break;
      if (typeof verdict === "object") {
        this.#state.refuseWhenStopping();
        await applyAlone(this.#state, op.node, verdict.solo);
        return at + 1;
      }
      if (verdict === "queued" && this.#state.step.on) {
        at += 1;
        break;
      }
    }
    if (draft.steps.length === 0) return at;
    this.#state.refuseWhenStopping();
    return (await this.#sender.send(draft.steps, at === ops.length)) ?? at;
  }

  async #given(node: GivenNode): Promise<void> {
    let items: readonly Item[];
    try {
      await waitFor(this.#cx, node.value, node);
      items = declaring(node.id, node.source, () => node.declare());
    } catch (error) {
      this.#failWithout(node, error);
    }
    const fresh = resourcesOf(items);
    this.#cx.total += fresh.length;
    await this.#state.sweep(fresh);
    this.#state.add(fresh);
    await this.#runOps(program(items, this.#cx.handlers));
  }

  /** A failure of what is no resource. */
  #failWithout(node: GivenNode | OnceNode, error: unknown): never {
    const failure = failureOf(error, { host: this.#cx.host }, this.#cx.redactor);
    this.#cx.emit({ event: "failure", failure: { ...failure, role: node.role, resource: node.id, source: failure.source ?? node.source } });
    this.#cx.counts.failed++;
    this.#cx.outcomes.set(node.id, "failed");
    throw new HostFailed(`${node.id} failed`, { cause: error, host: this.#cx.host });
  }

  /** What this host does on another one. Everything of it is done, and proven, before this host goes on. */
  async #on(node: OnNode): Promise<void> {
    const nodes = everyResource(node.items);
    for (const each of nodes.filter((one) => this.#cx.skips(one) !== undefined)) this.#state.skip(each, this.#cx.skips(each) as string);
    if (nodes.every((each) => this.#cx.skips(each) !== undefined) && !node.handlers.some(({ id }) => this.#cx.guests.get(node.host).run.pending.has(id))) return;
    this.#state.refuseWhenStopping();
    await takeTurn(this.#cx, node, async (inner) => {
      await new HostApply(inner, resourcesOf(node.items), this.#state.tidying).run(opsOn(node));
    });
  }

  /** Says that it was done here, or waits until it is done elsewhere. */
  async #once(node: OnceNode): Promise<void> {
    if (node.settle) {
      node.settle();
      this.#cx.hub.notify();
      return;
    }
    await waitFor(this.#cx, node.done, node).catch((error: unknown) => this.#failWithout(node, error));
  }

  async #block(node: BlockNode): Promise<void> {
    let acts = (node.lane !== undefined || node.before.length > 0) && this.#wouldAct(node);
    const lane = node.lane && acts ? this.#cx.lanes(node.lane) : undefined;
    const closed = lane && (await enterLane(this.#cx, lane, node.lane?.name ?? ""));
    if (closed !== undefined) {
      for (const inside of everyResource([node])) this.#state.skip(inside, closed);
      return;
    }
    try {
      if (lane) {
        await this.#state.sweep();
        acts = this.#wouldAct(node);
      }
      if (acts) {
        await this.#runOps(program(node.before, this.#cx.handlers));
        await proveForNow(this.#state, resourcesOf(node.before));
      } else for (const before of everyResource(node.before)) this.#state.skip(before, NOT_NEEDED);
      await this.#runOps([...program(node.items, this.#cx.handlers), ...handlersNotifiedIn(node.items)]);
    } catch (error) {
      if (!(error instanceof HostFailed) || node.rescue.length === 0) {
        if (lane) lane.closedBy ??= this.#cx.host;
        throw error;
      }
      if (lane && !node.goesOn) lane.closedBy ??= this.#cx.host;
      await this.#tidy(() => this.#rescue(node)).catch((failed: unknown) => {
        if (lane) lane.closedBy ??= this.#cx.host;
        throw failed;
      });
      if (!node.goesOn) throw error;
    } finally {
      await this.#tidy(() => this.#runOps(program(node.always, this.#cx.handlers))).finally(() => lane?.semaphore.release());
    }
  }

  /** What is due in every case is done also when the run is to stop. */
  async #tidy(work: () => Promise<void>): Promise<void> {
    this.#state.tidying += 1;
    try {
      await work();
    } finally {
      this.#state.tidying -= 1;
    }
  }

  /** The host is brought to what the rescue declares. Unless it goes on, the block's handlers are owed no more. */
  async #rescue(node: BlockNode): Promise<void> {
    phase(this.#cx, "applying", `rescue of ${node.id}`);
    const inside = everyResource([...node.before, ...node.items]);
    await this.#state.sweep(resourcesOf([...node.items, ...node.rescue, ...node.always]));
    this.#state.add(resourcesOf(node.rescue));
    await this.#runOps(program(node.rescue, this.#cx.handlers));
    if (node.goesOn) this.#makeGood(node, inside);
    else await forget(this.#cx, [...new Set(inside.flatMap(({ notify }) => notify))]);
    this.#cx.emit({ event: "warning", host: this.#cx.host, message: node.goesOn ? `${node.id} failed and was rescued; the host goes on` : `${node.id} failed and was rolled back`, source: node.source });
  }

  /** The block's failures do not count any more, and nothing in it has to be as declared. */
  #makeGood(node: BlockNode, inside: readonly ResourceNode[]): void {
    for (const each of inside) {
      this.#state.exempt.add(each);
      if (this.#cx.outcomes.get(each.id) !== "failed" && !this.#state.finished.has(each)) this.#state.skip(each, `${node.id} failed before it`);
      this.#state.finished.add(each);
    }
    const failed = [...inside, ...this.#cx.handlers].filter(({ id }) => this.#cx.outcomes.get(id) === "failed");
    for (const each of failed) report(this.#cx, each, { outcome: "rescued", cause: `by the rescue of ${node.id}` });
  }

  /** Whether anything inside a block differs; a host with nothing to do does not queue for the lane. */
  #wouldAct(node: BlockNode): boolean {
    // What a list from a late value will hold cannot be told.
    if (hasList(node.items)) return true;
    return this.#state.chosen(everyResource(node.items)).some((inside) => {
      const book = inside.on === undefined || inside.on === this.#cx.turnOn ? this.#cx.book : this.#cx.guests.get(inside.on).book;
      if (inside.notify.some((handler) => this.#cx.pending.has(handler.id))) return true;
      try {
        const look = book.get(inside);
        return !look || inside.kind.plan(inside.args, look.seen, book.context) !== undefined;
      } catch {
        // A value that is not known yet, or a state that only what comes before can mend.
        return true;
      }
    });
  }
}

function hasList(items: readonly Item[]): boolean {
  return items.some((item) => item.type === "given" || (item.type === "block" && hasList(item.items)));
}
