import { existsSync, statSync } from "node:fs";
import { cachedFile } from "../../artifacts/cache.ts";
import { artifactsIn } from "../../artifacts/find.ts";
import { badFile } from "../../artifacts/settle.ts";
import type { ResolvedPlay } from "../../engine/resolve.ts";
import { UsageError } from "../../errors/index.ts";
import { mirrored } from "../../resources/fetch.ts";

/** One file that hosts of a playbook need. */
export interface Wanted {
  readonly sha256: string;
  /** Where it may be fetched, mirrors applied: those of several regions may differ. Empty for a file. */
  readonly urls: readonly string[];
  /** On the controller, absolute. */
  readonly file: string | undefined;
  /** The vars that name it, such as `consul.artifact`. */
  readonly vars: readonly string[];
  readonly hosts: readonly string[];
}

/** Where one is. `damaged`: what the cache or the file holds has another sha256. */
export type State = "cached" | "file" | "missing" | "damaged";

export interface Standing {
  readonly state: State;
  /** Bytes, of what is there. */
  readonly bytes?: number;
  /** What is wrong with it. */
  readonly why?: string;
}

/**
 * What the vars of all plays name, each file once, in their order.
 * @throws UsageError for a URL with two sha256: one of them is wrong
 */
export function wantedBy(plays: readonly ResolvedPlay[]): Wanted[] {
  const found = new Map<string, { urls: Set<string>; file: string | undefined; vars: Set<string>; hosts: Set<string>; sha256: string }>();
  for (const { hosts, roles } of plays) {
    for (const host of hosts) {
      for (const { use, vars } of roles.get(host.name) ?? []) {
        for (const { artifact, path } of artifactsIn(vars)) {
          const { sha256, url, mirror, localFile } = artifact;
          const key = `${sha256} ${localFile ?? ""}`;
          const one = found.get(key) ?? { sha256, urls: new Set(), file: localFile, vars: new Set(), hosts: new Set() };
          if (url !== undefined) one.urls.add(mirrored(url, mirror));
          one.vars.add([use.role.name, ...path].join("."));
          one.hosts.add(host.name);
          found.set(key, one);
        }
      }
    }
  }
  const all = [...found.values()].map(({ urls, vars, hosts, ...rest }) => ({ ...rest, urls: [...urls], vars: [...vars], hosts: [...hosts] }));
  refuseTwoSums(all);
  return all;
}

function refuseTwoSums(all: readonly Wanted[]): void {
  const seen = new Map<string, Wanted>();
  for (const one of all) {
    for (const url of one.urls) {
      const other = seen.get(url);
      if (other) throw new UsageError(`${url} has two sha256: ${other.sha256} in ${other.vars.join(", ")} of ${other.hosts.join(", ")}, and ${one.sha256} in ${one.vars.join(", ")} of ${one.hosts.join(", ")}`, { hint: "one of them is wrong: compare with what its makers publish" });
      seen.set(url, one);
    }
  }
}

export function standingOf({ file, sha256 }: Wanted): Standing {
  const there = file ?? cachedFile(sha256);
  if (file === undefined && !existsSync(there)) return { state: "missing" };
  const bad = badFile(there, sha256);
  if (bad) return { state: "damaged", why: bad.message };
  return { state: file === undefined ? "cached" : "file", bytes: statSync(there).size };
}
