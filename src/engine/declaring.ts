import { thrownAt } from "../dsl/source.ts";
import { HawserError, type SourceLine, UsageError } from "../errors/index.ts";
import { ValuePending } from "../shell/index.ts";

/** Runs an author's code. @throws UsageError that points at the author's line, whatever was thrown there. */
export function declaring<T>(what: string, fallback: SourceLine, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof HawserError) throw error;
    const hint = error instanceof ValuePending ? "use it in an argument, by its map(), or declare inside t.given(…)" : undefined;
    throw new UsageError(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error, source: thrownAt(error) ?? fallback, ...(hint !== undefined && { hint }) });
  }
}
