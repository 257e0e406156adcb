import type { Failure } from "../engine/events.ts";
import type { AppliedPlan } from "../engine/planned.ts";
import { Digester } from "./digest.ts";
import type { PlanEntry, PlanFile } from "./file.ts";

/**
 * What a plan allows, for the run that applies it.
 * @param before A run that has applied a part of it: where it has, the hosts are not as the plan saw them.
 */
export function appliedPlan(plan: PlanFile, refused: ReadonlyMap<string, readonly Failure[]>, before?: { readonly touched: readonly string[] }): AppliedPlan {
  const digester = new Digester(plan.salt);
  const entries = new Map(Object.entries(plan.hosts).flatMap(([host, list]) => list.map((entry): [string, PlanEntry] => [`${host}\0${entry.play}\0${entry.id}`, entry])));
  const find = (host: string, play: number, id: string): PlanEntry | undefined => entries.get(`${host}\0${play}\0${id}`);
  return {
    refused,
    // What a check does not see is in no plan: rescues, and lists that are known only during the run.
    permits: (host, play, id) => {
      const entry = find(host, play, id);
      return entry === undefined || entry.outcome === "would-change" || entry.outcome === "unknown";
    },
    holds: (host, play, node, look) => {
      const planned = before?.touched.includes(host) ? undefined : find(host, play, node.id)?.look;
      return planned === undefined || digester.of(node, look).look === planned;
    },
  };
}
