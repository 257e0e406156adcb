import { Secret } from "../shell/index.ts";
import { KEEP_OPEN_WANTED, parseKeepOpen } from "./duration.ts";
import { describe, type Tree } from "./tree.ts";

/** What reading one setting gave: its value, or what is wrong with it. A message never quotes the value of a password. */
export type Verdict = { readonly value: unknown } | { readonly wrong: string; readonly hint?: string };

/** Reads one setting. `path` makes a path absolute: `~/` is the home directory, others start in the inventory directory. */
export type Check = (tree: Tree, path: (text: string) => string) => Verdict;

export const text =
  (what: string, pattern: RegExp): Check =>
  (tree) =>
    tree.kind === "leaf" && typeof tree.value === "string" && pattern.test(tree.value) ? { value: tree.value } : { wrong: `must be ${what}, not ${shown(tree)}` };

/** One of a few words. `words` maps what may be written, true and false included, to its meaning. */
export const oneOf =
  (words: ReadonlyMap<string | boolean, string>): Check =>
  (tree) => {
    const meaning = tree.kind === "leaf" && (typeof tree.value === "string" || typeof tree.value === "boolean") ? words.get(tree.value) : undefined;
    return meaning === undefined ? { wrong: `must be ${listed([...words.keys()])}, not ${shown(tree)}` } : { value: meaning };
  };

/** A number from `least` to `most`. Digits in quotes are taken too, as Ansible's inventories often hold them. */
export const number =
  (what: string, least: number, most: number): Check =>
  (tree) => {
    const raw = tree.kind === "leaf" ? tree.value : undefined;
    const value = typeof raw === "string" && /^\d+$/.test(raw) ? Number(raw) : raw;
    const fits = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
    return fits ? { value } : { wrong: `must be ${what} from ${least} to ${most}, not ${shown(tree)}` };
  };

export const flag: Check = (tree) =>
  tree.kind === "leaf" && typeof tree.value === "boolean" ? { value: tree.value } : { wrong: `must be true or false, not ${shown(tree)}` };

/** How long a connection is kept open, in seconds. `false` is `off`, as a bare `off` is refused in YAML. */
export const keepOpen: Check = (tree) => {
  const raw = tree.kind === "leaf" ? tree.value : undefined;
  const value = raw === false ? 0 : typeof raw === "string" || typeof raw === "number" ? parseKeepOpen(String(raw)) : undefined;
  return value === undefined ? { wrong: `${KEEP_OPEN_WANTED}, not ${shown(tree)}` } : { value };
};

export const file: Check = (tree, path) =>
  tree.kind === "leaf" && typeof tree.value === "string" && tree.value !== "" ? { value: path(tree.value) } : { wrong: `must be a path, not ${describe(tree)}` };

export const fileOrFalse: Check = (tree, path) =>
  tree.kind === "leaf" && tree.value === false ? { value: false } : file(tree, path);

export const files: Check = (tree, path) => {
  if (tree.kind !== "list") {
    const one = file(tree, path);
    return "value" in one ? { value: [one.value] } : { wrong: `must be a path or a list of paths, not ${describe(tree)}` };
  }
  const read = tree.items.map((item) => file(item, path));
  const wrong = read.find((verdict) => "wrong" in verdict);
  return wrong ?? { value: read.map((verdict) => ("value" in verdict ? verdict.value : undefined)) };
};

export const secret: Check = (tree) => {
  if (tree.kind === "leaf" && tree.value instanceof Secret) return { value: tree.value };
  if (tree.kind === "leaf" && typeof tree.value === "string" && tree.value !== "") return { value: new Secret(tree.value) };
  return { wrong: `must be a secret, not ${describe(tree)}`, hint: "use !age, !vault, !env, !file or !secret; quote digits" };
};

const HOP = /^(?:[^\s@:,]+@)?(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Jump hosts: a list, or text with commas as ssh's ProxyJump takes it; `none` clears what a group has set. */
export const jumps: Check = (tree) => {
  const texts = (tree.kind === "list" ? tree.items : [tree]).map((item) => (item.kind === "leaf" && typeof item.value === "string" ? item.value : ""));
  const hops = texts.flatMap((hop) => hop.split(",")).map((hop) => hop.trim());
  if (hops.length === 1 && hops[0] === "none") return { value: [] };
  const bad = hops.find((hop) => !HOP.test(hop));
  return bad === undefined ? { value: hops } : { wrong: `must be user@host:port or the name of a host, or a list of these, not ${bad === "" ? describe(tree) : `"${bad}"`}` };
};

function shown(tree: Tree): string {
  const value = tree.kind === "leaf" ? tree.value : undefined;
  return typeof value === "string" ? `"${value}"` : typeof value === "number" || typeof value === "boolean" ? String(value) : describe(tree);
}

function listed(words: readonly (string | boolean)[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
