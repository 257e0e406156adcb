import { asTree, holdsTemplate } from "./host-values.ts";
import type { LoadContext } from "./load-context.ts";
import { readMerged, type Aliased, type ReadSettings } from "./merged-var.ts";
import { ALIASES, UNSUPPORTED, type MergedVar } from "./settings.ts";
import { readSshArgs, SSH_ARGS } from "./ssh-args.ts";
import { describe, isEmpty, type Entry, type Mapping, type Tree } from "./tree.ts";

/** Variables that were written together: a group's, a host's, a file's or an extra variable. */
export interface Layer {
  /** Short, relative to the inventory: `hosts.yml group la`, `group_vars/la.yml`, `-e port`. */
  readonly label: string;
  readonly entries: ReadonlyMap<string, Entry>;
  /** The checked settings under `ssh` and `become`. */
  readonly settings: Readonly<Record<MergedVar, ReadSettings>>;
  /**
   * The layer as it is for one host: with the templates in its connection settings filled in, and without the ssh arguments
   * that a stronger layer replaces. Absent where it is the same for all hosts.
   */
  readonly forHost?: (about: HostSide) => Layer;
}

/** What a layer needs to know of a host. */
export interface HostSide {
  /** Fills in the templates of a value; what cannot be filled in is a problem, and undefined. */
  readonly fill: (tree: Tree) => unknown;
  /** True for a variable that a stronger layer sets too. */
  readonly isReplaced: (name: string) => boolean;
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
  for (const [name, { key }] of entries) {
    const hint = UNSUPPORTED.get(name);
    if (hint !== undefined) load.warn(key, `${name} is not used`, hint);
  }
  const late = [...entries].some(([name, { tree }]) => SSH_ARGS.some((args) => args === name) || (isSetting(name) && holdsTemplate(tree)));
  if (!late) return settled(load, label, entries, base);
  const forHost = ({ fill, isReplaced }: HostSide): Layer => {
    const own = new Map([...entries].map(([name, entry]) => [name, isSetting(name) ? { key: entry.key, tree: filled(entry.tree, fill) } : entry] as const));
    return settled(load, label, own, base, SSH_ARGS.filter((name) => !isReplaced(name)));
  };
  return { label, entries, settings: { ssh: new Map(), become: new Map() }, forHost };
}

function isSetting(name: string): boolean {
  return name === "ssh" || name === "become" || ALIASES.has(name) || SSH_ARGS.some((args) => args === name);
}

/** The same tree where nothing is to be filled in, so that every part keeps its own place. */
function filled(tree: Tree, fill: HostSide["fill"]): Tree {
  if (!holdsTemplate(tree)) return tree;
  if (tree.kind === "list") return { ...tree, items: tree.items.map((item) => filled(item, fill)) };
  if (tree.kind === "mapping") return { ...tree, entries: new Map([...tree.entries].map(([key, entry]) => [key, { key: entry.key, tree: filled(entry.tree, fill) }])) };
  return asTree(fill(tree) ?? null, tree.place);
}

/** Changes `entries`. */
function settled(load: LoadContext, label: string, entries: Map<string, Entry>, base: string, args: readonly string[] = []): Layer {
  const ssh = readMerged(load, "ssh", entries, new Map([...aliased(entries, "ssh"), ...fromArgs(load, entries, args)]), base);
  const become = readMerged(load, "become", entries, aliased(entries, "become"), base);
  return { label, entries, settings: { ssh, become } };
}

/** Arguments of the ssh program as settings, each under a name for messages. */
function fromArgs(load: LoadContext, entries: ReadonlyMap<string, Entry>, names: readonly string[]): Map<string, Aliased> {
  const found = new Map<string, Aliased>();
  for (const name of names) {
    const { tree, key } = entries.get(name) ?? {};
    if (tree === undefined || key === undefined || isEmpty(tree)) continue;
    if (tree.kind !== "leaf" || typeof tree.value !== "string") {
      load.problem(key, `${name} must be text, not ${describe(tree)}`);
      continue;
    }
    const { settings, problems, warnings } = readSshArgs(tree.value, tree.place);
    for (const { message, hint } of problems) load.problem(tree.place, `${name}: ${message}`, hint);
    for (const { message, hint } of warnings) load.warn(tree.place, `${name}: ${message}`, hint);
    for (const [setting, entry] of settings) if (![...found.values()].some((other) => other.setting === setting)) found.set(`${name} (${setting})`, { ...entry, setting });
  }
  return found;
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
  if (holdsTemplate(tree)) return;
  if (tree.kind !== "leaf" || typeof tree.value !== "string" || !/^[\w.-]+$/.test(tree.value)) {
    load.problem(entry.key, `region must be a short name such as "la", not ${describe(tree)}`);
  }
}
