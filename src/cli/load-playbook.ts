import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Playbook } from "../dsl/play.ts";
import { thrownAt } from "../dsl/source.ts";
import { HawserError, UsageError, type SourceLine } from "../errors/index.ts";
import { suggest } from "../inventory/index.ts";

const PATH_HINT = "give the path of a .ts file, e.g. playbooks/site.ts";
const TYPES_HINT = "run `npx tsc --noEmit` to see type errors with their lines";

/** Loads a module by its absolute path. */
export interface ImportFile {
  (file: string): Promise<unknown>;
  /** The files that a module was made of when it was loaded last, packages among them; none where that is not known. */
  readonly sources?: (file: string) => Promise<readonly string[]>;
}

export const importPlainly: ImportFile = async (file) => (await import(pathToFileURL(file).href)) as unknown;

/** Imports a playbook file. @throws UsageError when it is missing, does not load, or exports no playbook. */
export async function loadPlaybook(file: string, importFile: ImportFile): Promise<Playbook> {
  const full = path.resolve(file);
  if (!existsSync(full)) throw new UsageError(`there is no playbook ${file}`, { hint: near(file) ?? PATH_HINT });
  if (statSync(full).isDirectory()) throw new UsageError(`${file} is a folder, not a playbook`, { hint: PATH_HINT });
  let loaded: { default?: unknown };
  try {
    loaded = (await importFile(full)) as { default?: unknown };
  } catch (error) {
    if (error instanceof HawserError) throw error;
    throw await explained(file, error);
  }
  const playbook = loaded.default as Playbook | undefined;
  if (!playbook || !Array.isArray(playbook.plays)) throw new UsageError(`${file} has no playbook as its default export`, { hint: "export default playbook(import.meta, [play({ … })])" });
  return playbook;
}

function near(file: string): string | undefined {
  const folder = path.dirname(file);
  const names = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder).filter((name) => name.endsWith(".ts")) : [];
  const guess = suggest(path.basename(file), names);
  return guess === undefined ? undefined : `did you mean ${path.join(folder, guess)}?`;
}

/** Why a file did not load, and where: each step of loading says so in a way of its own. */
async function explained(file: string, error: unknown): Promise<UsageError> {
  const { code, message, stack } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error), stack: "" };
  const failed = (what: string, source: SourceLine | undefined, hint?: string): UsageError => new UsageError(`${file} does not load: ${what}`, { cause: error, ...(source && { source }), ...(hint !== undefined && { hint }) });

  // esbuild, which counts columns from 0.
  const [, at, line, column, said = ""] = /^(?:\[plugin .*?\] )?(.+?):(\d+):(\d+): ERROR: (?:\[plugin: .*?\] )?(.*)$/m.exec(message) ?? [];
  if (at !== undefined) {
    const source = { file: path.resolve(at), line: Number(line), column: Number(column) + 1 };
    const broken = (what: string, place: SourceLine, hint?: string): UsageError => new UsageError(`${file} does not load: ${what}`, { source: place, ...(hint !== undefined && { hint }) });
    const missing = /^Could not resolve "(.+)"$/.exec(said)?.[1];
    if (missing === undefined) return broken(said, source);
    const isFile = missing.startsWith(".") || path.isAbsolute(missing);
    if (!isFile) return broken(`the package ${missing} is not installed`, source, `npm install ${missing}, or check the name`);
    return broken(`there is no file ${path.relative(process.cwd(), path.resolve(path.dirname(source.file), missing))}`, placeOf(source.file, path.basename(missing)) ?? source);
  }

  const [, gone, importer] = /^Cannot find (?:module|package) '(.+?)' imported from (.+?)$/.exec(message) ?? [];
  if (code === "ERR_MODULE_NOT_FOUND" && gone !== undefined && importer !== undefined) {
    const from = toPath(importer);
    const isFile = path.isAbsolute(toPath(gone));
    const what = isFile ? `there is no file ${path.relative(process.cwd(), toPath(gone))}` : `the package ${gone} is not installed`;
    return failed(what, placeOf(from, path.basename(toPath(gone))), isFile ? undefined : `npm install ${gone}, or check the name`);
  }

  const [, module, name] = /^The requested module '(.+?)' does not provide an export named '(.+?)'/.exec(message) ?? [];
  if (module !== undefined && name !== undefined) {
    const from = toPath(/^(file:\/\/.+?):\d+$/m.exec(stack ?? "")?.[1] ?? path.resolve(file));
    const isOurs = module === "hawser" || module.endsWith("/index.mjs");
    const guess = isOurs ? suggest(name, Object.keys(await import("../index.ts"))) : undefined;
    return failed(`${isOurs ? "hawser" : module} exports no "${name}"`, placeOf(from, name), guess === undefined ? TYPES_HINT : `did you mean ${guess}?`);
  }

  const kind = error instanceof Error && error.name !== "Error" ? `${error.name}: ` : "";
  return failed(`${kind}${message}`, thrownAt(error), TYPES_HINT);
}

function toPath(place: string): string {
  return place.startsWith("file://") ? fileURLToPath(place) : place;
}

/** The first place of a word in a file. */
function placeOf(file: string, word: string): SourceLine | undefined {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const line = lines.findIndex((text) => text.includes(word));
  return line === -1 ? undefined : { file, line: line + 1, column: (lines[line] ?? "").indexOf(word) + 1 };
}
