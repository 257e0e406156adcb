import { isAbsolute, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { SourceLine } from "../errors/index.ts";
import { formatSource } from "../errors/index.ts";

const ASCII = /^[\x20-\x7e]*$/;
/** East Asian Wide and Fullwidth blocks (Unicode's EastAsianWidth.txt, W and F) and what is drawn as emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]*$/u;
const graphemes = new Intl.Segmenter();

/** How many columns a text takes on a terminal; colours take none. */
export function cells(text: string): number {
  if (ASCII.test(text)) return text.length;
  const bare = stripVTControlCharacters(text);
  if (ASCII.test(bare)) return bare.length;
  let width = 0;
  for (const { segment } of graphemes.segment(bare)) width += clusterCells(segment);
  return width;
}

function clusterCells(cluster: string): number {
  if (WIDE.test(cluster)) return 2;
  return INVISIBLE.test(cluster) ? 0 : 1;
}

export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - cells(text)));
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - cells(text))) + text;
}

/** Cuts an uncoloured text to `width` columns. */
export function cutEnd(text: string, width: number): string {
  return cells(text) <= width ? text : `${take(text, width - 1)}…`;
}

/** Cuts the middle of an uncoloured text: of a path, both the role and the file name matter. */
export function cutMiddle(text: string, width: number): string {
  if (cells(text) <= width) return text;
  const head = Math.floor((width - 1) / 3);
  const reversed = [...graphemes.segment(text)].map(({ segment }) => segment).reverse().join("");
  const tail = [...graphemes.segment(take(reversed, width - 1 - head))].map(({ segment }) => segment).reverse().join("");
  return width < 1 ? "" : `${take(text, head)}…${tail}`;
}

function take(text: string, width: number): string {
  let taken = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += clusterCells(segment);
    if (used > width) break;
    taken += segment;
  }
  return taken;
}

/** Control characters other than tab and newline, and the direction overrides that make a line read as another one. */
const UNSAFE = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text from a host, made safe to print: its colours go, and a control character that could drive the operator's
 * terminal is shown by its number. Of a line that a progress bar rewrote, the last state stays.
 */
export function clean(text: string): string {
  const plain = text.includes("\x1b") ? stripVTControlCharacters(text) : text;
  return plain
    .replace(/\r+$/gm, "")
    .replace(/^.*\r/gm, "")
    .replace(UNSAFE, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The lines of a text without the empty ones at its end; tabs become spaces so that widths hold. */
export function lines(text: string): string[] {
  const cleaned = clean(text).replaceAll("\t", "  ").trimEnd();
  return cleaned === "" ? [] : cleaned.split("\n");
}

export function oneLine(text: string): string {
  return lines(text).join(" ");
}

/** `0.4 s`, `5 s`, `12 s`, `3 min 05 s`: precise where it is short. */
export function duration(seconds: number): string {
  if (seconds < 9.95 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** `12 B`, `7.1 KiB`, `50.0 MiB`. */
export function bytes(number: number): string {
  if (number < 1024) return `${number} B`;
  return number < 1024 * 1024 ? `${(number / 1024).toFixed(1)} KiB` : `${(number / 1024 / 1024).toFixed(1)} MiB`;
}

/** `1 host`, `3 hosts`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `path:line:column`, which terminals and editors open on a click; relative to `cwd` where that is shorter. */
export function place(source: SourceLine, cwd: string): string {
  return formatSource({ ...source, file: shortPath(source.file, cwd) });
}

export function shortPath(file: string, cwd: string): string {
  if (!isAbsolute(file)) return file;
  const short = relative(cwd, file);
  return short !== "" && short.length < file.length ? short : file;
}
