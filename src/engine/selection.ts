import type { ResourceNode } from "../dsl/items.ts";
import { UsageError } from "../errors/index.ts";
import { suggest } from "../inventory/index.ts";

/** Which part of the playbook a run is about. Everything absent means all of it. */
export interface Selection {
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  readonly roles?: readonly string[];
  /** A resource's id, or its part after the role. */
  readonly startAt?: string;
}

/** Why a resource is left out, or undefined when it is part of the run. */
export type Skips = (node: ResourceNode) => string | undefined;

/** The role's name without the instance. */
const roleName = (instance: string): string => instance.replace(/\[.*\]$/, "");

function byTags(node: ResourceNode, { tags, skipTags }: Selection): string | undefined {
  if (skipTags?.some((tag) => node.tags.has(tag))) return "skipped by --skip-tags";
  if (tags && !tags.includes("all")) {
    if (tags.some((tag) => node.tags.has(tag))) return undefined;
    return node.tags.has("always") && !node.tags.has("never") ? undefined : "not among --tags";
  }
  return node.tags.has("never") ? "tagged never" : undefined;
}

/**
 * Decides resource by resource, in the order of declaration. Reads that a chosen resource's values come from are always made.
 * @param all The host's resources of the play, in order; `--start-at` looks for its beginning there.
 */
export function selectNodes(selection: Selection, all: readonly ResourceNode[]): Skips {
  const reasons = new Map<ResourceNode, string>();
  let started = selection.startAt === undefined || !all.some((node) => matchesId(node, selection.startAt as string));
  for (const node of all) {
    if (!started && matchesId(node, selection.startAt as string)) started = true;
    const role = selection.roles && !selection.roles.some((wanted) => wanted === node.role || wanted === roleName(node.role)) ? "not of --role" : undefined;
    const reason = (started ? undefined : "before --start-at") ?? role ?? byTags(node, selection);
    if (reason !== undefined && node.kind.kind !== "read") reasons.set(node, reason);
  }
  const byId = new Map(all.map((node) => [node.id, reasons.get(node)]));
  return (node) => (byId.has(node.id) ? byId.get(node.id) : byTags(node, selection));
}

export function matchesId(node: ResourceNode, wanted: string): boolean {
  return node.id === wanted || node.id.slice(node.id.indexOf("/") + 1) === wanted;
}

/** @throws UsageError with the nearest right name when a name of the selection matches nothing on any host. */
export function checkSelection(selection: Selection, nodes: readonly ResourceNode[], roleNames: readonly string[]): void {
  checkRoles(selection, roleNames);
  const tags = [...new Set(nodes.flatMap((node) => [...node.tags]))];
  for (const [option, wanted] of [["--tags", selection.tags], ["--skip-tags", selection.skipTags]] as const) {
    for (const tag of wanted ?? []) {
      if (!["all", "always", "never"].includes(tag) && !tags.includes(tag)) throw unknown(option, tag, tags);
    }
  }
  const start = selection.startAt;
  if (start !== undefined && !nodes.some((node) => matchesId(node, start))) throw unknown("--start-at", start, nodes.map((node) => (start.startsWith(`${node.role}/`) ? node.id : node.id.slice(node.id.indexOf("/") + 1))));
}

/** The part that needs no host: --role. */
export function checkRoles(selection: Selection, roleNames: readonly string[]): void {
  for (const role of selection.roles ?? []) {
    if (!roleNames.some((name) => name === role || roleName(name) === role)) throw unknown("--role", role, roleNames);
  }
}

function unknown(option: string, word: string, known: readonly string[]): UsageError {
  const near = suggest(word, known);
  return new UsageError(`${option} ${word} matches nothing`, { hint: near === undefined ? `known: ${known.slice(0, 12).join(", ") || "none"}` : `did you mean ${near}?` });
}
