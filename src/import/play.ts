import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { call, camel, dashed, indent, object, type Option } from "./emit.ts";
import { keyOf, quoted } from "./expression/code.ts";
import { handlersIn } from "./handlers.ts";
import { shortName } from "./keywords.ts";
import type { Project } from "./project.ts";
import type { RoleRef, WrittenRole } from "./role.ts";
import { flagOf, type Inherited } from "./tasks/inherited.ts";
import { entryOf, isTemplate, itemsOf, plain, readYaml, textOf, valueOf, type Yaml, type YamlEntry, type YamlMap } from "./yaml.ts";

/** Words of a play that mean nothing here, or are obeyed anyway. */
const IDLE = new Set(["name", "hosts", "gather_facts", "gather_subset", "gather_timeout", "fact_path", "become", "become_method", "become_flags", "become_exe", "collections", "strategy", "order", "force_handlers", "no_log", "diff", "check_mode", "debugger", "port", "timeout", "any_errors_fatal", "max_fail_percentage", "serial", "tags", "vars", "vars_files", "roles", "pre_tasks", "tasks", "post_tasks", "handlers", "become_user", "environment", "remote_user", "connection"]);

/** Writes a playbook's plays. */
export class PlayWriter {
  readonly #project: Project;
  readonly #file: string;
  readonly #imports = new Set<string>();
  readonly #constants: string[] = [];
  readonly #plays: string[] = [];

  /** @param file Relative to the Ansible directory. */
  constructor(project: Project, file: string) {
    this.#project = project;
    this.#file = file;
  }

  write(plays: readonly Yaml[]): string {
    plays.forEach((node, i) => {
      if (node.kind !== "map") return;
      const other = node.entries.find(({ name }) => shortName(name) === "import_playbook");
      if (other === undefined) this.#play(node, i);
      else this.#other(other);
    });
    const text = [...this.#constants, ...this.#plays].join("\n");
    const names = [...(text.includes("ansible.") ? ["ansible"] : []), ...(text.includes("play({") ? ["play"] : []), "playbook", ...(/\buse\(/.test(text) ? ["use"] : [])];
    return [`import { ${names.join(", ")} } from "hawser";`, ...(/\bcomputed\b/.test(text) ? ['import { computed } from "../computed.ts";'] : []), ...[...this.#imports].sort(), "", ...this.#constants, "export default playbook(import.meta, [", ...indent(this.#plays), "]);", ""].join("\n");
  }

  #other({ value }: YamlEntry): void {
    const file = textOf(value) ?? "";
    const target = this.#project.playbookName(path.join(path.dirname(this.#file), file));
    if (target === undefined) {
      this.#project.report.gap(value, file, `there is no playbook ${file}`);
      const role = this.#project.stub(`${dashed(file)}-todo`, [{ place: value, what: `the playbook ${file}`, why: `there is no playbook ${file}` }]);
      this.#plays.push(`play({ name: ${quoted(file)}, hosts: "all", roles: [${this.#use(role, {}, [], undefined)}] }),`);
      return;
    }
    const variable = camel(`${target} plays`);
    this.#imports.add(`import ${variable} from "./${target}.ts";`);
    this.#plays.push(`${variable},`);
  }

  #play(play: YamlMap, index: number): void {
    const { report } = this.#project;
    const hosts = itemsOf(valueOf(play, "hosts")).map((item) => textOf(item) ?? "").join(":");
    const name = textOf(valueOf(play, "name")) ?? hosts;
    const base = this.#project.freeRoleName(dashed(name === "" ? `${path.basename(this.#file, path.extname(this.#file))}-${index + 1}` : name));
    const troubles: { readonly place: Yaml; readonly what: string; readonly why: string }[] = [];
    const trouble = (place: Yaml, what: string, why: string): void => {
      report.gap(place, what, why);
      troubles.push({ place, what, why });
    };
    if (isTemplate(hosts)) trouble(valueOf(play, "hosts") as Yaml, `the hosts of ${name}`, "hosts that are computed: --limit chooses among a play's hosts");
    for (const entry of play.entries) if (!IDLE.has(entry.name)) trouble(entry.value, `${entry.name} of the play ${name}`, `a play has no ${entry.name} here`);
    for (const word of ["become_user", "environment"]) {
      const value = valueOf(play, word);
      if (value !== undefined && textOf(value) !== "root" && entryOf(play, "roles") !== undefined) trouble(value, `${word} of the play ${name}`, `${word} for whole roles: give it to their tasks (runAs)`);
    }
    const strategy = textOf(valueOf(play, "strategy"));
    if (strategy !== undefined && !/^(?:linear|free|host_pinned|mitogen_\w+)$/.test(strategy)) trouble(valueOf(play, "strategy") as Yaml, `strategy of the play ${name}`, `the strategy ${strategy}`);
    if (textOf(valueOf(play, "connection")) === "local" || hosts === "localhost") report.note(play, name, "a play on the controller: the inventory needs a host with ssh: { kind: local }");
    if (entryOf(play, "remote_user") !== undefined) report.note(play, name, "remote_user: the inventory names the login user (ansible_user)");
    if (flagOf(play, "become") !== true && !this.#project.config.becomes) report.note(play, name, "the play does not become root: hawser does, unless the inventory says `become: { method: none }`");

    const vars = this.#vars(play, name, trouble);
    const inherited: Inherited = { tags: [], user: textOf(valueOf(play, "become_user")), environment: valueOf(play, "environment"), when: [], become: flagOf(play, "become") };
    const uses: string[] = [];
    const given = this.#constant(vars, base);
    const roles = itemsOf(valueOf(play, "roles")).map((node) => ({ node, name: textOf(node) ?? textOf(valueOf(node, "role")) ?? textOf(valueOf(node, "name")) ?? "" }));
    const foreign = roles.flatMap((role) => this.#project.handlersOf(role.name));
    const handlers = handlersIn(itemsOf(valueOf(play, "handlers")).filter((node) => node.kind === "map"));
    const folder = path.dirname(path.join(this.#project.root, this.#file));
    const own = (role: string, summary: string, sections: readonly (readonly Yaml[])[]): void => {
      const ref = this.#project.ownRole({ name: role, summary, folder, folders: [folder], sections, inherited, handlers, foreign, defaults: [], fixed: [], dependsOn: [] });
      uses.push(this.#use(ref, given, [], undefined));
    };
    const counts = new Map<string, number>();
    const sequence = (list: readonly Yaml[], role: string, summary: string): void => {
      let part: Yaml[] = [];
      let parts = 0;
      const end = (): void => {
        if (part.length > 0) own(parts === 0 ? role : `${role}-${parts + 1}`, summary, [part]);
        if (part.length > 0) parts += 1;
        part = [];
      };
      for (const task of list) {
        const included = task.kind === "map" ? task.entries.find((entry) => ["include_role", "import_role"].includes(shortName(entry.name))) : undefined;
        if (included === undefined || task.kind !== "map") part.push(task);
        else {
          end();
          uses.push(this.#included(task, included, given, counts));
          parts += 1;
        }
      }
      end();
    };
    sequence(itemsOf(valueOf(play, "pre_tasks")), `${base}-before`, `What the play ${name} does before its roles.`);
    for (const { node, name: role } of roles) uses.push(this.#role(node, role, given, counts));
    sequence(itemsOf(valueOf(play, "tasks")), base, `The tasks of the play ${name}.`);

    const head: Option[] = [["name", quoted(name)], ["hosts", quoted(hosts)]];
    const options: Option[] = [];
    const serial = valueOf(play, "serial");
    if (serial !== undefined) {
      const values = itemsOf(serial).map((item) => plain(item));
      if (values.every((value) => /^\d+%?$/.test(String(value)))) options.push(["serial", serial.kind === "list" ? `[${values.map(step).join(", ")}]` : step(values[0])]);
      else trouble(serial, `serial of the play ${name}`, "steps that are computed");
    }
    if (flagOf(play, "any_errors_fatal") === true) options.push(["anyErrorsFatal", "true"]);
    const limit = textOf(valueOf(play, "max_fail_percentage"));
    if (limit !== undefined && /^\d+$/.test(limit)) options.push(["maxFailPercentage", limit]);
    else if (limit !== undefined) trouble(valueOf(play, "max_fail_percentage") as Yaml, `max_fail_percentage of the play ${name}`, "a limit that is computed");
    const tags = itemsOf(valueOf(play, "tags")).flatMap((item) => (textOf(item) ?? "").split(",")).map((tag) => tag.trim());
    if (tags.length > 0) options.push(["tags", `[${tags.map((tag) => quoted(tag)).join(", ")}]`]);

    const after = itemsOf(valueOf(play, "post_tasks"));
    const later: string[] = [];
    if (after.length > 0) {
      const before = [...uses];
      uses.length = 0;
      sequence(after, `${base}-after`, `What the play ${name} does after its roles.`);
      later.push(...uses);
      uses.length = 0;
      uses.push(...before);
      // All handlers have run before a play's end; a play in steps must stay one.
      if (serial !== undefined) {
        uses.push(...later.splice(0));
        if (foreign.length > 0) report.note(play, name, "handlers of roles run at the play's end, after its post_tasks, as it is done in steps (serial)");
      }
    }
    if (troubles.length > 0) uses.unshift(this.#use(this.#project.stub(`${base}-todo`, troubles), {}, [], undefined));
    this.#plays.push(...playLines([...head, ...options], uses));
    if (later.length > 0) this.#plays.push(...playLines([["name", quoted(`${name}: after`)], ["hosts", quoted(hosts)], ...options], later));
  }

  /** A role of a play's list. */
  #role(node: Yaml, name: string, given: Readonly<Record<string, string>>, counts: Map<string, number>): string {
    const extra = node.kind === "map" ? node.entries.filter((entry) => !["role", "name", "tags", "vars", "when", "become", "become_user", "become_method", "environment", "delegate_to"].includes(entry.name)) : [];
    const vars = valueOf(node, "vars");
    const params = [...extra, ...(vars?.kind === "map" ? vars.entries : [])];
    const refused = this.#project.refused(node, name);
    if (refused !== undefined) return this.#use(refused, {}, [], undefined);
    const role = this.#project.role(name, node);
    const as = nth(role, counts);
    const tags = itemsOf(valueOf(node, "tags")).flatMap((item) => (textOf(item) ?? "").split(",")).map((tag) => tag.trim());
    return this.#use(role, { ...given, ...this.#params(role, params) }, tags, as);
  }

  #included(task: YamlMap, { value }: YamlEntry, given: Readonly<Record<string, string>>, counts: Map<string, number>): string {
    const name = textOf(valueOf(value, "name")) ?? textOf(valueOf(value, "role")) ?? "";
    const odd = task.entries.find((entry) => !["name", "tags", "vars"].includes(entry.name) && !["include_role", "import_role"].includes(shortName(entry.name)))?.name ?? (value.kind === "map" ? value.entries.find((entry) => !["name", "role", "public", "apply"].includes(entry.name))?.name : undefined);
    if (odd !== undefined || isTemplate(name)) {
      const why = isTemplate(name) ? "a role whose name is computed" : `a role that is included with ${odd}: put that into the role`;
      this.#project.report.gap(task, `the role ${name}`, why);
      return this.#use(this.#project.stub(this.#project.freeRoleName(`${dashed(name)}-todo`), [{ place: task, what: `the role ${name}`, why }]), {}, [], undefined);
    }
    this.#project.report.converted += 1;
    const role = this.#project.role(name, task);
    const vars = valueOf(task, "vars");
    const tags = itemsOf(valueOf(task, "tags")).flatMap((item) => (textOf(item) ?? "").split(","));
    return this.#use(role, { ...given, ...this.#params(role, vars?.kind === "map" ? vars.entries : []) }, tags, nth(role, counts));
  }

  #params(role: WrittenRole, params: readonly YamlEntry[]): Record<string, string> {
    for (const entry of params) if (!role.vars.has(entry.name)) this.#project.report.note(entry.value, entry.name, `the role ${role.name} has no use for ${entry.name}: it is left out`);
    return Object.fromEntries(params.filter((entry) => role.vars.has(entry.name)).map((entry) => [entry.name, this.#project.constant(entry.value)]));
  }

  #use(role: WrittenRole | (RoleRef & { readonly vars: ReadonlySet<string> }), given: Readonly<Record<string, string>>, tags: readonly string[], as: string | undefined): string {
    this.#imports.add(`import { ${role.variable} } from "../roles/${role.name}/role.ts";`);
    const options: Option[] = [...(as === undefined ? [] : [["as", quoted(as)] as const]), ...(tags.length > 0 ? [["tags", `[${tags.map((tag) => quoted(tag)).join(", ")}]`] as const] : [])];
    const vars = this.#project.varsOf(role, given);
    return `use(${[role.variable, vars, ...(options.length > 0 ? [object(options)] : [])].join(", ")})`;
  }

  /** The play's variables: vars, then vars_files, which are stronger. */
  #vars(play: YamlMap, name: string, trouble: (place: Yaml, what: string, why: string) => void): Map<string, Yaml> {
    const all = new Map<string, Yaml>();
    const own = valueOf(play, "vars");
    if (own?.kind === "map") for (const entry of own.entries) all.set(entry.name, entry.value);
    for (const item of itemsOf(valueOf(play, "vars_files"))) {
      const file = textOf(item) ?? "";
      const full = path.resolve(this.#project.root, path.dirname(this.#file), file);
      if (isTemplate(file) || item.kind !== "scalar") trouble(item, `vars_files of the play ${name}`, "a file of variables whose name is computed");
      else if (!existsSync(full)) trouble(item, `vars_files of the play ${name}`, `there is no file ${file}`);
      else if (readFileSync(full, "utf8").startsWith("$ANSIBLE_VAULT;")) trouble(item, `vars_files of the play ${name}`, `${file} is encrypted: put its variables into the inventory, which hawser decrypts`);
      else {
        const tree = readYaml(full, path.relative(this.#project.root, full));
        if (tree?.kind === "map") for (const entry of tree.entries) all.set(entry.name, entry.value);
      }
    }
    return all;
  }

  /** A constant with the play's variables; gives how each is named. */
  #constant(vars: ReadonlyMap<string, Yaml>, base: string): Record<string, string> {
    if (vars.size === 0) return {};
    const name = camel(`${base} vars`);
    this.#constants.push(`const ${name} = {`, ...indent([...vars].map(([key, value]) => `${keyOf(key)}: ${this.#project.constant(value)},`)), "};", "");
    return Object.fromEntries([...vars.keys()].map((key) => [key, /^[A-Za-z_$][\w$]*$/.test(key) ? `${name}.${key}` : `${name}[${quoted(key)}]`]));
  }
}

/** The name of a further use of a role in a play. */
function nth(role: RoleRef, counts: Map<string, number>): string | undefined {
  const count = (counts.get(role.name) ?? 0) + 1;
  counts.set(role.name, count);
  return count > 1 ? String(count) : undefined;
}

const step = (value: unknown): string => (String(value).endsWith("%") ? quoted(String(value)) : String(value));

function playLines(head: readonly Option[], uses: readonly string[]): string[] {
  const flat = call("play", [], [...head, ["roles", `[${uses.join(", ")}]`]], 1, "),");
  if (flat.length === 1) return flat;
  return ["play({", ...indent(head.map(([name, code]) => `${name}: ${code},`)), ...indent(uses.length === 0 ? ["roles: [],"] : ["roles: [", ...indent(uses.map((use) => `${use},`)), "],"]), "}),"];
}
