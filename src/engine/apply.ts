import type { BlockNode, GivenNode, HandlerNode, ResourceNode } from "../dsl/items.ts";
import { resourcesOf } from "../dsl/items.ts";
import { HawserError } from "../errors/index.ts";
import { restoreFile } from "../resources/file.ts";
import { PlanError, type Change, type HostTools } from "../resources/contract.ts";
import { Sh } from "../shell/index.ts";
import { LineSplitter } from "./lines.ts";
import { stepFailure } from "./failures.ts";
import { expectedLook, fragment, type Look } from "./fragment.ts";
import { type HostContext, HostFailed, HostStopped, pendingValue, phase, report, reportError, settleRead, waitFor } from "./host-context.ts";
import { Expectations } from "./looks.ts";
import { handlersNotifiedIn, program, type Op } from "./program.ts";
import { enqueue, markerOf, type QueuedStep, stepOf } from "./queue.ts";
import { reboot } from "./reboot.ts";
import type { BatchResult, StepResult } from "./remote.ts";
import { markerWord, STATE_FOLDER } from "./script.ts";

/** A look that differs this often without anything having been applied in between never will be stable. */
const MOST_STALE = 3;

/** What the batch under construction will have done. */
interface Draft {
  readonly steps: QueuedStep[];
  readonly expected: Expectations;
  readonly changing: Set<ResourceNode | HandlerNode>;
  readonly notified: Set<HandlerNode>;
  opaque: boolean;
}

type Verdict = "finished" | "queued" | "barrier" | { readonly solo: Change; readonly look: Look };

/** Brings one host to the declared state. */
export class HostApply {
  readonly #cx: HostContext;
  readonly #nodes: ResourceNode[];
  readonly #finished = new Set<ResourceNode>();
  readonly #applied = new Set<ResourceNode>();
  /** What the first look said: whether the resource differed before this run touched anything. */
  readonly #first = new Map<ResourceNode, Look>();
  readonly #stale = new Map<ResourceNode, number>();
  /** Every look in the book was made after the last change. */
  #fresh = true;

  /** @param nodes Every resource of the host in this play, in order. */
  constructor(cx: HostContext, nodes: readonly ResourceNode[]) {
    this.#cx = cx;
    this.#nodes = [...nodes];
    for (const node of nodes) this.#remember(node);
  }

  /** @throws HostFailed after the failure was reported; HostStopped when the run stops here. */
  async run(ops: readonly Op[]): Promise<void> {
    await this.#runOps(ops);
    await this.#prove();
  }

  async #runOps(ops: readonly Op[]): Promise<void> {
    let at = 0;
    while (at < ops.length) {
      const op = ops[at] as Op;
      if (op.type === "given") {
        await this.#given(op.node);
        at++;
      } else if (op.type === "block") {
        await this.#block(op.node);
        at++;
      } else at = await this.#batchFrom(ops, at);
    }
  }

  /** Plans as many operations as can go out together, sends them, and returns the index to go on from. */
  async #batchFrom(ops: readonly Op[], start: number): Promise<number> {
    const draft: Draft = { steps: [], expected: new Expectations(), changing: new Set(), notified: new Set(), opaque: false };
    let at = start;
    for (; at < ops.length; at++) {
      const op = ops[at] as Op;
      if (op.type === "given" || op.type === "block") break;
      if (op.type === "handlers") {
        if (!(await this.#draftHandlers(draft, op.handlers, at))) break;
        continue;
      }
      const verdict = await this.#considerWaiting(draft, op.node, at);
      if (verdict === "barrier") break;
      if (typeof verdict === "object") {
        if (draft.steps.length > 0) break;
        this.#refuseWhenStopping();
        await this.#solo(op.node, verdict.solo, verdict.look);
        return at + 1;
      }
    }
    if (draft.steps.length === 0) return at;
    if (!draft.steps.some((step) => step.apply)) {
      throw new HawserError("a batch without a change");
    }
    this.#refuseWhenStopping();
    return await this.#send(draft, at, at === ops.length);
  }

  #refuseWhenStopping(): void {
    const why = this.#cx.stopping();
    if (why !== undefined) throw new HostStopped(why, { host: this.#cx.host });
  }

  /** @returns false when a handler has to wait for the batch to go out first. */
  async #draftHandlers(draft: Draft, handlers: readonly HandlerNode[], op: number): Promise<boolean> {
    for (const handler of handlers) {
      if (!draft.notified.has(handler) && !this.#cx.pending.has(handler.id)) continue;
      if (draft.changing.has(handler)) continue;
      if (typeof handler.run === "function") {
        if (draft.steps.length > 0) return false;
        this.#refuseWhenStopping();
        await this.#imperativeHandler(handler, handler.run);
        continue;
      }
      draft.steps.push({ op, resources: [], handler, apply: fragment(handler.run, handler.user, this.#cx.redactor.add) });
      draft.changing.add(handler);
      draft.opaque = true;
    }
    return true;
  }

  async #considerWaiting(draft: Draft, node: ResourceNode, op: number): Promise<Verdict> {
    if (this.#finished.has(node)) return "finished";
    for (;;) {
      try {
        return await this.#consider(draft, node, op);
      } catch (error) {
        const value = pendingValue(error);
        if (value && draft.steps.length > 0) return "barrier";
        if (!value) return this.#fail(node, error);
        await waitFor(this.#cx, value, node).catch((missing: unknown) => this.#fail(node, missing));
      }
    }
  }

  async #consider(draft: Draft, node: ResourceNode, op: number): Promise<Verdict> {
    const queued = draft.steps.length > 0;
    const skipped = this.#cx.skips(node);
    if (skipped !== undefined) {
      this.#finished.add(node);
      report(this.#cx, node, { outcome: "skipped", cause: skipped });
      return "finished";
    }
    const key = this.#cx.book.key(node);
    const expected = draft.expected.get(key);
    if (expected === "unforeseeable") return "barrier";
    if (!expected && !this.#cx.book.get(node)) {
      if (queued) return "barrier";
      await this.#sweep();
    }
    const look = expected ?? (this.#cx.book.get(node) as Look);
    if (look.timedOut) throw new PlanError(look.seen.err, "something on the host hangs: a dead mount or a stuck daemon");
    if (node.kind.kind === "read") return this.#read(draft, node, look);
    const change = node.restores ? this.#planRestore(node.restores) : this.#plan(draft, node, look);
    if (change === "barrier") return "barrier";
    if (!change) {
      if (!queued) this.#finish(node);
      else enqueue(draft.steps, op, { node, look: this.#cx.book.fragment(node), planned: look }, this.#cx.redactor.add);
      return queued ? "queued" : "finished";
    }
    for (const value of Object.values(node.uses)) value.get();
    if (change.run || change.reboots || change.uploads?.length) return queued ? "barrier" : { solo: change, look };
    enqueue(draft.steps, op, { node, look: this.#cx.book.fragment(node), planned: look, change }, this.#cx.redactor.add);
    draft.expected.set(key, change.after && expectedLook(change.after));
    draft.changing.add(node);
    for (const handler of node.notify) draft.notified.add(handler);
    draft.opaque ||= node.kind.opaque ?? false;
    return "queued";
  }

  #plan(draft: Draft, node: ResourceNode, look: Look): Change | undefined | "barrier" {
    try {
      return node.kind.plan(node.args, look.seen, this.#cx.kinds);
    } catch (error) {
      // What it saw may be mended by what is queued: look again after that.
      if (error instanceof PlanError && draft.changing.size > 0) return "barrier";
      throw error;
    }
  }

  /** What brings a file back to how this run found it. */
  #planRestore(replaced: ResourceNode): Change | undefined {
    const before = this.#first.get(replaced);
    const now = this.#cx.book.get(replaced);
    if (!before || !now) return undefined;
    return restoreFile((replaced.args as { path: string }).path, before.seen, now.seen, this.#cx.kinds.facts);
  }

  #read(draft: Draft, node: ResourceNode, look: Look): Verdict {
    const stale = draft.opaque || node.needs.some((need) => draft.changing.has(need)) || (look.seen.code !== 0 && draft.changing.size > 0);
    if (stale && draft.steps.length > 0) return "barrier";
    settleRead(this.#cx, node, look.seen);
    this.#finish(node);
    return "finished";
  }

  async #send(draft: Draft, next: number, last: boolean): Promise<number> {
    const { steps } = draft;
    phase(this.#cx, "applying");
    for (const step of steps) for (const { node, change } of step.resources) if (change) for (const handler of node.notify) this.#cx.pending.add(handler.id);
    const swept = this.#cx.book.fragments(this.#sweepable(last ? this.#nodes : this.#nodes.filter((node) => !this.#finished.has(node))));
    const output = this.#outputTo(steps);
    this.#fresh = false;
    const result = await this.#cx.remote.batch(steps.map(stepOf), swept, {
      onBegin: output.begin,
      onOutput: output.write,
      limit: (index) => (index === undefined ? undefined : steps[index]?.resources[0]?.node.timeout),
    });
    output.end();
    this.#cx.book.record(swept, swept.map((_, i) => result.looks.get(i)));
    if (result.gone) {
      this.#cx.emit({ event: "warning", host: this.#cx.host, message: "the host rebooted in the middle of a batch; it is looked at again" });
      await this.#cx.renew();
      await this.#sweep();
    }
    this.#fresh = last && !result.gone && result.looks.size === swept.length;
    return this.#settle(draft, result) ?? next;
  }

  /** Reports what the steps did. @returns The operation to plan again from, if the batch stopped. */
  #settle(draft: Draft, batch: BatchResult): number | undefined {
    const stopped = draft.steps.findIndex((_, i) => ["stale", "failed", "timed-out"].includes(batch.steps.get(i)?.result ?? ""));
    const appliedBefore = this.#applied.size;
    for (const [i, step] of draft.steps.entries()) {
      const result = batch.steps.get(i);
      if (batch.gone && (!result || result.result === "stale")) return step.op;
      if (i === stopped) {
        if (result?.result === "stale") {
          this.#countStale(step, this.#applied.size > appliedBefore);
          return step.op;
        }
        this.#stepFailed(step, result as StepResult);
      }
      this.#stepDone(step, result);
    }
    return undefined;
  }

  #stepDone(step: QueuedStep, result: StepResult | undefined): void {
    if (step.handler) {
      this.#cx.pending.delete(step.handler.id);
      if (result?.result === "done") report(this.#cx, step.handler, { outcome: "changed", change: { summary: "ran" }, seconds: result.seconds });
      return;
    }
    for (const { node, change } of step.resources) {
      if (change) this.#changed(node, change, result?.seconds);
      else this.#finish(node);
    }
  }

  #stepFailed(step: QueuedStep, result: StepResult): never {
    const nodes = step.handler ? [step.handler] : step.resources.map(({ node }) => node);
    const limit = step.resources[0]?.node.timeout;
    for (const node of nodes) {
      report(this.#cx, node, { outcome: "failed", seconds: result.seconds, failure: stepFailure(result, node, this.#cx.host, this.#cx.redactor, limit) });
    }
    throw new HostFailed(`${nodes[0]?.id ?? "a step"} failed`, { host: this.#cx.host });
  }

  #countStale(step: QueuedStep, progressed: boolean): void {
    const [node] = step.resources.map((resource) => resource.node);
    if (!node) return;
    const times = progressed ? 1 : (this.#stale.get(node) ?? 0) + 1;
    this.#stale.set(node, times);
    if (times >= MOST_STALE) this.#fail(node, new PlanError("its probe prints something else each time, so no plan for it holds", "a probe prints nothing that changes by itself: no times, no process ids"));
  }

  #changed(node: ResourceNode, change: Change, seconds?: number): void {
    this.#finished.add(node);
    this.#applied.add(node);
    report(this.#cx, node, { outcome: "changed", change, ...(seconds !== undefined && { seconds }) });
  }

  /** Nothing to do now: unchanged, or brought about by an earlier resource. */
  #finish(node: ResourceNode): void {
    this.#finished.add(node);
    const first = this.#first.get(node);
    const now = this.#cx.book.get(node);
    const before = first && now && first.digest !== now.digest && !this.#applied.has(node) ? this.#plannedFrom(node, first) : undefined;
    if (before) report(this.#cx, node, { outcome: "changed", change: { ...before, summary: `${before.summary} (by an earlier resource)` } });
    else report(this.#cx, node, { outcome: "ok" });
  }

  /** What a look asked for, where that can be told. */
  #plannedFrom(node: ResourceNode, look: Look): Change | undefined {
    try {
      return node.kind.plan(node.args, look.seen, this.#cx.kinds);
    } catch (error) {
      if (error instanceof PlanError) return { summary: "made possible" };
      throw error;
    }
  }

  async #solo(node: ResourceNode, change: Change, look: Look): Promise<void> {
    phase(this.#cx, "applying", node.id);
    this.#fresh = false;
    const began = performance.now();
    try {
      await this.#mark(node.notify);
      if (change.uploads) {
        await this.tools().sh(Sh.raw(`umask 077; mkdir -p ${STATE_FOLDER}/stage`));
        for (const upload of change.uploads) await this.#cx.remote.session.upload(upload.content, upload.path);
      }
      if (change.run) await change.run(this.tools(node));
      else if (change.reboots && change.apply) await reboot(this.#cx, fragment(change.apply, node.user, this.#cx.redactor.add), change.reboots.withinSeconds);
      else return await this.#sendOne(node, change, look);
    } catch (error) {
      this.#fail(node, error);
    }
    this.#changed(node, change, (performance.now() - began) / 1000);
    await this.#sweep();
  }

  /** A change whose uploads are in place goes the ordinary way, alone. */
  async #sendOne(node: ResourceNode, change: Change, look: Look): Promise<void> {
    const draft: Draft = { steps: [], expected: new Expectations(), changing: new Set([node]), notified: new Set(node.notify), opaque: false };
    enqueue(draft.steps, 0, { node, look: this.#cx.book.fragment(node), planned: look, change }, this.#cx.redactor.add);
    if ((await this.#send(draft, -1, false)) === 0) this.#fail(node, new PlanError("it changed on the host between looking and applying", "run again"));
  }

  async #mark(handlers: readonly HandlerNode[]): Promise<void> {
    if (handlers.length === 0) return;
    for (const handler of handlers) this.#cx.pending.add(handler.id);
    const files = handlers.map((handler) => markerWord(markerOf(handler))).join(" ");
    const made = await this.tools().sh(Sh.raw(`umask 077; mkdir -p "$hw_state"/pending && touch ${files}`));
    if (made.code !== 0) throw new HawserError("the markers of its handlers could not be written", { stderr: made.err });
  }

  async #imperativeHandler(handler: HandlerNode, run: (host: HostTools) => Promise<void>): Promise<void> {
    phase(this.#cx, "applying", handler.id);
    this.#fresh = false;
    const began = performance.now();
    try {
      await run(this.tools());
      await this.tools().sh(Sh.raw(`rm -f ${markerWord(markerOf(handler))}`));
    } catch (error) {
      reportError(this.#cx, handler, error);
      throw new HostFailed(`${handler.id} failed`, { host: this.#cx.host, cause: error });
    }
    this.#cx.pending.delete(handler.id);
    report(this.#cx, handler, { outcome: "changed", change: { summary: "ran" }, seconds: (performance.now() - began) / 1000 });
    await this.#sweep();
  }

  /** What an imperative apply works with. */
  tools(node?: ResourceNode): HostTools {
    return {
      $: this.#cx.remote.session.$,
      sh: async (command: Sh) => {
        const [look] = await this.#cx.remote.look([fragment(command, node?.user, this.#cx.redactor.add)]);
        return (look as Look).seen;
      },
      reconnect: async (within: number) => {
        await this.#cx.remote.session.reconnect(within);
        await this.#cx.renew();
      },
    };
  }

  async #given(node: GivenNode): Promise<void> {
    try {
      await waitFor(this.#cx, node.value, node);
    } catch (error) {
      this.#cx.emit({ event: "failure", failure: { host: this.#cx.host, role: node.role, resource: node.id, source: node.source, message: this.#cx.redactor.text((error as Error).message) } });
      this.#cx.counts.failed++;
      throw new HostFailed(`${node.id} failed`, { cause: error, host: this.#cx.host });
    }
    const items = node.declare();
    const fresh = resourcesOf(items);
    this.#nodes.push(...fresh);
    this.#cx.total += fresh.length;
    await this.#sweep();
    for (const declared of fresh) this.#remember(declared);
    await this.#runOps(program(items, this.#cx.handlers));
  }

  async #block(node: BlockNode): Promise<void> {
    const ops = [...program(node.items, this.#cx.handlers), ...handlersNotifiedIn(node.items)];
    const lane = node.lane && this.#wouldAct(node) ? this.#cx.lanes(node.lane) : undefined;
    if (lane?.closedBy !== undefined) return this.#skipAll(node, `${lane.closedBy} failed in the lane ${node.lane?.name ?? ""}`);
    if (lane) {
      this.#cx.fork.release();
      phase(this.#cx, "waiting", `for the lane ${node.lane?.name ?? ""}`);
      await lane.semaphore.acquire();
      await this.#cx.fork.acquire();
    }
    try {
      if (lane?.closedBy !== undefined) return this.#skipAll(node, `${lane.closedBy} failed in the lane ${node.lane?.name ?? ""}`);
      if (lane) await this.#sweep();
      await this.#runOps(ops);
    } catch (error) {
      if (lane) lane.closedBy ??= this.#cx.host;
      if (error instanceof HostFailed && node.rescue.length > 0) await this.#rescue(node);
      throw error;
    } finally {
      await this.#always(node);
      lane?.semaphore.release();
    }
  }

  async #rescue(node: BlockNode): Promise<void> {
    phase(this.#cx, "applying", `rescue of ${node.id}`);
    await this.#sweep(resourcesOf([...node.items, ...node.rescue, ...node.always]));
    await this.#runOps(program(node.rescue, this.#cx.handlers));
    const markers = [...new Set(resourcesOf(node.items).flatMap((inside) => inside.notify))];
    for (const handler of markers) this.#cx.pending.delete(handler.id);
    if (markers.length > 0) await this.tools().sh(Sh.raw(`rm -f ${markers.map((handler) => markerWord(markerOf(handler))).join(" ")}`));
    this.#cx.emit({ event: "warning", host: this.#cx.host, message: `${node.id} failed and was rolled back`, source: node.source });
  }

  async #always(node: BlockNode): Promise<void> {
    if (node.always.length > 0) await this.#runOps(program(node.always, this.#cx.handlers));
  }

  /** Whether anything inside a block differs; a host with nothing to do does not queue for the lane. */
  #wouldAct(node: BlockNode): boolean {
    return resourcesOf(node.items).some((inside) => {
      if (this.#cx.skips(inside) !== undefined) return false;
      if (inside.notify.some((handler) => this.#cx.pending.has(handler.id))) return true;
      try {
        const look = this.#cx.book.get(inside);
        return !look || inside.kind.plan(inside.args, look.seen, this.#cx.kinds) !== undefined;
      } catch {
        // A value that is not known yet, or a state that only what comes before can mend.
        return true;
      }
    });
  }

  #skipAll(node: BlockNode, cause: string): void {
    for (const inside of resourcesOf(node.items)) {
      this.#finished.add(inside);
      report(this.#cx, inside, { outcome: "skipped", cause });
    }
  }

  #sweepable(nodes: readonly ResourceNode[]): ResourceNode[] {
    return nodes.filter((node) => this.#cx.skips(node) === undefined);
  }

  /** Looks again at everything that is not finished. */
  async #sweep(nodes: readonly ResourceNode[] = this.#nodes.filter((node) => !this.#finished.has(node))): Promise<void> {
    const wanted = this.#cx.book.fragments(this.#sweepable(nodes));
    if (wanted.length > 0) this.#cx.book.record(wanted, await this.#cx.remote.look(wanted));
  }

  /** After changes, every resource must have nothing left to do. */
  async #prove(): Promise<void> {
    if (this.#applied.size === 0) return;
    phase(this.#cx, "proving");
    if (!this.#fresh) await this.#sweep(this.#nodes);
    const undone = this.#nodes.filter((node) => this.#finished.has(node) && this.#cx.skips(node) === undefined && this.#cx.outcomes.get(node.id) !== "skipped" && !node.restores && this.#differs(node));
    if (undone.length > 0) throw new HostFailed(`${undone.length} resources did not converge`, { host: this.#cx.host });
  }

  #differs(node: ResourceNode): boolean {
    const look = this.#cx.book.get(node);
    if (!look) return false;
    let wants: string;
    try {
      const change = node.kind.plan(node.args, look.seen, this.#cx.kinds);
      if (!change) return false;
      wants = `it still wants: ${change.summary}`;
    } catch (error) {
      wants = (error as Error).message;
    }
    const later = this.#nodes.slice(this.#nodes.indexOf(node) + 1).filter((other) => this.#applied.has(other));
    const suspects = later.filter((other) => other.kind.opaque || other.claims.some((claim) => node.claims.some((own) => own.target === claim.target)));
    const hint = suspects.length > 0 ? `it may have been undone by ${suspects.map((other) => other.id).join(", ")}` : this.#applied.has(node) ? "its apply ended without an error, but left another state than its plan expects" : "something on the host changed it during the run";
    reportError(this.#cx, node, new PlanError(`did not converge: ${wants}`, hint));
    return true;
  }

  #remember(node: ResourceNode): void {
    try {
      const look = this.#cx.book.get(node);
      if (look) this.#first.set(node, look);
    } catch (error) {
      if (!pendingValue(error)) throw error;
    }
  }

  #fail(node: ResourceNode, error: unknown): never {
    if (error instanceof HostFailed || error instanceof HostStopped) throw error;
    reportError(this.#cx, node, error);
    throw new HostFailed(`${node.id} failed`, { host: this.#cx.host, cause: error });
  }

  #outputTo(steps: readonly QueuedStep[]): { begin: (index: number) => void; write: (stream: "stdout" | "stderr", chunk: Buffer) => void; end: () => void } {
    let id = "";
    const say = (stream: "stdout" | "stderr") => new LineSplitter((line) => this.#cx.emit({ event: "output", host: this.#cx.host, id, stream, line: this.#cx.redactor.text(line) }));
    const splitters = { stdout: say("stdout"), stderr: say("stderr") };
    return {
      begin: (index) => {
        const step = steps[index];
        id = step?.handler?.id ?? step?.resources[0]?.node.id ?? "";
        phase(this.#cx, "applying", id);
      },
      write: (stream, chunk) => splitters[stream].push(chunk),
      end: () => {
        splitters.stdout.end();
        splitters.stderr.end();
      },
    };
  }
}
