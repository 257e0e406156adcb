/** A place in a TypeScript, YAML or template file. Lines and columns start at 1. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ErrorDetails {
  readonly cause?: unknown;
  /** What to try. One sentence, lower case, no full stop. */
  readonly hint?: string;
  readonly source?: SourceLine;
  readonly host?: string;
  /** The resource's id, which begins with its role. */
  readonly resource?: string;
  /** The failed command's standard error, redacted. */
  readonly stderr?: string;
}

/** Every error that hawser raises on purpose. `message` is one short line; the rest is data for whoever prints it. */
export class HawserError extends Error {
  override readonly name: string = "HawserError";
  readonly hint: string | undefined;
  readonly source: SourceLine | undefined;
  readonly host: string | undefined;
  readonly resource: string | undefined;
  readonly stderr: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.hint = details.hint;
    this.source = details.source;
    this.host = details.host;
    this.resource = details.resource;
    this.stderr = details.stderr;
  }
}

/** Bad input: found before any host was touched. */
export class UsageError extends HawserError {
  override readonly name: string = "UsageError";
}

export function formatSource(source: SourceLine): string {
  return `${source.file}:${source.line}:${source.column}`;
}
