import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { object, type Option } from "./emit.ts";
import { Unconvertible } from "./expression/scope.ts";
import { JinjaError } from "../jinja/ast.ts";
import { type Names, TemplateNames } from "./names.ts";
import type { Report } from "./report.ts";
import { convertTemplate, ejsName } from "./template.ts";

/** The files and templates that go along with one role. */
export class RoleFiles {
  /** Where each file of the written role comes from, by its path below the role's folder. */
  readonly files = new Map<string, string>();
  /** Texts of the templates, by name. */
  readonly templates = new Map<string, string>();
  readonly #root: string;
  readonly #folders: readonly string[];
  readonly #report: Report;

  /** @param folders Where Ansible looks, in order: a role's folder, the playbook's. @param root What shown paths start from. */
  constructor(root: string, folders: readonly string[], report: Report) {
    this.#root = root;
    this.#folders = folders;
    this.#report = report;
  }

  /** Takes along all that is in `files`, since names may be computed. */
  takeAll(folder: string): void {
    const from = path.join(folder, "files");
    if (!existsSync(from)) return;
    for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
      const full = path.join(entry.parentPath, entry.name);
      if (entry.isFile()) this.files.set(path.posix.join("files", path.relative(from, full)), full);
    }
  }

  file(src: string): { readonly source: string; readonly path: string; readonly isFolder: boolean } {
    const found = this.#find("files", src);
    const source = within(src.replace(/^files\//, "").replace(/\/+$/, ""));
    const isFolder = statSync(found).isDirectory();
    if (!isFolder) this.files.set(`files/${source}`, found);
    else for (const entry of readdirSync(found, { recursive: true, withFileTypes: true })) {
      const full = path.join(entry.parentPath, entry.name);
      if (entry.isFile()) this.files.set(path.posix.join("files", source, path.relative(found, full)), full);
    }
    return { source, path: found, isFolder };
  }

  /** The arguments of `t.template` for a template. */
  template(src: string, names: Names): { readonly name: string; readonly vars: string } {
    const found = this.#find("templates", src);
    const name = ejsName(within(src.replace(/^templates\//, "")));
    const scope = new TemplateNames(names);
    this.#convert(found, name, scope);
    return { name, vars: varsOf(scope, names) };
  }

  /** All templates, for a name that is only known in the code. */
  all(names: Names): string {
    const scope = new TemplateNames(names);
    for (const folder of this.#folders) {
      const templates = path.join(folder, "templates");
      if (!existsSync(templates)) continue;
      for (const entry of readdirSync(templates, { withFileTypes: true })) if (entry.isFile() && entry.name.endsWith(".j2")) this.#convert(path.join(templates, entry.name), ejsName(entry.name), scope);
      break;
    }
    return varsOf(scope, names);
  }

  #convert(file: string, name: string, scope: TemplateNames): void {
    const text = readFileSync(file, "utf8");
    const shown = path.relative(this.#root, file);
    const lineOf = (at: number): number => text.slice(0, at).split("\n").length;
    try {
      const converted = convertTemplate(text, scope, (at) => `${shown}:${lineOf(at)}`);
      if (!this.templates.has(name)) this.templates.set(name, converted.text);
      for (const gap of converted.gaps) this.#report.gap({ file: shown, line: lineOf(gap.at), column: 1 }, gap.source === "" ? "template" : gap.source.replaceAll(/\s+/g, " "), gap.why);
      for (const included of converted.includes) {
        const inner = path.resolve(path.dirname(file), included);
        const at = existsSync(inner) ? inner : this.#find("templates", included);
        this.#convert(at, ejsName(included), scope);
        // Jinja2 drops the line break at the end of what it includes.
        this.templates.set(ejsName(included), (this.templates.get(ejsName(included)) ?? "").replace(/\n$/, ""));
      }
    } catch (error) {
      if (!(error instanceof JinjaError)) throw error;
      throw new Unconvertible(`${shown}:${lineOf(error.at)} is not valid Jinja2: ${error.message}`, 0);
    }
  }

  #find(kind: "files" | "templates", src: string): string {
    if (path.isAbsolute(src)) throw new Unconvertible(`${src} is a file of the controller outside of the project: bring it into the role`, 0);
    const candidates = this.#folders.flatMap((folder) => [path.join(folder, kind, src), path.join(folder, src)]);
    const found = candidates.find((file) => existsSync(file));
    if (found === undefined) throw new Unconvertible(`there is no ${kind === "files" ? "file" : "template"} ${src} (looked for ${path.relative(this.#root, candidates[0] ?? src)})`, 0);
    return found;
  }
}

/** A name below the role's own folder: what lies elsewhere comes along under its own name. */
const within = (name: string): string => (path.posix.normalize(name).startsWith("..") ? path.posix.basename(name) : path.posix.normalize(name));

/** What a template is given: the role's vars, and what else it names. */
function varsOf(scope: TemplateNames, names: Names): string {
  const extras = [...scope.extras].map(([name, text]): Option => [name, text]);
  if (extras.length === 0) {
    names.uses.add("vars");
    return "vars";
  }
  if (names.schema.size === 0) return object(extras);
  names.uses.add("vars");
  return `{ ...vars, ${extras.map(([name, text]) => (name === text ? name : `${name}: ${text}`)).join(", ")} }`;
}
