import { everyResource, type BlockNode, type GivenNode, type HandlerNode, type OnNode, type ResourceNode } from "../dsl/items.ts";
import { PlanError, type Change, type Prediction, type Upstream } from "../resources/contract.ts";
import { NOT_NEEDED } from "./apply.ts";
import type { Look } from "./fragment.ts";
import { expectedLook } from "./fragment.ts";
import { type HostContext, pendingValue, phase, report, reportError, settleRead, waitFor } from "./host-context.ts";
import { Expectations } from "./looks.ts";
import { handlersNotifiedIn, program, type Op } from "./program.ts";
import { contextOn, opsOn } from "./section.ts";
import { ValueMissing } from "./values.ts";

/** The dry run of one host: every probe for real, never an apply. */
export class HostCheck {
  readonly #cx: HostContext;
  readonly #tainted: Map<ResourceNode | HandlerNode, Upstream>;
  readonly #expected = new Expectations();
  readonly #authors = new Map<string, ResourceNode>();
  readonly #notified = new Set<HandlerNode>();
  /** The last thing that would change anything, packages for instance. */
  #opaque: Upstream | undefined;

  /** @param tainted What would change before, where this is a part of another check. */
  constructor(cx: HostContext, tainted: Map<ResourceNode | HandlerNode, Upstream> = new Map()) {
    this.#cx = cx;
    this.#tainted = tainted;
  }

  async run(ops: readonly Op[]): Promise<void> {
    phase(this.#cx, "planning");
    for (const op of ops) {
      const stop = this.#cx.stopping();
      if (stop !== undefined) return;
      if (op.type === "resource") await this.#resource(op.node);
      else if (op.type === "handlers") this.#handlers(op.handlers);
      else if (op.type === "given") await this.#given(op.node);
      else if (op.type === "block") await this.#block(op.node);
      else if (op.type === "on") await this.#on(op.node);
      else if (op.node.settle) {
        // Nothing is done, so nobody has to wait.
        op.node.settle();
        this.#cx.hub.notify();
      }
    }
  }

  #handlers(handlers: readonly HandlerNode[]): void {
    for (const handler of handlers) {
      if (!this.#notified.has(handler) && !this.#cx.pending.has(handler.id)) continue;
      if (this.#cx.outcomes.has(handler.id)) continue;
      const cause = this.#notified.has(handler) ? undefined : "owed by an earlier run";
      report(this.#cx, handler, { outcome: "would-change", change: { summary: "run" }, ...(cause !== undefined && { cause }) });
      const upstream: Upstream = { id: handler.id, kind: "handler", outcome: "would-change" };
      this.#tainted.set(handler, upstream);
      this.#opaque = upstream;
      this.#notified.delete(handler);
    }
  }

  async #given(node: GivenNode): Promise<void> {
    try {
      await waitFor(this.#cx, node.value, node);
    } catch (error) {
      if (!(error instanceof ValueMissing)) throw error;
      this.#cx.counts.unknown++;
      this.#cx.outcomes.set(node.id, "unknown");
      this.#cx.emit({ event: "resource", host: this.#cx.host, play: this.#cx.play, role: node.role, id: node.id, kind: "given", outcome: "unknown", source: node.source, cause: this.#cx.redactor.text(error.message) });
      return;
    }
    await this.run(program(node.declare(), this.#cx.handlers));
  }

  async #on(node: OnNode): Promise<void> {
    await new HostCheck(contextOn(this.#cx, node, this.#cx.guests.get(node.host)), this.#tainted).run(opsOn(node));
  }

  async #block(node: BlockNode): Promise<void> {
    await this.run([...program(node.items, this.#cx.handlers), ...handlersNotifiedIn(node.items)]);
    const inside = everyResource(node.items);
    const acts = [...inside, ...inside.flatMap(({ notify }) => notify)].some(({ id }) => ["would-change", "unknown"].includes(this.#cx.outcomes.get(id) ?? ""));
    if (acts) await this.run(program(node.before, this.#cx.handlers));
    else for (const before of everyResource(node.before)) report(this.#cx, before, { outcome: "skipped", cause: NOT_NEEDED });
    await this.run(program(node.always, this.#cx.handlers));
  }

  async #resource(node: ResourceNode): Promise<void> {
    const skipped = this.#cx.skips(node);
    if (skipped !== undefined) return report(this.#cx, node, { outcome: "skipped", cause: skipped });
    for (;;) {
      try {
        return await this.#attempt(node);
      } catch (error) {
        const value = pendingValue(error);
        if (!value) return reportError(this.#cx, node, error);
        try {
          await waitFor(this.#cx, value, node);
        } catch (missing) {
          if (!(missing instanceof ValueMissing)) throw missing;
          return this.#withoutValue(node, missing);
        }
      }
    }
  }

  async #attempt(node: ResourceNode): Promise<void> {
    const key = this.#cx.book.key(node);
    const expected = this.#expected.get(key);
    if (expected === "unforeseeable") {
      const author = this.#authors.get(key);
      return this.#unknown(node, `${author?.id ?? "an earlier resource"} would change what it looks at`);
    }
    const look = expected ?? (await this.#lookAt(node));
    if (look.timedOut) return reportError(this.#cx, node, new PlanError(look.seen.err, "something on the host hangs: a dead mount or a stuck daemon"));
    const upstream = node.needs.flatMap((need) => this.#tainted.get(need) ?? []);
    if (node.kind.kind === "read") return this.#read(node, look, upstream);
    const prediction = this.#predict(node, look, upstream);
    if (node.kind.waits && prediction.outcome !== "ok") return this.#waits(node, prediction);
    this.#conclude(node, key, prediction);
  }

  #withoutValue(node: ResourceNode, missing: ValueMissing): void {
    const look = this.#cx.book.find(node);
    const change = look && node.kind.certain?.(node.args, look.seen);
    if (change) this.#wouldChange(node, this.#cx.book.key(node), change);
    else this.#unknown(node, missing.message);
  }

  async #lookAt(node: ResourceNode): Promise<Look> {
    const known = this.#cx.book.get(node);
    if (known) return known;
    const missing = [this.#cx.book.fragment(node)];
    this.#cx.book.record(missing, await this.#cx.remote.look(missing));
    return this.#cx.book.get(node) as Look;
  }

  #read(node: ResourceNode, look: Look, upstream: readonly Upstream[]): void {
    const stale = upstream[0] ?? (look.seen.code === 0 ? undefined : this.#opaque);
    if (stale) {
      node.settle?.({ failed: `${this.#cx.host}: ${stale.id} would change first` });
      this.#cx.hub.notify();
    } else settleRead(this.#cx, node, look.seen);
    report(this.#cx, node, { outcome: "ok" });
  }

  #predict(node: ResourceNode, look: Look, upstream: readonly Upstream[]): Prediction {
    const { kind, args } = node;
    if (upstream.length > 0 && kind.predict) return kind.predict(args, look.seen, upstream, this.#cx.kinds);
    try {
      const change = kind.plan(args, look.seen, this.#cx.kinds);
      return change ? { outcome: "would-change", change } : { outcome: "ok" };
    } catch (error) {
      const first = upstream[0] ?? this.#opaque;
      // An apply would look again after what changes before it, whether or not it is named in `needs`.
      const earlier = first ?? [...this.#tainted.values()].at(-1);
      if (!(error instanceof PlanError) || !earlier) throw error;
      if (!first) return { outcome: "unknown", cause: `${error.message}, and ${earlier.id} would change first; what it depends on can be named in its \`needs\`` };
      if (kind.predict) return kind.predict(args, look.seen, [first], this.#cx.kinds);
      return { outcome: "unknown", cause: `${error.message}, and ${first.id} would change first` };
    }
  }

  #conclude(node: ResourceNode, key: string, prediction: Prediction): void {
    if (prediction.outcome === "unknown") return this.#unknown(node, prediction.cause);
    if (prediction.outcome === "ok") return report(this.#cx, node, { outcome: "ok" });
    this.#wouldChange(node, key, prediction.change);
  }

  /** Waiting changes nothing; what needs it is told of what it waits for. */
  #waits(node: ResourceNode, { outcome }: Exclude<Prediction, { outcome: "ok" }>): void {
    if (this.#tainted.size === 0) return this.#unknown(node, "it does not hold now, and nothing would change before it: a run would wait for it");
    report(this.#cx, node, { outcome: "ok" });
    this.#taint(node, { id: node.id, kind: node.kind.kind, outcome });
  }

  #wouldChange(node: ResourceNode, key: string, change: Change): void {
    if (node.makes && !node.makes.value.known) {
      node.makes.fail(`${this.#cx.host}: ${node.id} would make it`);
      this.#cx.hub.notify();
    }
    report(this.#cx, node, { outcome: "would-change", change });
    this.#expected.set(key, change.after && expectedLook(change.after));
    this.#authors.set(key, node);
    for (const handler of node.notify) this.#notified.add(handler);
    this.#taint(node, { id: node.id, kind: node.kind.kind, outcome: "would-change", change });
  }

  #unknown(node: ResourceNode, cause: string): void {
    report(this.#cx, node, { outcome: "unknown", cause });
    this.#taint(node, { id: node.id, kind: node.kind.kind, outcome: "unknown" });
  }

  #taint(node: ResourceNode, upstream: Upstream): void {
    this.#tainted.set(node, upstream);
    if (node.kind.opaque) this.#opaque = upstream;
  }
}
