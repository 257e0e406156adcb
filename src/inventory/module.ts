import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { Secret } from "../shell/index.ts";
import type { InventoryDefinition } from "./define.ts";
import type { LoadContext } from "./load-context.ts";
import type { Place } from "./problem.ts";
import { inventorySeconds, type Script } from "./script.ts";
import { readStructure, type Structure } from "./structure.ts";
import type { Entry, Tree } from "./tree.ts";

/** Loads a module by its absolute path. */
export type ImportModule = (file: string) => Promise<unknown>;

let importModule: ImportModule = async (file) => (await import(pathToFileURL(file).href)) as unknown;

/**
 * Says how inventories in TypeScript are loaded, for the whole process: only whoever starts it knows how its TypeScript is compiled.
 * Default: as Node imports any module.
 */
export function importInventoriesBy(load: ImportModule): void {
  importModule = load;
}

/** Imports `inventory.ts` and takes the groups that it gives. @returns false when it did not say what there is. */
export async function readModule(load: LoadContext, structure: Structure, { path, shown }: Script): Promise<boolean> {
  structure.isDynamic = true;
  const start: Place = { file: load.show(path), line: 1, column: 1 };
  try {
    const { default: definition } = (await importModule(path)) as { default?: InventoryDefinition };
    if (definition?.kind !== "inventory") {
      load.problem(start, "this file has no inventory as its default export", "export default defineInventory(async () => ({ web: { hosts: { … } } }))");
      return false;
    }
    const source = await inTime(Promise.resolve(definition.source({ directory: dirname(path), env: load.around.env })), inventorySeconds(load));
    const tree = treeOf(load, source, start, shown);
    readStructure(load, structure, tree, shown);
    return true;
  } catch (error) {
    load.problem(placeIn(error, path, start), `${shown} gives no inventory: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

async function inTime<T>(work: Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  // oxlint-disable-next-line promise/avoid-new
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Where in the file an error was thrown, by its stack. */
function placeIn(error: unknown, path: string, start: Place): Place {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const at = stack.indexOf(`${path}:`);
  const [, line, column] = at === -1 ? [] : (/^:(\d+):(\d+)/.exec(stack.slice(at + path.length)) ?? []);
  return line === undefined ? start : { file: start.file, line: Number(line), column: Number(column) };
}

/** Plain data as a tree, all of it at one place; `name` is its path for messages. */
function treeOf(load: LoadContext, value: unknown, place: Place, name: string): Tree {
  if (value === null || value instanceof Secret || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return { kind: "leaf", place, value };
  if (Array.isArray(value)) return { kind: "list", place, items: value.map((item, index) => treeOf(load, item, place, `${name}[${index}]`)) };
  const prototype: unknown = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (typeof value === "object" && (prototype === Object.prototype || prototype === null)) {
    const entries = Object.entries(value).flatMap(([key, item]): [string, Entry][] => (item === undefined ? [] : [[key, { key: place, tree: treeOf(load, item, place, `${name}.${key}`) }]]));
    return { kind: "mapping", place, entries: new Map(entries) };
  }
  load.problem(place, `${name} is ${typeof value === "object" ? "an object of a class" : `a ${typeof value}`}, and an inventory is plain data`);
  return { kind: "leaf", place, value: null };
}
