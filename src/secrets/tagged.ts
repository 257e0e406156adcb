import { isCollection, isPair, parseDocument, visit, type Node, type Scalar } from "yaml";
import { UsageError } from "../errors/index.ts";

/** A value in a YAML text that stands behind one of some tags, with its place in the text. */
export interface Tagged {
  readonly tag: string;
  /** As YAML reads it. */
  readonly value: string;
  /** Where the tag begins, in characters. */
  readonly tagAt: number;
  /** The value's own text, without the tag and an anchor, but with a comment that ends its line: from `start` up to `end`. */
  readonly start: number;
  readonly end: number;
  /** True for a value of several lines behind `|` or `>`. */
  readonly block: boolean;
  /** True between brackets or braces, where no block may stand. */
  readonly flow: boolean;
  /** Columns that the lines of a block are indented by. */
  readonly indent: number;
  /** With the blanks before it; empty for none, and in brackets. */
  readonly comment: string;
  readonly line: number;
}

/** One change of a text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Finds the values behind the tags, in the order of the text.
 * @param file For messages.
 * @throws UsageError with file and line when the text is not YAML; no piece of it is quoted.
 */
export function taggedValues(text: string, tags: readonly string[], file: string): Tagged[] {
  const document = parseDocument(text, { merge: true, uniqueKeys: false, prettyErrors: false, logLevel: "error" });
  const place = (offset: number): { file: string; line: number; column: number } => {
    const before = text.slice(0, offset).split("\n");
    return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  };
  const [wrong] = document.errors;
  if (wrong !== undefined) throw new UsageError(`not valid YAML: ${wrong.code.toLowerCase().replaceAll("_", " ")}`, { source: place(wrong.pos[0]) });
  const found: Tagged[] = [];
  visit(document, {
    Scalar(key, node: Scalar, path) {
      const { tag, range, type } = node;
      if (key === "key" || tag === undefined || !tags.includes(tag) || typeof node.value !== "string" || !range) return;
      const [start, end] = range;
      const tagAt = text.lastIndexOf(tag, start);
      const block = type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED";
      const flow = path.some((step) => isCollection(step) && step.flow === true);
      const owner = column(text, path.at(-1));
      const comment = block ? (/^[|>][-+\d]*([^\r\n]*)/.exec(text.slice(start, end))?.[1] ?? "") : flow ? "" : (/^[^\r\n]*/.exec(text.slice(end))?.[0] ?? "");
      const indent = block ? indentOf(text.slice(start, end), owner) : owner + 2;
      found.push({ tag, value: node.value, tagAt, start, end: block ? end : end + comment.length, block, flow, indent, comment, line: place(tagAt).line });
    },
  });
  return found;
}

/** The column, from 0, of what a value belongs to: its key, or the list that it is in. */
function column(text: string, parent: unknown): number {
  const owner = isPair(parent) ? (parent.key as Node | null) : isCollection(parent) ? parent : undefined;
  const offset = owner?.range?.[0];
  return offset === undefined ? 0 : offset - (text.lastIndexOf("\n", offset - 1) + 1);
}

function indentOf(source: string, fallback: number): number {
  const [, ...lines] = source.split("\n");
  const first = lines.find((line) => line.trim() !== "");
  return first === undefined ? fallback + 2 : first.search(/\S/);
}

/** Applies edits that do not overlap; everything else stays byte for byte. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let [result, from] = ["", 0];
  for (const { start, end, text: fresh } of [...edits].sort((a, b) => a.start - b.start)) {
    result += text.slice(from, start) + fresh;
    from = end;
  }
  return result + text.slice(from);
}

/** How a value is written in a value's place. */
export interface Writing {
  /** False for encrypted text, to which a last newline means nothing: the block's `|` and `|-` stay as they are. */
  readonly exact: boolean;
}

/**
 * The YAML source of another value in a value's place: a block with its comment and indentation, or a text in quotes where no
 * block may stand.
 */
export function sourceFor(source: string, at: Tagged, value: string, { exact }: Writing): string {
  const old = source.slice(at.start, at.end);
  const ending = at.block ? (/(?:\r?\n)*$/.exec(old)?.[0] ?? "") : "";
  if (at.flow || !fitsBlock(value)) return `${JSON.stringify(value)}${at.comment}${ending}`;
  const kept = at.block ? (/^[|>][-+\d]*/.exec(old)?.[0] ?? "") : "";
  const header = !exact && /^\|[-+]?$/.test(kept) ? kept : value.endsWith("\n") ? "|" : "|-";
  const lines = value.replace(/\n$/, "").split("\n").map((line) => (line === "" ? "" : " ".repeat(at.indent) + line));
  return [`${header}${at.comment}`, ...lines].join(source.includes("\r\n") ? "\r\n" : "\n") + ending;
}

/** What a block can hold without an indentation indicator or escapes. */
function fitsBlock(value: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return value.trim() !== "" && !/^[ \t\n]/.test(value) && !value.endsWith("\n\n") && !/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\uFEFF]/.test(value);
}
