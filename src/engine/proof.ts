import type { ResourceNode } from "../dsl/items.ts";
import { PlanError } from "../resources/contract.ts";
import { HostFailed, phase, reportError } from "./host-context.ts";
import type { HostState } from "./host-state.ts";

/**
 * After changes, every resource is looked at once more and must have nothing left to do.
 * @throws HostFailed when one has; each is reported with what may have undone it.
 */
export async function prove(state: HostState): Promise<void> {
  if (state.applied.size === 0) return;
  phase(state.cx, "proving");
  if (!state.fresh) await state.sweep(state.nodes);
  refuseUndone(state, state.nodes);
}

/**
 * Proves what holds only for the time of a block; afterwards nobody asks for it any more.
 * @throws HostFailed
 */
export async function proveForNow(state: HostState, nodes: readonly ResourceNode[]): Promise<void> {
  if (nodes.some((node) => state.applied.has(node))) await state.sweep(nodes);
  refuseUndone(state, nodes);
  for (const node of nodes) state.exempt.add(node);
}

function refuseUndone(state: HostState, nodes: readonly ResourceNode[]): void {
  const undone = state.chosen(nodes).filter((node) => {
    if (!state.finished.has(node) || node.restores || state.exempt.has(node) || state.cx.outcomes.get(node.id) === "skipped") return false;
    const wants = stillWants(state, node);
    if (wants !== undefined) reportError(state.cx, node, new PlanError(`did not converge: ${wants}`, suspicion(state, node)));
    return wants !== undefined;
  });
  if (undone.length > 0) throw new HostFailed(`${undone.length} resources did not converge`, { host: state.cx.host });
}

function stillWants(state: HostState, node: ResourceNode): string | undefined {
  const look = state.cx.book.get(node);
  if (!look) return undefined;
  try {
    const change = node.kind.plan(node.args, look.seen, state.cx.kinds);
    return change && `it still wants: ${change.summary}`;
  } catch (error) {
    return (error as Error).message;
  }
}

function suspicion(state: HostState, node: ResourceNode): string {
  const later = state.nodes.slice(state.nodes.indexOf(node) + 1).filter((other) => state.applied.has(other));
  const suspects = later.filter((other) => other.kind.opaque || other.claims.some((claim) => node.claims.some((own) => own.target === claim.target)));
  if (suspects.length > 0) return `it may have been undone by ${suspects.map((other) => other.id).join(", ")}`;
  return state.applied.has(node) ? "its apply ended without an error, but left another state than its plan expects" : "something on the host changed it during the run";
}
