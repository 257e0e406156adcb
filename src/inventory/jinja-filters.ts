import { Secret } from "../shell/index.ts";
import { SealedSecret } from "./secrets.ts";

/** A name that stands for nothing; only `default` may take it. */
export class Missing {
  /** What to say when it is used. */
  readonly message: string;
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    this.message = message;
    this.hint = hint;
  }
}

/** What a filter cannot do with its value. */
export class FilterTrouble extends Error {}

type Filter = (value: unknown, args: readonly unknown[]) => unknown;

/** Filters that work on plain values. `default` and `mandatory`, which take what is missing, are not among them. */
const PLAIN: Readonly<Record<string, Filter>> = {
  b64decode: (value) => Buffer.from(text(value), "base64").toString("utf8"),
  b64encode: (value) => Buffer.from(text(value), "utf8").toString("base64"),
  bool: (value) => /^(?:yes|on|1|true|y|t)$/i.test(text(value)),
  first: (value) => sequence("first", value)[0],
  int: (value, [fallback = 0]) => whole(value) ?? fallback,
  join: (value, [separator = ""]) => (Array.isArray(value) ? value : [value]).map(text).join(text(separator)),
  last: (value) => sequence("last", value).at(-1),
  length: (value) => (typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value).length : sequence("length", value).length),
  lower: (value) => text(value).toLowerCase(),
  string: text,
  trim: (value) => text(value).trim(),
  upper: (value) => text(value).toUpperCase(),
};

/** Applies a filter of jinja.ts to a value. What is made out of a secret is one. @throws FilterTrouble. */
export function applyFilter(name: string, value: unknown, args: readonly unknown[]): unknown {
  if (name === "default" || name === "d") {
    const [fallback = "", alsoEmpty = false] = args;
    return value instanceof Missing || (alsoEmpty === true && isEmpty(value)) ? fallback : value;
  }
  const missing = [value, ...args].find((one) => one instanceof Missing);
  if (missing instanceof Missing) throw new FilterTrouble(missing.message);
  const filter = PLAIN[name];
  return filter === undefined ? value : openly([value, ...args], ([first, ...rest]) => filter(first, rest));
}

/** The text of a template: its pieces put together; a secret as soon as one of them is. */
export function joined(values: readonly unknown[]): unknown {
  return openly(values, (open) => open.map(text).join(""));
}

/** Computes with secrets revealed, and makes a secret of what comes out of them. */
function openly(values: readonly unknown[], compute: (open: readonly unknown[]) => unknown): unknown {
  const secrets = values.flatMap((value) => (Array.isArray(value) ? value : [value])).filter((value) => value instanceof Secret);
  if (secrets.length === 0) return compute(values);
  if (secrets.some((value) => value instanceof SealedSecret)) return new SealedSecret();
  const found = compute(values.map((value) => (Array.isArray(value) ? value.map(reveal) : reveal(value))));
  return new Secret(typeof found === "string" ? found : JSON.stringify(found));
}

function reveal(value: unknown): unknown {
  return value instanceof Secret ? value.reveal() : value;
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null && !(value instanceof Secret)) return Object.keys(value).length === 0;
  return value === "" || value === null || value === false || value === 0;
}

/** A value as text, written as Python writes it. */
function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value === null) return "None";
  throw new FilterTrouble("a list or a mapping cannot be put into a text");
}

function whole(value: unknown): number | undefined {
  if (typeof value === "boolean") return Number(value);
  const number = typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? Math.trunc(number) : undefined;
}

function sequence(filter: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "string") return Array.from(value);
  throw new FilterTrouble(`${filter} takes a list or a text`);
}
