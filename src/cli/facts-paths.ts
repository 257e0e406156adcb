import { plainSets } from "../engine/read-facts.ts";
import { UsageError } from "../errors/index.ts";
import { suggest } from "../inventory/index.ts";
import { recorded } from "../resources/recorded.ts";
import type { Facts } from "../resources/facts.ts";

/** A fact by its path, such as `os.major`. */
export type FactRow = readonly [path: string, value: string | number | boolean | readonly string[]];

/** Facts as plain data: sets are sorted lists. */
export function plainFacts(facts: Facts): Record<string, unknown> {
  return JSON.parse(JSON.stringify(facts, plainSets)) as Record<string, unknown>;
}

/** Every fact with its path. Lists of names stay lists; of other lists each entry has its number in the path. */
export function factRows(value: unknown, path = ""): FactRow[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return [[path, value]];
  if (typeof value !== "object" || value === null) return [[path, value as string | number | boolean]];
  return Object.entries(value).flatMap(([key, inner]) => factRows(inner, path === "" ? key : `${path}.${key}`));
}

/** Whether a path is one of the filters, below one of them, or matches one with `*`, which stands for any characters. */
export function matches(path: string, filters: readonly string[]): boolean {
  return filters.some((filter) => path.startsWith(`${filter}.`) || new RegExp(`^${filter.split("*").map((part) => part.replaceAll(/[$()+.?[\\\]^{|}]/g, String.raw`\$&`)).join(".*")}$`).test(path));
}

/** The facts that match, with what they lie in. */
export function filtered(value: unknown, filters: readonly string[], path = ""): unknown {
  if (path !== "" && matches(path, filters)) return value;
  if (typeof value !== "object" || value === null || (Array.isArray(value) && value.every((each) => typeof each === "string"))) return undefined;
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    const left = filtered(inner, filters, path === "" ? key : `${path}.${key}`);
    return left === undefined ? [] : [[key, left] as const];
  });
  if (kept.length === 0) return undefined;
  return Array.isArray(value) ? kept.map(([, inner]) => inner) : Object.fromEntries(kept);
}

/** @throws UsageError for a filter that no host can have */
export function checkFilters(filters: readonly string[]): void {
  const known = factRows(plainFacts(recorded("debian-12"))).map(([path]) => path.replace(/^addresses\.\d+\b/, "addresses.0"));
  for (const filter of filters) {
    // How many addresses a host has is its own affair.
    const asFirst = filter.replace(/^addresses\.\d+/, "addresses.0");
    if (known.some((path) => matches(path, [asFirst]))) continue;
    const near = suggest(filter, [...new Set(known.flatMap((path) => [path, path.split(".")[0] as string]))]);
    throw new UsageError(`no fact is called ${filter}`, { hint: near === undefined ? "hawser facts shows them all" : `did you mean ${near}?` });
  }
}
