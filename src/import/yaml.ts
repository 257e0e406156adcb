import { readFileSync } from "node:fs";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node as YamlNode, type Scalar } from "yaml";
import { UsageError } from "../errors/index.ts";

/** A place in a file of the Ansible directory. `file` is relative to it. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A value in a YAML file that knows where it stands. */
export type Yaml = Place &
  (
    | { readonly kind: "scalar"; readonly value: string | number | boolean | null; readonly source: string; readonly tag: string | undefined }
    | { readonly kind: "list"; readonly items: readonly Yaml[] }
    | { readonly kind: "map"; readonly entries: readonly YamlEntry[]; readonly source: string }
  );

export type YamlMap = Extract<Yaml, { kind: "map" }>;
export type YamlList = Extract<Yaml, { kind: "list" }>;
export type YamlScalar = Extract<Yaml, { kind: "scalar" }>;

export interface YamlEntry extends Place {
  readonly name: string;
  readonly value: Yaml;
}

/**
 * Reads a YAML file as Ansible does: YAML 1.1, in which `yes` is a boolean. Undefined for an empty file.
 * @param shown How messages name it.
 * @throws UsageError with the place of the first mistake
 */
export function readYaml(file: string, shown: string): Yaml | undefined {
  return parseYamlText(readFileSync(file, "utf8"), shown);
}

export function parseYamlText(text: string, file: string): Yaml | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: "1.1", lineCounter: lines, merge: true, uniqueKeys: false, prettyErrors: false, logLevel: "silent" });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const [error] = document.errors;
  if (error !== undefined) throw new UsageError(`not valid YAML: ${error.message.replace(/; please use .*$/, "")}`, { source: placeAt(error.pos[0]), hint: "ansible-playbook --syntax-check says more" });
  return document.contents === null ? undefined : convert(document.contents, { document, text, placeAt });
}

interface Walk {
  readonly document: Document;
  readonly text: string;
  readonly placeAt: (offset: number) => Place;
}

function convert(node: YamlNode | null, walk: Walk, near = 0): Yaml {
  if (isAlias(node)) return convert(node.resolve(walk.document) ?? null, walk, node.range?.[0]);
  const place = walk.placeAt(node?.range?.[0] ?? near);
  const source = (): string => walk.text.slice(node?.range?.[0] ?? 0, node?.range?.[1] ?? 0);
  if (isSeq(node)) return { kind: "list", items: node.items.map((item) => convert(item as YamlNode | null, walk, node.range?.[0])), ...place };
  if (isMap(node)) {
    const entries = new Map<string, YamlEntry>();
    for (const { key, value } of node.items) {
      const at = (key as YamlNode).range?.[0] ?? 0;
      const name = isScalar(key) ? String(key.value) : "";
      const inner = convert(value as YamlNode | null, walk, at);
      // What a merge key brings is weaker than what stands beside it.
      if (name === "<<" || (isScalar(key) && typeof key.value === "symbol")) {
        for (const entry of inner.kind === "map" ? inner.entries : []) if (!entries.has(entry.name)) entries.set(entry.name, entry);
      } else entries.set(name, { name, value: inner, ...walk.placeAt(at) });
    }
    return { kind: "map", entries: [...entries.values()], source: source(), ...place };
  }
  const scalar: Scalar | null = isScalar(node) ? node : null;
  // To PyYAML a bare y or n is text.
  const value = scalar?.type === "PLAIN" && /^[yn]$/i.test(scalar.source ?? "") ? scalar.source : scalar?.value;
  const known = typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null ? value : value === undefined ? null : (scalar?.source ?? "");
  return { kind: "scalar", value: known, source: scalar?.source ?? "", tag: scalar?.tag, ...place };
}

export const entryOf = (node: Yaml | undefined, name: string): YamlEntry | undefined => (node?.kind === "map" ? node.entries.find((entry) => entry.name === name) : undefined);

export const valueOf = (node: Yaml | undefined, name: string): Yaml | undefined => entryOf(node, name)?.value;

/** The value as JavaScript has it. What is encrypted is undefined. */
export function plain(node: Yaml): unknown {
  if (node.kind === "list") return node.items.map(plain);
  if (node.kind === "map") return Object.fromEntries(node.entries.map(({ name, value }) => [name, plain(value)]));
  return node.tag === "!vault" ? undefined : node.value;
}

/** The text of a scalar; undefined for lists, maps and nothing. */
export const textOf = (node: Yaml | undefined): string | undefined => (node?.kind === "scalar" && node.value !== null ? String(node.value) : undefined);

/** The items of a list, or the one value that stands in its place. */
export const itemsOf = (node: Yaml | undefined): readonly Yaml[] => (node === undefined || (node.kind === "scalar" && node.value === null) ? [] : node.kind === "list" ? node.items : [node]);

export const isTemplate = (text: string): boolean => /\{\{|\{%/.test(text);

export const showPlace = ({ file, line }: Place): string => `${file}:${line}`;

/** A map without some of its entries. */
export const without = (map: YamlMap, ...names: readonly string[]): YamlMap => ({ ...map, entries: map.entries.filter(({ name }) => !names.includes(name)) });
