/**
 * Everything the lab reports as gone wrong.
 *
 * `message` is one line; `evidence` is what a program or a console printed (its tail); `hint` is what to try next.
 */
export class LabError extends Error {
  override readonly name = "LabError";
  readonly evidence: string | undefined;
  readonly hint: string | undefined;

  constructor(message: string, more: { evidence?: string; hint?: string; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.evidence = more.evidence === "" ? undefined : more.evidence;
    this.hint = more.hint;
  }

  /** The message, its evidence indented, and the hint: what a terminal shows. */
  report(): string {
    const lines = [this.message];
    if (this.evidence !== undefined) lines.push(...this.evidence.split("\n").map((line) => `  | ${line}`));
    if (this.hint !== undefined) lines.push(`try: ${this.hint}`);
    return lines.join("\n");
  }
}

/** The last `lines` lines of a text, without trailing blank ones. */
export function tail(text: string, lines = 20): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
