import type { HostCounts } from "../engine/events.ts";
import { document, entryKeys, failureJson } from "./report-json.ts";
import type { RunReport } from "./report-file.ts";
import type { Entry, HostRecord, RunRecord } from "./run-record.ts";

export const DRIFT_SCHEMA = "hawser/drift/1";

/** How far a host is from what is declared. `unknown` counts as drift: it follows from something that would change. */
export type DriftState = "ok" | "drift" | "failed" | "unreachable" | "unfinished";

export function driftState(counts: HostCounts | undefined): DriftState {
  if (counts === undefined) return "unfinished";
  if (counts.failed > 0) return "failed";
  if (counts.unreachable) return "unreachable";
  if (counts.notReached > 0) return "unfinished";
  return counts.wouldChange + counts.unknown + counts.handlersPending > 0 ? "drift" : "ok";
}

export const isDrift = ({ outcome }: Entry): boolean => outcome === "would-change" || outcome === "unknown";

/**
 * What differs, host by host in the order of their names, and nothing that changes from night to night: two runs that find the same
 * write the same bytes.
 */
export function* driftJson({ record, regions, cwd, broke }: RunReport): Iterable<string> {
  const { recap } = record;
  const hosts = [...record.hosts.values()].toSorted((a, b) => compare(a.name, b.name));
  const states = hosts.map(({ name }) => driftState(recap?.hosts[name]));
  const having = (state: DriftState): number => states.filter((each) => each === state).length;
  const head = {
    schema: DRIFT_SCHEMA,
    playbook: record.start?.playbook ?? "",
    result: having("failed") > 0 || broke !== undefined || (recap?.result === "failed" && having("unreachable") === 0) ? "failed" : having("unreachable") > 0 ? "unreachable" : having("drift") > 0 ? "drift" : "ok",
    ...(recap?.interrupted === true && { interrupted: true }),
    ...(broke !== undefined && { broke }),
    counts: { hosts: hosts.length, ok: having("ok"), drift: having("drift"), failed: having("failed"), unreachable: having("unreachable"), unfinished: having("unfinished") },
    failures: record.failures.map((failure) => failureJson(failure, cwd)),
  };
  const regionOf = new Map(regions.map(({ name, region }) => [name, region]));
  yield* document(head, "hosts", hosts, (host) => hostJson(host, { region: regionOf.get(host.name) ?? "", state: driftState(recap?.hosts[host.name]), cwd }));
}

function hostJson({ name, entries, failures }: HostRecord, { region, state, cwd }: { region: string; state: DriftState; cwd: string }): object {
  const sorted = [...entries.values()].toSorted((a, b) => compare(a.resource.id, b.resource.id) || compare(a.resource.play, b.resource.play));
  return {
    host: name,
    region,
    state,
    drift: sorted.filter(isDrift).map((entry) => entryKeys(entry, cwd)),
    failures: [...failures.map((failure) => failureJson(failure, cwd)), ...sorted.flatMap((entry) => (entry.outcome === "failed" ? [entryKeys(entry, cwd)] : []))],
  };
}

/** By code units, so that no locale has a say. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Hosts that differ in a resource, and how; by resource in the order of the run. */
export interface Drifted {
  readonly id: string;
  readonly hosts: number;
  /** How many have it, as far as they were looked at. */
  readonly of: number;
  readonly variants: readonly { readonly entry: Entry; readonly hosts: readonly string[] }[];
}

export function driftedResources(record: RunRecord): Drifted[] {
  const byId = new Map<string, { of: Set<string>; hosts: Set<string>; variants: { entry: Entry; hosts: string[] }[] }>();
  for (const host of record.hosts.values()) {
    for (const entry of host.entries.values()) {
      const { id } = entry.resource;
      const known = byId.get(id) ?? { of: new Set(), hosts: new Set(), variants: [] };
      byId.set(id, known);
      known.of.add(host.name);
      if (!isDrift(entry)) continue;
      known.hosts.add(host.name);
      const alike = known.variants.find(({ entry: other }) => other.outcome === entry.outcome && other.summary === entry.summary && other.cause === entry.cause && other.diff === entry.diff);
      if (alike) alike.hosts.push(host.name);
      else known.variants.push({ entry, hosts: [host.name] });
    }
  }
  return [...byId].filter(([, { hosts }]) => hosts.size > 0).map(([id, { of, hosts, variants }]) => ({ id, hosts: hosts.size, of: of.size, variants }));
}
