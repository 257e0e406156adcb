import type { LoadContext } from "./load-context.ts";
import type { Place } from "./problem.ts";
import { pythonValue } from "./python-literal.ts";
import { Secret } from "../shell/index.ts";
import type { GroupDraft, Structure } from "./structure.ts";
import { didYouMean } from "./suggest.ts";
import type { Entry, Leaf, Mapping, Tree } from "./tree.ts";
import { splitWords, type Word } from "./words.ts";

/** A hosts file in INI. */
export interface IniSource {
  /** As messages name it. */
  readonly file: string;
  /** As layers show it. */
  readonly shown: string;
  readonly text: string;
  /** True when the whole file was encrypted: then every text and number in it is a Secret. */
  readonly secret: boolean;
}

const SECTION = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/;
const CHILD = /^([^:\]\s]+)\s*(?:#.*)?$/;
const KINDS = ["hosts", "children", "vars"] as const;

/**
 * Reads an inventory in Ansible's INI: `[group]` with a host a line and its variables behind it, `[group:children]` and
 * `[group:vars]`. What stands before the first section belongs to `ungrouped`.
 */
export function readIni(load: LoadContext, structure: Structure, source: IniSource): void {
  new IniReader(load, structure, source).run();
}

/** A group that was named and not declared yet. */
interface Awaited {
  readonly place: Place;
  readonly message: string;
}

class IniReader {
  readonly #load: LoadContext;
  readonly #structure: Structure;
  readonly #source: IniSource;
  readonly #awaited = new Map<string, Awaited>();
  readonly #parents = new Map<string, { readonly group: GroupDraft; readonly place: Place }[]>();
  readonly #vars = new Map<GroupDraft, Map<string, Entry>>();

  constructor(load: LoadContext, structure: Structure, source: IniSource) {
    this.#load = load;
    this.#structure = structure;
    this.#source = source;
  }

  run(): void {
    const lines = this.#source.text.split(/\r?\n/);
    let group = this.#structure.group("ungrouped", this.#place(0, 0));
    let kind: (typeof KINDS)[number] = "hosts";
    for (const [index, raw] of lines.entries()) {
      const line = raw.trim();
      const column = raw.length - raw.trimStart().length;
      if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
      const [, name, written = "hosts"] = SECTION.exec(line) ?? [];
      if (name !== undefined) {
        const known = KINDS.find((word) => word === written);
        if (known === undefined) this.#load.problem(this.#place(index, column + name.length + 2), `a section is [${name}], [${name}:children] or [${name}:vars]`, didYouMean(written, KINDS));
        kind = known ?? "hosts";
        group = known === undefined ? undefined : this.#section(name, kind, this.#place(index, column + 1));
      } else if (line.startsWith("[") && line.endsWith("]") && !/^\[[\da-f:.]+\]$/i.test(line)) {
        this.#load.problem(this.#place(index, column), `${line} is no section`, "write [group], [group:children] or [group:vars], without spaces");
        group = undefined;
      } else if (group !== undefined) this.#line(kind, group, line, index, column);
    }
    for (const [group2, entries] of this.#vars) {
      const [first] = entries.values();
      if (first !== undefined) this.#structure.addVars(group2, { kind: "mapping", place: first.key, entries }, `${this.#source.shown} group ${group2.name}`);
    }
    for (const [name, { place, message }] of this.#awaited) {
      this.#load.problem(place, message, didYouMean(name, [...this.#structure.groups.keys()].filter((other) => other !== name)) ?? `declare it: [${name}]`);
    }
  }

  /** A group begins where it is declared; `[name:vars]` alone declares none. */
  #section(name: string, kind: (typeof KINDS)[number], place: Place): GroupDraft | undefined {
    if (kind === "vars") {
      if (!this.#structure.groups.has(name) && name !== "all" && !this.#awaited.has(name)) this.#awaited.set(name, { place, message: `[${name}:vars] is about a group that is declared nowhere` });
      return this.#structure.group(name, place);
    }
    const group = this.#structure.group(name, place);
    if (group === undefined) return undefined;
    this.#awaited.delete(name);
    for (const parent of this.#parents.get(name) ?? []) parent.group.children.set(name, parent.place);
    this.#parents.delete(name);
    return group;
  }

  #line(kind: (typeof KINDS)[number], group: GroupDraft, line: string, index: number, column: number): void {
    if (kind === "hosts") this.#host(group, line, index, column);
    else if (kind === "vars") this.#variable(group, line, index, column);
    else this.#child(group, line, this.#place(index, column));
  }

  #child(group: GroupDraft, line: string, place: Place): void {
    const [, name] = CHILD.exec(line) ?? [];
    if (name === undefined) {
      this.#load.problem(place, `"${line}" is not a group name`, "[…:children] holds one name of a group a line");
    } else if (this.#structure.groups.has(name)) {
      if (!group.children.has(name)) group.children.set(name, place);
    } else {
      if (!this.#awaited.has(name)) this.#awaited.set(name, { place, message: `[${group.name}:children] names a group that is declared nowhere: ${name}` });
      this.#parents.set(name, [...(this.#parents.get(name) ?? []), { group, place }]);
    }
  }

  #variable(group: GroupDraft, line: string, index: number, column: number): void {
    const equals = line.indexOf("=");
    const place = this.#place(index, column);
    const name = line.slice(0, Math.max(equals, 0)).trim();
    if (name === "") {
      this.#load.problem(place, `[${group.name}:vars] holds a key=value a line`, "quote nothing, and put no spaces into the key");
      return;
    }
    const value = line.slice(equals + 1).trimStart();
    const entries = this.#vars.get(group) ?? new Map<string, Entry>();
    this.#vars.set(group, entries.set(name, { key: place, tree: this.#value(value, this.#place(index, column + line.length - value.length)) }));
  }

  #host(group: GroupDraft, line: string, index: number, column: number): void {
    const words = splitWords(line);
    if ("wrong" in words) {
      this.#load.problem(this.#place(index, column + words.column), words.wrong);
      return;
    }
    const [host, ...assignments] = words;
    if (host === undefined) return;
    const vars = this.#assignments(assignments, index, column);
    this.#structure.addHosts(group, host.text, this.#place(index, column + host.column), vars, `${this.#source.shown} host ${host.text}`);
  }

  #assignments(words: readonly Word[], index: number, column: number): Mapping | undefined {
    const entries = new Map<string, Entry>();
    for (const word of words) {
      const place = this.#place(index, column + word.column);
      const equals = word.text.indexOf("=");
      if (equals < 1) {
        this.#load.problem(place, "only key=value may stand behind a host's name", "one host a line; quote a value with spaces");
        continue;
      }
      if (word.cut) this.#load.warn(place, "the # starts a comment here, so the value ends before it, as in Ansible", "quote the value if the # belongs to it");
      entries.set(word.text.slice(0, equals), { key: place, tree: this.#value(word.text.slice(equals + 1), { ...place, column: place.column + equals + 1 }) });
    }
    const [first] = entries.values();
    return first === undefined ? undefined : { kind: "mapping", place: first.key, entries };
  }

  #value(text: string, place: Place): Tree {
    const tree = pythonValue(text, place);
    return this.#source.secret ? sealed(tree, text) : tree;
  }

  #place(index: number, column: number): Place {
    return { file: this.#source.file, line: index + 1, column: column + 1 };
  }
}

/** Texts and numbers of an encrypted file are secrets. */
function sealed(tree: Tree, text?: string): Tree {
  if (tree.kind === "list") return { ...tree, items: tree.items.map((item) => sealed(item)) };
  if (tree.kind === "mapping") return { ...tree, entries: new Map([...tree.entries].map(([name, entry]) => [name, { ...entry, tree: sealed(entry.tree) }])) };
  if (typeof tree.value !== "string" && typeof tree.value !== "number") return tree;
  return { ...tree, value: new Secret(typeof tree.value === "number" && text !== undefined ? text : String(tree.value)) } satisfies Leaf;
}
