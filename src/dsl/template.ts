import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import ejs from "ejs";
import { Secret } from "../shell/index.ts";
import { atLine, syntaxError, TemplateError } from "./template-error.ts";
import { guard, TemplateMistake } from "./template-vars.ts";

/** Text for a file resource. It must not be shown when a secret stands in it. */
export interface Rendered {
  readonly text: string;
  readonly sensitive: boolean;
}

/** What one run of a compiled template is given. */
interface Run {
  readonly vars: object;
  readonly escape: (value: unknown) => string;
  readonly include: (name: string, extra?: object) => string;
  readonly rethrow: (thrown: unknown, text: string, filename: string, line: number) => never;
}

/** Templates that include each other deeper than this include each other for ever. */
const MAX_DEPTH = 20;

const compiled = new Map<string, { readonly text: string; readonly run: (data: { hawser: Run }) => string }>();

/**
 * Renders an ejs template. The values are in `vars`; nothing is escaped, because the text is a file on a host.
 *
 * Stricter than ejs: printing undefined, null, an object or a list throws, and so does a misspelt name, also inside an
 * `if`; a Secret is printed and makes the result sensitive; a late value is resolved when it is read. `include(name, extra)`
 * gives the text of a template in the same folder tree, with `extra` beside the vars.
 * @throws TemplateError with file, line, column and the lines around.
 * @throws ValuePending when a late value that the template reads is not known yet.
 */
export function renderTemplate(filename: string, text: string, vars: object): Rendered {
  const state = { sensitive: false };
  return { text: render(filename, text, vars, templatesFolder(filename), 1, state), sensitive: state.sensitive };
}

function render(filename: string, text: string, vars: object, folder: string, depth: number, state: { sensitive: boolean }): string {
  const run: Run = {
    vars: guard(vars),
    escape: (value) => print(value, state),
    include: (name, extra = {}) => {
      if (depth >= MAX_DEPTH) throw new TemplateMistake(`templates are included more than ${MAX_DEPTH} deep`, "include", "two templates include each other");
      const file = included(filename, name, folder);
      // Descriptors, so that no late value is read before the template asks for it.
      const merged = Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(vars), ...Object.getOwnPropertyDescriptors(extra) });
      return render(file, readFileSync(file, "utf8"), merged, folder, depth + 1, state);
    },
    rethrow: (thrown, _, file, line) => {
      throw atLine(thrown, file, text, line);
    },
  };
  return compile(filename, text)({ hawser: run });
}

/**
 * ejs copies the vars that it is given, which would read every late value and lose the guard, so they travel inside one
 * value, and the first tag, on the first line, takes them out and puts our functions in the place of those of ejs.
 */
const PRELUDE = "<% const vars = ejs.hawser.vars; escapeFn = ejs.hawser.escape; include = ejs.hawser.include; rethrow = ejs.hawser.rethrow; %>";

function compile(filename: string, text: string): (data: { hawser: Run }) => string {
  const known = compiled.get(filename);
  if (known?.text === text) return known.run;
  checkTags(filename, text);
  const template = new ejs.Template(PRELUDE + text.replace(/^\uFEFF/, ""), { strict: true, localsName: "ejs", filename, compileDebug: true, escape: String });
  let run: (data: { hawser: Run }) => string;
  try {
    run = template.compile() as (data: object) => string;
  } catch (error) {
    if (error instanceof SyntaxError) throw syntaxError(error, template.source, filename, text);
    throw atLine(error, filename, text, 1);
  }
  compiled.set(filename, { text, run });
  return run;
}

/** Finds, with their line, a tag that is never closed and a value printed by `<%-`, past the checks of `<%=`. */
function checkTags(filename: string, text: string): void {
  let open: { tag: string; index: number } | undefined;
  const fail = (message: string, index: number, hint: string): never => {
    const before = text.slice(0, index).split("\n");
    throw new TemplateError(message, { file: filename, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }, text, { hint });
  };
  for (const match of text.matchAll(/<%%|%%>|<%[=_#-]?|[-_]?%>/g)) {
    const [tag] = match;
    if (tag === "<%%" || tag === "%%>") continue;
    if (tag.startsWith("<%")) {
      if (open) fail(`this ${open.tag} is not closed before the next tag`, open.index, "close it with %>");
      open = { tag, index: match.index };
      if (tag === "<%-" && !/^\s*include\s*\(/.test(text.slice(match.index + 3))) fail("<%- prints a value unchecked", match.index, "print values with <%=; nothing is escaped there");
    } else open = undefined;
  }
  if (open) fail(`this ${open.tag} is never closed`, open.index, "close it with %>");
}

function print(value: unknown, state: { sensitive: boolean }): string {
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "bigint" || (typeof value === "number" && !Number.isNaN(value))) return String(value);
  if (value instanceof Secret) {
    state.sensitive = true;
    return value.reveal();
  }
  const names: Record<string, string> = { undefined: "undefined", number: "NaN", object: value === null ? "null" : "an object", function: "a function" };
  throw new TemplateMistake(`${Array.isArray(value) ? "a list" : names[typeof value] ?? typeof value} cannot be printed`, undefined, Array.isArray(value) ? 'write .join(", ")' : "only text, numbers, booleans and secrets can");
}

/** The role's templates: the nearest folder of that name, else the template's own folder. */
function templatesFolder(filename: string): string {
  const own = path.dirname(path.resolve(filename));
  const parts = own.split(path.sep);
  const at = parts.lastIndexOf("templates");
  return at === -1 ? own : parts.slice(0, at + 1).join(path.sep);
}

function included(from: string, name: string, folder: string): string {
  const file = path.resolve(path.dirname(path.resolve(from)), path.extname(name) === "" ? `${name}.ejs` : name);
  let real: string;
  try {
    real = realpathSync(file);
  } catch {
    throw new TemplateMistake(`there is no template "${name}" beside this one`, "include", `looked for ${file}`);
  }
  if (!real.startsWith(realpathSync(folder) + path.sep)) throw new TemplateMistake(`"${name}" is outside the templates folder`, "include", `include only from ${folder}`);
  return file;
}
