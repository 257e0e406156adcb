import type { z } from "zod";
import { suggest } from "../inventory/suggest.ts";
import { Secret } from "../shell/index.ts";

/** What a schema refuses, in words for whoever wrote the value. */
export interface Complaint {
  /** Where in the value; a misspelt key is part of it. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
}

type Issue = z.core.$ZodIssue;

/** One complaint for each thing that is wrong, without the words that only an author of schemas knows. */
export function complaints(error: z.ZodError, schema: z.ZodType, input: unknown): Complaint[] {
  return error.issues.flatMap((issue) => fromIssue(issue, [], schema, input));
}

function fromIssue(issue: Issue, before: readonly (string | number)[], schema: z.ZodType, input: unknown): Complaint[] {
  const path = [...before, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(key, path, keysAt(schema, path)));
  if (issue.code === "invalid_union") {
    // The first branch is what is meant as a rule; the others are other ways to bring the same thing.
    const [first] = issue.errors;
    if (first?.[0]) return first.flatMap((inner) => fromIssue(inner, path, schema, input));
  }
  const value = at(input, path);
  if (value === undefined && issue.code.startsWith("invalid_")) return [{ path, message: `it is missing${wanted(issue)}` }];
  if (value instanceof Secret && issue.code === "invalid_type") return [{ path, message: `it is a secret, and ${a(issue.expected)} is expected`, hint: "write it without the tag, or declare it as `secret` in the role" }];
  return [{ path, message: issue.message }];
}

function unknownKey(key: string, path: readonly (string | number)[], known: readonly string[]): Complaint {
  const near = suggest(key, known);
  const hint = near !== undefined ? `did you mean ${near}?` : known.length > 0 ? `there are: ${known.slice(0, 12).join(", ")}` : undefined;
  return { path: [...path, key], message: "there is no such key", ...(hint !== undefined && { hint }) };
}

function wanted(issue: Issue): string {
  if (issue.code === "invalid_type") return `: ${a(issue.expected)} is expected`;
  if (issue.code === "invalid_value") return `: one of ${issue.values.map(String).join(", ")} is expected`;
  return "";
}

const a = (type: string): string => `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;

function at(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value;
  for (const part of path) found = typeof found === "object" && found !== null ? (found as Record<string | number, unknown>)[part] : undefined;
  return found;
}

/** The keys that an object schema knows, however deep it stands. */
function keysAt(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  let found: unknown = schema;
  for (const part of path) {
    const { shape, element, valueType } = inside(found);
    found = shape?.[part] ?? element ?? valueType;
  }
  return Object.keys(inside(found).shape ?? {});
}

interface Inner {
  readonly shape?: Record<string | number, unknown>;
  readonly element?: unknown;
  readonly valueType?: unknown;
  readonly innerType?: unknown;
  readonly in?: unknown;
}

/** A schema's definition without what is wrapped around it (optional, default, pipe). */
function inside(schema: unknown): Inner {
  let { def } = (schema ?? {}) as { def?: Inner };
  for (let depth = 0; def !== undefined && depth < 10; depth++) {
    const wrapped = def.innerType ?? def.in;
    if (wrapped === undefined) return def;
    def = (wrapped as { def?: Inner }).def;
  }
  return def ?? {};
}
