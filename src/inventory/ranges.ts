import { isIPv6 } from "node:net";

/** The largest number of hosts one name may stand for: more is a typing error, and would fill the memory. */
export const MAX_HOSTS = 10_000;

/** A host name that cannot be expanded. `column` counts from 0 inside the name. */
export interface BadName {
  readonly wrong: string;
  readonly column: number;
  readonly hint?: string;
}

const NAME = /^\w[\w.-]*$/;
const RANGE = /\[([^[\]]*)\]/g;

/** The hosts that a key of `hosts` or a host line names. */
export interface NamedHosts {
  readonly names: readonly string[];
  /** Of `name:2222` or `[2001:db8::1]:2222`. */
  readonly port?: number;
}

/** As `expandHostName`, with a port behind the name. An IPv6 address needs brackets to have one. */
export function readHostName(pattern: string): NamedHosts | BadName {
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([^:]*(?:\[[^\]]*\][^:]*)*))(?::(\d{1,5}))?$/i.exec(pattern) ?? [];
  const inBrackets = bracketed !== undefined && isIPv6(bracketed);
  const names = expandHostName(inBrackets ? bracketed : digits === undefined ? pattern : (plain ?? pattern));
  if ("wrong" in names) return names;
  if (digits === undefined) return { names };
  const port = Number(digits);
  if (port < 1 || port > 65_535) return { wrong: `the port of ${pattern} must be from 1 to 65535`, column: pattern.length - digits.length };
  return { names, port };
}

/**
 * The host names that `web[01:10:2]` or `db-[a:f]` stands for, in order; a plain name stands for itself.
 *
 * Both ends are included, the step defaults to 1, an empty start is 0, leading zeros give the width. Several ranges in
 * one name give every combination, the last one fastest.
 */
export function expandHostName(pattern: string): readonly string[] | BadName {
  const pieces: (readonly string[])[] = [];
  let end = 0;
  for (const match of pattern.matchAll(RANGE)) {
    const values = expandRange(match[1] ?? "");
    if ("wrong" in values) return { ...values, column: match.index };
    pieces.push([pattern.slice(end, match.index)], values);
    end = match.index + match[0].length;
  }
  pieces.push([pattern.slice(end)]);

  const count = pieces.reduce((product, values) => product * values.length, 1);
  if (count > MAX_HOSTS) return { wrong: `${pattern} stands for ${count} hosts; at most ${MAX_HOSTS} are allowed`, column: 0 };
  const names = pieces.reduce<string[]>((heads, tails) => heads.flatMap((head) => tails.map((tail) => head + tail)), [""]);
  const bad = names.find((name) => !NAME.test(name) && !isIPv6(name));
  return bad === undefined ? names : badName(pattern);
}

function badName(pattern: string): BadName {
  const wrong = `"${pattern}" is not a host name`;
  if (/:.*:/.test(pattern)) return { wrong, column: 0, hint: 'give the host a name and write the IPv6 address as ssh: { address: "…" }' };
  return { wrong, column: 0, hint: "letters, digits, _, - and . are allowed, and ranges such as [01:10] or [a:f]" };
}

type Bad = Omit<BadName, "column">;

function expandRange(text: string): readonly string[] | Bad {
  const [start = "", stop, step = "1", ...rest] = text.split(":");
  if (stop === undefined || rest.length > 0) return { wrong: `the range [${text}] must be [start:stop] or [start:stop:step]` };
  if (!/^\d{1,9}$/.test(step) || Number(step) === 0) return { wrong: `the step of the range [${text}] must be a whole number from 1` };
  if (/^[a-z]$/i.test(start) && /^[a-z]$/i.test(stop)) return letters(text, start, stop, Number(step));
  if (/^\d{0,15}$/.test(start) && /^\d{1,15}$/.test(stop)) return numbers(text, start, stop, Number(step));
  return { wrong: `the range [${text}] must go from a number to a number or from a letter to a letter` };
}

function letters(text: string, start: string, stop: string, step: number): readonly string[] | Bad {
  const [from, to] = [start.charCodeAt(0), stop.charCodeAt(0)];
  if (/^[a-z]/.test(start) !== /^[a-z]/.test(stop)) return { wrong: `the range [${text}] mixes small and capital letters` };
  if (from > to) return { wrong: `the range [${text}] runs backwards`, hint: `write [${stop}:${start}]` };
  return sequence(from, to, step).map((code) => String.fromCharCode(code));
}

function numbers(text: string, start: string, stop: string, step: number): readonly string[] | Bad {
  const [from, to] = [Number(start), Number(stop)];
  if (from > to) return { wrong: `the range [${text}] runs backwards`, hint: `write [${stop}:${start}]` };
  const padded = start.length > 1 && start.startsWith("0");
  if (padded && start.length !== stop.length) {
    return { wrong: `the ends of the range [${text}] must be equally long, as ${start} has leading zeros`, hint: `write [${start.padStart(stop.length, "0")}:${stop.padStart(start.length, "0")}]` };
  }
  const count = Math.floor((to - from) / step) + 1;
  if (count > MAX_HOSTS) return { wrong: `the range [${text}] stands for ${count} hosts; at most ${MAX_HOSTS} are allowed` };
  return sequence(from, to, step).map((value) => String(value).padStart(padded ? start.length : 0, "0"));
}

function sequence(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
}
