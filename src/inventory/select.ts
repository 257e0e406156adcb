import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { InventoryGroup } from "./hierarchy.ts";
import { parsePattern, type Subscript, type Term } from "./pattern.ts";
import { PatternError } from "./pattern-error.ts";
import { fileTrouble } from "./private-file.ts";
import { didYouMean } from "./suggest.ts";

/** What a pattern is matched against. */
export interface Selectable {
  /** In the order of declaration. */
  readonly hosts: readonly string[];
  readonly groups: ReadonlyMap<string, InventoryGroup>;
  /** See LoadOptions. */
  readonly lists?: HostLists | undefined;
}

/** Hosts by the name of a list, or undefined for a name that is none. */
export type HostLists = (name: string) => readonly string[] | undefined;

/**
 * The names of the hosts that a pattern selects, in the order in which the pattern names them.
 *
 * Whatever the order of the terms: first everything that is added, then `&`, then `!`. Without a term that adds, it
 * starts from `all`.
 * @throws PatternError for an unknown name anywhere, a subscript out of range, or an empty result.
 */
export function selectNames(inventory: Selectable, pattern: string): string[] {
  const terms = parsePattern(pattern);
  const of = (operator: Term["operator"]): Set<string>[] => terms.filter((term) => term.operator === operator).map((term) => new Set(expand(inventory, pattern, term)));
  const [added, kept, taken] = [of("+"), of("&"), of("!")];
  const start = added.length === 0 ? [...(inventory.groups.get("all")?.hosts ?? [])] : [...new Set(added.flatMap((names) => [...names]))];
  const left = start.filter((name) => kept.every((names) => names.has(name)) && !taken.some((names) => names.has(name)));
  if (left.length === 0) throw new PatternError("empty", pattern, `the pattern "${pattern}" selects no host`, whyEmpty(inventory, terms));
  return left;
}

function expand(inventory: Selectable, pattern: string, { body, text }: Term): readonly string[] {
  if (body.kind === "file") return fromList(inventory, pattern, body.path) ?? fromFile(inventory, pattern, body.path);
  const names = body.kind === "name" ? named(inventory, pattern, body.name) : matching(inventory, pattern, body.test, text);
  return body.subscript === undefined ? names : subscripted(pattern, text, names, body.subscript);
}

function named({ hosts, groups }: Selectable, pattern: string, name: string): readonly string[] {
  const group = groups.get(name);
  if (group !== undefined) return group.hosts;
  if (hosts.includes(name)) return [name];
  const hint = didYouMean(name, [...groups.keys(), ...hosts]);
  const local = name === "localhost" ? "declare it as a host with ssh: { kind: local }" : undefined;
  throw new PatternError("unknown", pattern, `no host or group is called "${name}"`, hint ?? local ?? `groups: ${[...groups.keys()].slice(0, 12).join(", ")}`);
}

/** The hosts of the groups that match, group by group, then the hosts that match themselves; each once. */
function matching({ hosts, groups }: Selectable, pattern: string, test: RegExp, text: string): readonly string[] {
  const found = [...groups.values()].filter(({ name }) => test.test(name));
  const names = [...new Set([...found.flatMap((group) => [...group.hosts]), ...hosts.filter((name) => test.test(name))])];
  if (names.length === 0 && found.length === 0) throw new PatternError("unknown", pattern, `nothing in the inventory matches "${text}"`);
  return names;
}

function subscripted(pattern: string, text: string, names: readonly string[], subscript: Subscript): readonly string[] {
  const outside = (): PatternError =>
    new PatternError("syntax", pattern, `"${text}" is out of range`, names.length === 0 ? "there are no hosts in it" : `it has ${names.length} host${names.length === 1 ? "" : "s"}, counted from 0 to ${names.length - 1}`);
  if ("at" in subscript) {
    const name = names.at(subscript.at);
    if (name === undefined) throw outside();
    return [name];
  }
  const to = subscript.to ?? names.length - 1;
  if (subscript.from > to && subscript.to !== undefined) throw new PatternError("syntax", pattern, `"${text}" runs backwards`, `write [${to}:${subscript.from}]`);
  if (subscript.from >= names.length || to >= names.length) throw outside();
  return names.slice(subscript.from, to + 1);
}

/** A list may name hosts that have left the inventory since. */
function fromList(inventory: Selectable, pattern: string, name: string): readonly string[] | undefined {
  const listed = inventory.lists?.(name);
  const names = listed?.filter((host) => inventory.hosts.includes(host));
  if (names?.length === 0) throw new PatternError("empty", pattern, `@${name}: none of its hosts is in the inventory any more`);
  return names;
}

/** A file of names, one a line, without operators; `#` starts a comment. */
function fromFile(inventory: Selectable, pattern: string, path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(resolve(path), "utf8");
  } catch (error) {
    throw new PatternError("unknown", pattern, `@${path}: ${fileTrouble(error, "the file")}`);
  }
  const found: string[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/(?:^|\s)#.*$/, "").trim();
    if (line === "") continue;
    found.push(...fromLine(inventory, pattern, line, `${path}:${index + 1}`));
  }
  if (found.length === 0) throw new PatternError("empty", pattern, `@${path} names no host`);
  return found;
}

function fromLine(inventory: Selectable, pattern: string, line: string, at: string): readonly string[] {
  try {
    const [term, ...rest] = parsePattern(line);
    if (term === undefined || rest.length > 0 || term.operator !== "+" || term.body.kind === "file") {
      throw new PatternError("syntax", pattern, `"${line}" must be one name, glob or regex`);
    }
    return expand(inventory, pattern, term);
  } catch (error) {
    if (error instanceof PatternError) throw new PatternError(error.kind, pattern, `${at}: ${error.message}`);
    throw error;
  }
}

function whyEmpty({ groups }: Selectable, terms: readonly Term[]): string | undefined {
  for (const { operator, body } of terms) {
    if (operator !== "!" && body.kind === "name" && groups.get(body.name)?.hosts.length === 0) return `the group ${body.name} has no hosts`;
  }
  return undefined;
}
