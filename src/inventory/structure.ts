import type { LoadContext } from "./load-context.ts";
import { makeLayer, type Layer } from "./layer.ts";
import type { Place } from "./problem.ts";
import { readHostName } from "./ranges.ts";
import { didYouMean } from "./suggest.ts";
import { describe, isEmpty, placeOf, type Entry, type Mapping, type Tree } from "./tree.ts";

/** A group as the hosts file states it. */
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

/** A host as the hosts file states it. */
export interface HostDraft {
  readonly name: string;
  readonly place: Place;
  readonly layers: Layer[];
}

/** Groups and hosts in the order in which the file first names them. */
export interface Structure {
  readonly groups: Map<string, GroupDraft>;
  readonly hosts: Map<string, HostDraft>;
}

/** The keys of a group. */
const GROUP_KEYS = ["hosts", "children", "vars", "priority"];
const GROUP_NAME = /^\w[\w.-]*$/;

/** Reads a hosts file: its top-level keys are groups. `shown` is the file's name as layers show it. */
export function readStructure(load: LoadContext, tree: Tree, shown: string): Structure {
  const structure: Structure = { groups: new Map(), hosts: new Map() };
  if (tree.kind === "mapping") new Reader(load, structure, shown).groups(tree);
  else if (!isEmpty(tree)) load.problem(tree.place, `an inventory must be a mapping of groups, not ${describe(tree)}`);
  return structure;
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
    if (!GROUP_NAME.test(name)) {
      this.#load.problem(entry.key, `"${name}" is not a group name`, "letters, digits, _, - and . are allowed, and the first must be a letter, a digit or _");
      return;
    }
    const draft = this.#draft(name, entry.key);
    const content = this.#mapping(entry, `group ${name}`);
    if (content === undefined) return;
    for (const [key, part] of content.entries) {
      if (key === "hosts") this.#hosts(draft, part);
      else if (key === "children") this.#children(draft, part);
      else if (key === "vars") this.#vars(draft, part);
      else if (key === "priority") this.#priority(draft, part);
      else this.#load.problem(part.key, `group ${name} has no key "${key}"`, didYouMean(key, GROUP_KEYS) ?? "a group has hosts, children, vars and priority; variables go under vars");
    }
  }

  #draft(name: string, place: Place): GroupDraft {
    const known = this.#structure.groups.get(name);
    if (known !== undefined) return known;
    const draft: GroupDraft = { name, place, hosts: new Set(), children: new Map(), layers: [], priority: 1 };
    this.#structure.groups.set(name, draft);
    return draft;
  }

  #hosts(group: GroupDraft, entry: Entry): void {
    for (const [pattern, host] of this.#mapping(entry, `hosts of group ${group.name}`, "write each name as a key: la-1:")?.entries ?? []) {
      const named = readHostName(pattern);
      if ("wrong" in named) {
        this.#load.problem({ ...host.key, column: host.key.column + named.column }, named.wrong, named.hint);
        continue;
      }
      const vars = withPort(this.#mapping(host, `host ${pattern}`), host.key, named.port);
      const layer = vars === undefined ? undefined : makeLayer(this.#load, `${this.#shown} host ${pattern}`, vars);
      for (const name of named.names) {
        const draft = this.#structure.hosts.get(name) ?? { name, place: host.key, layers: [] };
        this.#structure.hosts.set(name, draft);
        group.hosts.add(name);
        if (layer !== undefined) draft.layers.push(layer);
      }
    }
  }

  #children(group: GroupDraft, entry: Entry): void {
    for (const [name, child] of this.#mapping(entry, `children of group ${group.name}`, "write each name as a key: la:")?.entries ?? []) {
      if (!group.children.has(name)) group.children.set(name, child.key);
      this.#group(name, child);
    }
  }

  #vars(group: GroupDraft, entry: Entry): void {
    const vars = this.#mapping(entry, `vars of group ${group.name}`);
    if (vars !== undefined) group.layers.push(makeLayer(this.#load, `${this.#shown} group ${group.name}`, vars));
  }

  #priority(group: GroupDraft, entry: Entry): void {
    const { tree } = entry;
    if (tree.kind === "leaf" && typeof tree.value === "number" && Number.isInteger(tree.value)) group.priority = tree.value;
    else this.#load.problem(placeOf(entry), `priority must be a whole number, not ${describe(tree)}`);
  }

  #mapping({ key, tree }: Entry, what: string, hint?: string): Mapping | undefined {
    if (tree.kind === "mapping") return tree;
    if (!isEmpty(tree)) this.#load.problem(key, `${what} must be a mapping, not ${describe(tree)}`, hint);
    return undefined;
  }
}

/** A port behind the host's name is its `ansible_port`, unless that is written out. */
export function withPort(vars: Mapping | undefined, place: Place, port: number | undefined): Mapping | undefined {
  if (port === undefined || vars?.entries.has("ansible_port") === true) return vars;
  const entry: Entry = { key: place, tree: { kind: "leaf", place, value: port } };
  return { kind: "mapping", place: vars?.place ?? place, entries: new Map([["ansible_port", entry], ...(vars?.entries ?? [])]) };
}
