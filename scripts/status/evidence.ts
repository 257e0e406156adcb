import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** What a role has to go through on real hosts, and how the page calls it. */
export const STEPS = {
  apply: "applied from nothing",
  again: "second run changed=0",
  check: "check = apply",
  drift: "drift repaired",
  reboot: "reboot survived",
  verify: "verify passed",
  assertions: "assertions seen to fail",
  drill: "drill",
} as const;

export type Step = keyof typeof STEPS;

/**
 * `skipped`: the test leaves it out, for the reason given. `unavailable`: the machine that ran the test lacks what it takes, which
 * says nothing about the role and takes the place of no other result.
 */
export type Result = "passed" | "failed" | "skipped" | "unavailable";

/** A host that a step ran on. */
export interface EvidenceHost {
  readonly name: string;
  /** As its os-release says. */
  readonly os: string;
  readonly family: "debian" | "el";
  /** It has the family's package manager, and is not a system of that family. */
  readonly like?: true;
}

/** The server that a role set up: what it says of itself. */
export interface EvidenceServer {
  readonly name: string;
  readonly version: string;
  /** It only answers as the real one would: what it is. */
  readonly standIn?: string;
}

/** What one step of one test has shown of one role. */
export interface Evidence {
  readonly role: string;
  /** Which of the role's servers, where it has a choice of them: a row of its own. Default: the role's usual one. */
  readonly backend?: string;
  readonly step: Step;
  readonly result: Result;
  /** Why it was skipped or is unavailable, or how it failed. */
  readonly reason?: string;
  readonly figures?: Readonly<Record<string, number | string>>;
  readonly hosts: readonly EvidenceHost[];
  readonly server?: EvidenceServer;
  /** The test's file, from the repository's root. */
  readonly test: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** Of the repository; with `+` where files differed from it. */
  readonly commit: string;
  /** Git's id of the role's folder, which says whether the role is still the one that was tried. */
  readonly tree: string;
}

/** Where the evidence is kept, one file a role. */
export const FOLDER = "docs/status";

/** All that is kept, by role. */
export function kept(root: string): Map<string, readonly Evidence[]> {
  const folder = path.join(root, FOLDER);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")).sort() : [];
  return new Map(files.map((name) => [path.basename(name, ".json"), JSON.parse(readFileSync(path.join(folder, name), "utf8")) as Evidence[]]));
}

/** What tests wrote into a folder, in the order of the files' names. @throws Error that names a line which is none */
export function written(folder: string): Evidence[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl")).sort();
  return files.flatMap((name) =>
    readFileSync(path.join(folder, name), "utf8").split("\n").flatMap((line, i) => {
      if (line === "") return [];
      try {
        return [JSON.parse(line) as Evidence];
      } catch (error) {
        throw new Error(`${path.join(folder, name)}:${i + 1} is no line of evidence: cut off while it was written?`, { cause: error });
      }
    }),
  );
}

const keyOf = ({ step, test }: Evidence): string => `${Object.keys(STEPS).indexOf(step)} ${test}`;

/** The newest result of each step and test takes the place of what was known, unless the machine could not run it. */
export function merged(before: readonly Evidence[], after: readonly Evidence[]): Evidence[] {
  const found = new Map(before.map((each) => [keyOf(each), each]));
  for (const each of after) if (each.result !== "unavailable" || (found.get(keyOf(each))?.result ?? "unavailable") === "unavailable") found.set(keyOf(each), each);
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
}

/** Adds what tests have written to what is kept. @returns the roles whose evidence is new */
export function take(root: string, fresh: readonly Evidence[]): string[] {
  const known = kept(root);
  const roles = [...new Set(fresh.map(({ role }) => role))].sort();
  mkdirSync(path.join(root, FOLDER), { recursive: true });
  for (const role of roles) {
    const file = path.join(root, FOLDER, `${role}.json`);
    writeFileSync(`${file}.new`, `${JSON.stringify(merged(known.get(role) ?? [], fresh.filter((each) => each.role === role)), undefined, 1)}\n`);
    renameSync(`${file}.new`, file);
  }
  return roles;
}
