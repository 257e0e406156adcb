import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { makeLayer, type Layer } from "./layer.ts";
import type { LoadContext } from "./load-context.ts";
import { fileTrouble } from "./private-file.ts";
import { readSource } from "./read-source.ts";
import { didYouMean } from "./suggest.ts";
import { describe, isEmpty, type Tree } from "./tree.ts";

/** What one of the two directories is about. */
export interface VarDirectory {
  /** The folder that it lies in. */
  readonly root: string;
  /** How the files are named in layers, from their paths. */
  readonly label: (path: string) => string;
  /**
   * Whether a file that belongs to no known name is a problem, since its variables would silently reach nobody. Otherwise it is
   * a warning, or with "shared" nothing: the files beside a playbook serve several inventories.
   */
  readonly unknown: "problem" | "warning" | "shared";
  readonly directory: "group_vars" | "host_vars";
  readonly noun: "group" | "host";
  readonly names: ReadonlySet<string>;
  /** The names of the other kind, for the hint of a file put into the wrong directory. */
  readonly others: ReadonlySet<string>;
}

/** Ansible reads files without an extension as well; JSON is YAML. */
const READ = /^(.+?)(?:\.ya?ml|\.json)?$/;
const YAML = /\.(?:ya?ml|json)$/;
const SKIPPED = /^\.|~$/;
const NOT_READ = "this file is not read: variables stand in .yml, .yaml or .json files, or without an ending";
const NOT_VARS = /\.(?:md|txt|bak|orig|rej|swp|example|sample|enc|age|ini|cfg|py|sh|ts|js)$/;

/**
 * Reads `group_vars` or `host_vars`: NAME.yml, then NAME/ with every file below it, in the order of their names.
 */
export async function readVarFiles(load: LoadContext, about: VarDirectory): Promise<Map<string, Layer[]>> {
  const layers = new Map<string, Layer[]>();
  const top = join(about.root, about.directory);
  const found = await list(load, top, true);
  // NAME.yml before NAME/, so that the directory, the larger of the two, has the last word.
  for (const entry of [...found.filter(({ directory }) => !directory), ...found.filter(({ directory }) => directory)]) {
    const name = entry.directory ? entry.name : (READ.exec(entry.name)?.[1] ?? entry.name);
    const known = about.names.has(entry.name) ? entry.name : about.names.has(name) ? name : undefined;
    if (known === undefined) {
      unknown(load, about, entry, name);
      continue;
    }
    for (const file of entry.directory ? await below(load, entry.path) : [entry.path]) {
      const layer = await readLayer(load, file, about);
      if (layer !== undefined) layers.set(known, [...(layers.get(known) ?? []), layer]);
    }
  }
  return layers;
}

async function readLayer(load: LoadContext, path: string, { label }: VarDirectory): Promise<Layer | undefined> {
  const tree: Tree | undefined = await readSource(load, path);
  if (tree === undefined || isEmpty(tree)) return undefined;
  if (tree.kind === "mapping") return makeLayer(load, label(path), tree);
  load.problem(tree.place, `a file of variables must be a mapping, not ${describe(tree)}`);
  return undefined;
}

interface Found {
  readonly name: string;
  readonly path: string;
  readonly directory: boolean;
}

async function list(load: LoadContext, directory: string, mayMiss = false): Promise<Found[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (!(mayMiss && error instanceof Error && "code" in error && error.code === "ENOENT")) {
      load.problem({ file: load.show(directory), line: 1, column: 1 }, fileTrouble(error, "the directory"));
    }
    return [];
  }
  const found: Found[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (SKIPPED.test(entry.name)) continue;
    if (NOT_VARS.test(entry.name)) load.warn({ file: load.show(path), line: 1, column: 1 }, NOT_READ);
    else found.push({ name: entry.name, path, directory: await isDirectory(entry, path) });
  }
  return found;
}

/** Follows a link. A dangling one counts as a file, so that reading it says what is wrong. */
async function isDirectory(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return await stat(path).then(
    (target) => target.isDirectory(),
    () => false,
  );
}

async function below(load: LoadContext, directory: string): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await list(load, directory)) {
    const read = ["", ".yml", ".yaml", ".json"].includes(extname(entry.name));
    if (entry.directory) paths.push(...(await below(load, entry.path)));
    else if (read) paths.push(entry.path);
    else load.warn({ file: load.show(entry.path), line: 1, column: 1 }, NOT_READ);
  }
  return paths;
}

function unknown(load: LoadContext, about: VarDirectory, entry: Found, name: string): void {
  const { directory, noun, names, others } = about;
  if (about.unknown === "shared") return;
  const place = { file: load.show(entry.path), line: 1, column: 1 };
  const other = directory === "group_vars" ? "host_vars" : "group_vars";
  const hint = others.has(name) ? `it is a ${noun === "group" ? "host" : "group"}: move the file to ${other}/` : didYouMean(name, names);
  const report = about.unknown === "problem" ? load.problem.bind(load) : load.warn.bind(load);
  report(place, `no ${noun} is called "${name}"`, hint ?? (entry.directory || YAML.test(entry.name) ? `the inventory has ${[...names].slice(0, 12).join(", ")}` : "variables stand in NAME.yml"));
}
