import { setTimeout as delay } from "node:timers/promises";
import type { HandlerNode, ResourceNode } from "../dsl/items.ts";
import { HawserError } from "../errors/index.ts";
import type { Change, HostTools } from "../resources/contract.ts";
import { Sh } from "../shell/index.ts";
import { fragment, type Look } from "./fragment.ts";
import { type HostContext, HostFailed, phase, report, reportError } from "./host-context.ts";
import type { HostState } from "./host-state.ts";
import { runKeeping } from "./kept.ts";
import { markerOf, markersOf } from "./queue.ts";
import { reboot } from "./reboot.ts";
import { markerWord } from "./script.ts";
import { ConnectionLost } from "./session.ts";

/** What an imperative apply works with. */
export function toolsFor(cx: HostContext, user?: string): HostTools {
  return {
    $: cx.remote.session.$,
    sh: async (command: Sh) => {
      const [look] = await cx.remote.look([fragment(command, user, cx.redactor.add)]);
      return (look as Look).seen;
    },
    reconnect: async (within: number) => {
      await cx.remote.session.reconnect(within);
      await cx.renew();
    },
  };
}

/** Applies a change that shell text in a batch cannot make: a function, or a reboot. */
export async function applyAlone(state: HostState, node: ResourceNode, change: Change): Promise<void> {
  const { cx } = state;
  phase(cx, "applying", node.id);
  state.fresh = false;
  const began = performance.now();
  try {
    await markPending(cx, node.notify);
    const tools = toolsFor(cx, node.user);
    const { run } = change;
    if (run && node.makes) await runKeeping(cx, node, node.makes, async () => await timed(node, () => run(tools)), toolsFor(cx));
    else if (run) await retried(node, () => timed(node, () => run(tools)));
    else if (change.reboots && change.apply) await reboot(cx, fragment(change.apply, node.user, cx.redactor.add), change.reboots.withinSeconds);
  } catch (error) {
    state.fail(node, error);
  }
  state.changed(node, change, (performance.now() - began) / 1000);
  await state.sweep();
}

/** As often as the node's `retries` say; what is made only once is not made again. */
async function retried<T>({ retries, delay: seconds }: ResourceNode, run: () => Promise<T>): Promise<T> {
  for (let left = retries; ; left--) {
    try {
      return await run();
    } catch (error) {
      if (left <= 0 || error instanceof ConnectionLost) throw error;
    }
    await delay(seconds * 1000);
  }
}

/** @throws HawserError when it takes longer than the node's time-out; zx commands that still run then are left to the host. */
async function timed<T>({ timeout }: ResourceNode, run: () => Promise<T>): Promise<T> {
  if (timeout === undefined) return await run();
  const stop = new AbortController();
  const late = delay(timeout * 1000, undefined, { signal: stop.signal }).then(() => {
    throw new HawserError(`did not end within ${timeout} s`, { hint: "give it a longer `applyTimeout`, or look at what it waits for" });
  });
  late.catch(() => {});
  try {
    return await Promise.race([run(), late]);
  } finally {
    stop.abort();
  }
}

/** Runs a handler that is a function. @throws HostFailed */
export async function handleAlone(state: HostState, handler: HandlerNode, run: (host: HostTools) => Promise<void>): Promise<void> {
  const { cx } = state;
  phase(cx, "applying", handler.id);
  state.fresh = false;
  const began = performance.now();
  try {
    await run(toolsFor(cx));
    await forget(cx, [handler]);
  } catch (error) {
    reportError(cx, handler, error);
    throw new HostFailed(`${handler.id} failed`, { host: cx.host, cause: error });
  }
  report(cx, handler, { outcome: "changed", change: { summary: "ran" }, seconds: (performance.now() - began) / 1000 });
  await state.sweep();
}

const words = (handlers: readonly HandlerNode[]): string => handlers.flatMap((handler) => markersOf(handler).map(markerWord)).join(" ");

async function markPending(cx: HostContext, handlers: readonly HandlerNode[]): Promise<void> {
  if (handlers.length === 0) return;
  for (const handler of handlers) cx.pending.add(handler.id);
  const made = await toolsFor(cx).sh(Sh.raw(`mkdir -p "$hw_state"/pending && touch ${handlers.map((handler) => markerWord(markerOf(handler))).join(" ")}`));
  if (made.code !== 0) throw new HawserError("the markers of its handlers could not be written", { stderr: made.err });
}

/** The handlers are owed no more. */
export async function forget(cx: HostContext, handlers: readonly HandlerNode[]): Promise<void> {
  if (handlers.length === 0) return;
  for (const handler of handlers) cx.pending.delete(handler.id);
  await toolsFor(cx).sh(Sh.raw(`rm -f ${words(handlers)}`));
}
