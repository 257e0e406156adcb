import { Secret } from "../shell/index.ts";
import type { Place } from "./problem.ts";

/** A YAML value that still knows where each part of it was written. */
export type Tree = Leaf | Mapping | List;

export interface Leaf {
  readonly kind: "leaf";
  readonly place: Place;
  readonly value: string | number | boolean | null | Secret;
  /** True for what Ansible's `!unsafe` marks: `{{ }}` in it stays as it is. */
  readonly raw?: true;
}

export interface Mapping {
  readonly kind: "mapping";
  readonly place: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface List {
  readonly kind: "list";
  readonly place: Place;
  readonly items: readonly Tree[];
}

export interface Entry {
  /** Where the key stands. */
  readonly key: Place;
  readonly tree: Tree;
}

// Frozen values may be shared: between hosts of a group, and between the aliases of an anchor, which also keeps a
// document of nested aliases from growing exponentially.
const values = new WeakMap<Tree, unknown>();

/** The plain value of a tree, deeply frozen. */
export function toValue(tree: Tree): unknown {
  if (tree.kind === "leaf") return tree.value;
  const known = values.get(tree);
  if (known !== undefined) return known;
  const value = tree.kind === "list" ? tree.items.map(toValue) : Object.fromEntries([...tree.entries].map(([key, { tree: child }]) => [key, toValue(child)]));
  values.set(tree, Object.freeze(value));
  return value;
}

/** What a value is, in words for a message; never the value itself, which may be secret. */
export function describe(tree: Tree): string {
  if (tree.kind !== "leaf") return tree.kind === "list" ? "a list" : "a mapping";
  if (tree.value instanceof Secret) return "a secret";
  if (tree.value === null) return "empty";
  return typeof tree.value === "string" ? "text" : `a ${typeof tree.value}`;
}

/** True for an absent value: `key:` with nothing behind it. */
export function isEmpty(tree: Tree): boolean {
  return tree.kind === "leaf" && tree.value === null;
}

/** Where to point for an entry: at the value, except that a nested or empty one is better found by its key. */
export function placeOf(entry: Entry): Place {
  return entry.tree.kind === "leaf" && entry.tree.value !== null ? entry.tree.place : entry.key;
}

/** The entry one step down, with its key's place; undefined when there is none. List indices may be numbers or digits. */
export function step(tree: Tree, key: string | number): Entry | undefined {
  if (tree.kind === "mapping") return tree.entries.get(String(key));
  if (tree.kind !== "list" || !/^\d+$/.test(String(key))) return undefined;
  const item = tree.items[Number(key)];
  return item === undefined ? undefined : { key: item.place, tree: item };
}
