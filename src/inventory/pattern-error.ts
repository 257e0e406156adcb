/**
 * Why a pattern selects nothing:
 * - `syntax`: it cannot be read, or a subscript is out of range;
 * - `unknown`: it names something that the inventory has not;
 * - `empty`: every name is known, but no host is left;
 * - `limit`: it selects hosts, but the limit leaves none of them. In a run of several plays that is no mistake.
 */
export type PatternTrouble = "syntax" | "unknown" | "empty" | "limit";

/** A pattern that selects nothing. Thrown before any host is touched. */
export class PatternError extends Error {
  override readonly name = "PatternError";
  readonly kind: PatternTrouble;
  readonly pattern: string;
  /** What to write instead, when that is known; also the end of the message. */
  readonly hint: string | undefined;

  constructor(kind: PatternTrouble, pattern: string, message: string, hint?: string) {
    super(hint === undefined ? message : `${message}; ${hint}`);
    this.kind = kind;
    this.pattern = pattern;
    this.hint = hint;
  }
}
