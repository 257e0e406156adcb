import type { HandlerNode, ResourceNode } from "../dsl/items.ts";
import type { Change } from "../resources/contract.ts";
import type { Secret } from "../shell/index.ts";
import { digest, fragment, type Fragment, type Look } from "./fragment.ts";
import type { Step } from "./script.ts";

/** A resource in a batch: with a change to apply, or only to be looked at again because something before it changes. */
export interface Queued {
  readonly node: ResourceNode;
  readonly look: Fragment;
  readonly planned: Look;
  readonly change?: Change;
}

/** One step of a batch, and the operation that it came from. */
export interface QueuedStep {
  /** Index of the first operation in it. */
  readonly op: number;
  readonly resources: Queued[];
  readonly handler?: HandlerNode;
  apply?: Fragment;
}

/** The file name of a handler's marker on the host; readable, and reversible. */
export const markerOf = (handler: { readonly id: string }): string => encodeURIComponent(handler.id);
/** Under its own name and, where it was renamed, under the earlier one. */
export const markersOf = (handler: HandlerNode): string[] => [handler.id, handler.formerly].flatMap((id) => (id === undefined ? [] : [markerOf({ id })]));
export const handlerIdOf = (marker: string): string => decodeURIComponent(marker);

/** Adds a resource to the batch; a change that merges with the last step's becomes one command with it. */
export function enqueue(steps: QueuedStep[], op: number, queued: Queued, onReveal: (secret: Secret) => void): void {
  const last = steps.at(-1);
  const merge = queued.change?.merge;
  const lastMerge = last?.resources.at(-1)?.change?.merge;
  if (last && merge && lastMerge && merge.key === lastMerge.key && last.resources[0]?.node.user === queued.node.user) {
    last.resources.push(queued);
    const items = last.resources.map((resource) => resource.change?.merge?.item ?? "");
    last.apply = fragment(merge.apply(items), queued.node.user, onReveal);
    return;
  }
  const apply = queued.change?.apply;
  steps.push({ op, resources: [queued], ...(apply && { apply: fragment(apply, queued.node.user, onReveal) }) });
}

/** Longer outputs are compared by their digest: a process more on the host, but fewer bytes to it. Characters. */
const SHORT = 200;

/** What a short look printed, exactly; undefined for bytes that are no text. */
function shortOf({ seen: { out, code }, digest: whole }: Look): string | undefined {
  return out.length <= SHORT && !out.includes("\0") && digest(out, code) === whole ? out : undefined;
}

/** The host's side of a queued step. */
export function stepOf(step: QueuedStep, index: number): Step {
  const [first] = step.resources;
  return {
    index,
    guards: step.resources.map(({ node, look, planned }) => ({ look, digest: planned.digest, output: shortOf(planned), compares: node.kind.compares ?? "output", code: planned.seen.code })),
    notifies: [...new Set(step.resources.flatMap(({ node, change }) => (change ? node.notify.map(markerOf) : [])))],
    uploads: step.resources.flatMap(({ change }) => (change?.uploads ?? []).map(({ name }) => name)),
    retries: first?.node.retries ?? 0,
    delay: first?.node.delay ?? 0,
    ...(step.apply && { apply: step.apply }),
    ...(step.handler && { handler: markersOf(step.handler) }),
  };
}
