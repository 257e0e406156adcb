import { JinjaError } from "./ast.ts";

/** A template taken apart. */
export interface Piece {
  readonly type: "text" | "print" | "tag" | "comment";
  /** Of text: what is printed. Else what stands between the marks. */
  readonly text: string;
  /** Offset of the piece, and of what stands between the marks. */
  readonly at: number;
  readonly inner: number;
  /** As it is written. */
  readonly source: string;
  /** Of text: a line break at its beginning was taken by the tag before it. */
  readonly swallowed: boolean;
}

export interface SplitOptions {
  /** A tag or comment takes the line break after it. Ansible's default for templates is true. */
  readonly trimBlocks: boolean;
  /** A tag takes the blanks before it, to the line's beginning. Default false. */
  readonly lstripBlocks?: boolean;
}

const OPEN = /\{\{|\{%|\{#/g;
const CLOSE = { "{{": /[-+]?\}\}/g, "{%": /[-+]?%\}/g, "{#": /[-+]?#\}/g } as const;
const TYPES = { "{{": "print", "{%": "tag", "{#": "comment" } as const;

/** Divides a template into text and tags, and obeys `-`, `+`, trim_blocks and lstrip_blocks while it does. */
export function split(whole: string, options: SplitOptions): Piece[] {
  const text = whole.replaceAll(/\r\n?/g, "\n");
  const pieces: Piece[] = [];
  let at = 0;
  /** What the last tag takes from the text after it. */
  let takes: "nothing" | "newline" | "blanks" = "nothing";
  const addText = (to: number, strip: "blanks" | "line" | undefined): void => {
    let shown = text.slice(at, to);
    const before = shown;
    if (takes === "blanks") shown = shown.trimStart();
    else if (takes === "newline") shown = shown.replace(/^\n/, "");
    const swallowed = before.slice(0, before.length - shown.length).includes("\n");
    if (strip === "blanks") shown = shown.trimEnd();
    // Only where nothing but blanks stands before the tag in its line.
    else if (strip === "line" && (/\n[ \t]*$/.test(shown) || (/^[ \t]*$/.test(shown) && (at === 0 || swallowed)))) shown = shown.replace(/[ \t]*$/, "");
    if (shown !== "" || swallowed) pieces.push({ type: "text", text: shown, at, inner: at, source: before, swallowed });
  };
  for (;;) {
    OPEN.lastIndex = at;
    const open = OPEN.exec(text);
    if (open === null) {
      addText(text.length, undefined);
      return pieces;
    }
    const mark = open[0] as keyof typeof CLOSE;
    const sign = /[-+]/.exec(text[open.index + 2] ?? "")?.[0];
    addText(open.index, sign === "-" ? "blanks" : sign !== "+" && options.lstripBlocks === true && mark !== "{{" ? "line" : undefined);
    const inner = open.index + 2 + (sign === undefined ? 0 : 1);
    const close = closing(text, inner, mark);
    if (close === undefined) throw new JinjaError(`this ${mark} is never closed`, open.index);
    const body = text.slice(inner, close.from);
    at = close.to;
    const source = text.slice(open.index, at);
    takes = close.sign === "-" ? "blanks" : mark !== "{{" && options.trimBlocks && close.sign !== "+" ? "newline" : "nothing";
    if (mark === "{%" && /^\s*raw\s*$/.test(body)) {
      const end = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g;
      end.lastIndex = at;
      const found = end.exec(text);
      if (found === null) throw new JinjaError("this raw is never closed", open.index);
      // The line break after `{% raw %}` stays, whatever trim_blocks says.
      if (takes === "newline") takes = "nothing";
      addText(found.index, found[1] === "-" ? "blanks" : found[1] !== "+" && options.lstripBlocks === true ? "line" : undefined);
      at = end.lastIndex;
      takes = found[2] === "-" ? "blanks" : options.trimBlocks && found[2] !== "+" ? "newline" : "nothing";
    } else pieces.push({ type: TYPES[mark], text: body, at: open.index, inner, source, swallowed: false });
  }
}

/** The end of a tag; marks inside of strings do not count. */
function closing(text: string, from: number, mark: keyof typeof CLOSE): { readonly from: number; readonly to: number; readonly sign: string } | undefined {
  const pattern = new RegExp(mark === "{#" ? CLOSE[mark].source : `"(?:\\\\[\\s\\S]|[^"\\\\])*"|'(?:\\\\[\\s\\S]|[^'\\\\])*'|[{[(]|(?<close>${CLOSE[mark].source})|[\\])}]`, "g");
  pattern.lastIndex = from;
  let depth = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const found = match[0];
    if (/^["']/.test(found)) continue;
    // `{{ {'a': {}}}}`: braces of the expression come first.
    if (mark === "{{" && depth > 0 && found.endsWith("}}")) {
      depth -= 1;
      pattern.lastIndex = match.index + (/^[-+]/.test(found) ? 2 : 1);
      continue;
    }
    if (/^[-+]?(?:\}\}|%\}|#\})$/.test(found)) return { from: match.index, to: match.index + found.length, sign: /^[-+]/.exec(found)?.[0] ?? "" };
    if (mark === "{{" && found === "{") depth += 1;
    else if (mark === "{{" && found === "}") depth -= 1;
  }
  return undefined;
}
