import type { Late, Secret } from "../shell/index.ts";
import { z } from "zod";
import { late, path, secret } from "./args.ts";
import { planContent } from "./content.ts";
import { PlanError, type Change, type Observed } from "./contract.ts";
import type { Facts } from "./facts.ts";
import { LOOK_LIMIT, parseLook } from "./look.ts";

/** Arguments that all edits of a part of a file have. Mode and owner belong to a file resource. */
export const editArgs = {
  /** Through a symlink, its target is edited. */
  path,
  state: z.enum(["present", "absent"]).default("present"),
  /** Makes a file that is not there. With false that is an error. */
  create: z.boolean().default(true),
};

/** Text or a Secret, perhaps known late. */
export const lateText: z.ZodType<Late<string | Secret>, Late<string | Secret>> = late(z.union([z.string(), secret]));

export interface Edit {
  readonly path: string;
  readonly create: boolean;
  readonly state: "present" | "absent";
  readonly seen: Observed;
  readonly facts: Facts;
  /** The new content holds a Secret of these arguments. */
  readonly sensitive: boolean;
  /** What the edit does, for the summary. */
  readonly verb: string;
  /** The whole new content, of the old one ("" for no file). Text is bytes: each char is one (latin1). */
  readonly change: (content: string) => string;
}

/** The change that an edit makes to a file, or nothing. */
export function planEdit(edit: Edit): Change | undefined {
  const { path, seen, facts, sensitive, verb } = edit;
  const look = parseLook(seen, path);
  if (look.kind === "file" && look.content === undefined) throw new PlanError(`${path} has ${look.size} bytes, too many to be edited in parts`, `the limit is ${LOOK_LIMIT} bytes`);
  if (look.kind === "absent") {
    if (edit.state === "absent") return undefined;
    if (!edit.create) throw new PlanError(`${path} is not there`, "create: true makes it; or declare what makes it in `needs`");
  }
  const before = look.content?.toString("latin1") ?? "";
  const after = edit.change(before);
  if (after === before && look.kind === "file") return undefined;
  return planContent({ path, look, content: Buffer.from(after, "latin1"), sensitive, wanted: {}, facts, verb, edited: true });
}

/** UTF-8 bytes as chars, for texts that are compared with or put into a file's content. */
export function toBytes(text: string): string {
  return Buffer.from(text).toString("latin1");
}

export function fromBytes(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** A file's content in lines. A line of a file with CRLF keeps its "\r", so that files with both kinds stay as they are. */
export interface Lines {
  readonly lines: readonly string[];
  /** What a new line gets before its "\n": what the first line has. */
  readonly cr: "" | "\r";
  /** Whether the last line has an end. */
  readonly ended: boolean;
}

export function splitLines(content: string): Lines {
  const first = content.indexOf("\n");
  const ended = content === "" || content.endsWith("\n");
  const lines = content.split("\n");
  if (ended) lines.pop();
  return { lines, cr: first > 0 && content[first - 1] === "\r" ? "\r" : "", ended };
}

export function joinLines({ lines, ended }: Pick<Lines, "lines" | "ended">): string {
  return lines.join("\n") + (ended && lines.length > 0 ? "\n" : "");
}

/** Replaces `remove` lines at `at` by new ones. A last line without an end gets one when lines follow it, else stays without. */
export function splice({ lines, cr, ended }: Lines, at: number, remove: number, added: readonly string[]): string {
  const atEnd = at + remove === lines.length && !ended;
  if (!atEnd) return joinLines({ lines: lines.toSpliced(at, remove, ...added.map((line) => line + cr)), ended });
  if (added.length === 0) return joinLines({ lines: lines.slice(0, at), ended: remove > 0 });
  const unended = lines.slice(0, at).concat(added.map((line) => line + cr));
  if (remove === 0) return joinLines({ lines: unended.with(at - 1, `${lines[at - 1] ?? ""}${cr}`), ended: true });
  return joinLines({ lines: unended.with(unended.length - 1, added.at(-1) ?? ""), ended: false });
}

/** A line without the "\r" of its end. */
export function bare(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
