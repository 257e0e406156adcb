import { z } from "zod";
import { now, Secret, Value } from "../shell/index.ts";
import { insertAt, matches, pattern, patternText } from "./anchor.ts";
import { defineResource, PlanError } from "./contract.ts";
import { bare, editArgs, joinLines, lateText, planEdit, splice, splitLines, toBytes } from "./edit.ts";
import { lookAt } from "./look.ts";

const args = z
  .strictObject({
    ...editArgs,
    /** The line as it shall stand, without its end. */
    line: lateText.optional(),
    /** The line to replace; of several, the last. Without a match the line is added. With state absent: the lines to remove. */
    match: pattern.optional(),
    /** A new line goes below the last line that this matches. */
    after: pattern.optional(),
    /** A new line goes above the first line that this matches. Without either, or without a match, it goes to the end. */
    before: pattern.optional(),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    if (value.state === "present" && value.line === undefined) complain("give the line");
    if (value.line === undefined && value.match === undefined) complain("give the line or a match");
    if (typeof value.line !== "string" && value.match === undefined) complain("a line that is secret or known late needs a match, which names it");
    if (typeof value.line === "string" && /[\n\r]/.test(value.line)) complain("a line has no line breaks; use a block");
  });

export const line = defineResource({
  kind: "line",
  summary: "One line in a file that something else owns: there, replaced where `match` finds it, or not there. Line ends and other bytes stay as they are.",
  args,
  key: (args) => `${args.path}:${nameOf(args)}`,
  claims: (args) => [{ target: `file:${args.path}`, part: `line:${nameOf(args)}` }],
  probe: (args) => lookAt(args.path),
  plan(args, seen, { facts }) {
    const given = args.line === undefined ? undefined : now(args.line);
    const sensitive = given instanceof Secret;
    const text = given instanceof Secret ? given.reveal() : given;
    if (text !== undefined && /[\n\r]/.test(text)) throw new PlanError("the line holds a line break", "use a block");
    const wanted = text === undefined ? undefined : toBytes(text);
    const verb = args.state === "absent" ? "remove line" : "line";
    return planEdit({ ...args, seen, facts, sensitive, verb, change: (content) => (args.state === "absent" ? remove(content, wanted, args) : put(content, wanted ?? "", args)) });
  },
});

type Args = z.output<typeof args>;

function nameOf({ match, line }: Args): string {
  if (match !== undefined) return patternText(match);
  return typeof line === "string" ? line : line instanceof Value ? line.label : "";
}

function put(content: string, wanted: string, args: Args): string {
  const text = splitLines(content);
  const { match } = args;
  const found = match === undefined ? -1 : text.lines.findLastIndex((line) => matches(match, line));
  const there = text.lines.some((line) => bare(line) === wanted);
  // Once the line is there, a match that does not mean it has done its work: done twice, the line would stand there twice.
  const done = match === undefined || !matches(match, wanted) || found === -1;
  if (there && (done || bare(text.lines[found] ?? "") === wanted)) return content;
  return found === -1 ? splice(text, insertAt(text.lines, args), 0, [wanted]) : splice(text, found, 1, [wanted]);
}

function remove(content: string, wanted: string | undefined, { match }: Args): string {
  const { lines, ended } = splitLines(content);
  const goes = (line: string) => (match === undefined ? bare(line) === wanted : matches(match, line));
  const kept = lines.filter((line) => !goes(line));
  // When the last line goes, the new last one has an end already.
  return kept.length === lines.length ? content : joinLines({ lines: kept, ended: ended || goes(lines.at(-1) ?? "") });
}
