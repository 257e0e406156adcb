import { Secret } from "../shell/index.ts";

/** A value as Jinja2 prints it: True, None, and lists and maps as Python writes them. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : repr(value);
}

function repr(value: unknown): string {
  if (typeof value === "string") return pythonQuoted(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value === null) return "None";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, inner]) => `${repr(name)}: ${repr(inner)}`).join(", ")}}`;
  throw new TypeError(value === undefined ? "a value that is not defined was about to be printed" : `a ${typeof value} cannot be printed`);
}

/** Python takes single quotes unless only double ones save escapes. */
function pythonQuoted(value: string): string {
  const mark = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value.replaceAll("\\", "\\\\").replaceAll("\n", String.raw`\n`).replaceAll("\t", String.raw`\t`).replaceAll("\r", String.raw`\r`);
  return mark + (mark === "'" ? escaped.replaceAll("'", String.raw`\'`) : escaped) + mark;
}

/** A number that Python holds as a float: whole ones are printed with `.0`. */
export const float = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** Python's truth: nothing, 0 and whatever is empty are false. */
export function truthy(value: unknown): boolean {
  if (typeof value !== "object" || value === null || value instanceof Secret) return Boolean(value);
  return (Array.isArray(value) ? value : Object.keys(value)).length > 0;
}

/** Pieces of text of which some are secret, as one secret. */
export const secretText = (...parts: readonly unknown[]): Secret => new Secret(parts.map((part) => (part instanceof Secret ? part.reveal() : text(part))).join(""));

/** `to_json`, with the blanks and escapes of Python's json. */
export const toJson = (value: unknown): string => json(value, undefined, "", false);

/** `to_nice_json`: names sorted. */
export const toNiceJson = (value: unknown, width = 4): string => json(value, " ".repeat(width), "", true);

function json(value: unknown, by: string | undefined, now: string, sort: boolean): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value).replaceAll(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (value instanceof Secret) throw new TypeError("a secret cannot go through to_json: print it by itself");
  const deeper = now + (by ?? "");
  const entries = Array.isArray(value) ? [] : Object.entries(value);
  if (sort) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const items = Array.isArray(value) ? value.map((item) => json(item, by, deeper, sort)) : entries.map(([name, inner]) => `${json(name, by, deeper, sort)}: ${json(inner, by, deeper, sort)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (items.length === 0) return open + close;
  return by === undefined ? `${open}${items.join(", ")}${close}` : `${open}\n${deeper}${items.join(`,\n${deeper}`)}\n${now}${close}`;
}
