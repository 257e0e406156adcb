import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Kind, z } from "../../src/index.ts";
import * as shared from "../../src/resources/args.ts";
import type { Complaints } from "./complaints.ts";
import { anchor, code, docParts, page, table } from "./markdown.ts";
import { closing, docBefore, lineOf, propertiesOf, resolveName, sourceOf, type Property, type Source } from "./source.ts";
import { squeeze, verbsOf, type Verb } from "./verbs.ts";
import { describe, holdsLate, shapeOf } from "./zod-words.ts";

const NAMED: ReadonlyMap<z.ZodType, string> = new Map<z.ZodType, string>([
  [shared.path, "absolute path"],
  [shared.mode, 'four octal digits, `"0644"`'],
  [shared.owner, "user or group name, or id"],
  [shared.content, "text, Buffer, Secret or rendered template"],
  [shared.secret, "Secret"],
]);

/** The same in every kind that has it. */
const STATE = "`absent` takes away what `present` sees to.";

interface KindPlace {
  readonly kind: Kind<z.ZodType>;
  readonly source: Source;
  /** Properties of what defineResource is given. */
  readonly properties: ReadonlyMap<string, Property>;
  readonly verbs: readonly Verb[];
}

/** One section per kind of resource that has a verb on `t`. */
export async function resourcesPage(root: string, complaints: Complaints): Promise<string> {
  const verbs = verbsOf(root, "src/dsl/tasks.ts", "Tasks");
  const kinds = await kindsOf(root, verbs, complaints);
  const others = verbs.filter((verb) => verb.kind === undefined);
  const intro = `Every kind of resource, in the order of the alphabet. A role declares one with a verb on \`t\`; what stands first names the
thing on the host, the last argument holds the rest. Wrong arguments do not compile, and are refused with the line that
gave them before a host is touched.

${kinds.map(({ kind }) => `[${kind.kind}](#${anchor(kind.kind)})`).join(" · ")}

A column *late* says yes where an argument also takes a value that is only known during the run
([late values](../writing-roles.md#late-values)). What a resource owns belongs to it alone: a second one on the same host is
refused. Where it owns a part of a target, others may own other parts.`;
  return page("Resources", intro, [
    ...commonOptions(root, complaints),
    ...kinds.flatMap((place) => section(root, place, complaints)),
    "## Verbs that declare no resource",
    "",
    ...others.flatMap((verb) => otherVerb(verb, complaints)),
  ]);
}

async function kindsOf(root: string, verbs: readonly Verb[], complaints: Complaints): Promise<KindPlace[]> {
  const found = new Map<string, KindPlace>();
  for (const verb of verbs) {
    if (!verb.kind) continue;
    const place = resolveName(root, verb.kind.from, verb.kind.name);
    if (!place) {
      complaints.add(verb.file, verb.line, `the kind of t.${verb.name} was not found: ${verb.kind.name}`);
      continue;
    }
    const { source, at, name } = place;
    const known = found.get(`${source.file}#${name}`);
    const module = (await import(pathToFileURL(path.join(root, source.file)).href)) as Record<string, Kind<z.ZodType>>;
    const kind = module[name] as Kind<z.ZodType>;
    const open = source.mask.indexOf("{", source.mask.indexOf("defineResource", at));
    const properties = new Map(propertiesOf(source, open).map((property) => [property.name, property]));
    found.set(`${source.file}#${name}`, { kind, source, properties, verbs: [...(known?.verbs ?? []), verb] });
  }
  return [...found.values()].sort((a, b) => (a.kind.kind < b.kind.kind ? -1 : 1));
}

function commonOptions(root: string, complaints: Complaints): string[] {
  const source = sourceOf(root, "src/dsl/options.ts");
  const open = source.mask.indexOf("{", source.mask.indexOf("interface CommonOptions"));
  const rows = propertiesOf(source, open).map(({ name, value, doc, line }) => {
    if (doc === undefined) complaints.add(source.file, line, `the option ${name} has no doc comment`);
    return [code(name), code(squeeze(value).replaceAll("readonly ", "")), doc ?? ""];
  });
  return ["## Options of every resource", "", table(["option", "type", "what it does"], rows), "", "`needs` takes what verbs and `t.handler` return. A resource never runs before what is declared above it, with or without `needs`.", ""];
}

function section(root: string, place: KindPlace, complaints: Complaints): string[] {
  const { kind, source, properties, verbs } = place;
  const lines = [`## ${kind.kind}`, "", kind.summary, ""];
  lines.push("```ts", ...verbs.flatMap((verb) => verb.signatures), "```", "");
  for (const verb of verbs) {
    const { text } = docParts(verb.doc);
    if (text !== "" && text !== kind.summary) lines.push(verbs.length > 1 ? `\`t.${verb.name}\`: ${text}` : text, "");
  }
  lines.push(table(["argument", "type", "default", "late", "what it is"], argumentRows(root, place, complaints)), "");
  const claims = claimsOf(source, properties.get("claims"));
  if (claims.length > 0) lines.push(`Owns ${claims.join(", ")}.`, "");
  if (kind.opaque) lines.push("It may change anything on the host: what comes later is looked at again after it.", "");
  const predict = properties.get("predict");
  if (kind.predict) {
    const doc = predict?.doc ?? docOfPredict(source);
    lines.push(`In a check it answers for itself when something in its \`needs\` would change${doc === undefined ? "." : `: ${docParts(doc).text}`}`, "");
  }
  return lines;
}

/** Where `predict` is a function of its own, its comment stands there. */
function docOfPredict(source: Source): string | undefined {
  const at = source.mask.search(/^function predict/m);
  return at < 0 ? undefined : docBefore(source, at);
}

function argumentRows(root: string, { kind, source, properties, verbs }: KindPlace, complaints: Complaints): string[][] {
  const shape = shapeOf(kind.args);
  const docs = argumentDocs(root, source, properties.get("args"));
  const rows = Object.entries(shape).map(([name, schema]) => {
    const at = docs.get(name);
    const { type, required, default: fallback } = describe(schema, NAMED);
    const doc = at?.doc ?? (name === "state" ? STATE : undefined);
    if (doc === undefined) complaints.add(at?.file ?? source.file, at?.line ?? 1, `the argument ${name} of the kind ${kind.kind} has no doc comment`);
    return [code(name), type, required ? "required" : fallback === undefined ? "" : code(JSON.stringify(fallback)), holdsLate(schema) ? "yes" : "", docParts(doc).text];
  });
  const extras = verbs.flatMap((verb) => verb.extras.filter((extra) => !(extra.name in shape)));
  return [...rows, ...extras.map(({ name, optional, type, doc }) => [code(name), code(type), optional ? "" : "required", "", doc ?? ""])];
}

/** Each argument with its comment; where it is one of the shared schemas, with that one's. */
function argumentDocs(root: string, source: Source, args: Property | undefined): Map<string, { doc: string | undefined; file: string; line: number }> {
  const found = new Map<string, { doc: string | undefined; file: string; line: number }>();
  const literal = (from: Source, at: number): void => {
    for (const property of propertiesOf(from, from.mask.indexOf("{", at))) {
      if (property.name.startsWith("...")) follow(from, property.name.slice(3));
      else found.set(property.name, { doc: property.doc ?? sharedDoc(root, from, property), file: from.file, line: property.line });
    }
  };
  const follow = (from: Source, name: string): void => {
    const place = resolveName(root, from, name);
    if (place) literal(place.source, place.at);
  };
  if (!args) return found;
  const name = /^[\w$]+$/.exec(args.value)?.[0];
  if (name === undefined) literal(source, args.at);
  else follow(source, name);
  return found;
}

function sharedDoc(root: string, from: Source, { value }: Property): string | undefined {
  const name = /^([\w$]+)/.exec(value)?.[1];
  const place = name === undefined || name === "z" ? undefined : resolveName(root, from, name);
  return place && /^(?:export )?const /.test(place.source.mask.slice(place.at)) ? docBefore(place.source, place.at) : undefined;
}

/** What the kind owns, taken from the texts in its `claims`. */
function claimsOf(source: Source, property: Property | undefined): string[] {
  if (!property) return [];
  const end = property.at + property.value.length;
  let text = source.text.slice(property.at, end);
  const open = source.mask.indexOf("{", property.at);
  if (text.startsWith("claims(")) text = source.text.slice(property.at, closing(source, open) + 1);
  const constants = new Map([...source.text.matchAll(/^(?:export )?const ([A-Z_]+) = "([^"]*)"/gm)].map((match) => [match[1] as string, match[2] as string]));
  const targets = [...text.matchAll(/target(?::|\s*=)\s*`([^`]*)`/g)].map((match) =>
    (match[1] as string).replaceAll(/\$\{([^}]*)\}/g, (_, hole: string) => {
      const constant = constants.get(hole);
      const name = /args\.(\w+)/.exec(hole)?.[1] ?? /^(\w+?)(?:Of)?\b/.exec(hole)?.[1] ?? hole;
      return constant ?? `<${name}>`;
    }),
  );
  const part = /\bpart\b/.test(text) ? " (a part of it)" : "";
  return [...new Set(targets)].map((target) => `${code(target)}${target.startsWith("file:") || targets.length === 1 ? part : ""}`);
}

function otherVerb(verb: Verb, complaints: Complaints): string[] {
  const { text, tags } = docParts(verb.doc);
  if (verb.doc === undefined) complaints.add(verb.file, verb.line, `t.${verb.name} has no doc comment`);
  return [`### t.${verb.name}`, "", "```ts", ...verb.signatures, "```", "", text, "", ...tags.filter(({ tag }) => tag === "throws").map(({ text: what }) => `Throws ${what}`), ""];
}

/** Kinds that no verb declares: they cannot be reached from a role. */
export function kindsWithoutVerb(root: string, files: readonly string[], verbs: readonly Verb[]): string[] {
  const used = new Set(verbs.flatMap((verb) => (verb.kind ? [resolveName(root, verb.kind.from, verb.kind.name)] : [])).map((place) => `${place?.source.file}#${place?.name}`));
  return files.flatMap((file) => {
    const source = sourceOf(root, file);
    return [...source.mask.matchAll(/^export const (\w+)[^=]*= defineResource\(/gm)].filter((match) => !used.has(`${file}#${match[1]}`)).map((match) => `${file}:${lineOf(source, match.index)}: the kind ${match[1]} has no verb on t`);
  });
}
