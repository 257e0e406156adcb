import type { HandlerNode, ResourceNode } from "../dsl/items.ts";
import type { Failure, Outcome } from "./events.ts";
import type { Look } from "./fragment.ts";

/** Told of each resource and handler that a check has judged, with what was seen of it on the host. */
export type Observe = (host: string, play: number, node: ResourceNode | HandlerNode, outcome: Outcome, look: Look | undefined) => void;

/** A saved plan, as a run that applies it sees it. Plays are given by their places in the playbook. */
export interface AppliedPlan {
  /** Whether a resource may be changed. */
  readonly permits: (host: string, play: number, id: string) => boolean;
  /** Whether a resource is still as it was when the plan was made. Asked of the first looks, as long as the run has changed nothing. */
  readonly holds: (host: string, play: number, node: ResourceNode, look: Look) => boolean;
  /** Hosts that take no part, and why. */
  readonly refused: ReadonlyMap<string, readonly Failure[]>;
}

export const STALE = "it is not as it was when the plan was made";
export const STALE_HINT = "make a new plan, and look at what it would change now";
