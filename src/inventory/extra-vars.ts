import { dirname, resolve } from "node:path";
import { makeLayer, type Layer } from "./layer.ts";
import type { LoadContext } from "./load-context.ts";
import type { Place } from "./problem.ts";
import { readSource } from "./read-source.ts";
import { describe, isEmpty, type Entry, type Mapping, type Tree } from "./tree.ts";
import { parseYaml } from "./yaml.ts";

/**
 * Reads extra variables as the command line gives them: `key=value`, `@file.yml`, or a YAML or JSON mapping in braces.
 *
 * A value is text unless it is exactly a whole number, `true`, `false` or `null`, or starts like YAML: `[`, `{`, a quote
 * or a tag. So `version=1.10` and `id=007` stay what was typed. `ssh.port=22` and `become.user=postgres` reach inside
 * the two variables that are merged; other variables are replaced as a whole. Relative paths start in the working
 * directory, or beside the `@file`.
 */
export async function readExtraVars(load: LoadContext, extraVars: readonly string[]): Promise<Layer[]> {
  const layers: Layer[] = [];
  for (const text of extraVars) {
    const layer = text.startsWith("@") ? await fileLayer(load, text) : /^\s*\{/.test(text) ? await inlineLayer(load, text) : await pairLayer(load, text);
    if (layer !== undefined) layers.push(layer);
  }
  return layers;
}

async function fileLayer(load: LoadContext, text: string): Promise<Layer | undefined> {
  const path = load.path(text.slice(1), load.around.cwd);
  const tree = await readSource(load, path, dirname(path));
  return tree === undefined ? undefined : mappingLayer(load, `-e ${text}`, tree, dirname(path));
}

async function inlineLayer(load: LoadContext, text: string): Promise<Layer | undefined> {
  const base = resolve(load.around.cwd);
  const tree = await parseYaml(load, { file: "-e", text, base });
  return tree === undefined ? undefined : mappingLayer(load, "-e {…}", tree, base);
}

function mappingLayer(load: LoadContext, label: string, tree: Tree, base: string): Layer | undefined {
  if (tree.kind === "mapping") return makeLayer(load, label, tree, base);
  if (!isEmpty(tree)) load.problem(tree.place, `extra variables must be a mapping, not ${describe(tree)}`);
  return undefined;
}

async function pairLayer(load: LoadContext, text: string): Promise<Layer | undefined> {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(equals, 0));
  const file = `-e ${name === "" ? text : name}`;
  const place = { file, line: 1, column: 1 };
  if (name === "") {
    load.problem(place, "an extra variable must be key=value, @file.yml or {key: value}");
    return undefined;
  }
  const [variable = "", key, ...rest] = name.split(".");
  const nested = key !== undefined && key !== "" && rest.length === 0 && (variable === "ssh" || variable === "become");
  if (key !== undefined && !nested) {
    load.problem(place, `"${name}" reaches inside a variable`, `only ssh.… and become.… may be set in part; give ${variable} as a whole: -e '{${variable}: …}'`);
    return undefined;
  }
  const tree = await value(load, { ...place, column: equals + 2 }, text.slice(equals + 1));
  if (tree === undefined) return undefined;
  const inner = nested ? mapping(place, key, tree) : tree;
  return makeLayer(load, file, mapping(place, variable, inner), resolve(load.around.cwd));
}

async function value(load: LoadContext, place: Place, text: string): Promise<Tree | undefined> {
  // The padding makes the parser count columns as in the whole argument.
  if (/^[[{"'!]/.test(text)) return await parseYaml(load, { file: place.file, text: " ".repeat(place.column - 1) + text, base: resolve(load.around.cwd) });
  const words = new Map<string, boolean | null>([["true", true], ["false", false], ["null", null]]);
  const word = words.get(text);
  if (word !== undefined) return { kind: "leaf", place, value: word };
  const number = Number(text);
  return { kind: "leaf", place, value: Number.isSafeInteger(number) && String(number) === text ? number : text };
}

function mapping(place: Place, key: string, tree: Tree): Mapping {
  return { kind: "mapping", place, entries: new Map<string, Entry>([[key, { key: place, tree }]]) };
}
