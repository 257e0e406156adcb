import { z } from "zod";
import { now, Secret } from "../shell/index.ts";
import { late, secret } from "./args.ts";
import { defineResource, PlanError } from "./contract.ts";
import { bare, editArgs, joinLines, planEdit, splice, splitLines, toBytes, type Lines } from "./edit.ts";
import { lookAt } from "./look.ts";

const oneLine = z.string().regex(/^[^\r\n]*$/, "is one line");

const args = z
  .strictObject({
    ...editArgs,
    /** Without brackets. "" is what stands before the first section. */
    section: oneLine.regex(/^[^\]]*$/, "a section is given without brackets").default(""),
    /** The key's name, as it stands before the separator. */
    key: oneLine.regex(/^[^\s=:#;[]([^=\r\n]*[^\s=])?$/, "a key has no = and does not begin like a comment or section"),
    /** Compared and written as text, to the end of the line: what other readers may take for a comment there is part of the value. */
    value: late(z.union([z.string(), z.number(), z.boolean(), secret])).optional(),
    /** Between key and value of a new line; a line that is there keeps its own. */
    separator: oneLine.regex(/^\s*[=:]\s*$/, "a separator is = or : with blanks").default(" = "),
  })
  .check(({ value, issues }) => {
    if (value.state === "present" && value.value === undefined) issues.push({ code: "custom", message: "give the value", input: value });
  });

type Args = z.output<typeof args>;

export const iniKey = defineResource({
  kind: "ini-key",
  summary: "One key of an INI file, also of a systemd unit, with comments, order and everything else kept.",
  args,
  key: (args) => `${args.path}:${args.section === "" ? "" : `[${args.section}]`}${args.key}`,
  claims: (args) => [{ target: `file:${args.path}`, part: `key:[${args.section}]${args.key}` }],
  probe: (args) => lookAt(args.path),
  plan(args, seen, { facts }) {
    const given = args.state === "absent" || args.value === undefined ? undefined : now<string | number | boolean | Secret>(args.value);
    const value = given instanceof Secret ? given.reveal() : given === undefined ? undefined : String(given);
    const name = `${args.section === "" ? "" : `[${args.section}] `}${args.key}`;
    if (value !== undefined && /[\r\n]/.test(value)) throw new PlanError(`the value of ${name} holds a line break`, "an INI value is one line");
    const verb = args.state === "absent" ? `remove ${name}` : name;
    return planEdit({ ...args, seen, facts, sensitive: given instanceof Secret, verb, change: (content) => edit(splitLines(content), content, value === undefined ? undefined : toBytes(value.trim()), args) });
  },
});

interface Entry {
  /** Its lines, continuation lines included. */
  readonly from: number;
  readonly to: number;
  /** The line up to its value. */
  readonly head: string;
  readonly value: string;
}

function edit(text: Lines, content: string, value: string | undefined, { section, key, separator }: Args): string {
  const ranges = sections(text.lines, toBytes(section));
  const entries = ranges.flatMap(({ from, to }) => find(text.lines, from, to, toBytes(key)));
  if (value === undefined) {
    const gone = new Set(entries.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)));
    return gone.size === 0 ? content : joinLines({ lines: text.lines.filter((_, i) => !gone.has(i)), ended: text.ended || gone.has(text.lines.length - 1) });
  }
  // Readers take the last of several.
  const entry = entries.at(-1);
  if (entry) return entry.value === value ? content : splice(text, entry.from, entry.to - entry.from, [`${entry.head}${value}`]);
  const line = `${toBytes(key)}${separator}${value}`.trimEnd();
  const range = ranges[0];
  if (range) return splice(text, endOfKeys(text.lines, range), 0, [line]);
  const blank = text.lines.length > 0 && bare(text.lines.at(-1) ?? "").trim() !== "";
  return splice(text, text.lines.length, 0, [...(blank ? [""] : []), `[${toBytes(section)}]`, line]);
}

/** The parts of the file that belong to a section, which may be opened several times; "" is everything before the first. */
function sections(lines: readonly string[], section: string): { from: number; to: number }[] {
  const heads = lines.flatMap((line, i) => {
    const name = /^\s*\[([^\]]*)\]/.exec(line)?.[1];
    return name === undefined ? [] : [{ name: name.trim(), at: i }];
  });
  const ends = [...heads.map(({ at }) => at), lines.length];
  if (section === "") return [{ from: 0, to: ends[0] ?? 0 }];
  return heads.flatMap(({ name, at }, i) => (name === section ? [{ from: at + 1, to: ends[i + 1] ?? lines.length }] : []));
}

function find(lines: readonly string[], from: number, to: number, key: string): Entry[] {
  const pattern = new RegExp(`^(?<head>\\s*${key.replaceAll(/[^\w]/g, "\\$&")}\\s*[=:]\\s*)(?<value>.*)$`);
  const entries: Entry[] = [];
  for (let i = from; i < to; i += 1) {
    const { head, value } = pattern.exec(bare(lines[i] ?? ""))?.groups ?? {};
    if (head === undefined || value === undefined) continue;
    const start = i;
    // systemd and others go on below after a backslash.
    while (bare(lines[i] ?? "").endsWith("\\") && i + 1 < to) i += 1;
    entries.push({ from: start, to: i + 1, head, value: [value.trimEnd(), ...lines.slice(start + 1, i + 1)].join("\n") });
  }
  return entries;
}

/** Below the section's last key, so that comments and blank lines above the next section stay with that. */
function endOfKeys(lines: readonly string[], { from, to }: { from: number; to: number }): number {
  const part = lines.slice(from, to);
  const key = part.findLastIndex((line) => /^\s*[^\s#;]/.test(line));
  return from + 1 + (key === -1 ? part.findLastIndex((line) => line.trim() !== "") : key);
}
