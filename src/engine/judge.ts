import type { Assertion, Limit, Measured } from "../dsl/verifier.ts";
import type { Look } from "./fragment.ts";

/** What came of one assertion. */
export interface Judged {
  /** Null when nothing was measured. */
  readonly value: Measured | null;
  readonly ok: boolean;
  /** Why nothing was measured. */
  readonly cause?: string;
}

/** `<= 100`, `>= 1`, `1..5`, `= up`. */
export function limitText(limit: Limit): string {
  if ("equals" in limit) return `= ${String(limit.equals)}`;
  const { min, max } = limit;
  if (min !== undefined && max !== undefined) return `${min}..${max}`;
  return min !== undefined ? `>= ${min}` : `<= ${max}`;
}

export function within(value: Measured, limit: Limit): boolean {
  if ("equals" in limit) return value === limit.equals;
  return typeof value === "number" && (limit.min === undefined || value >= limit.min) && (limit.max === undefined || value <= limit.max);
}

/** Reads an assertion's value from its probe's answer. */
export function measure(assertion: Assertion, look: Look | undefined): Judged {
  if (look === undefined) return { value: null, ok: false, cause: "the probe was not answered" };
  if (look.timedOut) return { value: null, ok: false, cause: look.seen.err };
  try {
    const value = assertion.value(look.seen);
    if (value === undefined || Number.isNaN(value)) return { value: null, ok: false, cause: nothing(look) };
    if (assertion.total && typeof value !== "number") return { value: null, ok: false, cause: `the value of a total is a number, not ${JSON.stringify(value)}` };
    return { value, ok: within(value, assertion.limit) };
  } catch (error) {
    return { value: null, ok: false, cause: `${error instanceof Error ? error.message : String(error)}; ${nothing(look)}` };
  }
}

/** A probe's last line tells most of why there is no value in it. */
function nothing({ seen }: Look): string {
  const line = (text: string): string => text.trim().split("\n").at(-1)?.trim().slice(0, 160) ?? "";
  const said = line(seen.err) || line(seen.out);
  return `the probe exited ${seen.code}${said === "" ? " and printed nothing" : `: ${said}`}`;
}

/** The sum of what all hosts measured; without one of them there is none. */
export function sum(limit: Limit, parts: readonly { readonly host: string; readonly judged: Judged }[]): Judged {
  const missing = parts.filter(({ judged }) => judged.value === null);
  if (missing.length > 0) return { value: null, ok: false, cause: missing.map(({ host, judged }) => `${host}: ${judged.cause ?? "not measured"}`).join("; ") };
  const value = parts.reduce((total, { judged }) => total + Number(judged.value), 0);
  return { value, ok: within(value, limit) };
}
