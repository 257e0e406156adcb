import { isIPv6 } from "node:net";
import { PatternError } from "./pattern-error.ts";

/** One term of a pattern. */
export interface Term {
  /** `+` adds hosts, `&` keeps only its hosts, `!` takes its hosts away. */
  readonly operator: "+" | "&" | "!";
  readonly body: TermBody;
  /** As written, without the operator. */
  readonly text: string;
}

export type TermBody =
  | { readonly kind: "name"; readonly name: string; readonly subscript?: Subscript }
  | { readonly kind: "glob" | "regex"; readonly test: RegExp; readonly subscript?: Subscript }
  | { readonly kind: "file"; readonly path: string };

/** `[n]` or `[from:to]`, both ends included; a negative n counts from the end, an open end means the last. */
export type Subscript = { readonly at: number } | { readonly from: number; readonly to: number | undefined };

/** Reads a pattern: terms joined by `:` or `,`. @throws PatternError of kind `syntax`. */
export function parsePattern(pattern: string): Term[] {
  if (pattern.trim() === "") throw new PatternError("syntax", pattern, "the pattern is empty", 'write "all" for every host');
  return splitTerms(pattern).map((part) => parseTerm(pattern, part.trim()));
}

/** Splits at `:` and `,`, but not inside `[…]` or an IPv6 address, nor inside the brackets of a regex or behind its backslashes. */
function splitTerms(pattern: string): string[] {
  const parts: string[] = [];
  let part = "";
  let depth = 0;
  for (let i = 0; i < pattern.length; i += 1) {
    const address = part === "" ? addressAt(pattern, i) : "";
    if (address !== "") {
      part = address;
      i += address.length - 1;
      continue;
    }
    const char = pattern.charAt(i);
    const regex = /^\s*[&!]?~/.test(part);
    if (regex && char === "\\") {
      part += char + pattern.charAt(i + 1);
      i += 1;
      continue;
    }
    if (char === "[" || (regex && "({".includes(char))) depth += 1;
    if (depth > 0 && (char === "]" || (regex && ")}".includes(char)))) depth -= 1;
    if (depth === 0 && (char === ":" || char === ",")) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  if (depth > 0) throw new PatternError("syntax", pattern, `the pattern "${pattern}" has an unclosed bracket`);
  return [...parts, part];
}

/** The term at this place that is an IPv6 address, up to the next comma, its operator included; "" when it is none. */
function addressAt(pattern: string, start: number): string {
  const [term = ""] = pattern.slice(start).split(",");
  return isIPv6(term.trim().replace(/^[&!]\s*/, "")) ? term : "";
}

function parseTerm(pattern: string, part: string): Term {
  const operator = part.startsWith("&") ? "&" : part.startsWith("!") ? "!" : "+";
  const text = operator === "+" ? part : part.slice(1).trim();
  // An unset shell variable in `web:!$gone` must not select more than was meant.
  if (text === "") throw new PatternError("syntax", pattern, `the pattern "${pattern}" has an empty term`, pattern.includes("::") ? "join terms with commas where one is an IPv6 address" : "remove the separator or name what is missing");
  return { operator, body: parseBody(pattern, text), text };
}

function parseBody(pattern: string, text: string): TermBody {
  if (text.startsWith("@")) return { kind: "file", path: text.slice(1) };
  // A regex matches from the start of a name, not necessarily to its end, as in Ansible.
  if (text.startsWith("~")) return { kind: "regex", test: compile(pattern, `^(?:${regexSource(pattern, text)})`, text) };
  const { base, subscript } = splitSubscript(pattern, text);
  const found = subscript === undefined ? {} : { subscript };
  if (/[*?[\]]/.test(base)) return { kind: "glob", test: compile(pattern, globSource(base), base), ...found };
  if (/[&!~@]/.test(base)) throw new PatternError("syntax", pattern, `"${base}" is not a name`, "operators go in front of a term, terms are joined by : or ,");
  return { kind: "name", name: base, ...found };
}

function splitSubscript(pattern: string, text: string): { readonly base: string; readonly subscript?: Subscript } {
  const match = /^(.+)\[([-\d:]*)\]$/.exec(text);
  const [, base, inside] = match ?? [];
  if (base === undefined || inside === undefined) return { base: text };
  if (/^-?\d+$/.test(inside)) return { base, subscript: { at: Number(inside) } };
  const [, from, to] = /^(\d*):(\d*)$/.exec(inside) ?? [];
  if (from === undefined || to === undefined || inside === ":") {
    throw new PatternError("syntax", pattern, `"[${inside}]" is not a subscript`, "write [0], [-1], [0:2] or [1:]; both ends are included");
  }
  return { base, subscript: { from: Number(from), to: to === "" ? undefined : Number(to) } };
}

/** What Python's regexes say and JavaScript's would silently read as letters. */
function regexSource(pattern: string, text: string): string {
  const [, python] = /(?:^|[^\\])(?:\\\\)*(\\[AZ]|\(\?P|\(\?[aiLmsux]+\))/.exec(text) ?? [];
  if (python === undefined) return text.slice(1);
  const hints = new Map([["\\A", "leave it out: a regex starts where the name does"], ["\\Z", "write $"], ["(?P", "write (?<name>…)"]]);
  throw new PatternError("syntax", pattern, `"${text}" holds Python's ${python}, and regexes here are JavaScript's`, hints.get(python));
}

function compile(pattern: string, source: string, text: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*: /s, "") : "it cannot be read";
    throw new PatternError("syntax", pattern, `"${text}" cannot be matched: ${why}`);
  }
}

/** `*`, `?`, `[abc]`, `[a-f]` and `[!abc]`, over the whole name. */
function globSource(text: string): string {
  const source = text.replaceAll(/\[(!?)([^\]]+)\]|\*+|[?\\^$.+()|{}[\]]/g, (piece, not: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${not === "!" ? "^" : ""}${set.replaceAll(/[\\\]^]/g, "\\$&")}]`;
    return piece.startsWith("*") ? ".*" : piece === "?" ? "." : `\\${piece}`;
  });
  return `^${source}$`;
}
