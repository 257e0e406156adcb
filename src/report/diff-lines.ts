import { diffWordsWithSpace } from "diff";
import { lines } from "./text.ts";

/** A stretch of a line; `changed` where the other side has something else. */
export interface Part {
  readonly text: string;
  readonly changed: boolean;
}

/** One line of a unified diff. `note` is what stands there instead of one: that the content is hidden, for example. */
export interface DiffLine {
  readonly kind: "head" | "hunk" | "same" | "old" | "new" | "note";
  /** The whole line, with its sign. */
  readonly text: string;
  /** Of `old` and `new`, without the sign, where a part of the line stayed. */
  readonly parts?: readonly Part[];
}

/** Longer lines are not compared word by word: nobody would see it, and it takes its time. */
const MAX_LINE = 400;
/** Lines that have less than this share of their characters in common are other lines. */
const ALIKE = 0.4;

/** The lines of a unified diff; where a line replaces another like it, with the words that differ. */
export function diffLinesOf(diff: string): DiffLine[] {
  const all = lines(diff).map((text): DiffLine => ({ kind: kindOf(text), text }));
  for (let i = 0; i < all.length; i++) {
    if (all[i]?.kind !== "old") continue;
    const olds = runFrom(all, i, "old");
    const news = runFrom(all, i + olds, "new");
    for (let k = 0; k < Math.min(olds, news); k++) comparePair(all, i + k, i + olds + k);
    i += olds + news - 1;
  }
  return all;
}

function kindOf(line: string): DiffLine["kind"] {
  if (/^(---|\+\+\+)( |$)/.test(line)) return "head";
  if (line.startsWith("@@")) return "hunk";
  if (line.startsWith("+")) return "new";
  if (line.startsWith("-")) return "old";
  return line.startsWith(" ") || line === "" ? "same" : "note";
}

function runFrom(all: readonly DiffLine[], from: number, kind: DiffLine["kind"]): number {
  let length = 0;
  while (all[from + length]?.kind === kind) length++;
  return length;
}

/** Gives a replaced line and the one in its place their parts. */
function comparePair(all: DiffLine[], at: number, other: number): void {
  const [before, after] = [all[at], all[other]];
  if (!before || !after) return;
  const [old, fresh] = [before.text.slice(1), after.text.slice(1)];
  if (Math.max(old.length, fresh.length) > MAX_LINE) return;
  const words = diffWordsWithSpace(old, fresh);
  const common = words.reduce((sum, { added, removed, value }) => sum + (added || removed ? 0 : value.trim().length), 0);
  if (common < ALIKE * Math.min(old.trim().length, fresh.trim().length) || common === 0) return;
  all[at] = { ...before, parts: words.filter(({ added }) => !added).map(({ value, removed }) => ({ text: value, changed: removed })) };
  all[other] = { ...after, parts: words.filter(({ removed }) => !removed).map(({ value, added }) => ({ text: value, changed: added })) };
}
