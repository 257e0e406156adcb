/**
 * What Jinja2's and Ansible's filters do, for roles and templates that `hawser import` made. `ansible` gathers them; where
 * TypeScript has a word of its own for something, the import uses that.
 */
import { createHash } from "node:crypto";
import { text, truthy } from "./text.ts";

type Item = Readonly<Record<string, unknown>> | readonly unknown[];

/** `capitalize`: the first letter upper, the rest lower. */
export const capitalize = (value: unknown): string => text(value).charAt(0).toUpperCase() + text(value).slice(1).toLowerCase();

/** `title`: every word as `capitalize`. */
export const title = (value: unknown): string => text(value).replaceAll(/[^-\s({[<]+/g, capitalize);

/** `int`: a whole number, or `otherwise` for what is none. */
export function int(value: unknown, otherwise = 0): number {
  if (typeof value === "boolean") return Number(value);
  const number = typeof value === "string" && /^\s*[-+]?\d+(?:\.\d*)?\s*$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? Math.trunc(number) : otherwise;
}

/** `float`: a number, or 0. */
export const number = (value: unknown): number => (Number.isFinite(Number(value)) && value !== "" ? Number(value) : 0);

/** `bool`: yes, on, 1 and true, in any case; everything else is false. */
export const bool = (value: unknown): boolean => ["yes", "on", "1", "true"].includes(text(value).toLowerCase());

/** `round`, half away from the even number as Python does it. */
export function round(value: number, precision = 0, method: "common" | "ceil" | "floor" = "common"): number {
  const scale = 10 ** precision;
  const scaled = value * scale;
  if (method !== "common") return Math[method](scaled) / scale;
  const floor = Math.floor(scaled);
  const half = scaled - floor === 0.5;
  return (half ? floor + (floor % 2 === 0 ? 0 : 1) : Math.round(scaled)) / scale;
}

/** `quote`: one word for a shell, as Python's shlex writes it. */
export function quote(value: unknown): string {
  const word = text(value);
  if (word === "") return "''";
  return /[^\w@%+=:,./-]/.test(word) ? `'${word.replaceAll("'", `'"'"'`)}'` : word;
}

/** `sort`: texts without regard to case, unless told. @param attribute Sorts by that part of each item. */
export function sorted<T>(list: readonly T[], options: { readonly reverse?: boolean; readonly caseSensitive?: boolean; readonly attribute?: string | number } = {}): T[] {
  const key = (item: T): unknown => {
    const value = options.attribute === undefined ? item : String(options.attribute).split(".").reduce<unknown>((of, name) => (of as Record<string, unknown>)[name], item);
    return typeof value === "string" && options.caseSensitive !== true ? value.toLowerCase() : value;
  };
  const sign = options.reverse === true ? -1 : 1;
  return [...list].sort((a, b) => {
    const [left, right] = [key(a) as string, key(b) as string];
    return left < right ? -sign : left > right ? sign : 0;
  });
}

/** `list`: a map's names, a text's characters. Nothing gives an empty list. */
export function list<T = unknown>(value: Iterable<T> | Readonly<Record<string, unknown>> | null | undefined): T[] {
  if (value === null || value === undefined) return [];
  return Symbol.iterator in Object(value) ? [...(value as Iterable<T>)] : (Object.keys(value) as T[]);
}

/** `length`. */
export const length = (value: string | Item | null | undefined): number => list(value as Iterable<unknown>).length;

/** `in`, in a list, a text or a map's names. */
export function contains(where: unknown, what: unknown): boolean {
  if (typeof where === "string") return where.includes(text(what));
  return where !== null && where !== undefined && list(where as Iterable<unknown>).some((item) => same(item, what));
}

/** `==` of lists and maps: by what they hold. */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return Array.isArray(a) === Array.isArray(b) && left.length === right.length && left.every(([name, value]) => name in b && same(value, (b as Record<string, unknown>)[name]));
}

/** `split`: without a separator, at blanks. */
export const split = (value: string, separator?: string): string[] => (separator === undefined ? value.split(/\s+/).filter((word) => word !== "") : value.split(separator));

export const basename = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

export const dirname = (path: string): string => (path.includes("/") ? path.slice(0, path.lastIndexOf("/")).replace(/\/+$/, "") || "/" : "");

/** `hash`, in hexadecimal; sha1 by default. */
export const hash = (value: string, type = "sha1"): string => createHash(type).update(value).digest("hex");

/** `indent`: every line but the first, and no empty one, unless told. */
export function indent(value: unknown, width: number | string = 4, first = false, blank = false): string {
  const by = typeof width === "number" ? " ".repeat(width) : width;
  return text(value).split("\n").map((line, i) => ((i === 0 && !first) || (line === "" && !blank && !(i === 0 && first)) ? line : by + line)).join("\n");
}

/** `regex_replace`, with Python's \1 for what a group matched. */
export const regexReplace = (value: string, pattern: string, replacement = ""): string =>
  value.replaceAll(new RegExp(pattern.replaceAll("(?P<", "(?<"), "g"), replacement.replaceAll("$", "$$$$").replaceAll(/\\g<(\w+)>|\\(\d)/g, (_, name?: string, digit?: string) => (digit === undefined ? `$<${name}>` : `$${digit}`)));

/** `format`, and Python's `%`: %s, %d, %x and %f, with a width. */
export function format(pattern: string, ...values: readonly unknown[]): string {
  let next = 0;
  return pattern.replaceAll(/%(?:%|([-0+]*)(\d*)(?:\.(\d+))?([sdixXf]))/g, (whole, flags: string | undefined, width: string, digits: string | undefined, kind: string) => {
    if (flags === undefined) return whole.slice(1);
    const value = values[next++];
    const shown = kind === "s" ? text(value) : kind === "f" ? Number(value).toFixed(digits === undefined ? 6 : Number(digits)) : kind === "x" ? int(value).toString(16) : kind === "X" ? int(value).toString(16).toUpperCase() : String(int(value));
    const signed = flags.includes("+") && kind !== "s" && !shown.startsWith("-") ? `+${shown}` : shown;
    return flags.includes("-") ? signed.padEnd(Number(width)) : signed.padStart(Number(width), flags.includes("0") && kind !== "s" ? "0" : " ");
  });
}

export function range(from: number, to?: number, step = 1): number[] {
  const [start, end] = to === undefined ? [0, from] : [from, to];
  return Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
}

export const isMapping = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** A text is a sequence, too, and so is a map. */
export const isSequence = (value: unknown): boolean => typeof value === "string" || (typeof value === "object" && value !== null);

/** `version`: compares dotted numbers part by part. A word is older than a number. */
export function version(left: string, right: string, operator = "=="): boolean {
  const parts = (of: string): (number | string)[] => (of.match(/\d+|[a-z]+/gi) ?? []).map((part) => (/^\d/.test(part) ? Number(part) : part));
  const [a, b] = [parts(left), parts(right)];
  let order = 0;
  for (let i = 0; order === 0 && i < Math.max(a.length, b.length); i++) order = compareParts(a[i], b[i]);
  const answers: Readonly<Record<string, boolean>> = { "==": order === 0, "=": order === 0, eq: order === 0, "!=": order !== 0, ne: order !== 0, "<": order < 0, lt: order < 0, "<=": order <= 0, le: order <= 0, ">": order > 0, gt: order > 0, ">=": order >= 0, ge: order >= 0 };
  return answers[operator] ?? false;
}

function compareParts(a: number | string | undefined, b: number | string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return typeof b === "string" ? 1 : -1;
  if (b === undefined) return -compareParts(b, a);
  if (typeof a !== typeof b) return typeof a === "string" ? -1 : 1;
  return a < b ? -1 : 1;
}

export { truthy };
