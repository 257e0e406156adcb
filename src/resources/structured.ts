import { z } from "zod";
import { now, Secret, type Late } from "../shell/index.ts";
import { late } from "./args.ts";
import { PlanError } from "./contract.ts";
import { editArgs } from "./edit.ts";

/** What JSON can hold, with Secrets in it. */
export type Structured = null | string | number | boolean | Secret | readonly Structured[] | { readonly [key: string]: Structured };
export type Plain = null | string | number | boolean | Plain[] | { [key: string]: Plain };

const structured: z.ZodType<Structured> = z.lazy(() =>
  z.union([z.null(), z.string(), z.number(), z.boolean(), z.instanceof(Secret), z.array(structured), z.record(z.string(), structured)]),
);

/** The arguments that yaml-key and json-key share. */
export const structuredArgs = z
  .strictObject({
    ...editArgs,
    /** From the top: names of keys, numbers for items of lists; an item right after the last is added. */
    key: z.array(z.union([z.string(), z.number().int().nonnegative()])).min(1),
    /** Needed for state present. A list or object replaces the one that is there as a whole. */
    value: late(structured).optional(),
  })
  .check(({ value, issues }) => {
    if (value.state === "present" && value.value === undefined) issues.push({ code: "custom", message: "give the value", input: value });
  });

export type StructuredArgs = z.output<typeof structuredArgs>;
export type KeyPath = StructuredArgs["key"];

export function keyName(key: KeyPath): string {
  return key.map((part) => (typeof part === "number" ? `[${part}]` : /^[\w-]+$/.test(part) ? part : JSON.stringify(part))).join(".").replaceAll(".[", "[");
}

/** The value without Secrets, and whether it had any. */
export function revealed(args: StructuredArgs): { value: Plain; sensitive: boolean } {
  const state = { sensitive: false };
  return { value: reveal(now((args.value === undefined ? "" : args.value) as Late<string>), state), sensitive: state.sensitive };
}

function reveal(value: Structured, state: { sensitive: boolean }): Plain {
  if (value instanceof Secret) {
    state.sensitive = true;
    return value.reveal();
  }
  if (Array.isArray(value)) return (value as readonly Structured[]).map((item) => reveal(item, state));
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, reveal(inner, state)]));
  return value;
}

/** @throws PlanError unless the bytes are UTF-8, which JSON and YAML are. */
export function decode(bytes: string, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, "latin1"));
  } catch {
    throw new PlanError(`${path} is not UTF-8`, "replace it as a whole by a file resource");
  }
}

/** Whether two values are the same data; the order of keys does not count. */
export function sameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), b as Record<string, unknown>];
  return left.length === Object.keys(b).length && left.every(([name, value]) => Object.hasOwn(right, name) && sameData(value, right[name]));
}
