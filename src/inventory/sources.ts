import { constants } from "node:fs";
import { access, readdir, readFile, stat } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { readIni } from "./ini.ts";
import type { LoadContext } from "./load-context.ts";
import { maskIniLines } from "./mask.ts";
import { readModule } from "./module.ts";
import { fileTrouble } from "./private-file.ts";
import { parseSource, readText } from "./read-source.ts";
import { readScript } from "./script.ts";
import { readStructure, type Structure } from "./structure.ts";
import { isEmpty, type Tree } from "./tree.ts";

/** Names in an inventory directory that are no hosts files: Ansible's ignored endings, and files that often lie there. */
const IGNORED = /^\.|~$|\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry|rej|log|pub|pem|key|crt|enc|age|d\.ts|example|sample)$|^(?:group_vars|host_vars|vars_plugins|kept|node_modules|known_hosts.*|id_[a-z0-9]+|Makefile|LICENSE|package(?:-lock)?\.json|tsconfig\.json)$/;

/** A file to read hosts from. */
export interface HostsFile {
  readonly path: string;
  /**
   * False for what lies in a directory beside its hosts.yml: that may be anything, so it is read only when it looks like hosts,
   * and a program there is not run.
   */
  readonly sure: boolean;
}

/**
 * The hosts files of an inventory: the file itself, or those of a directory in the order of their names, as Ansible reads
 * them, folders below it included.
 */
export async function hostsFiles(load: LoadContext, path: string): Promise<HostsFile[]> {
  if (!(await isDirectory(path))) return [{ path, sure: true }];
  const found = await filesBelow(load, path);
  const place = { file: load.show(path), line: 1, column: 1 };
  if (found.length === 0) load.problem(place, "the directory has no hosts.yml", "an inventory is hosts.yml, or files in Ansible's YAML or INI");
  const main = found.filter((file) => MAIN.includes(relative(path, file)));
  if (main.filter((file) => file.endsWith("ml")).length > 1) load.problem(place, "the directory has both hosts.yml and hosts.yaml");
  return found.map((file) => ({ path: file, sure: main.length === 0 || main.includes(file) }));
}

async function filesBelow(load: LoadContext, directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    load.problem({ file: load.show(directory), line: 1, column: 1 }, fileTrouble(error, "the directory"));
    return [];
  });
  const files: string[] = [];
  for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
    const path = join(directory, name);
    if (IGNORED.test(name)) continue;
    if (await isDirectory(path)) files.push(...(await filesBelow(load, path)));
    else if (name.endsWith(".ini")) load.warn({ file: load.show(path), line: 1, column: 1 }, "this file is not read: Ansible passes over .ini in a directory", "take the ending away, or name the file itself: -i FILE");
    else files.push(path);
  }
  return files;
}

/**
 * Reads one hosts file into the groups and hosts found so far: a module, a program, YAML or JSON by its ending or its look, else INI.
 * @returns false when it could not be read as a whole.
 */
export async function readHostsFile(load: LoadContext, structure: Structure, { path, sure }: HostsFile): Promise<boolean> {
  const shown = relative(load.root, path);
  if (MODULE.test(path)) return sure || MAIN.includes(shown) ? await readModule(load, structure, { path, shown }) : true;
  if (await isProgram(path)) return sure ? await readScript(load, structure, { path, shown }) : true;
  const found = await readText(load, path);
  if (found === undefined) return false;
  if (found.sealed) return true;
  if (isYaml(path, found.text)) {
    const tree = await parseSource(load, path, found);
    if (tree === undefined) return false;
    if (sure || holdsGroups(tree)) readStructure(load, structure, tree, shown);
    else load.warn({ file: load.show(path), line: 1, column: 1 }, "this file is not read: its keys are no groups", "variables stand in group_vars/ and host_vars/");
    return true;
  }
  if (found.text.startsWith("#!")) {
    if (sure) load.problem({ file: load.show(path), line: 1, column: 1 }, "this script is not executable", `chmod +x ${load.show(path)}`);
    return !sure;
  }
  if (!sure && !HAS_SECTION.test(found.text)) return true;
  const file = load.show(path);
  if (!found.secret) load.quoteFrom(file, maskIniLines(found.text));
  readIni(load, structure, { file, shown, text: found.text, secret: found.secret });
  return true;
}

/** What an inventory directory of hawser's has; with one of them, other files in it may be anything. */
const MAIN = ["hosts.yml", "hosts.yaml", "inventory.ts"];
const MODULE = /\.[cm]?[jt]s$/;
const HAS_SECTION = /^\s*\[[^\]\s]+\]\s*(?:#.*)?$/m;

/** Other files of YAML may lie in an inventory directory; their keys are mostly no mappings. */
function holdsGroups(tree: Tree): boolean {
  return tree.kind === "mapping" && (tree.entries.has("plugin") || [...tree.entries.values()].every((entry) => entry.tree.kind === "mapping" || isEmpty(entry.tree)));
}

/** Without an ending that says so, a file is YAML when its first line of content is a key, a document or a JSON object. */
function isYaml(path: string, text: string): boolean {
  const ending = extname(path);
  if ([".yml", ".yaml", ".json"].includes(ending)) return true;
  if (ending === ".ini") return false;
  const first = text.split(/\r?\n/).find((line) => line.trim() !== "" && !/^\s*[#;]/.test(line)) ?? "";
  return /^(?:---|\{|%YAML|["']?[\w.-]+["']?:(?:\s|$))/.test(first);
}

/** Executable, and no data that only seems so, as everything does on some file systems. */
async function isProgram(path: string): Promise<boolean> {
  if ([".yml", ".yaml", ".json", ".ini"].includes(extname(path))) return false;
  const executable = await access(path, constants.X_OK).then(() => true, () => false);
  if (!executable) return false;
  const start = await readFile(path).then((bytes) => bytes.subarray(0, 4).toString("latin1"), () => "");
  return start.startsWith("#!") || start === "\u007fELF";
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then((found) => found.isDirectory(), () => false);
}
