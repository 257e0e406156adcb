import { Secret } from "../shell/index.ts";
import type { LoadContext } from "./load-context.ts";
import { SETTINGS, SYNONYMS, type MergedVar, type Setting } from "./settings.ts";
import { didYouMean } from "./suggest.ts";
import { describe, isEmpty, placeOf, type Entry, type Leaf, type Tree } from "./tree.ts";

/** A checked setting of one layer. A value of undefined puts the default back, over what an outer layer has set. */
export interface ReadSetting extends Entry {
  readonly value: unknown;
}

export type ReadSettings = ReadonlyMap<string, ReadSetting>;

/** One of Ansible's variables that stands for a setting. */
export interface Aliased extends Entry {
  /** The setting's key under `ssh` or `become`. */
  readonly setting: string;
}

/**
 * Reads `ssh` or `become` of one layer together with Ansible's names for the same settings, and replaces it in `entries`
 * by its tidy form, in which passwords are Secrets: that form is what `vars`, `explain` and `locate` show.
 */
export function readMerged(load: LoadContext, name: MergedVar, entries: Map<string, Entry>, aliases: ReadonlyMap<string, Aliased>, base: string): ReadSettings {
  const read = new Map<string, ReadSetting>();
  const path = (text: string): string => load.path(text, base);
  const add = (shown: string, setting: Setting, entry: Entry): void => {
    const earlier = read.get(setting.key);
    if (earlier !== undefined) {
      load.problem(entry.key, `${shown} sets what line ${earlier.key.line} has set already`, "remove one of the two");
      return;
    }
    const checked = readSetting(load, shown, setting, entry, path);
    if (checked !== undefined) read.set(setting.key, checked);
  };

  const own = entries.get(name);
  if (own !== undefined) for (const [key, setting, entry] of knownKeys(load, name, own)) add(`${name}.${key}`, setting, entry);
  // `ansible_become: false` outdoes a method beside it, so it comes last.
  const ordered = [...aliases].sort(([a], [b]) => Number(a === "ansible_become") - Number(b === "ansible_become"));
  for (const [variable, { setting: key, ...entry }] of ordered) {
    const setting = SETTINGS[name].get(key);
    const translated = translate(variable, entry);
    if (setting === undefined || translated === undefined) continue;
    if (setting.secret === true) entries.set(variable, { key: entry.key, tree: seal(entry.tree) });
    if (variable === "ansible_become") read.delete(setting.key);
    add(variable, setting, translated);
  }

  if (read.size > 0) {
    const key = own?.key ?? [...read.values()][0]?.key;
    if (key !== undefined) entries.set(name, { key, tree: { kind: "mapping", place: own?.tree.place ?? key, entries: read } });
  } else if (own !== undefined) {
    entries.delete(name);
  }
  return read;
}

function* knownKeys(load: LoadContext, name: MergedVar, { key: at, tree }: Entry): Generator<readonly [string, Setting, Entry]> {
  if (isEmpty(tree)) return;
  if (tree.kind !== "mapping") {
    load.problem(at, `${name} must be a mapping, not ${describe(tree)}`, `write ${name}: { ${name === "ssh" ? "address: 203.0.113.11" : "method: sudo"} }`);
    return;
  }
  for (const [key, entry] of tree.entries) {
    const setting = SETTINGS[name].get(key);
    if (setting !== undefined) yield [key, setting, entry];
    else {
      const synonym = SYNONYMS[name].get(key);
      const hint = synonym === undefined ? didYouMean(key, SETTINGS[name].keys()) : `did you mean "${synonym}"?`;
      load.problem(entry.key, `${name} has no key "${key}"`, hint ?? `it has ${[...SETTINGS[name].keys()].join(", ")}`);
    }
  }
}

function readSetting(load: LoadContext, shown: string, setting: Setting, entry: Entry, path: (text: string) => string): ReadSetting | undefined {
  if (isEmpty(entry.tree)) return { ...entry, value: undefined };
  const verdict = setting.check(entry.tree, path);
  if ("wrong" in verdict) {
    load.problem(placeOf(entry), `${shown} ${verdict.wrong}`, verdict.hint);
    return undefined;
  }
  if (setting.secret !== true) return { ...entry, value: verdict.value };
  if (!(entry.tree.kind === "leaf" && entry.tree.value instanceof Secret)) {
    load.warn(entry.key, `${shown} stands in plain text`, "use !age, !vault, !env or !file; for a lab, !secret says that it is meant");
  }
  return { key: entry.key, tree: seal(entry.tree), value: verdict.value };
}

/** Values that Ansible writes differently; undefined when there is nothing to set. */
function translate(variable: string, entry: Entry): Entry | undefined {
  const value = entry.tree.kind === "leaf" ? entry.tree.value : undefined;
  const as = (text: string): Entry => ({ key: entry.key, tree: { kind: "leaf", place: entry.tree.place, value: text } });
  // hawser becomes root by default where it is not root already, so only `false` says something.
  if (variable === "ansible_become") return isWord(value, ["false", "no", "off", "0", "n", "f"]) ? as("none") : isWord(value, ["true", "yes", "on", "1", "y", "t"]) ? undefined : entry;
  if (variable === "ansible_connection" && isWord(value, ["ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh", "ansible.builtin.paramiko_ssh"])) return as("ssh");
  if (variable === "ansible_connection" && value === "ansible.builtin.local") return as("local");
  if (variable === "ansible_become_method" && typeof value === "string") return as(value.replace(/^(?:ansible\.builtin|community\.general)\./, ""));
  // INI holds text where YAML holds a boolean.
  if (variable.endsWith("host_key_checking") && typeof value === "string") return isWord(value, ["false", "no", "off", "0"]) ? as("off") : isWord(value, ["true", "yes", "on", "1"]) ? as("strict") : entry;
  return entry;
}

function isWord(value: unknown, words: readonly string[]): boolean {
  return (typeof value === "string" || typeof value === "boolean" || typeof value === "number") && words.includes(String(value).toLowerCase());
}

function seal(tree: Tree): Tree {
  if (tree.kind !== "leaf" || typeof tree.value !== "string") return tree;
  return { kind: "leaf", place: tree.place, value: new Secret(tree.value) } satisfies Leaf;
}
