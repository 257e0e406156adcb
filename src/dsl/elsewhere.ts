import { UsageError } from "../errors/index.ts";
import type { Facts } from "../resources/facts.ts";
import { Value } from "../shell/index.ts";
import { Declarations } from "./declarations.ts";
import type { HandlerNode } from "./items.ts";
import type { HostView } from "./role.ts";
import { callSite } from "./source.ts";

/** What is done on other hosts, or by one host for all. */
export class Elsewhere extends Declarations {
  /**
   * What `body` declares acts on another host of the inventory, or on the controller ("localhost"), at this place in this host's
   * order: with that host's session, become, lock and facts, whatever `--limit` says. It belongs to this host: its failure is this
   * host's. One host at a time is at work there. Handlers declared inside run at its end.
   * @param host A host's name.
   * @returns what `body` returns, a late value for instance.
   */
  on<T>(host: string, body: (there: { readonly facts: Facts; readonly host: HostView }) => T): T {
    const source = callSite();
    this.refuseThere("t.on", `on:${host}`);
    const there = this.scope.ledger.target(host, source);
    const handlers: HandlerNode[] = [];
    let result: { value: T } | undefined;
    this.there = { host, handlers };
    try {
      const items = this.collect(this.tagsAround, () => void (result = { value: body(there) }));
      this.put({ type: "on", id: `${this.scope.role}/on:${host}`, role: this.scope.role, source, tags: new Set([...this.scope.tags, ...this.tagsAround]), host, items, handlers });
    } finally {
      this.there = undefined;
    }
    return (result as { value: T }).value;
  }

  /**
   * What `body` declares is done by one host for all: the first one of the play that the run works on, or of each batch of `serial`.
   * The others wait here until it is done, and fail when it fails.
   * @returns what `body` returns: a late value, which all of them may take.
   */
  once<T>(name: string, body: () => Value<T>, options?: { readonly per?: "play" | "batch" }): Value<T>;
  once(name: string, body: () => unknown, options?: { readonly per?: "play" | "batch" }): void;
  once(name: string, body: () => unknown, { per = "play" }: { readonly per?: "play" | "batch" } = {}): Value<unknown> | undefined {
    const source = callSite();
    this.refuseThere("t.once", `once:${name}`);
    const id = `${this.scope.role}/once:${name}`;
    // A host inside could wait for one that cannot get in.
    if (this.laneAround !== undefined) throw new UsageError(`${id}: t.once cannot stand in a block with a lane (${this.laneAround})`, { source, hint: "put it before the block" });
    const { first, key, value } = this.scope.ledger.once(per, this.scope.role, name);
    const node = { type: "once" as const, id, role: this.scope.role, name, source, tags: new Set([...this.scope.tags, ...this.tagsAround]) };
    if (!first) {
      this.put({ ...node, items: [], done: value("done") });
      return value("result");
    }
    let result: Value<unknown> | undefined;
    const items = this.collect(this.tagsAround, () => {
      const given = body();
      if (given instanceof Value) result = given;
    });
    const done = Value.pending<unknown>(id);
    this.scope.ledger.export(this.scope.role, `${key} done`, done.value);
    if (result) this.scope.ledger.export(this.scope.role, `${key} result`, result);
    this.put({ ...node, items, done: done.value, settle: () => done.settle(true) });
    return result;
  }
}
