import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { UsageError } from "../errors/index.ts";
import { didYouMean } from "../inventory/index.ts";
import { type Config, readConfig } from "./config.ts";
import { comment, dashed } from "./emit.ts";
import { keyOf, quoted } from "./expression/code.ts";
import { type Handler, handlersIn } from "./handlers.ts";
import { findInventories, inYaml12, learnInventory } from "./inventory.ts";
import { PlayWriter } from "./play.ts";
import { Report } from "./report.ts";
import { mainOf, refOf, type RoleRef, type RoleSource, summaryOf, writeRole, type WrittenRole } from "./role.ts";
import { Variables } from "./variables.ts";
import { entryOf, itemsOf, type Place, plain, readYaml, showPlace, textOf, valueOf, type Yaml } from "./yaml.ts";

/** What an import makes: texts and copies by their paths in the project, and what is to be said about them. */
export interface Imported {
  readonly texts: ReadonlyMap<string, string>;
  readonly copies: ReadonlyMap<string, string>;
  readonly report: Report;
}

/** An Ansible directory that is being converted. */
export class Project {
  readonly root: string;
  readonly report = new Report();
  readonly variables = new Variables();
  readonly config: Config;
  readonly #texts = new Map<string, string>();
  readonly #copies = new Map<string, string>();
  readonly #roles = new Map<string, WrittenRole>();
  readonly #writing: string[] = [];
  readonly #playbooks = new Map<string, { readonly name: string; readonly plays: readonly Yaml[] }>();
  readonly #computed: ReadonlyMap<string, { readonly text: string }>;
  readonly #playHandlers: Handler[] = [];

  /** @throws UsageError when it is no such directory, or a file in it is no valid YAML */
  constructor(root: string) {
    this.root = path.resolve(root);
    if (!existsSync(this.root) || !statSync(this.root).isDirectory()) throw new UsageError(`there is no folder ${root}`, { hint: "give the folder that holds the playbooks" });
    this.config = readConfig(this.root, this.report);
    this.#findPlaybooks();
    if (this.#playbooks.size === 0) throw new UsageError(`${root} holds no playbook`, { hint: "a playbook is a YAML file whose items have `hosts`; it is looked for here and in playbooks/" });
    for (const inventory of findInventories(this.root, this.config.setting("inventory")?.split(",")[0]?.trim())) {
      learnInventory(inventory, this.root, this.variables, this.report);
      this.#inventory(inventory.name, inventory.files);
    }
    this.#learnPlays();
    this.#computed = this.variables.computed(this.report);
  }

  /** Converts everything. */
  convert(): Imported {
    for (const [file, { name, plays }] of this.#playbooks) this.#texts.set(`playbooks/${name}.ts`, new PlayWriter(this, file).write(plays));
    for (const folder of this.#roleFolders()) for (const name of readdirSync(folder)) if (statSync(path.join(folder, name)).isDirectory()) this.role(name, { file: path.join("roles", name), line: 1, column: 1 });
    if (this.#computed.size > 0) this.#texts.set("computed.ts", computedText(this.#computed));
    return { texts: this.#texts, copies: this.#copies, report: this.report };
  }

  /** The name of a playbook of the project, by its file. */
  playbookName(file: string): string | undefined {
    return this.#playbooks.get(path.normalize(file))?.name;
  }

  /** A role by Ansible's name. One that is not there is a stub that fails. */
  role(name: string, place: Place): WrittenRole {
    const known = this.#roles.get(name);
    if (known !== undefined) return known;
    const folder = this.#folderOf(name);
    if (folder === undefined) {
      const why = `there is no role ${name} in ${this.#roleFolders().map((one) => path.relative(this.root, one)).join(", ") || "roles"}${this.#isFromGalaxy(name) ? ": it comes from Galaxy (requirements.yml), so install it there first, or write it anew" : ""}`;
      const guess = didYouMean(name, this.#roleNames());
      this.report.gap(place, `the role ${name}`, guess === undefined ? why : `${why}; ${guess}`);
      const stub = this.stub(name, [{ place, what: `the role ${name}`, why }]);
      this.#roles.set(name, stub);
      return stub;
    }
    if (this.#writing.includes(name)) throw new UsageError(`roles depend on each other in a circle: ${[...this.#writing, name].join(" -> ")}`, { source: { ...place, file: path.join(this.root, place.file) } });
    this.#writing.push(name);
    const main = (part: string): Yaml | undefined => mainOf(folder, part, this.root, this.report);
    const meta = main("meta");
    const dependsOn = itemsOf(valueOf(meta, "dependencies")).map((node) => this.#dependency(node));
    const entries = (node: Yaml | undefined) => (node?.kind === "map" ? node.entries : []);
    const written = this.#write({
      name,
      summary: summaryOf(meta, `Imported from ${path.relative(this.root, folder)}.`),
      folder,
      folders: [folder, this.root, path.join(this.root, "playbooks")],
      sections: [itemsOf(main("tasks"))],
      inherited: { tags: [], user: undefined, environment: undefined, when: [], become: undefined },
      handlers: handlersIn(itemsOf(main("handlers")).filter((node) => node.kind === "map")),
      foreign: [...dependsOn.flatMap((one) => this.handlersOf(one.needed)), ...this.#playHandlers],
      defaults: entries(main("defaults")),
      fixed: entries(main("vars")),
      dependsOn,
    });
    this.#writing.pop();
    this.#roles.set(name, written);
    return written;
  }

  /** A role that this one needs. */
  #dependency(node: Yaml): { readonly role: RoleRef; readonly code: string; readonly needed: string } {
    const needed = textOf(node) ?? textOf(valueOf(node, "role")) ?? textOf(valueOf(node, "name")) ?? "";
    const refused = this.refused(node, needed);
    if (refused !== undefined) return { role: refused, code: `use(${refused.variable}, {})`, needed };
    const role = this.role(needed, node);
    const vars = valueOf(node, "vars");
    const params = node.kind === "map" ? [...node.entries.filter((entry) => !["role", "name", "tags", "vars", "src", "version"].includes(entry.name)), ...(vars?.kind === "map" ? vars.entries : [])] : [];
    return { role, code: `use(${role.variable}, ${this.varsOf(role, Object.fromEntries(params.filter((entry) => role.vars.has(entry.name)).map((entry) => [entry.name, this.constant(entry.value)])))})`, needed };
  }

  /** The stub that stands for a role that is used in a way that has no counterpart; undefined where it has one. */
  refused(node: Yaml, name: string): WrittenRole | undefined {
    for (const word of ["when", "become_user", "environment", "delegate_to"]) {
      const value = valueOf(node, word);
      if (value === undefined || (word === "become_user" && textOf(value) === "root")) continue;
      const why = word === "when" ? "a role under a condition: put the condition into the role" : `${word} for a whole role: give it to its tasks`;
      this.report.gap(value, `${word} of the role ${name}`, why);
      return this.stub(this.freeRoleName(`${dashed(name)}-${dashed(word)}`), [{ place: value, what: `the role ${name}`, why }]);
    }
    return undefined;
  }

  /** The handlers of a role, which other roles and plays may notify. */
  handlersOf(name: string): Handler[] {
    const folder = this.#folderOf(name);
    if (folder === undefined) return [];
    const file = ["main.yml", "main.yaml"].map((one) => path.join(folder, "handlers", one)).find((one) => existsSync(one));
    return file === undefined ? [] : handlersIn(itemsOf(readYaml(file, path.relative(this.root, file))).filter((node) => node.kind === "map"));
  }

  /** A role made of a play's own tasks. */
  ownRole(source: RoleSource): WrittenRole {
    return this.#write(source);
  }

  /** A role that says what is still to be written. */
  stub(name: string, troubles: readonly { readonly place: Place; readonly what: string; readonly why: string }[]): WrittenRole {
    const ref = refOf(name);
    const lines = troubles.flatMap(({ place, what, why }, i) => [...comment(`    TODO ${showPlace(place)}`).map((line) => `    ${line.replace("//     ", "// ")}`), `    t.todo(${quoted(troubles.slice(0, i).some((one) => one.what === what) ? `${what} ${i + 1}` : what)}, { from: ${quoted(showPlace(place))}, why: ${quoted(why)} });`]);
    const text = ['import { defineRole, z } from "hawser";', "", `export const ${ref.variable} = defineRole(import.meta, {`, `  name: ${quoted(ref.name)},`, `  summary: "Still to be written.",`, "  vars: z.strictObject({}),", "  tasks({ t }) {", ...lines, "  },", "});", ""].join("\n");
    this.#texts.set(`roles/${ref.name}/role.ts`, text);
    return { ...ref, files: new Map([["role.ts", text]]), vars: new Set(), copies: new Map() };
  }

  /** The second argument of `use`. */
  varsOf(role: RoleRef & { readonly vars: ReadonlySet<string> }, given: Readonly<Record<string, string>>): string {
    if (role.vars.size === 0) return "{}";
    const own = Object.entries(given).filter(([name]) => role.vars.has(name)).map(([name, code]) => `${keyOf(name)}: ${code}`);
    const args = [role.variable, ...(own.length > 0 || this.#computed.size > 0 ? [own.length > 0 ? `{ ${own.join(", ")} }` : "{}"] : []), ...(this.#computed.size > 0 ? ["computed"] : [])];
    return `ansible.vars(${args.join(", ")})`;
  }

  /** A value of a play or a role's parameter; templates in it stay, and are worked out as those of the inventory. */
  constant(node: Yaml): string {
    if (node.kind === "list") return `[${node.items.map((item) => this.constant(item)).join(", ")}]`;
    if (node.kind === "map") return node.entries.length === 0 ? "{}" : `{ ${node.entries.map((entry) => `${keyOf(entry.name)}: ${this.constant(entry.value)}`).join(", ")} }`;
    if (node.tag === "!vault") return `ansible.unknown(${quoted(`${showPlace(node)} is encrypted: put it into the inventory`)})`;
    return typeof node.value === "string" ? quoted(node.value) : String(node.value);
  }

  /** A name that no role of the directory has. */
  freeRoleName(wanted: string): string {
    const taken = new Set([...this.#roleNames().map((name) => refOf(name).name), ...[...this.#texts.keys()].flatMap((file) => /^roles\/([^/]+)\//.exec(file)?.[1] ?? [])]);
    const base = taken.has(wanted) ? `${wanted}-play` : wanted;
    let name = base;
    for (let i = 2; taken.has(name); i++) name = `${base}-${i}`;
    return name;
  }

  #write(source: RoleSource): WrittenRole {
    const written = writeRole(source, this.root, this.variables, this.report, this.#computed.size > 0);
    for (const [name, text] of written.files) this.#texts.set(`roles/${written.name}/${name}`, text);
    for (const [name, file] of written.copies) this.#copies.set(`roles/${written.name}/${name}`, file);
    return written;
  }

  #inventory(name: string, files: ReadonlyMap<string, string>): void {
    const to = (file: string): string => `inventory/${name}/${file}`;
    for (const [file, from] of files) {
      if (/\.ya?ml$/.test(file)) this.#texts.set(to(file), inYaml12(readFileSync(from, "utf8")));
      else this.#copies.set(to(file), from);
    }
    // Variables beside the playbooks hold for every inventory.
    for (const part of ["group_vars", "host_vars"]) {
      const folder = path.join(this.root, part);
      if (!existsSync(folder) || [...files.keys()].some((file) => file.startsWith(`${part}/`))) continue;
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const full = path.join(entry.parentPath, entry.name);
        const relative = path.relative(folder, full);
        this.#texts.set(to(path.join(part, path.extname(relative) === "" ? `${relative}.yml` : relative)), inYaml12(readFileSync(full, "utf8")));
        learnInventory({ name, files: new Map([[`${part}/${relative}`, full]]) }, this.root, this.variables, this.report);
      }
    }
  }

  #findPlaybooks(): void {
    for (const folder of ["", "playbooks"]) {
      const full = path.join(this.root, folder);
      if (!existsSync(full)) continue;
      for (const name of readdirSync(full).filter((one) => /\.ya?ml$/.test(one)).sort()) {
        const file = path.join(folder, name);
        const tree = readYaml(path.join(full, name), file);
        const isPlaybook = tree?.kind === "list" && tree.items.length > 0 && tree.items.every((item) => item.kind === "map" && item.entries.some((entry) => entry.name === "hosts" || entry.name.endsWith("import_playbook")));
        if (isPlaybook && tree?.kind === "list") this.#playbooks.set(file, { name: path.basename(name, path.extname(name)), plays: tree.items });
        else if (name === "requirements.yml") this.report.note({ file, line: 1, column: 1 }, name, "roles and collections of Galaxy are not fetched: those in roles/ are converted");
      }
    }
  }

  /** What plays set, and their roles' parameters. */
  #learnPlays(): void {
    const learn = (node: Yaml | undefined): void => {
      if (node?.kind === "map") for (const { name, value } of node.entries) this.variables.add(name, value);
    };
    for (const [file, { plays }] of this.#playbooks) {
      for (const play of plays) {
        learn(valueOf(play, "vars"));
        for (const item of itemsOf(valueOf(play, "vars_files"))) {
          const full = path.resolve(this.root, path.dirname(file), textOf(item) ?? "");
          if (existsSync(full) && statSync(full).isFile() && !readFileSync(full, "utf8").startsWith("$ANSIBLE_VAULT;")) learn(readYaml(full, path.relative(this.root, full)));
        }
        for (const role of itemsOf(valueOf(play, "roles"))) {
          learn(valueOf(role, "vars"));
          if (role.kind === "map") for (const entry of role.entries) if (!["role", "name", "tags", "vars", "when", "become", "become_user"].includes(entry.name)) this.variables.add(entry.name, entry.value);
        }
        for (const task of [...itemsOf(valueOf(play, "tasks")), ...itemsOf(valueOf(play, "pre_tasks"))]) if (entryOf(task, "include_role") !== undefined || entryOf(task, "import_role") !== undefined) learn(valueOf(task, "vars"));
        this.#playHandlers.push(...handlersIn(itemsOf(valueOf(play, "handlers")).filter((node) => node.kind === "map")));
      }
    }
    for (const name of this.#roleNames()) {
      const folder = this.#folderOf(name) ?? "";
      const file = path.join(folder, "meta/main.yml");
      if (existsSync(file)) for (const node of itemsOf(valueOf(readYaml(file, path.relative(this.root, file)), "dependencies"))) learn(valueOf(node, "vars"));
    }
  }

  #roleFolders(): string[] {
    const named = (this.config.setting("roles_path") ?? "").split(":").filter((one) => one !== "" && !one.startsWith("~") && !path.isAbsolute(one));
    return [...new Set([...named.map((one) => path.resolve(this.root, one)), path.join(this.root, "roles"), path.join(this.root, "playbooks/roles")])].filter((folder) => existsSync(folder) && folder.startsWith(this.root));
  }

  #roleNames(): string[] {
    return this.#roleFolders().flatMap((folder) => readdirSync(folder).filter((name) => statSync(path.join(folder, name)).isDirectory()));
  }

  #folderOf(name: string): string | undefined {
    return name === "" ? undefined : this.#roleFolders().map((folder) => path.join(folder, name)).find((folder) => existsSync(folder));
  }

  #isFromGalaxy(name: string): boolean {
    const file = ["requirements.yml", "roles/requirements.yml"].map((one) => path.join(this.root, one)).find((one) => existsSync(one));
    return file !== undefined && JSON.stringify(plain(readYaml(file, file) ?? { kind: "list", items: [], file, line: 1, column: 1 })).includes(`"${name}"`);
  }
}

function computedText(computed: ReadonlyMap<string, { readonly text: string }>): string {
  const lines = [...computed].map(([template, { text }]) => {
    const params = /\bhost\b/.test(text) ? "(vars, host)" : /\bvars\b/.test(text) ? "(vars)" : "()";
    return `  ${quoted(template)}: ${params} => ${text.startsWith("{") ? `(${text})` : text},`;
  });
  return ['import { ansible } from "hawser";', "", "/** Values of the inventory and of plays that were Jinja2 templates, by their text: how each is made of a host's other variables. */", "export const computed: ansible.Computed = {", ...lines, "};", ""].join("\n");
}
