import { Document, isMap, isScalar, parseDocument, type Node, type Pair, type YAMLMap } from "yaml";
import { sameData, type KeyPath, type Plain } from "./structured.ts";

/**
 * The edit as a change of a few characters or lines of the text, everything else as it was, or undefined where that is not
 * possible. The result is parsed again and must be the `wanted` data.
 */
export function inPlace(text: string, document: Document, key: KeyPath, value: Plain | undefined, wanted: unknown): string | undefined {
  const edited = value === undefined ? withoutPair(text, document, key) : (withScalar(text, document, key, value) ?? withPair(text, document, key, value));
  if (edited === undefined) return undefined;
  const again = parseDocument(edited);
  return again.errors.length === 0 && sameData(again.toJS(), wanted) ? edited : undefined;
}

/** `{ b: { c: value } }` for the path b, c. */
export function nested(key: KeyPath, value: Plain): Plain {
  const [first, ...rest] = key;
  if (first === undefined) return value;
  return typeof first === "number" ? [nested(rest, value)] : { [first]: nested(rest, value) };
}

function write(value: Plain): string {
  return new Document(value).toString({ lineWidth: 0 }).trimEnd();
}

/** A single value on one line in the place of another. */
function withScalar(text: string, document: Document, key: KeyPath, value: Plain): string | undefined {
  const node = document.getIn(key, true);
  if (!isScalar(node) || !node.range || (typeof value === "object" && value !== null) || node.type?.startsWith("BLOCK") === true) return undefined;
  const written = write(value);
  const [from, to] = node.range;
  if (written.includes("\n") || from === to) return undefined;
  return text.slice(0, from) + written + text.slice(to);
}

/** New lines at the end of the deepest map on the path that is there. */
function withPair(text: string, document: Document, key: KeyPath, value: Plain): string | undefined {
  if (document.hasIn(key)) return undefined;
  const depth = key.findLastIndex((_, i) => document.hasIn(key.slice(0, i)) || i === 0);
  const map = depth === 0 ? document.contents : document.getIn(key.slice(0, depth), true);
  const last = isBlockMap(map) ? map.items.at(-1) : undefined;
  if (last === undefined || typeof key[depth] === "number") return undefined;
  const start = startOf(last);
  const end = endOf(last);
  if (start === undefined || end === undefined) return undefined;
  const indent = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  if (/[^ ]/.test(indent)) return undefined;
  const lines = write(nested(key.slice(depth), value)).split("\n").map((line) => `${line === "" ? "" : indent}${line}\n`).join("");
  const at = lineAfter(text, end);
  return text.slice(0, at) + (at > 0 && text[at - 1] !== "\n" ? "\n" : "") + lines + text.slice(at);
}

/** Without the lines of a key, when they are not the map's only ones. */
function withoutPair(text: string, document: Document, key: KeyPath): string | undefined {
  const map = key.length === 1 ? document.contents : document.getIn(key.slice(0, -1), true);
  if (!isBlockMap(map) || map.items.length < 2) return undefined;
  const pair = map.items.find((item) => (isScalar(item.key) ? String(item.key.value) : undefined) === String(key.at(-1)));
  const start = pair && startOf(pair);
  const end = pair && endOf(pair);
  if (start === undefined || end === undefined) return undefined;
  const from = text.lastIndexOf("\n", start - 1) + 1;
  // Behind `- ` other keys of the item follow.
  return /[^ ]/.test(text.slice(from, start)) ? undefined : text.slice(0, from) + text.slice(lineAfter(text, end));
}

function isBlockMap(node: unknown): node is YAMLMap {
  return isMap(node) && node.flow !== true;
}

function startOf(pair: Pair): number | undefined {
  return (pair.key as Node | null)?.range?.[0];
}

/** Where the value ends, without comments and blank lines below it. */
function endOf(pair: Pair): number | undefined {
  return ((pair.value ?? pair.key) as Node | null)?.range?.[1];
}

function lineAfter(text: string, at: number): number {
  if (at > 0 && text[at - 1] === "\n") return at;
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end + 1;
}
