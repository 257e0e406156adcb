import type { Layer } from "./layer.ts";
import type { Place } from "./problem.ts";
import type { MergedVar } from "./settings.ts";
import { placeOf, step, toValue, type Entry, type Mapping } from "./tree.ts";

/** What one layer says about a variable. */
export interface ExplainedLayer extends Place {
  /** Short name of the layer, e.g. `group_vars/la.yml`. */
  readonly layer: string;
  /** The value there; undefined when the layer sets the variable but has nothing at the path. Secrets stay Secrets. */
  readonly value: unknown;
  /** True when the layer has something at the path. */
  readonly present: boolean;
  /** True for the layer whose word counts. For `ssh` and `become` as a whole, true for each layer that adds a key. */
  readonly wins: boolean;
}

export function isMerged(name: string | number | undefined): name is MergedVar {
  return name === "ssh" || name === "become";
}

/** The variables of a host out of its layers, weakest first: the last layer wins, and `ssh` and `become` are merged by key. */
export function mergeLayers(layers: readonly Layer[]): Map<string, Entry> {
  const vars = new Map<string, Entry>();
  for (const { entries } of layers) {
    for (const [name, entry] of entries) {
      const weaker = vars.get(name)?.tree;
      const merges = isMerged(name) && weaker?.kind === "mapping" && entry.tree.kind === "mapping";
      vars.set(name, merges ? { key: entry.key, tree: merge(weaker, entry.tree) } : entry);
    }
  }
  return vars;
}

function merge(weaker: Mapping, stronger: Mapping): Mapping {
  return { ...stronger, entries: new Map([...weaker.entries, ...stronger.entries]) };
}

/** Splits `a.b[0].c` into its steps. Keys that hold dots themselves are put together again by `descend`. */
export function splitPath(path: string): string[] {
  return path.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
}

/**
 * Follows a path down from a variable, as far as it exists. Steps may be joined again with dots, longest first, so that
 * `base.sysctl.net.ipv4.ip_forward` finds the key `net.ipv4.ip_forward`.
 * @returns the last entry that exists and whether it is the end of the path.
 */
export function descend(from: Entry, path: readonly (string | number)[]): { readonly entry: Entry; readonly complete: boolean } {
  let entry = from;
  for (let i = 0; i < path.length; ) {
    let taken = 0;
    for (let end = path.length; end > i && taken === 0; end -= 1) {
      const [only] = path.slice(i, end);
      const next = step(entry.tree, end === i + 1 && only !== undefined ? only : path.slice(i, end).join("."));
      if (next !== undefined) [entry, taken] = [next, end - i];
    }
    if (taken === 0) return { entry, complete: false };
    i += taken;
  }
  return { entry, complete: true };
}

/** Every layer that sets the variable a path starts with, weakest first. */
export function explainPath(layers: readonly Layer[], path: readonly (string | number)[]): ExplainedLayer[] {
  const [name = "", second, ...rest] = canonical(path);
  // Merged variables win or lose key by key, all others as a whole.
  const byKey = isMerged(name) && second !== undefined;
  const within = byKey ? rest : second === undefined ? [] : [second, ...rest];
  const units = layers.flatMap((layer) => {
    const whole = layer.entries.get(String(name));
    const unit = whole === undefined || !byKey ? whole : step(whole.tree, second);
    return unit === undefined ? [] : [{ layer, unit }];
  });
  const contributes = (index: number): boolean => {
    const { unit } = units[index] ?? {};
    if (!isMerged(name) || byKey || unit?.tree.kind !== "mapping") return index === units.length - 1;
    return [...unit.tree.entries.keys()].some((key) => units.slice(index + 1).every((later) => step(later.unit.tree, key) === undefined));
  };
  return units.map(({ layer, unit }, index) => {
    const { entry, complete } = descend(unit, within);
    return { layer: layer.label, ...placeOf(entry), value: complete ? toValue(entry.tree) : undefined, present: complete, wins: contributes(index) };
  });
}

/** Where the winning value at a path is written, or the nearest thing above it; undefined when no layer sets the variable. */
export function locatePath(vars: ReadonlyMap<string, Entry>, path: readonly (string | number)[]): Place | undefined {
  const [name, ...rest] = canonical(path);
  const entry = vars.get(String(name));
  return entry === undefined ? undefined : placeOf(descend(entry, rest).entry);
}

/** `ssh.key` is the one-key way to write `ssh.keys`. */
function canonical(path: readonly (string | number)[]): readonly (string | number)[] {
  return path[0] === "ssh" && path[1] === "key" ? ["ssh", "keys", ...path.slice(2)] : path;
}

