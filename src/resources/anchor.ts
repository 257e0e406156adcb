import { z } from "zod";
import { fromBytes } from "./edit.ts";

/** Which lines are meant: a RegExp, or a text that they begin with, blanks before it aside. */
export const pattern = z.union([
  z.instanceof(RegExp),
  z
    .string()
    .min(1)
    .refine((text) => !/^\^|\$$|\n/.test(text), "a text is taken as it stands and must be one line; write a RegExp for ^ and $"),
]);

export type Pattern = z.output<typeof pattern>;

/** Whether a line, as its bytes and without its end, is meant. */
export function matches(wanted: Pattern, line: string): boolean {
  const text = fromBytes(line).replace(/\r$/, "");
  // A global or sticky RegExp would remember where it stopped.
  if (wanted instanceof RegExp) return new RegExp(wanted.source, wanted.flags.replaceAll(/[gy]/g, "")).test(text);
  return text.trimStart().startsWith(wanted);
}

export function patternText(wanted: Pattern): string {
  return wanted instanceof RegExp ? wanted.source : wanted;
}

/** Where new lines go: below the last line that `after` means, else above the first that `before` means, else at the end. */
export function insertAt(lines: readonly string[], { after, before }: { after?: Pattern | undefined; before?: Pattern | undefined }): number {
  const below = after === undefined ? -1 : lines.findLastIndex((line) => matches(after, line));
  if (below !== -1) return below + 1;
  const above = before === undefined ? -1 : lines.findIndex((line) => matches(before, line));
  return above === -1 ? lines.length : above;
}
