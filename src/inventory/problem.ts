/** A position in an inventory file, counted from 1 as editors count. `file` is relative to the working directory when it lies below it. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with an inventory, and where. */
export interface Problem extends Place {
  readonly message: string;
  /** What to write instead, when that is known. */
  readonly hint?: string;
  /** The offending source line, with secrets masked. */
  readonly excerpt?: string;
}

/** Every problem of an inventory at once, so that one run shows all there is to fix. No host has been touched when it is thrown. */
export class InventoryError extends Error {
  override readonly name = "InventoryError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

/**
 * `file:line:column: message`, then the source line with a caret and the hint, each indented.
 *
 * The caret line keeps the tabs of the source line, so that both are equally wide in any terminal.
 */
export function formatProblem(problem: Problem): string {
  const lines = [`${formatPlace(problem)}: ${problem.message}`];
  if (problem.excerpt !== undefined) {
    const before = problem.excerpt.slice(0, problem.column - 1).padEnd(problem.column - 1);
    lines.push(`    ${problem.excerpt}`, `    ${before.replaceAll(/[^\t]/g, " ")}^`);
  }
  if (problem.hint !== undefined) lines.push(`    ${problem.hint}`);
  return lines.join("\n");
}

export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}
