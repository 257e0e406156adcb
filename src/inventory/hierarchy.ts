import type { LoadContext } from "./load-context.ts";
import type { GroupDraft, Structure } from "./structure.ts";

/** A group of a loaded inventory. */
export interface InventoryGroup {
  readonly name: string;
  /** Groups directly below it. */
  readonly children: readonly string[];
  /** Groups directly above it; empty for `all` only. */
  readonly parents: readonly string[];
  /** Every host in it: first its own in the order listed, then those of its children, then of their children, level by level. */
  readonly hosts: readonly string[];
  /** The longest way up to `all`, in steps. */
  readonly depth: number;
  readonly priority: number;
}

/**
 * Completes the groups: everything is below `all`; a host that no other group lists is in `ungrouped`.
 *
 * Problems: a group below itself, `all` or `ungrouped` below another group, a group named like a host.
 * @returns the groups in the order of declaration, `all` first; empty when a problem makes the order meaningless.
 */
export function buildHierarchy(load: LoadContext, { groups, hosts }: Structure): Map<string, InventoryGroup> {
  checkNames(load, groups, hosts);
  if (!checkCycles(load, groups)) return new Map();

  const parents = new Map<string, string[]>([["all", []], ["ungrouped", ["all"]]]);
  for (const group of groups.values()) {
    for (const child of group.children.keys()) {
      // Either is reported above; following them here would never end.
      if (child !== "all" && child !== "ungrouped") parents.set(child, [...(parents.get(child) ?? []), group.name]);
    }
  }
  for (const name of groups.keys()) if (!parents.has(name)) parents.set(name, ["all"]);

  const grouped = new Set([...groups.values()].filter(({ name }) => name !== "all" && name !== "ungrouped").flatMap((group) => [...group.hosts]));
  const ungrouped = [...new Set([...(groups.get("ungrouped")?.hosts ?? []), ...hosts.keys()])].filter((name) => !grouped.has(name));
  const order = [...new Set(["all", "ungrouped", ...groups.keys()])];

  const depths = new Map<string, number>();
  const depth = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const found = Math.max(-1, ...(parents.get(name) ?? []).map(depth)) + 1;
    depths.set(name, found);
    return found;
  };
  // What is written below `all` comes before what is there for want of another parent; both as in Ansible.
  const belowAll = [...new Set(["ungrouped", ...(groups.get("all")?.children.keys() ?? []), ...order.filter((name) => parents.get(name)?.includes("all"))])];
  const childrenOf = (name: string): readonly string[] => (name === "all" ? belowAll : [...(groups.get(name)?.children.keys() ?? [])]);
  const ownHosts = (name: string): Iterable<string> => (name === "ungrouped" ? ungrouped : (groups.get(name)?.hosts ?? []));
  const hostsOf = (name: string): readonly string[] => {
    // A set that grows while it is walked: level by level, each group once.
    const below = new Set([name]);
    for (const group of below) for (const child of childrenOf(group)) below.add(child);
    return [...new Set([...below].flatMap((group) => [...ownHosts(group)]))];
  };

  return new Map(
    order.map((name) => [
      name,
      { name, children: childrenOf(name), parents: parents.get(name) ?? [], hosts: hostsOf(name), depth: depth(name), priority: groups.get(name)?.priority ?? 1 },
    ]),
  );
}

/** From the weakest to the strongest: nearer to `all`, then lower priority, then the name that sorts first. */
export function byPrecedence(a: InventoryGroup, b: InventoryGroup): number {
  return a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : 1);
}

function checkNames(load: LoadContext, groups: Structure["groups"], hosts: Structure["hosts"]): void {
  for (const { name, place } of hosts.values()) {
    const group = groups.get(name);
    const reserved = name === "all" || name === "ungrouped";
    if (group === undefined && !reserved) continue;
    // `[bastion]` with the host bastion alone is common, and means the same either way.
    if (group !== undefined && group.hosts.size === 1 && group.hosts.has(name) && group.children.size === 0) continue;
    const hint = group === undefined ? "every inventory has a group of that name" : `the group is on line ${group.place.line}; a pattern could not tell them apart`;
    load.problem(place, `"${name}" is both a host and a group`, hint);
  }
  for (const group of groups.values()) {
    for (const [child, place] of group.children) {
      if (child === "all") load.problem(place, "all cannot be a child: every group is below it");
      else if (child === "ungrouped" && group.name !== "all") load.problem(place, "ungrouped cannot be a child: its hosts are those that no group lists");
    }
  }
  const [child] = groups.get("ungrouped")?.children ?? [];
  if (child !== undefined) load.problem(child[1], "ungrouped cannot have children");
}

/** Reports each cycle once, at the line that closes it. @returns false when there is one. */
function checkCycles(load: LoadContext, groups: Structure["groups"]): boolean {
  const done = new Set<string>();
  let sound = true;
  const visit = (group: GroupDraft, path: readonly string[]): void => {
    for (const [child, place] of group.children) {
      const next = groups.get(child);
      if (path.includes(child)) {
        sound = false;
        const cycle = [...path.slice(path.indexOf(child)), child].join(" > ");
        if (child !== "all") load.problem(place, `group ${child} is its own descendant: ${cycle}`);
      } else if (next !== undefined && !done.has(child)) visit(next, [...path, child]);
    }
    done.add(group.name);
  };
  for (const group of groups.values()) if (!done.has(group.name)) visit(group, [group.name]);
  return sound;
}
