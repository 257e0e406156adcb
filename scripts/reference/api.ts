import { anchorsOf, code, docParts, page } from "./markdown.ts";
import type { Complaints } from "./complaints.ts";
import { closing, docBefore, importsOf, lineOf, resolveName, signatureEnd, sourceOf, type Source } from "./source.ts";
import { squeeze } from "./verbs.ts";

interface Export {
  readonly name: string;
  readonly kind: string;
  readonly text: string;
  readonly doc: string | undefined;
}

const GROUPS: readonly (readonly [string, RegExp])[] = [
  ["Functions", /^function/],
  ["Classes", /^class/],
  ["Values", /^const/],
  ["Types", /^(?:interface|type)/],
];

/** Everything that `import … from "hawser"` gives. */
export function apiPage(root: string, complaints: Complaints): string {
  const index = sourceOf(root, "src/index.ts");
  const names = [
    ...importsOf(index).filter(({ exported, from }) => exported && from.startsWith(".")).flatMap((statement) => [...statement.names.keys()]),
    ...[...index.mask.matchAll(/^export (?:async )?(?:function\*?|interface|class|const|type) (\w+)/gm)].map((match) => match[1] as string),
  ];
  const exports = names.map((name) => exported(root, index, name, complaints)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const groups = GROUPS.map(([title, pattern]) => ({ title, members: exports.filter(({ kind }) => pattern.test(kind)) }));
  const anchors = anchorsOf(groups.flatMap(({ title, members }) => [title, ...members.map(({ name }) => name)]));
  const intro = `What roles, playbooks and programs import from \`hawser\`. \`z\` is [zod](https://zod.dev)'s. Roles are at \`hawser/roles/<name>\`.

${groups.map(({ title, members }) => `${title}: ${members.map(({ name }) => `[${name}](#${anchors.get(name)})`).join(", ")}`).join("\n\n")}`;
  return page("API", intro, groups.flatMap(({ title, members }) => [`## ${title}`, "", ...members.flatMap(section)]));
}

function section({ name, text, doc }: Export): string[] {
  const { text: said, tags } = docParts(doc);
  const lines = [`### ${name}`, "", ...(said === "" ? [] : [said, ""]), "```ts", text, "```", ""];
  const params = tags.filter(({ tag }) => tag === "param").map(({ text: what }) => what.replace(/^(\w+(?:\.\w+)?)\s+/, (_, param: string) => `${code(param)}: `));
  const ends = tags.flatMap(({ tag, text: what }) => (tag === "throws" ? [`Throws ${what}`] : tag === "returns" ? [`Returns ${what}`] : []));
  for (const item of [...params, ...ends]) lines.push(`- ${squeeze(item)}`);
  if (params.length + ends.length > 0) lines.push("");
  for (const { tag, text: example } of tags) if (tag === "example") lines.push("```ts", example, "```", "");
  return lines;
}

function exported(root: string, index: Source, name: string, complaints: Complaints): Export {
  const place = resolveName(root, index, name);
  if (!place) throw new Error(`src/index.ts: the declaration of ${name} was not found`);
  const { source, at } = place;
  const found = /(class|interface|type|const|function\*?)\s/.exec(source.mask.slice(at, at + 60))?.[1] ?? "const";
  const doc = docBefore(source, at);
  if (doc === undefined) complaints.add(source.file, lineOf(source, at), `${name}, which is public, has no doc comment`);
  const texts: Readonly<Record<string, () => string>> = {
    class: () => classText(source, at),
    interface: () => source.text.slice(at, closing(source, source.mask.indexOf("{", at)) + 1),
    type: () => source.text.slice(at, statementEnd(source, at)),
    const: () => constText(source, at),
  };
  return { name, kind: found, text: plain((texts[found] ?? (() => functionText(source, at, name)))()), doc };
}

/** As an importer sees it. */
function plain(text: string): string {
  return text.replace(/^export (?:declare |async )*/, "").trim();
}

function statementEnd(source: Source, at: number): number {
  for (let i = at; i < source.mask.length; i++) {
    const char = source.mask[i] as string;
    if ("([{".includes(char)) i = closing(source, i);
    else if (char === ";") return i;
  }
  return source.mask.length;
}

function constText(source: Source, at: number): string {
  const name = /const (\w+)/.exec(source.mask.slice(at))?.[1] ?? "";
  const typed = /^(?:export )?const \w+: ([^=]*?) =/.exec(source.text.slice(at, statementEnd(source, at)))?.[1];
  return typed === undefined ? `const ${name}` : `const ${name}: ${typed}`;
}

/** Signatures, without bodies; those of overloads without the one that implements them. */
function functionText(source: Source, first: number, name: string): string {
  const pattern = new RegExp(`^export (?:async )?function\\*? ${name}\\b`, "gm");
  pattern.lastIndex = first;
  const found = [...source.mask.matchAll(pattern)].map((match) => ({ end: signatureEnd(source, match.index), at: match.index }));
  const shown = found.length > 1 ? found.slice(0, -1) : found;
  return shown.map(({ at, end }) => plain(source.text.slice(at, end).trim())).join("\n");
}

function classText(source: Source, at: number): string {
  const open = source.mask.indexOf("{", at);
  const end = closing(source, open);
  const lines = [source.text.slice(at, open).trim() + " {"];
  const member = /(?<=[{};]\s*)((?:static |readonly |override |async |get )*)((?!(?:private|protected|return|if|for|const|throw)\b)[\w$]+)(<[^({]*>)?([(:?])/g;
  member.lastIndex = open + 1;
  for (let match = member.exec(source.mask); match && match.index < end; match = member.exec(source.mask)) {
    const stop = match[4] === "(" ? signatureEnd(source, match.index) : statementEnd(source, match.index);
    const doc = docBefore(source, match.index);
    const after = source.mask[stop] === "{" ? closing(source, stop) : stop;
    member.lastIndex = after;
    if (doc?.includes("@internal") || match[2] === "name") continue;
    const said = squeeze(docParts(doc).text);
    if (said !== "") lines.push(`  /** ${said} */`);
    const text = squeeze(source.text.slice(match.index, stop)).replace(/^async /, "");
    lines.push(`  ${match[4] === "(" ? text : text.replace(/ = .*$/, "")};`);
  }
  return [...lines, "}"].join("\n");
}
