import type { Change, Observed, Prediction, Upstream } from "hawser";

/**
 * What a check says of something in a server when something that it needs would change. Where nothing is yet, all is made; a server that answers
 * is as it will be, since its services keep what they have; of one that is stopped nothing is known.
 * @param server Its name
 * @param fresh What is done where nothing is yet
 */
export function foreseen(server: string, seen: Observed, upstream: readonly Upstream[], fresh: string | false, plan: () => Change | undefined): Prediction {
  const change = seen.code === 0 ? plan() : undefined;
  if (seen.code === 0) return change ? { outcome: "would-change", change } : { outcome: "ok" };
  if (fresh !== false) return { outcome: "would-change", change: { summary: fresh } };
  return { outcome: "unknown", cause: `${server} does not answer, and ${upstream[0]?.id ?? "a need"} would change first` };
}
