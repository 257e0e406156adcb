import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** A doc comment, without its stars. */
export interface Doc {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A TypeScript file, with what is needed to find things in it without parsing it. */
export interface Source {
  /** Relative to the project, with `/`. */
  readonly file: string;
  readonly text: string;
  /** The text with comments and literals blanked, place for place, so that brackets and names can be counted. */
  readonly mask: string;
  readonly docs: readonly Doc[];
}

/** A property of an object literal, or a member of a type. */
export interface Property {
  readonly name: string;
  readonly doc: string | undefined;
  readonly line: number;
  /** What follows the colon, or the name itself where there is none. */
  readonly value: string;
  /** Where the value begins in the file. */
  readonly at: number;
}

const cache = new Map<string, Source>();

export function sourceOf(root: string, file: string): Source {
  const full = path.join(root, file);
  const known = cache.get(full);
  if (known) return known;
  const source = parse(file, readFileSync(full, "utf8"));
  cache.set(full, source);
  return source;
}

/** Blanks comments, strings, templates and regular expressions. */
export function parse(file: string, text: string): Source {
  const docs: Doc[] = [];
  // By code unit, so that places in the mask are places in the text.
  const mask = Array.from({ length: text.length }, (_, i) => text.charAt(i));
  const blank = (from: number, to: number, by = " "): void => {
    for (let i = from; i < to; i++) if (mask[i] !== "\n") mask[i] = by;
  };
  let at = 0;
  while (at < text.length) {
    const end = literalEnd(text, at, mask);
    if (end === undefined) {
      at++;
      continue;
    }
    if (text.startsWith("/**", at) && end - at > 4) docs.push({ from: at, to: end, text: clean(text.slice(at + 3, end - 2)) });
    // A literal stays visible as a value: `_`, which is no name of anything here.
    blank(at, end, text.startsWith("/*", at) || text.startsWith("//", at) ? " " : "_");
    at = end;
  }
  return { file, text, mask: mask.join(""), docs };
}

/** Where the comment or literal that begins at `at` is over; undefined when none begins there. */
function literalEnd(text: string, at: number, mask: readonly string[]): number | undefined {
  const char = text[at];
  if (char === '"' || char === "'") return quotedEnd(text, at);
  if (char === "`") return templateEnd(text, at + 1);
  if (char !== "/") return undefined;
  if (text[at + 1] === "/") return text.indexOf("\n", at) < 0 ? text.length : text.indexOf("\n", at);
  if (text[at + 1] === "*") return text.indexOf("*/", at + 2) + 2;
  // A slash begins a regular expression where a value is expected.
  const before = mask.slice(Math.max(0, at - 200), at).join("").trimEnd();
  if (before !== "" && !/[(,=:[!&|?{};+*%~^<>-]$|\b(?:return|case|typeof)$/.test(before)) return undefined;
  const length = /^\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/.exec(text.slice(at))?.[0].length;
  return length === undefined ? undefined : at + length;
}

function quotedEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[start]) return at + 1;
  }
  return text.length;
}

function templateEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "`") return at + 1;
    else if (text.startsWith("${", at)) at = holeEnd(text, at + 2) - 1;
  }
  return text.length;
}

function holeEnd(text: string, start: number): number {
  const none: string[] = [];
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    const end = literalEnd(text, at, none);
    if (end !== undefined) at = end - 1;
    else if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at + 1;
  }
  return text.length;
}

function clean(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

export function lineOf({ text }: Source, at: number): number {
  return text.slice(0, at).split("\n").length;
}

/** The doc comment that stands right before `at`. */
export function docBefore({ docs, mask }: Source, at: number): string | undefined {
  const doc = docs.findLast(({ to }) => to <= at);
  return doc && mask.slice(doc.to, at).trim() === "" ? doc.text : undefined;
}

/** Where the bracket that opens at `open` is closed. */
export function closing(source: Source, open: number): number {
  let depth = 0;
  for (let at = open; at < source.mask.length; at++) {
    const char = source.mask[at] as string;
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char) && --depth === 0) return at;
  }
  throw new Error(`${source.file}:${lineOf(source, open)}: a bracket is not closed`);
}

/** The properties of the object literal, or the members of the type, that opens at `open`; `...name` as a property `...name`. */
export function propertiesOf(source: Source, open: number): Property[] {
  const end = closing(source, open);
  const found: Property[] = [];
  for (const { from, to } of parts(source, open + 1, end, ",;")) {
    const head = /^(?:(?:readonly|async|get|static)\s+)*(?:(\.\.\.[\w.]+)|([\w$]+)\??)\s*(:?)/.exec(source.mask.slice(from, to));
    if (!head) continue;
    const name = head[1] ?? head[2] ?? "";
    const at = head[3] === ":" ? from + head[0].length : from;
    const value = source.text.slice(at, to).trim();
    found.push({ name, doc: docBefore(source, from), line: lineOf(source, from), value, at: at + (source.text.slice(at, to).length - source.text.slice(at, to).trimStart().length) });
  }
  return found;
}

/** What stands between separators, outside of brackets. An arrow's `>` and a type's `<` are no brackets here, but `<…>` after a name is. */
export function parts(source: Source, start: number, end: number, separators: string): { readonly from: number; readonly to: number }[] {
  const found: { from: number; to: number }[] = [];
  let [depth, angle, from] = [0, 0, start];
  const push = (to: number): void => {
    const lead = source.mask.slice(from, to).search(/\S/);
    if (lead >= 0) found.push({ from: from + lead, to });
  };
  for (let at = start; at < end; at++) {
    const char = source.mask[at] as string;
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth--;
    else if (char === "<" && /[\w$]/.test(source.mask[at - 1] ?? "")) angle++;
    else if (char === ">" && source.mask[at - 1] !== "=" && angle > 0) angle--;
    else if (depth === 0 && angle === 0 && separators.includes(char)) {
      push(at);
      from = at + 1;
    }
  }
  push(end);
  return found;
}

/** Where the body of a function begins, or the semicolon of an overload stands. A brace after `:`, `|`, `&`, `<` or `,` begins a type. */
export function signatureEnd(source: Source, from: number): number {
  for (let at = from; at < source.mask.length; at++) {
    const char = source.mask[at] as string;
    if (char === ";") return at;
    if (char === "{" && !/[:|&<,]\s*$|=>\s*$/.test(source.mask.slice(Math.max(from, at - 20), at))) return at;
    if ("([{".includes(char)) at = closing(source, at);
  }
  return source.mask.length;
}

/** Where a name is declared: in the file, or in the one that it imports or re-exports it from. */
export function resolveName(root: string, source: Source, name: string): { readonly source: Source; readonly name: string; readonly at: number } | undefined {
  const local = new RegExp(`^(?:export )?(?:declare |abstract |async )*(?:const|let|function\\*?|class|interface|type) ${name}\\b`, "m").exec(source.mask);
  if (local) return { source, name, at: local.index };
  for (const { names, from } of importsOf(source)) {
    const original = names.get(name);
    if (original === undefined || !from.startsWith(".")) continue;
    const file = path.posix.join(path.posix.dirname(source.file), from);
    if (existsSync(path.join(root, file))) return resolveName(root, sourceOf(root, file), original);
  }
  return undefined;
}

/** What a file imports and re-exports by name. */
export function importsOf(source: Source): { readonly names: ReadonlyMap<string, string>; readonly from: string; readonly exported: boolean }[] {
  const statement = /^(import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*/gm;
  return [...source.mask.matchAll(statement)].map((match) => {
    const names = new Map<string, string>();
    for (const word of (match[2] as string).split(",")) {
      const [original = "", as] = word.trim().replace(/^type\s+/, "").split(/\s+as\s+/);
      if (original !== "") names.set(as ?? original, original);
    }
    const from = /^["']([^"']*)["']/.exec(source.text.slice(match.index + match[0].length))?.[1] ?? "";
    return { names, from, exported: match[1] === "export" };
  });
}
