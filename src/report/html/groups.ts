import type { Failure } from "../../engine/events.ts";
import type { Entry, Resource, RunRecord } from "../run-record.ts";

/** What happened in the same way to a resource on one host or several. */
export interface Group {
  /** The id of its element in the page. */
  readonly anchor: string;
  readonly entry: Entry;
  readonly hosts: string[];
  /** Of the slowest host. */
  seconds: number | undefined;
}

/** Every resource that is not as declared, or was made so, by resource in the order of the run. */
export class Groups {
  readonly failed: Group[] = [];
  readonly changed: Group[] = [];
  readonly #byEntry = new Map<Entry, Group>();

  constructor(record: RunRecord) {
    const byResource = new Map<Resource, Group[]>();
    for (const host of record.hosts.values()) {
      for (const [resource, entry] of host.entries) {
        if (entry.outcome === "ok" || entry.outcome === "skipped") continue;
        const known = byResource.get(resource) ?? [];
        byResource.set(resource, known);
        const group = known.find((other) => alike(other.entry, entry)) ?? this.#begun(known, entry);
        group.hosts.push(host.name);
        if (entry.seconds !== undefined) group.seconds = Math.max(group.seconds ?? 0, entry.seconds);
        this.#byEntry.set(entry, group);
      }
    }
    for (const resource of inOrder(byResource.keys())) for (const group of byResource.get(resource) ?? []) (group.entry.outcome === "failed" ? this.failed : this.changed).push(group);
  }

  of(entry: Entry): Group | undefined {
    return this.#byEntry.get(entry);
  }

  #begun(known: Group[], entry: Entry): Group {
    this.#count += 1;
    const group: Group = { anchor: `r${this.#count}`, entry, hosts: [], seconds: undefined };
    known.push(group);
    return group;
  }

  #count = 0;
}

function alike(a: Entry, b: Entry): boolean {
  return a.outcome === b.outcome && a.summary === b.summary && a.cause === b.cause && a.diff === b.diff && sameFailure(a.failure, b.failure);
}

function sameFailure(a: Failure | undefined, b: Failure | undefined): boolean {
  return a?.message === b?.message && a?.stderr === b?.stderr && a?.stdout === b?.stdout && a?.exitCode === b?.exitCode && a?.hint === b?.hint;
}

/** Play by play and role by role, as they were first heard of: hosts report at the same time, and each in its order. */
export function inOrder(resources: Iterable<Resource>): Resource[] {
  const groups = new Map<string, Resource[]>();
  for (const resource of resources) {
    const key = `${resource.play}\0${resource.role}`;
    groups.set(key, [...(groups.get(key) ?? []), resource]);
  }
  return [...groups.values()].flat();
}
