import type { ResourceNode } from "../dsl/items.ts";
import { PlanError } from "../resources/contract.ts";
import { stepFailure } from "./failures.ts";
import { HostFailed, phase, report, type HostContext } from "./host-context.ts";
import type { HostState } from "./host-state.ts";
import { LineSplitter } from "./lines.ts";
import { type QueuedStep, stepOf } from "./queue.ts";
import { batchId, type BatchResult, type StepResult } from "./remote.ts";

/** A look that differs this often without anything having been applied in between will never be stable. */
const MOST_STALE = 3;

/** Sends batches and reports what became of their steps. */
export class Sender {
  readonly #state: HostState;
  readonly #stale = new Map<ResourceNode, number>();

  constructor(state: HostState) {
    this.#state = state;
  }

  /**
   * @param last Nothing follows the batch: the looks after it are the proof, so they are of all resources.
   * @returns the operation to plan again from when the batch stopped at a look that differed; undefined when it was done.
   * @throws HostFailed
   */
  async send(steps: readonly QueuedStep[], last: boolean): Promise<number | undefined> {
    const { cx } = this.#state;
    phase(cx, "applying");
    const swept = cx.book.fragments(this.#state.chosen(last ? this.#state.nodes : this.#state.unfinished));
    const output = outputOf(cx, steps);
    this.#state.fresh = false;
    const id = batchId();
    cx.emit({ event: "sent", host: cx.host, ...(cx.turnOn !== undefined && { on: cx.turnOn }), play: cx.play, script: id, steps: steps.map(({ handler, resources }) => (handler ? [handler.id] : resources.filter(({ change }) => change).map(({ node }) => node.id))) });
    for (const { apply, handler, resources } of steps) if (apply) cx.remote.tell(handler ? [handler.id] : resources.filter(({ change }) => change).map(({ node }) => node.id), apply);
    const result = await cx.remote.batch(id, steps.map(stepOf), swept, {
      onBegin: (index) => {
        if (steps[index]) this.#notify(steps[index]);
        output.begin(index);
      },
      onDone: (index, result) => {
        output.end();
        this.#progress(steps, index, result);
      },
      onOutput: output.write,
      limit: (index) => (index === undefined ? undefined : steps[index]?.resources[0]?.node.timeout),
    });
    output.end();
    cx.book.record(swept, swept.map((_, i) => result.looks.get(i)));
    if (result.gone) await this.#comeBack();
    // The lock went with the old session.
    else if (result.followed) await cx.renew();
    this.#state.fresh = last && !result.gone && result.looks.size === swept.length;
    return this.#settle(steps, result);
  }

  /** The host has made the markers of a step's handlers before it began the step. */
  #notify(step: QueuedStep): void {
    for (const { node, change } of step.resources) if (change) for (const handler of node.notify) this.#state.cx.pending.add(handler.id);
  }

  async #comeBack(): Promise<void> {
    const { cx } = this.#state;
    cx.emit({ event: "warning", host: cx.host, message: "the host rebooted in the middle of a batch; it is looked at again" });
    await cx.renew();
    await this.#state.sweep();
  }

  /** Says as it happens what a step changed. What was only looked at again is said with the looks that follow the batch. */
  #progress(steps: readonly QueuedStep[], index: number, result: StepResult): void {
    const step = steps[index];
    if (step) this.#done({ ...step, resources: step.resources.filter(({ change }) => change) }, result);
  }

  #settle(steps: readonly QueuedStep[], batch: BatchResult): number | undefined {
    const stopped = steps.findIndex((_, i) => ["stale", "failed", "timed-out", "killed"].includes(batch.steps.get(i)?.result ?? ""));
    const progressed = [...batch.steps.values()].some(({ result }) => result === "done");
    for (const [i, step] of steps.entries()) {
      const result = batch.steps.get(i);
      if (batch.gone && (!result || result.result === "stale")) return step.op;
      if (i === stopped && result) {
        if (result.result !== "stale") throw this.#failed(step, result);
        this.#countStale(step, progressed);
        return step.op;
      }
      this.#done(step, result);
    }
    return undefined;
  }

  /** Said of the steps in their order: a handler that ran may have been notified again after it. */
  #done(step: QueuedStep, result: StepResult | undefined): void {
    const { cx } = this.#state;
    this.#notify(step);
    if (step.handler) {
      cx.pending.delete(step.handler.id);
      if (result?.result === "done" && cx.outcomes.get(step.handler.id) !== "changed") report(cx, step.handler, { outcome: "changed", change: { summary: "ran" }, seconds: result.seconds });
      return;
    }
    for (const { node, change } of step.resources) {
      if (change && !this.#state.applied.has(node)) this.#state.changed(node, change, result?.seconds);
      else if (!change) this.#state.finish(node);
    }
  }

  #failed(step: QueuedStep, result: StepResult): HostFailed {
    const { cx } = this.#state;
    const nodes = step.handler ? [step.handler] : step.resources.map(({ node }) => node);
    const limit = step.resources[0]?.node.timeout;
    for (const node of nodes) report(cx, node, { outcome: "failed", seconds: result.seconds, failure: stepFailure(result, node, { host: cx.host, user: cx.remote.session.user }, cx.redactor, limit) });
    return new HostFailed(`${nodes[0]?.id ?? "a step"} failed`, { host: cx.host });
  }

  #countStale(step: QueuedStep, progressed: boolean): void {
    const node = step.resources[0]?.node;
    if (!node) return;
    const times = progressed ? 1 : (this.#stale.get(node) ?? 0) + 1;
    this.#stale.set(node, times);
    if (times >= MOST_STALE) this.#state.fail(node, new PlanError("its probe prints something else each time, so no plan for it holds", "a probe prints nothing that changes by itself: no times, no process ids"));
  }
}

/** Where the output of the running step goes: line by line, under its resource's id. */
function outputOf(cx: HostContext, steps: readonly QueuedStep[]): { begin: (index: number) => void; write: (stream: "stdout" | "stderr", chunk: Buffer) => void; end: () => void } {
  let id = "";
  const say = (stream: "stdout" | "stderr") => new LineSplitter((line) => cx.emit({ event: "output", host: cx.host, id, stream, line }), (line) => cx.redactor.text(line));
  const splitters = { stdout: say("stdout"), stderr: say("stderr") };
  return {
    begin: (index) => {
      const step = steps[index];
      id = step?.handler?.id ?? step?.resources[0]?.node.id ?? "";
      phase(cx, "applying", id);
    },
    write: (stream, chunk) => splitters[stream].push(chunk),
    end: () => {
      splitters.stdout.end();
      splitters.stderr.end();
    },
  };
}
