import * as fc from "fast-check";
import { stringify } from "yaml";

/** A generated inventory, and the names in it that patterns are made from. */
export interface Generated {
  readonly yaml: string;
  readonly groups: readonly string[];
  readonly hosts: readonly string[];
}

/** Keys of `hosts`, with the names that each stands for. */
const HOST_KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["web[1:5]", ["web1", "web2", "web3", "web4", "web5"]],
  ["db-[a:c]", ["db-a", "db-b", "db-c"]],
  ["n[08:12:2]", ["n08", "n10", "n12"]],
  ["r[1:2]-[x:y].example.com", ["r1-x.example.com", "r1-y.example.com", "r2-x.example.com", "r2-y.example.com"]],
  ...["web2", "web9", "db-b", "n10", "solo", "a.b.example.com", "10.0.0.1", "10.0.0.12", "x--y", "_under", "UPPER", "7seven", "2001:db8::1", "fe80::12"].map((name) => [name, [name]] as const),
];
const GROUPS = ["web", "webs", "db", "eu-west", "eu_east", "a.b", "_g", "Z9", "9z", "all_eu", "empty", "dc", "stage", "ungrouped2"];

const groupArbitrary = fc.record({ name: fc.constantFrom(...GROUPS), keys: fc.uniqueArray(fc.nat(HOST_KEYS.length - 1), { maxLength: 6 }), children: fc.uniqueArray(fc.nat(12), { maxLength: 3 }), nested: fc.boolean() });

/** Inventories with nested groups, ranges, odd names, hosts in many groups or in none, and groups without hosts. */
export const inventories: fc.Arbitrary<Generated> = fc
  .record({ groups: fc.uniqueArray(groupArbitrary, { selector: ({ name }) => name, minLength: 4, maxLength: 9 }), loose: fc.uniqueArray(fc.nat(HOST_KEYS.length - 1), { minLength: 1, maxLength: 3 }), allHas: fc.uniqueArray(fc.nat(12), { maxLength: 2 }), allFirst: fc.boolean() })
  .map(({ groups, loose, allHas, allFirst }) => {
    const used = new Set<string>();
    const keys = (indices: readonly number[]): Record<string, null> =>
      Object.fromEntries(
        indices.map((index) => {
          const [key, names] = HOST_KEYS[index] ?? ["", []];
          for (const name of names) used.add(name);
          return [key, null];
        }),
      );
    const written: Record<string, Record<string, unknown>> = {};
    // Children come later in the list, so that there is no circle; a nested one is written out below its first parent.
    const nested = new Set<number>();
    const body = (index: number): Record<string, unknown> => {
      const group = groups[index];
      if (group === undefined) return {};
      const below = [...new Set(group.children.map((step) => index + 1 + step))].filter((child) => child < groups.length);
      const children = below.map((child) => {
        const inline = groups[child]?.nested === true && !nested.has(child) && !(groups[child].name in written);
        if (inline) nested.add(child);
        return [groups[child]?.name ?? "", inline ? body(child) : null] as const;
      });
      return { ...(children.length > 0 ? { children: Object.fromEntries(children) } : {}), ...(group.keys.length > 0 ? { hosts: keys(group.keys) } : {}) };
    };
    for (const [index, { name }] of groups.entries()) if (!nested.has(index)) written[name] = body(index);
    const children = [...new Set(allHas)].filter((index) => index < groups.length).map((index) => [groups[index]?.name ?? "", null] as const);
    const all = { all: { hosts: keys(loose), ...(children.length > 0 ? { children: Object.fromEntries(children) } : {}) } };
    return { yaml: stringify(allFirst ? { ...all, ...written } : { ...written, ...all }), groups: groups.map(({ name }) => name), hosts: [...used] };
  });

/** A term of a generated pattern. */
export interface GeneratedTerm {
  readonly operator: "" | "&" | "!";
  readonly base: string;
  readonly subscript: string;
}

export interface GeneratedPattern {
  readonly terms: readonly GeneratedTerm[];
  /** What stands between the terms. */
  readonly separators: readonly string[];
  readonly text: string;
}

/** Patterns over an inventory's names: every operator in any order, globs, regexes, subscripts, typing errors. */
export function patterns({ groups, hosts }: Generated): fc.Arbitrary<GeneratedPattern> {
  const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...groups) }, { weight: 2, arbitrary: fc.constantFrom(...hosts) }, { weight: 1, arbitrary: fc.constantFrom("all", "ungrouped") });
  const short = name.filter((text) => !text.includes(":"));
  const glob = fc.tuple(short, fc.nat(20), fc.constantFrom("*", "?", "*", "?", "*", "?", "[a-m]", "[!w]", "[0-9]")).map(([text, at, by]) => (by === "*" && at > text.length ? `*${text.slice(1)}` : `${text.slice(0, at % text.length)}${by}${text.slice((at % text.length) + 1)}`));
  const regex = fc.tuple(short, fc.constantFrom("", "$", ".*", "|web", "\\d+", "\\d{1,2}"), fc.nat(9)).map(([text, tail, cut]) => `~${tail === "|web" ? `(${text}${tail})` : `${text.replaceAll(".", "\\.").slice(0, cut % 3 === 0 ? undefined : 3).replace(/\\$/, "")}${tail}`}`);
  const base = fc.oneof({ weight: 20, arbitrary: name }, { weight: 5, arbitrary: glob }, { weight: 3, arbitrary: regex }, { weight: 4, arbitrary: fc.constantFrom("*", "*.*", "*e*", "*[0-9]*", "~.*[0-9]$") }, { weight: 1, arbitrary: fc.constantFrom("webb", "nosuch", "db_a", "localhost") });
  const subscript = fc.oneof({ weight: 16, arbitrary: fc.constant("") }, { weight: 5, arbitrary: fc.constantFrom("[0]", "[-1]", "[0]", "[1]", "[0:1]", "[1:]", "[0:]", "[1:2]", "[0:0]") }, { weight: 1, arbitrary: fc.constantFrom("[2:0]", "[3:1]", "[9]", "[-9]", "[0:9]", "[:1]", "[0-1]") });
  const term = fc.record({ operator: fc.constantFrom(...(["", "", "", "", "&", "!"] as const)), base, subscript }).map(({ operator, base: of, subscript: of2 }) => ({ operator, base: of, subscript: of.startsWith("~") || of.includes(":") ? "" : of2 }));
  return fc.record({ terms: fc.array(term, { minLength: 1, maxLength: 4 }), style: fc.constantFrom(":", ":", ":", ",", ",", ",", ", ", " , ", "mixed"), mix: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }) }).map(({ terms: drawn, style, mix }) => {
    // Most patterns start with what they add, as people write them.
    const terms = drawn.map((term, index) => (index === 0 && (mix[0] === true || mix[1] === true) ? { ...term, operator: "" as const } : term));
    const separators = terms.slice(1).map((_, index) => (style === "mixed" ? (mix[index] === true ? ":" : ",") : style));
    return { terms, separators, text: terms.map(({ operator, base: of, subscript: of2 }, index) => `${separators[index - 1] ?? ""}${operator}${of}${of2}`).join("") };
  });
}
