import type { Play } from "../dsl/play.ts";
import type { HostRun } from "./host-run.ts";

/** Why a play ends for all its hosts, and what to try. */
export interface Halt {
  readonly why: string;
  readonly hint?: string;
}

const hasFailed = (run: HostRun): boolean => run.ended === "failed" || run.ended === "unreachable";
const names = (runs: readonly HostRun[]): string => runs.map(({ name }) => name).join(", ");

/** After a batch: more of it has failed than `maxFailPercentage` allows; with a gate and no budget, any. */
export function batchHalt(play: Play, batch: readonly HostRun[]): Halt | undefined {
  const limit = play.maxFailPercentage ?? (play.gate && play.maxFailures === undefined ? 0 : undefined);
  const failed = batch.filter(hasFailed);
  if (limit === undefined || (failed.length * 100) / Math.max(1, batch.length) <= limit) return undefined;
  return {
    why: `${failed.length} of the ${batch.length} hosts of a batch failed (${names(failed)}), more than ${limit}%: the run ends here`,
    ...(play.maxFailPercentage === undefined && { hint: "a play with a gate goes on after a failed host only when maxFailures or maxFailPercentage allows it" }),
  };
}

/** At any time: more of the play's hosts have failed or are unreachable than `maxFailures` or `anyErrorsFatal` allows. */
export function playHalt({ maxFailures, anyErrorsFatal }: Play, runs: readonly HostRun[]): Halt | undefined {
  const budget = anyErrorsFatal ? 0 : maxFailures;
  if (budget === undefined) return undefined;
  const failed = runs.filter(hasFailed);
  const over = typeof budget === "number" ? failed.length > budget : (failed.length * 100) / runs.length > Number.parseFloat(budget);
  if (!over) return undefined;
  return { why: `${failed.length} of ${runs.length} hosts failed or were unreachable (${names(failed)}), and ${anyErrorsFatal ? "anyErrorsFatal allows none" : `maxFailures allows ${budget}`}: the run ends here` };
}
