import { z } from "zod";
import { now } from "../shell/index.ts";
import { insertAt, pattern } from "./anchor.ts";
import { content, late } from "./args.ts";
import { bytesOf } from "./content.ts";
import { defineResource, PlanError } from "./contract.ts";
import { bare, editArgs, planEdit, splice, splitLines, toBytes } from "./edit.ts";
import { lookAt } from "./look.ts";

const args = z
  .strictObject({
    ...editArgs,
    /** Names the block in its markers, `# BEGIN hawser NAME` and `# END hawser NAME`; renaming it leaves the old one behind. */
    name: z.string().regex(/^[^\s]([^\n\r]*[^\s])?$/, "a block's name is one line without blanks around it"),
    /** The lines between the markers: text, bytes, a Secret or a rendered template. */
    block: late(content).optional(),
    /** What begins a comment in this file. */
    comment: z.string().min(1).default("#"),
    /** What ends a comment, e.g. `-->`. Default: the line's end. */
    commentEnd: z.string().default(""),
    /** Both marker lines, with {mark} where BEGIN and END stand; replaces the name and the comment signs. For blocks that something else wrote, e.g. `# {mark} ANSIBLE MANAGED BLOCK`. */
    marker: z.string().regex(/^[^\r\n]*\{mark\}[^\r\n]*$/, "a marker is one line with {mark} in it").optional(),
    /** A new block goes below the last line that this matches. */
    after: pattern.optional(),
    /** A new block goes above the first line that this matches. Without either, or without a match, it goes to the end. */
    before: pattern.optional(),
  })
  .check(({ value, issues }) => {
    if (value.state === "present" && value.block === undefined) issues.push({ code: "custom", message: "give the block's text", input: value });
  });

type Args = z.output<typeof args>;

export const block = defineResource({
  kind: "block",
  summary: "Lines between two markers in a file that something else owns.",
  args,
  key: (args) => `${args.path}:${args.name}`,
  claims: (args) => [{ target: `file:${args.path}`, part: `block:${args.name}` }],
  probe: (args) => lookAt(args.path),
  plan(args, seen, { facts }) {
    const given = args.state === "absent" || args.block === undefined ? undefined : bytesOf(now(args.block));
    const verb = args.state === "absent" ? "remove block" : "block";
    return planEdit({ ...args, seen, facts, sensitive: given?.sensitive === true, verb, change: (content) => edit(content, given?.bytes.toString("latin1"), args) });
  },
});

function edit(content: string, block: string | undefined, args: Args): string {
  const text = splitLines(content);
  const [begin, end] = markers(args);
  const found = find(text.lines, begin, end, args);
  const wanted = block === undefined ? [] : [begin, ...inner(block, begin, end), end];
  if (found === undefined) return wanted.length === 0 ? content : splice(text, insertAt(text.lines, args), 0, wanted);
  const size = found.to - found.from + 1;
  const there = text.lines.slice(found.from, found.to + 1).map(bare);
  const same = there.length === wanted.length && there.every((line, i) => line === wanted[i]);
  return same ? content : splice(text, found.from, size, wanted);
}

function markers({ name, comment, commentEnd, marker }: Args): [string, string] {
  const line = marker ?? `${comment} {mark} hawser ${name}${commentEnd === "" ? "" : ` ${commentEnd}`}`;
  return [toBytes(line.replace("{mark}", () => "BEGIN")), toBytes(line.replace("{mark}", () => "END"))];
}

function inner(block: string, begin: string, end: string): string[] {
  const lines = block.replace(/\r?\n$/, "").split(/\r?\n/);
  if (block === "") return [];
  if (lines.some((line) => line === begin || line === end)) throw new PlanError("the block's text holds one of its own markers", "rename the block");
  return lines;
}

/** The lines of both markers. @throws PlanError when they are not one pair: nobody can tell what is between them. */
function find(lines: readonly string[], begin: string, end: string, { path, name }: Args): { from: number; to: number } | undefined {
  const at = (marker: string) => lines.flatMap((line, i) => (bare(line) === marker ? [i] : []));
  const [begins, ends] = [at(begin), at(end)];
  const [from, to] = [begins[0], ends[0]];
  if (from === undefined && to === undefined) return undefined;
  if (begins.length === 1 && ends.length === 1 && from !== undefined && to !== undefined && from < to) return { from, to };
  throw new PlanError(`the markers of block "${name}" in ${path} are broken: BEGIN ${lineNumbers(begins)}, END ${lineNumbers(ends)}`, "leave one BEGIN and one END below it, or remove both with what is between");
}

function lineNumbers(all: readonly number[]): string {
  return all.length === 0 ? "nowhere" : `in line ${all.map((i) => i + 1).join(", ")}`;
}
