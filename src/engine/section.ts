import { everyResource, type OnNode, type ResourceNode } from "../dsl/items.ts";
import type { Value } from "../shell/index.ts";
import { HawserError, UsageError } from "../errors/index.ts";
import type { Guest } from "./guests.ts";
import { stampOf } from "./guests.ts";
import { type HostContext, HostFailed, HostStopped, phase, reportError, waitFor } from "./host-context.ts";
import { program, type Op } from "./program.ts";

/** What is shared by everything that one host does on another. */
export function contextOn(cx: HostContext, node: OnNode, guest: Guest): HostContext {
  const { run, book, kinds } = guest;
  for (const { id, formerly } of node.handlers) if (formerly !== undefined && run.pending.delete(formerly)) run.pending.add(id);
  return {
    ...cx,
    kinds,
    remote: run.remote,
    stage: run.stage,
    book,
    kept: undefined,
    handlers: node.handlers,
    pending: run.pending,
    renew: () => cx.guests.renew(guest, cx.rolesOf(node.host)),
  };
}

/** What a section does, its handlers last. */
export function opsOn(node: OnNode): Op[] {
  return [...program(node.items, node.handlers), { type: "handlers", handlers: node.handlers }];
}

/**
 * Does a host's work on another one while no other host is at work there. All values are known before the turn begins: whoever has
 * it waits for nobody, so hosts that work on one another cannot wait for one another.
 * @throws HostFailed when it failed, which was reported; HostStopped
 */
export async function takeTurn(cx: HostContext, node: OnNode, work: (inner: HostContext) => Promise<void>): Promise<void> {
  const guest = cx.guests.get(node.host);
  const nodes = everyResource(node.items);
  await waitForValues(cx, nodes);
  cx.fork.release();
  phase(cx, "waiting", `for its turn on ${node.host}`);
  await guest.turn.acquire();
  await cx.fork.acquire();
  const before = cx.counts.changed + cx.counts.failed;
  try {
    const inner = { ...contextOn(cx, node, guest), turnOn: node.host };
    if (guest.looked.get(node) !== stampOf(guest, cx)) {
      phase(cx, "probing", `on ${node.host}`);
      const wanted = guest.book.fragments(nodes.filter((each) => cx.skips(each) === undefined));
      guest.book.record(wanted, await inner.remote.look(wanted));
    }
    await work(inner);
  } catch (error) {
    if (error instanceof HostFailed || error instanceof HostStopped || error instanceof UsageError) throw error;
    // The other host is lost, not this one.
    const first = nodes.find(({ id }) => !cx.outcomes.has(id)) ?? nodes[0];
    if (first) reportError(cx, first, new HawserError(`on ${node.host}: ${(error as Error).message}`, { cause: error, ...(error instanceof HawserError && error.hint !== undefined && { hint: error.hint }) }));
    throw new HostFailed(`what ${cx.host} does on ${node.host} failed`, { host: cx.host, cause: error });
  } finally {
    if (cx.counts.changed + cx.counts.failed > before) guest.work += 1;
    guest.looked.delete(node);
    guest.turn.release();
  }
}

/** Those of its own reads are known in the course of it. */
async function waitForValues(cx: HostContext, nodes: readonly ResourceNode[]): Promise<void> {
  const made = new Set(nodes.flatMap(({ produces }) => (produces ? [produces.state] : [])));
  for (const node of nodes) {
    const values: readonly Value<unknown>[] = [...node.values, ...Object.values(node.uses)];
    for (const value of values) {
      if (cx.skips(node) !== undefined || made.has(cx.hub.sourceOf(value).state)) continue;
      await waitFor(cx, value, node).catch((error: unknown) => {
        reportError(cx, node, error);
        throw new HostFailed(`${node.id} failed`, { host: cx.host, cause: error });
      });
    }
  }
}
