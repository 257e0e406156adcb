import type { Serial } from "../dsl/play.ts";

/** How many hosts one step of `serial` takes; percentages are rounded down, but take at least one host. */
function size(step: number | string, total: number): number {
  return typeof step === "number" ? step : Math.max(1, Math.floor((total * Number.parseFloat(step)) / 100));
}

/** The hosts in batches that change one after the other. The last step of a list repeats. */
export function serialBatches<T>(hosts: readonly T[], serial: Serial | undefined): T[][] {
  if (serial === undefined) return [[...hosts]];
  const steps = [serial].flat() as (number | string)[];
  const batches: T[][] = [];
  for (let at = 0, i = 0; at < hosts.length; i++) {
    const step = steps[Math.min(i, steps.length - 1)] as number | string;
    const count = size(step, hosts.length);
    batches.push(hosts.slice(at, at + count));
    at += count;
  }
  return batches;
}
