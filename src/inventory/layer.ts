import type { LoadContext } from "./load-context.ts";
import { readMerged, type Aliased, type ReadSettings } from "./merged-var.ts";
import { ALIASES, UNSUPPORTED, type MergedVar } from "./settings.ts";
import { describe, isEmpty, type Entry, type Mapping, type Tree } from "./tree.ts";

/** Variables that were written together: a group's, a host's, a file's or an extra variable. */
export interface Layer {
  /** Short, relative to the inventory: `hosts.yml group la`, `group_vars/la.yml`, `-e port`. */
  readonly label: string;
  readonly entries: ReadonlyMap<string, Entry>;
  /** The checked settings under `ssh` and `become`. */
  readonly settings: Readonly<Record<MergedVar, ReadSettings>>;
}

const NAME = /^[A-Za-z_][\w-]*$/;

/** Keys that belong to a group; as a host's variable they are a sign of wrong indentation. */
const GROUP_KEYS = new Set(["hosts", "children", "vars"]);

/**
 * Checks the variables of one layer and brings `ssh`, `become` and Ansible's names for the same into one form.
 *
 * `base` is where relative paths in it start; default the inventory directory.
 */
export function makeLayer(load: LoadContext, label: string, vars: Mapping, base: string = load.root): Layer {
  const entries = new Map<string, Entry>();
  for (const [name, entry] of vars.entries) {
    if (!NAME.test(name)) load.problem(entry.key, `"${name}" is not a variable name`, "letters, digits, _ and - are allowed, and the first must not be a digit");
    else if (GROUP_KEYS.has(name)) load.problem(entry.key, `"${name}" belongs to a group and cannot be a variable`, "variables of a host stand directly below its name");
    else entries.set(name, entry);
  }
  checkRegion(load, entries.get("region"));
  for (const [name, { key, tree }] of entries) {
    if (UNSUPPORTED.has(name)) load.warn(key, `${name} is not used`, "hawser runs no ssh program; write jump hosts and keys under ssh:");
    warnOfJinja(load, tree);
  }
  const ssh = readMerged(load, "ssh", entries, aliased(entries, "ssh"), base);
  const become = readMerged(load, "become", entries, aliased(entries, "become"), base);
  return { label, entries, settings: { ssh, become } };
}

function aliased(entries: ReadonlyMap<string, Entry>, wanted: MergedVar): Map<string, Aliased> {
  const found = new Map<string, Aliased>();
  for (const [name, entry] of entries) {
    const [merged, setting] = ALIASES.get(name) ?? [];
    if (merged === wanted && setting !== undefined) found.set(name, { ...entry, setting });
  }
  return found;
}

function checkRegion(load: LoadContext, entry: Entry | undefined): void {
  if (entry === undefined || isEmpty(entry.tree)) return;
  const { tree } = entry;
  if (tree.kind !== "leaf" || typeof tree.value !== "string" || !/^[\w.-]+$/.test(tree.value)) {
    load.problem(entry.key, `region must be a short name such as "la", not ${describe(tree)}`);
  }
}

/** Ansible would fill `{{ name }}` in. `{{ $x }}` and `{{ .x }}` are Go templates, common in alert rules, and meant to stay. */
function warnOfJinja(load: LoadContext, tree: Tree): void {
  if (tree.kind === "leaf") {
    if (typeof tree.value === "string" && /\{\{-?\s*[A-Za-z_]\w*\s*(?:[|.[}]|-\}\})/.test(tree.value)) {
      load.warn(tree.place, "{{ }} is not filled in here: the text is used as it stands", "compute the value in TypeScript where the role is used");
    }
    return;
  }
  for (const child of tree.kind === "list" ? tree.items : [...tree.entries.values()].map((entry) => entry.tree)) warnOfJinja(load, child);
}
