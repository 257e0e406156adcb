import { z } from "zod";
import { Secret, Value, type Late } from "../shell/index.ts";

/** An argument that may be known late. A plain value is checked at once, a late one when it arrives. */
export function late<T extends z.ZodType>(schema: T): z.ZodType<Late<z.output<T>>, Late<z.input<T>>> {
  return z.union([
    schema,
    z.custom<Value<z.output<T>>>((value) => value instanceof Value),
    z.custom<() => z.output<T>>((value) => typeof value === "function"),
  ]) as unknown as z.ZodType<Late<z.output<T>>, Late<z.input<T>>>;
}

/** File contents: text, bytes, a secret, or text that holds one. */
export type Content = string | Buffer | Secret | { readonly text: string; readonly sensitive: boolean };

/** A file of the controller that is too big to be held in memory; known by its sha256. */
export interface LocalFile {
  readonly localFile: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

export const isLocalFile = (value: unknown): value is LocalFile => typeof value === "object" && value !== null && "localFile" in value;

export const content = z.custom<Content>(
  (value) =>
    typeof value === "string" ||
    Buffer.isBuffer(value) ||
    value instanceof Secret ||
    (typeof value === "object" && value !== null && typeof (value as { text?: unknown }).text === "string"),
  "content is text, a Buffer, a Secret or a rendered template",
);

/** A var that must not be seen, such as a password. In an inventory it stands behind a tag: `!age`, `!vault`, `!env`, `!file` or `!secret`. */
export const secret = z.custom<Secret>((value) => value instanceof Secret, "a secret is expected: `!secret`, `!age` or `!env` in YAML, `new Secret(…)` in TypeScript");

/** An absolute path with no `.`, `..` or empty parts, so that one file has one name. */
export const path = z.string().check((context) => {
  const value = context.value;
  const complain = (message: string) => void context.issues.push({ code: "custom", message, input: value });
  if (!value.startsWith("/")) complain(`a path on a host is absolute, not "${value}"`);
  else if (value !== "/" && value.split("/").slice(1).some((part) => part === "" || part === "." || part === "..")) complain(`write "${value}" without empty, "." and ".." parts`);
  if (/[\0\n]/.test(value)) complain("a path holds no newline and no NUL");
});

/** Four octal digits as text. YAML reads an unquoted 0644 as a number, which would mean something else. */
export const mode = z.string().regex(/^[0-7]{4}$/, 'a mode is four octal digits in quotes, such as "0644"');

/** A user or group name, or a numeric id. */
export const owner = z.union([z.string().regex(/^[a-z_][a-z0-9_.-]*\$?$/i, "not a user or group name"), z.number().int().nonnegative().transform(String)]);
