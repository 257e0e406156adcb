import type { Failure } from "../engine/events.ts";
import { STALE, STALE_HINT } from "../engine/planned.ts";
import type { PlanEntry, PlanFile } from "./file.ts";

type Found = Pick<PlanFile, "hosts" | "without">;

const keyOf = ({ play, id }: PlanEntry): string => `${play}\0${id}`;

/**
 * What differs between a plan and what the same check finds now, by host: such a host must not be touched.
 * @param now What a check found with the plan's salt.
 */
export function drift(plan: Found, now: Found): Map<string, Failure[]> {
  const drifted = new Map<string, Failure[]>();
  for (const [host, planned] of Object.entries(plan.hosts)) {
    const found = now.hosts[host];
    const failures = found ? compare(planned, found) : [{ message: `it cannot be planned any more: ${now.without[host] ?? "it is not in the playbook's plays"}` }];
    if (failures.length > 0) drifted.set(host, failures);
  }
  return drifted;
}

function compare(planned: readonly PlanEntry[], found: readonly PlanEntry[]): Failure[] {
  const now = new Map(found.map((entry) => [keyOf(entry), entry]));
  const failures = planned.flatMap((before): Failure[] => {
    const entry = now.get(keyOf(before));
    now.delete(keyOf(before));
    const why = entry ? difference(before, entry) : "it is not declared any more";
    return why === undefined ? [] : [{ resource: before.id, message: why, hint: STALE_HINT }];
  });
  return [...failures, ...[...now.values()].map(({ id }): Failure => ({ resource: id, message: "it is declared now, and the plan does not have it", hint: STALE_HINT }))];
}

function difference(before: PlanEntry, now: PlanEntry): string | undefined {
  if (before.wants !== now.wants) return "the playbook or its vars want something else now";
  if (before.look !== now.look) return STALE;
  if (before.outcome === now.outcome) return undefined;
  return `it was ${words[before.outcome]} when the plan was made, and is ${words[now.outcome]} now${now.cause === undefined ? "" : `: ${now.cause}`}`;
}

const words: Readonly<Record<PlanEntry["outcome"], string>> = { ok: "as declared", "would-change": "to be changed", unknown: "unknown", skipped: "left out" };
