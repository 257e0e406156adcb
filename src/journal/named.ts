import { UsageError } from "../errors/index.ts";
import type { HostRecord, RunRecord } from "./record.ts";
import { runsIn } from "./store.ts";

/** Lists of hosts that the last run gives: `--limit @failed`. */
export const RUN_LISTS = ["failed", "unreachable", "changed", "unfinished"] as const;
export type RunList = (typeof RUN_LISTS)[number];

const belongs: Readonly<Record<RunList, (host: HostRecord, run: RunRecord) => boolean>> = {
  failed: (host) => host.result !== "unreachable" && host.failures.length > 0,
  unreachable: (host) => host.result === "unreachable",
  changed: (host) => host.changed.length > 0,
  unfinished: (host) => host.result !== "done",
};

/** The hosts of a list, by what a run's journal says. */
export function hostsOf(list: RunList, run: RunRecord): string[] {
  return [...run.hosts].filter(([, host]) => belongs[list](host, run)).map(([name]) => name);
}

/**
 * The hosts of a list, by the last run on an inventory.
 * @throws UsageError when there was no run, or the list is empty.
 */
export function lastHosts(list: RunList, folder: string, inventory: string): string[] {
  for (const run of runsIn(folder)) {
    if (run.header.inventory !== inventory || run.state === "refused") continue;
    const hosts = hostsOf(list, run);
    if (hosts.length > 0) return hosts;
    throw new UsageError(`@${list} names no host: the last run (${run.header.id}) has none`, { hint: `hawser runs show ${run.header.id}` });
  }
  throw new UsageError(`@${list} names no host: there was no run on this inventory`, { hint: `write @./${list} for a file of that name` });
}
