import type { HostCounts } from "../engine/events.ts";
import type { RecapEvent, Reporter } from "./reporter.ts";
import { sinkOf } from "./sink.ts";

/** The order in which the keys of an event are written; others follow in alphabetical order. */
const KEYS = ["event", "at", "host", "play", "role", "id", "kind", "resource", "outcome", "message", "summary", "cause", "diff", "source", "file", "line", "column", "seconds", "probeSeconds"];

/**
 * JSON Lines: each event on a line, and as the last line the recap in a shape that does not change:
 * `{"event":"recap","result":…,"hosts":{NAME:{…}},"seconds":…}`, with `pendingHandlers` and `interrupted` after it where
 * there are any.
 */
export function jsonReporter(stream: NodeJS.WritableStream): Reporter {
  const sink = sinkOf(stream);
  let recap: RecapEvent | undefined;
  return {
    on(event) {
      if (event.event === "recap") recap = event;
      else sink.write(`${JSON.stringify(stable(event))}\n`);
    },
    async end() {
      if (recap !== undefined) sink.write(`${JSON.stringify(recapLine(recap))}\n`);
      recap = undefined;
      await sink.flush();
    },
  };
}

function recapLine(recap: RecapEvent): object {
  const pending = Object.entries(recap.pendingHandlers).filter(([, names]) => names.length > 0);
  return {
    event: "recap",
    result: recap.result,
    hosts: Object.fromEntries(Object.entries(recap.hosts).map(([host, counts]) => [host, countsLine(counts)])),
    seconds: recap.seconds,
    ...(pending.length > 0 && { pendingHandlers: Object.fromEntries(pending) }),
    ...(recap.interrupted === true && { interrupted: true }),
  };
}

function countsLine(counts: HostCounts): object {
  const { ok, changed, wouldChange, unknown, skipped, failed, rescued, notReached, handlersPending, unreachable, requests } = counts;
  return { ok, changed, wouldChange, unknown, skipped, failed, ...(rescued > 0 && { rescued }), notReached, handlersPending, unreachable, requests };
}

/** A copy with its keys in a fixed order and with sets, maps and errors as JSON can hold them. */
function stable(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(stable);
  if (value instanceof Set) return [...value].map(stable);
  if (value instanceof Map) return stable(Object.fromEntries(value));
  if (value instanceof Error) return { message: value.message };
  if ("toJSON" in value && typeof value.toJSON === "function") return value.toJSON();
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
      .map(([key, held]) => [key, stable(held)]),
  );
}

function rank(key: string): number {
  const index = KEYS.indexOf(key);
  return index === -1 ? KEYS.length : index;
}
