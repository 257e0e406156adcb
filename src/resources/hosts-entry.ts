import { isIPv4 } from "node:net";
import { z } from "zod";
import { path } from "./args.ts";
import { defineResource } from "./contract.ts";
import { bare, joinLines, planEdit, splice, splitLines } from "./edit.ts";
import { lookAt } from "./look.ts";

const hostName = z.string().regex(/^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/, "not a host name");

const args = z.strictObject({
  /** Where the names lead. */
  address: z.union([z.ipv4(), z.ipv6()]),
  /** The first is the canonical name. */
  names: z.array(hostName).min(1),
  state: z.enum(["present", "absent"]).default("present"),
  /** The file, for images and tests. */
  path: path.default("/etc/hosts"),
});

type Args = z.output<typeof args>;

export const hostsEntry = defineResource({
  kind: "hosts-entry",
  summary: "Names of an address in /etc/hosts. A name leads to no other address of the same family afterwards; what else stands there stays.",
  args,
  key: (args) => `${args.address}:${args.names[0] ?? ""}`,
  // A name may have one address of each family.
  claims: (args) => args.names.map((name) => ({ target: `file:${args.path}`, part: `host:${name}${isIPv4(args.address) ? "" : ":6"}` })),
  probe: (args) => lookAt(args.path),
  plan(args, seen, { facts }) {
    const verb = `${args.state === "absent" ? "remove " : ""}${args.address} ${args.names.join(" ")}`;
    return planEdit({ ...args, create: true, seen, facts, sensitive: false, verb, change: (content) => (args.state === "absent" ? remove(content, args) : put(content, args)) });
  },
});

interface Entry {
  readonly address: string;
  readonly names: readonly string[];
  readonly comment: string;
}

function parse(line: string): Entry | undefined {
  const [, entry = "", comment = ""] = /^([^#]*)(#.*)?$/.exec(bare(line)) ?? [];
  const [address, ...names] = entry.trim().split(/\s+/);
  return address === undefined || names.length === 0 ? undefined : { address, names, comment };
}

function format({ address, names, comment }: Entry): string {
  return `${address}\t${names.join(" ")}${comment === "" ? "" : ` ${comment}`}`;
}

/** The lines without the names where `from` says so. A line that loses its last name goes, unless it has a comment. */
function without(lines: readonly string[], names: readonly string[], from: (entry: Entry) => boolean): { lines: string[]; lastGone: boolean } {
  let lastGone = false;
  const kept = lines.flatMap((line, i) => {
    const entry = parse(line);
    if (entry === undefined || !from(entry) || !entry.names.some((name) => names.includes(name))) return [line];
    const rest = { ...entry, names: entry.names.filter((name) => !names.includes(name)) };
    const end = line.endsWith("\r") ? "\r" : "";
    if (rest.names.length > 0) return [format(rest) + end];
    if (entry.comment !== "") return [entry.comment + end];
    lastGone = i === lines.length - 1;
    return [];
  });
  return { lines: kept, lastGone };
}

function put(content: string, { address, names }: Args): string {
  const text = splitLines(content);
  const { lines } = without(text.lines, names, (entry) => entry.address !== address && isIPv4(entry.address) === isIPv4(address));
  const cleaned = { ...text, lines };
  const entries = lines.map(parse);
  const known = new Set(entries.flatMap((entry) => (entry?.address === address ? entry.names : [])));
  const missing = names.filter((name) => !known.has(name));
  if (missing.length === 0) return joinLines(cleaned);
  // Names join the line that has the same canonical name; another line of the address has another canonical name.
  const at = entries.findIndex((entry) => entry?.address === address && entry.names[0] === names[0]);
  const entry = entries[at];
  return entry ? splice(cleaned, at, 1, [format({ ...entry, names: [...entry.names, ...missing] })]) : splice(cleaned, lines.length, 0, [format({ address, names: missing, comment: "" })]);
}

function remove(content: string, { address, names }: Args): string {
  const text = splitLines(content);
  const { lines, lastGone } = without(text.lines, names, (entry) => entry.address === address);
  return joinLines({ lines, ended: text.ended || lastGone });
}
