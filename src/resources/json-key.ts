import { defineResource, PlanError } from "./contract.ts";
import { planEdit, toBytes } from "./edit.ts";
import { scanJson, type JsonMember, type JsonNode } from "./json-scan.ts";
import { lookAt } from "./look.ts";
import { decode, keyName, revealed, sameData, structuredArgs, type KeyPath, type Plain } from "./structured.ts";
import { nested } from "./yaml-edit.ts";

export const jsonKey = defineResource({
  kind: "json-key",
  summary: "One key of a JSON file. Everything else stays as it is, byte for byte; new lines are indented like those around them.",
  args: structuredArgs,
  key: (args) => `${args.path}:${keyName(args.key)}`,
  claims: (args) => [{ target: `file:${args.path}`, part: `key:${keyName(args.key)}` }],
  probe: (args) => lookAt(args.path),
  plan(args, seen, { facts }) {
    const absent = args.state === "absent";
    const { value, sensitive } = absent ? { value: undefined, sensitive: false } : revealed(args);
    const verb = absent ? `remove ${keyName(args.key)}` : keyName(args.key);
    return planEdit({ ...args, seen, facts, sensitive, verb, change: (content) => edit(content, args.key, value, args.path) });
  },
});

function edit(content: string, key: KeyPath, value: Plain | undefined, path: string): string {
  const decoded = decode(content, path);
  const text = decoded.trim() === "" && value !== undefined ? "{}\n" : decoded;
  if (text.trim() === "") return content;
  checkJson(text, path);
  const { parent, rest } = walk(scanJson(text), key, path);
  const [name] = rest;
  const found = rest.length === 1 ? parent.members?.findLast((member) => member.name === name) : undefined;
  // Again, because a name may stand there twice, and the last one counts.
  if (value === undefined) return found ? edit(toBytes(without(text, parent, found)), key, undefined, path) : content;
  if (found && sameData(JSON.parse(text.slice(found.node.from, found.node.to)), value)) return content;
  return toBytes(found ? splice(text, found.node.from, found.node.to, write(value, text, found.nameFrom)) : add(text, parent, rest, value, path));
}

function checkJson(text: string, path: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    // V8's message may quote the text around, which may hold a secret.
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    const line = at === undefined ? "" : ` in line ${text.slice(0, Number(at)).split("\n").length}`;
    throw new PlanError(`${path} is no JSON: syntax error${line}`, "comments and trailing commas are not JSON; repair it, or replace it as a whole by a file resource");
  }
}

/** The deepest object or list on the path, and the parts of the path below it. @throws PlanError when something else stands in the way. */
function walk(top: JsonNode, key: KeyPath, path: string): { parent: JsonNode; rest: KeyPath } {
  let parent = top;
  for (const [i, part] of key.entries()) {
    const where = i === 0 ? "the top" : keyName(key.slice(0, i));
    if (parent.members === undefined) throw new PlanError(`${path}: ${where} is a single value, not an object or list`, "remove it first");
    if (parent.isList !== (typeof part === "number")) throw new PlanError(`${path}: ${where} is ${parent.isList ? "a list" : "an object"}`, parent.isList ? "name an item by its number" : "write the key as text");
    const next = parent.members.findLast((member) => member.name === part);
    if (next === undefined || i === key.length - 1) return { parent, rest: key.slice(i) };
    parent = next.node;
  }
  return { parent, rest: [] };
}

function add(text: string, parent: JsonNode, rest: KeyPath, value: Plain, path: string): string {
  const members = parent.members ?? [];
  const [name = ""] = rest;
  if (parent.isList && name !== members.length) throw new PlanError(`${path}: [${name}] is no item of a list of ${members.length}`, "a number names an item; the one after the last is added");
  const inner = nested(rest.slice(1), value);
  const label = parent.isList ? "" : `${JSON.stringify(name)}: `;
  const last = members.at(-1);
  const unit = unitOf(text);
  if (last === undefined) {
    const outer = indentAt(text, parent.from);
    const [open, close] = parent.isList ? ["[", "]"] : ["{", "}"];
    return splice(text, parent.from, parent.to, `${open}\n${outer}${unit}${label}${indented(inner, unit, outer + unit)}\n${outer}${close}`);
  }
  const own = indentAt(text, last.nameFrom);
  const onLine = text.slice(text.lastIndexOf("\n", last.nameFrom - 1) + 1, last.nameFrom).trim() === "" && text.includes("\n");
  const added = onLine ? `,\n${own}${label}${indented(inner, unit, own)}` : `, ${label}${JSON.stringify(inner)}`;
  return splice(text, last.node.to, last.node.to, added);
}

function without(text: string, parent: JsonNode, gone: JsonMember): string {
  const members = parent.members ?? [];
  const i = members.indexOf(gone);
  const next = members[i + 1];
  const previous = members[i - 1];
  if (next) return splice(text, gone.nameFrom, next.nameFrom, "");
  if (previous) return splice(text, previous.node.to, gone.node.to, "");
  return splice(text, parent.from + 1, parent.to - 1, "");
}

function write(value: Plain, text: string, at: number): string {
  return text.includes("\n") ? indented(value, unitOf(text), indentAt(text, at)) : JSON.stringify(value);
}

function indented(value: Plain, unit: string, indent: string): string {
  return JSON.stringify(value, undefined, unit).replaceAll("\n", `\n${indent}`);
}

/** What the first indented line begins with. */
function unitOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
}

function indentAt(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", at - 1) + 1, at))?.[0] ?? "";
}

function splice(text: string, from: number, to: number, added: string): string {
  return text.slice(0, from) + (text.includes("\r\n") ? added.replaceAll("\n", "\r\n") : added) + text.slice(to);
}
