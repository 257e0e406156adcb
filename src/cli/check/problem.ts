import { HawserError, type SourceLine } from "../../errors/index.ts";

/** What a check says: a place, what is wrong there, and what to try. */
export interface Problem extends SourceLine {
  /** An error keeps a playbook from running as it is meant; a warning may be meant. */
  readonly severity: "error" | "warning";
  /** The rule's name, such as `unused-handler`. */
  readonly rule: string;
  readonly message: string;
  readonly hint?: string;
}

/** An error as a problem; `at` is its place where the error names none. */
export function problemOf(error: unknown, rule: string, at: SourceLine): Problem[] {
  const { problems } = error as { problems?: unknown };
  if (Array.isArray(problems)) return (problems as (SourceLine & { message: string; hint?: string })[]).map(({ file, line, column, message, hint }) => ({ file, line, column, severity: "error", rule, message, ...(hint !== undefined && { hint }) }));
  const { hint, source } = error as Partial<HawserError>;
  const message = error instanceof Error ? error.message : String(error);
  const place = source !== undefined && source.line > 0 ? source : at;
  return [{ file: place.file, line: place.line, column: place.column, severity: "error", rule, message, ...(hint !== undefined && { hint }) }];
}

/** Each once, by file, line and column. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const each = new Map(problems.map((problem) => [`${problem.file}:${problem.line}:${problem.column}:${problem.message}`, problem]));
  return [...each.values()].sort((a, b) => (a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1));
}

/** The first place of a text in a file, as line and column. */
export function placeIn(text: string, index: number): Pick<SourceLine, "line" | "column"> {
  const before = text.slice(0, Math.max(0, index)).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
