import type { HostCounts } from "../engine/events.ts";

/** A host in one word: the worst that happened to it. `unfinished`: the run ended before all its resources were reached. */
export type HostState = "unreachable" | "failed" | "unfinished" | "unknown" | "would-change" | "changed" | "ok";

export function hostState(counts: HostCounts): HostState {
  if (counts.unreachable) return "unreachable";
  if (counts.failed > 0) return "failed";
  if (counts.notReached > 0) return "unfinished";
  if (counts.unknown > 0) return "unknown";
  if (counts.wouldChange > 0) return "would-change";
  return counts.changed > 0 ? "changed" : "ok";
}
