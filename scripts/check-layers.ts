/**
 * Checks that dependencies point one way: `node --import tsx scripts/check-layers.ts [FOLDER]`.
 *
 * Prints `file:line: message` for each import that goes against the arrows below, for each folder that has no arrows, and
 * for each cycle of imports, and then exits 1.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** What a layer of src/ may import: `*` any layer, `!name` not that one, a name that one, `name/file.ts` only that file. */
const ARROWS: ReadonlyMap<string, readonly string[]> = new Map([
  ["errors", []],
  ["shell", ["errors"]],
  ["resources", ["shell", "errors"]],
  ["inventory", ["jinja", "shell", "errors"]],
  // Encrypts and edits what the inventory reads.
  ["secrets", ["inventory", "shell", "errors"]],
  ["dsl", ["resources", "inventory", "shell", "errors"]],
  // The controller's side of what roles bring to hosts.
  ["artifacts", ["dsl/artifact.ts", "resources/fetch.ts", "errors"]],
  ["engine", ["artifacts", "dsl", "resources", "inventory", "shell", "errors"]],
  ["connection", ["shell", "errors", "engine/session.ts"]],
  ["report", ["errors", "engine/events.ts"]],
  ["journal", ["errors", "engine/events.ts"]],
  // Stands on the engine: a saved plan is what a check has found.
  ["plan", ["engine", "dsl", "shell", "errors"]],
  ["lab", ["shell", "errors"]],
  // Breaks things on purpose: by the lab's controls, or on hosts over their sessions.
  ["drill", ["dsl/drill-plan.ts", "engine/session.ts", "lab/index.ts", "shell", "errors"]],
  // A page of what Prometheus says, made of the same pieces as the reports.
  ["dashboard", ["report/html/html.ts", "errors"]],
  // Where an inventory's hosts meet their connections; for the command line and the library alike.
  ["connect.ts", ["connection", "inventory", "engine/session.ts"]],
  // What projects that come from Ansible keep of it.
  ["ansible", ["dsl/role.ts", "shell", "errors"]],
  // Turns an Ansible directory into a project. Its own words for what it writes; it runs nothing.
  // Reads Jinja2: for inventories, which fill a little of it in, and for the import, which turns it into ejs.
  ["jinja", []],
  ["import", ["inventory", "jinja", "shell", "errors"]],
  // What a project's configuration may say: for the command line, and for whoever writes one.
  ["config.ts", []],
  // Compiles the rest; only bin calls it.
  ["loader", []],
  ["cli", ["*", "!loader"]],
  ["index.ts", ["*", "!cli", "!dashboard", "!drill", "!import", "!lab", "!loader"]],
]);

/** The package's own name; roles and playbooks reach the program through its exports only. */
const PACKAGE = "hawser";
const FOLDERS = ["src", "roles", "playbooks", "bin"];
const SOURCE_FILE = /(?<!\.test)\.[cm]?[jt]s$/;

export interface Finding {
  /** Relative to the checked folder, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Edge {
  readonly to: string;
  readonly line: number;
}

export function checkLayers(root: string): Finding[] {
  const findings: Finding[] = [];
  const graph = new Map<string, Edge[]>();
  for (const file of FOLDERS.flatMap((folder) => sourceFiles(root, folder))) {
    const edges: Edge[] = [];
    graph.set(file, edges);
    for (const { specifier, line, typeOnly } of importsOf(readFileSync(join(root, file), "utf8"))) {
      const to = targetOf(root, file, specifier);
      const message = complaint(file, specifier, to);
      if (message !== undefined) findings.push({ file, line, message });
      if (to !== undefined && !typeOnly) edges.push({ to, line });
    }
  }
  return [...findings, ...unknownLayers([...graph.keys()]), ...cycles(graph)];
}

function sourceFiles(root: string, folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return sourceFiles(root, path);
      return SOURCE_FILE.test(entry.name) ? [path] : [];
    });
}

/** The imported file, relative to the root; undefined for Node's modules and for packages. */
function targetOf(root: string, file: string, specifier: string): string | undefined {
  if (specifier === PACKAGE) return "src/index.ts";
  if (specifier.startsWith(`${PACKAGE}/roles/`)) {
    const inner = specifier.slice(`${PACKAGE}/roles/`.length);
    return inner.includes("/") ? `roles/${inner}.ts` : `roles/${inner}/role.ts`;
  }
  if (!/^\.{1,2}(\/|$)/.test(specifier)) return undefined;
  return relative(root, resolve(root, dirname(file), specifier)).replaceAll("\\", "/");
}

function complaint(file: string, specifier: string, to: string | undefined): string | undefined {
  const [folder, inner = ""] = file.split("/");
  switch (folder) {
    case "src":
      return to === undefined ? undefined : againstArrows(file, to);
    case "bin":
      return to === undefined || /^(src|bin)\//.test(to) || to === "package.json" ? undefined : `bin does not import ${to}`;
    case "roles":
      return outsideOf(`roles/${inner}/`, specifier, to);
    default:
      return outsideOf(`${folder}/`, specifier, to);
  }
}

/** Roles and playbooks are written against the public API, as users write theirs. */
function outsideOf(home: string, specifier: string, to: string | undefined): string | undefined {
  const isPublic = specifier === PACKAGE || specifier.startsWith(`${PACKAGE}/roles/`) || specifier.startsWith("node:");
  if (isPublic || to?.startsWith(home) === true) return undefined;
  return `${home} imports only "${PACKAGE}", "${PACKAGE}/roles/*", "node:*" and its own files, not "${specifier}"`;
}

function againstArrows(file: string, to: string): string | undefined {
  const from = layerOf(file);
  if (to === "package.json" && from === "cli") return undefined;
  if (!to.startsWith("src/")) return `src imports nothing outside src, and ${to} is`;
  const layer = layerOf(to);
  const arrows = ARROWS.get(from);
  if (layer === from || arrows === undefined) return undefined;
  const isAllowed = arrows.includes(layer) || arrows.includes(to.slice("src/".length)) || (arrows.includes("*") && !arrows.includes(`!${layer}`));
  if (isAllowed) return undefined;
  const files = arrows.filter((arrow) => arrow.startsWith(`${layer}/`));
  return files.length > 0 ? `${from} imports only ${files.join(", ")} of ${layer}, not ${to}` : `${from} must not import ${layer} (${to})`;
}

function layerOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** A new folder must say where it stands. */
function unknownLayers(files: readonly string[]): Finding[] {
  const first = new Map(files.filter((file) => file.startsWith("src/")).map((file) => [layerOf(file), file] as const));
  return [...first].filter(([layer]) => !ARROWS.has(layer)).map(([layer, file]) => ({ file, line: 1, message: `src/${layer} is no known layer: give it arrows in scripts/check-layers.ts` }));
}

/** One finding for each import that closes a cycle. Imports of types are left out: nothing of them is there at run time. */
function cycles(graph: ReadonlyMap<string, readonly Edge[]>): Finding[] {
  const findings: Finding[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    path.push(file);
    for (const { to, line } of graph.get(file) ?? []) {
      const start = path.indexOf(to);
      if (start >= 0) findings.push({ file, line, message: `a cycle of imports: ${[...path.slice(start), to].join(" -> ")}` });
      else if (!finished.has(to)) visit(to);
    }
    path.pop();
    finished.add(file);
  };
  for (const file of graph.keys()) if (!finished.has(file)) visit(file);
  return findings;
}

interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import type` or `export type`: nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

const COMMENT = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const TEXT = String.raw`"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'`;
/** A slash begins a regular expression where a value is expected: after an operator, an opening bracket or `return`. */
const PATTERN = String.raw`(?<=(?:^|[(,=:[!&|?{};+*%~^<>-]|\breturn|\bcase|\btypeof)\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*`;
const TOKEN = new RegExp([COMMENT, TEXT, PATTERN, "[`{}]"].join("|"), "g");

/**
 * Static imports, re-exports, imports for a side effect, and dynamic imports, in a text whose literals were replaced by
 * their quoted number. The clause may not hold another statement.
 */
const STATEMENT =
  /(?<![\w$.])(?:import|export)\s+(type\s+(?!from\b|,))?(?:(?!\b(?:import|export)\b)(?:[\w$*\s,{}]|"\d+"))*?\bfrom\s*"(\d+)"|(?<![\w$.])import\s*"(\d+)"|(?<![\w$.])import\s*\(\s*"(\d+)"\s*[,)]/g;

/** What a TypeScript or JavaScript text imports by a literal name. It must be valid; TypeScript itself checks that. */
export function importsOf(text: string): Import[] {
  const { skeleton, literals } = withoutLiterals(text);
  return [...skeleton.matchAll(STATEMENT)].map((match) => ({
    specifier: literals[Number(match[2] ?? match[3] ?? match[4])] ?? "",
    line: skeleton.slice(0, match.index).split("\n").length,
    typeOnly: match[1] !== undefined,
  }));
}

/** The text with its comments blanked and each literal replaced by its number, line for line. */
function withoutLiterals(text: string): { skeleton: string; literals: string[] } {
  const literals: string[] = [];
  let skeleton = "";
  let copied = 0;
  const replace = (from: number, to: number, by: string): void => {
    skeleton += text.slice(copied, from) + by + "\n".repeat(text.slice(from, to).split("\n").length - 1);
    copied = to;
  };
  for (const { token, from, to } of tokens(text)) {
    if (token === "/") replace(from, to, " ");
    else {
      const literal = text.slice(from + 1, to - 1);
      replace(from, to, token === "`" && literal.includes("${") ? "``" : `"${literals.push(literal) - 1}"`);
    }
  }
  return { skeleton: skeleton + text.slice(copied), literals };
}

/** Comments and patterns (both as `/`), strings (`"`), and whole templates, whatever they nest (a backquote). */
function* tokens(text: string): Generator<{ token: string; from: number; to: number }> {
  const scanner = new RegExp(TOKEN);
  for (let match = scanner.exec(text); match !== null; match = scanner.exec(text)) {
    const [token] = match;
    if (token === "{" || token === "}") continue;
    if (token === "`") scanner.lastIndex = templateEnd(text, match.index + 1);
    const first = token[0] === "'" ? '"' : (token[0] ?? "");
    yield { token: first, from: match.index, to: scanner.lastIndex };
  }
}

/** Where the template that was opened before `start` is over. */
function templateEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "`") return at + 1;
    else if (text.startsWith("${", at)) at = holeEnd(text, at + 2) - 1;
  }
  return text.length;
}

/** Where the `${` that was opened before `start` is closed. */
function holeEnd(text: string, start: number): number {
  const scanner = new RegExp(TOKEN);
  scanner.lastIndex = start;
  let depth = 1;
  for (let match = scanner.exec(text); match !== null; match = scanner.exec(text)) {
    const [token] = match;
    if (token === "`") scanner.lastIndex = templateEnd(text, match.index + 1);
    else if (token === "{") depth++;
    else if (token === "}" && --depth === 0) return scanner.lastIndex;
  }
  return text.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const findings = checkLayers(resolve(process.argv[2] ?? "."));
  for (const { file, line, message } of findings) console.log(`${file}:${line}: ${message}`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
