import type { LoadContext } from "./load-context.ts";
import { makeLayer, type Layer } from "./layer.ts";
import type { Place } from "./problem.ts";
import { readHostName } from "./ranges.ts";
import { didYouMean } from "./suggest.ts";
import { describe, isEmpty, placeOf, type Entry, type Mapping, type Tree } from "./tree.ts";

/** A group as the hosts files state it. */
export interface GroupDraft {
  readonly name: string;
  readonly place: Place;
  /** Hosts listed in the group itself, in order. */
  readonly hosts: Set<string>;
  /** Groups listed below it, with the place that says so. */
  readonly children: Map<string, Place>;
  readonly layers: Layer[];
  priority: number;
}

/** A host as the hosts files state it. */
export interface HostDraft {
  readonly name: string;
  readonly place: Place;
  readonly layers: Layer[];
}

/** Groups and hosts in the order in which the hosts files first name them. */
export class Structure {
  readonly groups = new Map<string, GroupDraft>();
  readonly hosts = new Map<string, HostDraft>();
  /** True when a program or a module has said what there is. */
  isDynamic = false;
  readonly #load: LoadContext;

  constructor(load: LoadContext) {
    this.#load = load;
  }

  /** The group of that name, made where it is new; undefined, and a problem, when it is no name. */
  group(name: string, place: Place): GroupDraft | undefined {
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    if (!GROUP_NAME.test(name)) {
      this.#load.problem(place, `"${name}" is not a group name`, "letters, digits, _, - and . are allowed, and the first must be a letter, a digit or _");
      return undefined;
    }
    const draft: GroupDraft = { name, place, hosts: new Set(), children: new Map(), layers: [], priority: 1 };
    this.groups.set(name, draft);
    return draft;
  }

  /** Adds the hosts that a name stands for to a group, with their variables, if any. `label` names the layer. */
  addHosts(group: GroupDraft, pattern: string, place: Place, vars: Mapping | undefined, label: string): void {
    const named = readHostName(pattern);
    if ("wrong" in named) {
      this.#load.problem({ ...place, column: place.column + named.column }, named.wrong, named.hint);
      return;
    }
    const all = withPort(vars, place, named.port);
    const layer = all === undefined ? undefined : makeLayer(this.#load, label, all);
    for (const name of named.names) {
      const draft = this.hosts.get(name) ?? { name, place, layers: [] };
      this.hosts.set(name, draft);
      group.hosts.add(name);
      if (layer !== undefined) draft.layers.push(layer);
    }
  }

  /** Adds variables to a host that is there. `label` names the layer. */
  addHostVars(host: HostDraft, vars: Mapping, label: string): void {
    host.layers.push(makeLayer(this.#load, label, vars));
  }

  /** Adds variables to a group; Ansible's `ansible_group_priority` among them is the group's priority. */
  addVars(group: GroupDraft, vars: Mapping, label: string): void {
    const { entries } = vars;
    const priority = entries.get("ansible_group_priority");
    if (priority !== undefined) this.setPriority(group, priority, "ansible_group_priority");
    const rest = priority === undefined ? vars : { ...vars, entries: new Map([...entries].filter(([name]) => name !== "ansible_group_priority")) };
    group.layers.push(makeLayer(this.#load, label, rest));
  }

  setPriority(group: GroupDraft, entry: Entry, key: string): void {
    const value = entry.tree.kind === "leaf" ? entry.tree.value : undefined;
    const whole = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
    if (typeof whole === "number" && Number.isInteger(whole)) group.priority = whole;
    else this.#load.problem(placeOf(entry), `${key} must be a whole number, not ${describe(entry.tree)}`);
  }
}

/** The keys of a group. */
const GROUP_KEYS = ["hosts", "children", "vars", "priority"];
const GROUP_NAME = /^\w[\w.-]*$/;

/** Reads a hosts file in YAML: its top-level keys are groups. `shown` is the file's name as layers show it. */
export function readStructure(load: LoadContext, structure: Structure, tree: Tree, shown: string): void {
  if (tree.kind !== "mapping") {
    if (!isEmpty(tree)) load.problem(tree.place, `an inventory must be a mapping of groups, not ${describe(tree)}`);
    return;
  }
  const plugin = tree.entries.get("plugin");
  if (plugin?.tree.kind === "leaf" && typeof plugin.tree.value === "string") {
    load.problem(plugin.key, `this file configures Ansible's inventory plugin ${plugin.tree.value}, which is Python`, "write a script that prints `ansible-inventory -i this-file --list`, make it executable, and put the file outside of the inventory");
    return;
  }
  new Reader(load, structure, shown).groups(tree);
}

class Reader {
  readonly #load: LoadContext;
  readonly #structure: Structure;
  readonly #shown: string;

  constructor(load: LoadContext, structure: Structure, shown: string) {
    this.#load = load;
    this.#structure = structure;
    this.#shown = shown;
  }

  groups(tree: Mapping): void {
    for (const [name, entry] of tree.entries) this.#group(name, entry);
  }

  #group(name: string, entry: Entry): void {
    const draft = this.#structure.group(name, entry.key);
    if (draft === undefined) return;
    const content = this.#mapping(entry, `group ${name}`);
    if (content === undefined) return;
    for (const [key, part] of content.entries) {
      if (key === "hosts") this.#hosts(draft, part);
      else if (key === "children") this.#children(draft, part);
      else if (key === "vars") this.#vars(draft, part);
      else if (key === "priority") this.#structure.setPriority(draft, part, "priority");
      else this.#load.problem(part.key, `group ${name} has no key "${key}"`, didYouMean(key, GROUP_KEYS) ?? "a group has hosts, children, vars and priority; variables go under vars");
    }
  }

  #hosts(group: GroupDraft, entry: Entry): void {
    for (const [pattern, host] of this.#names(entry, `hosts of group ${group.name}`, "write each name as a key: la-1:")) {
      this.#structure.addHosts(group, pattern, host.key, this.#mapping(host, `host ${pattern}`), `${this.#shown} host ${pattern}`);
    }
  }

  #children(group: GroupDraft, entry: Entry): void {
    for (const [name, child] of this.#names(entry, `children of group ${group.name}`, "write each name as a key: la:")) {
      if (!group.children.has(name)) group.children.set(name, child.key);
      this.#group(name, child);
    }
  }

  #vars(group: GroupDraft, entry: Entry): void {
    const vars = this.#mapping(entry, `vars of group ${group.name}`);
    if (vars !== undefined) this.#structure.addVars(group, vars, `${this.#shown} group ${group.name}`);
  }

  /** Names as keys, or a single name as text, as Ansible takes it. */
  #names(entry: Entry, what: string, hint: string): Iterable<readonly [string, Entry]> {
    const { tree } = entry;
    if (tree.kind === "leaf" && typeof tree.value === "string") return [[tree.value, { key: tree.place, tree: { ...tree, value: null } }]];
    return this.#mapping(entry, what, hint)?.entries ?? [];
  }

  #mapping({ key, tree }: Entry, what: string, hint?: string): Mapping | undefined {
    if (tree.kind === "mapping") return tree;
    if (!isEmpty(tree)) this.#load.problem(key, `${what} must be a mapping, not ${describe(tree)}`, hint);
    return undefined;
  }
}

/** A port behind the host's name is its `ansible_port`, unless that is written out. */
function withPort(vars: Mapping | undefined, place: Place, port: number | undefined): Mapping | undefined {
  if (port === undefined || vars?.entries.has("ansible_port") === true) return vars;
  const entry: Entry = { key: place, tree: { kind: "leaf", place, value: port } };
  return { kind: "mapping", place: vars?.place ?? place, entries: new Map([["ansible_port", entry], ...(vars?.entries ?? [])]) };
}
