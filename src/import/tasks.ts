import { existsSync } from "node:fs";
import path from "node:path";
import { Args } from "./args.ts";
import { absentIn, changedIn, conditionsOf, namesIn } from "./conditions.ts";
import { camel, comment, type Option } from "./emit.ts";
import { code, type Code, interpolate, LEVEL, quoted } from "./expression/code.ts";
import { Printer } from "./expression/print.ts";
import { Unconvertible } from "./expression/scope.ts";
import { BOOLEAN, listOf, NUMBER, TEXT, type Type } from "./expression/types.ts";
import { type Handler, handlerCommand } from "./handlers.ts";
import type { Expr } from "./jinja/ast.ts";
import { KEYWORDS, type ModuleCall, moduleOf } from "./keywords.ts";
import { loopOf } from "./loop.ts";
import { commandCode, doneCheck } from "./modules/commands.ts";
import { holeOf } from "./modules/files.ts";
import { LEFT, MODULES } from "./modules/index.ts";
import type { Call, Surroundings } from "./modules/module.ts";
import type { Names } from "./names.ts";
import { neededBy } from "./needs.ts";
import { Owners } from "./owners.ts";
import type { Report } from "./report.ts";
import type { RoleFiles } from "./role-files.ts";
import type { CallStatement, GroupStatement, Statement } from "./statement.ts";
import { joined, piecesOf, textValue, valueCode } from "./text.ts";
import { entryOf, isTemplate, itemsOf, plain, readYaml, showPlace, textOf, valueOf, type Yaml, type YamlMap } from "./yaml.ts";

/** What holds for all tasks of a block, an included file or a play. */
export interface Inherited {
  readonly tags: readonly string[];
  readonly user: string | undefined;
  readonly environment: Yaml | undefined;
  readonly when: readonly Yaml[];
  readonly become: boolean | undefined;
}

export const NOTHING: Inherited = { tags: [], user: undefined, environment: undefined, when: [], become: undefined };

type Result = { readonly type: "stat"; readonly path: string; readonly read: CallStatement } | { readonly type: "output"; readonly read: CallStatement } | { readonly type: "changes"; readonly calls: readonly CallStatement[] };

const STAT: Type = { kind: "map", fields: new Map([["stat", { optional: false, type: { kind: "map", fields: new Map<string, { type: Type; optional: false }>([["exists", { type: BOOLEAN, optional: false }], ["isdir", { type: BOOLEAN, optional: false }], ["isreg", { type: BOOLEAN, optional: false }], ["islnk", { type: BOOLEAN, optional: false }], ["mode", { type: TEXT, optional: false }], ["size", { type: NUMBER, optional: false }], ["pw_name", { type: TEXT, optional: false }], ["gr_name", { type: TEXT, optional: false }]]) } }]]) };
const OUTPUT: Type = { kind: "map", fields: new Map<string, { type: Type; optional: false }>([["rc", { type: NUMBER, optional: false }], ["stdout", { type: { kind: "text", loose: true }, optional: false }], ["stdout_lines", { type: listOf(TEXT), optional: false }]]) };

interface Mark {
  readonly hoisted: number;
  readonly used: ReadonlySet<string>;
}

/** Writes lists of tasks as statements of a role's function. */
export class TaskWriter {
  readonly #root: string;
  readonly #folder: string;
  readonly names: Names;
  readonly #report: Report;
  readonly #files: RoleFiles;
  readonly #handlers: readonly Handler[];
  readonly #results = new Map<string, Result>();
  readonly #usedNames = new Set<string>();
  readonly #constants = new Set<string>();
  /** Lists of statements that the place at hand can see, from the outside in. */
  readonly #open: Statement[][] = [];
  /** Handlers that stood among the tasks. */
  readonly hoisted: string[][] = [];
  #inLoop = false;
  #loopNames: readonly string[] = [];
  readonly #attributes = new Set<string>();
  readonly #owners = new Owners();
  /** What comes behind the loop at hand. */
  #behind: CallStatement[] = [];
  readonly #including: string[] = [];

  /** @param folder The role's folder, or the playbook's. */
  constructor(root: string, folder: string, names: Names, report: Report, files: RoleFiles, handlers: readonly Handler[]) {
    this.#root = root;
    this.#folder = folder;
    this.names = names;
    this.#report = report;
    this.#files = files;
    this.#handlers = handlers;
    for (const { variable } of handlers) this.#constants.add(variable);
  }

  sequence(tasks: readonly Yaml[], inherited: Inherited): Statement[] {
    const statements: Statement[] = [];
    this.#open.push(statements);
    for (const task of tasks) statements.push(...this.#task(task, inherited));
    this.#open.pop();
    return statements;
  }

  #task(task: Yaml, inherited: Inherited): Statement[] {
    if (task.kind !== "map") return [this.#gap(task, "a task", "a task is a map")];
    const mark = this.#mark();
    try {
      if (entryOf(task, "block") !== undefined) return this.#block(task, inherited);
      const statements = this.#converted(task, inherited);
      this.#report.converted += 1;
      return statements;
    } catch (error) {
      if (!(error instanceof Unconvertible)) throw error;
      this.#reset(mark);
      return [this.#gap(task, nameOf(task), error.message, task)];
    }
  }

  /** What an attempt that fails must not leave behind. */
  #mark(): Mark {
    return { hoisted: this.hoisted.length, used: new Set(this.#usedNames) };
  }

  #reset({ hoisted, used }: Mark): void {
    this.hoisted.length = hoisted;
    this.#usedNames.clear();
    for (const name of used) this.#usedNames.add(name);
  }

  /** A task that is still to be written: it fails where a run comes to it. */
  #gap(place: Yaml, what: string, why: string, task?: YamlMap): Statement {
    const from = showPlace(place);
    this.#report.gap(place, what, why);
    const source = task === undefined ? [] : unindented(task.source, task.column - 1);
    const lines = [...comment(`TODO ${from} was not converted: ${why}`), ...source.map((line) => `//   ${line}`.trimEnd())];
    const register = task === undefined ? undefined : textOf(valueOf(task, "register"));
    if (register !== undefined) this.#results.delete(register);
    return { type: "lines", lines: [...lines, `t.todo(${this.#unique(quoted(what))}, { from: ${quoted(from)}, why: ${quoted(why)} });`] };
  }

  #block(task: YamlMap, outer: Inherited): Statement[] {
    for (const word of ["delegate_to", "run_once", "ignore_errors", "loop", "register", "notify"]) if (entryOf(task, word) !== undefined) throw new Unconvertible(`a block with ${word}`, 0);
    const inherited = this.#inherit(task, outer);
    const { early, late } = conditionsOf(valueOf(task, "when"), (name) => this.#results.has(name));
    // Conditions about results are asked by each task for itself.
    const inner: Inherited = { ...inherited, when: late.length > 0 ? [...inherited.when, valueOf(task, "when") as Yaml] : inherited.when };
    const parts = ["rescue", "always"].filter((name) => entryOf(task, name) !== undefined);
    const isScoped = early.length > 0 || parts.length > 0;
    const list = (name: string): Statement[] => (isScoped ? this.names.inBraces(() => this.sequence(itemsOf(valueOf(task, name)), inner)) : this.sequence(itemsOf(valueOf(task, name)), inner));
    const body = list("block");
    const remark = textOf(valueOf(task, "name"));
    let group: Statement[] = body;
    if (parts.length > 0) {
      const name = this.#unique(quoted(remark ?? "block"));
      group = [{ type: "group", remark: undefined, head: `t.block(${name}, {`.replace(/ \{$/, ""), body, tail: "});", parts: parts.map((part) => ({ name: part, body: list(part) })) }];
      this.#report.note(task, remark ?? "block", "a host on which something in a block failed counts as failed, also after its rescue");
    } else if (remark !== undefined) group = [{ type: "lines", lines: comment(remark) }, ...body];
    return late.length > 0 ? group : this.#conditional(early, group, undefined);
  }

  #inherit(task: YamlMap, outer: Inherited): Inherited {
    const user = textOf(valueOf(task, "become_user"));
    if (user !== undefined && isTemplate(user)) throw new Unconvertible("become_user of a block that is computed", 0);
    const environment = valueOf(task, "environment") ?? outer.environment;
    return { tags: [...outer.tags, ...tagsOf(task)], user: user ?? outer.user, environment, when: outer.when, become: flagOf(task, "become") ?? outer.become };
  }

  #conditional(conditions: readonly Expr[], body: readonly Statement[], remark: string | undefined): Statement[] {
    if (conditions.length === 0) return [...body];
    const printer = new Printer(this.names);
    const codes = conditions.map((expr) => printer.condition(expr));
    const text = codes.map((one) => (codes.length > 1 && one.level < LEVEL.and ? `(${one.text})` : one.text)).join(" && ");
    if (text === "true") return [...body];
    const [first] = body;
    if (remark !== undefined && first !== undefined && first.type !== "lines" && first.remark === remark) first.remark = undefined;
    return [{ type: "group", remark, head: `if (${text})`, body, tail: "}", parts: [] }];
  }

  /** A task that is no block. @throws Unconvertible */
  #converted(task: YamlMap, outer: Inherited): Statement[] {
    for (const [word, why] of Object.entries(NO_COUNTERPART)) if (entryOf(task, word) !== undefined && flagOf(task, word) !== false) throw new Unconvertible(why, 0);
    if (entryOf(task, "async") !== undefined) this.#report.note(task, nameOf(task), "async: hawser waits for the end; applyTimeout limits it");
    const inherited = this.#inherit({ ...task, entries: task.entries.filter(({ name }) => name !== "become_user") }, outer);
    const module = moduleOf(task);
    const when = [...outer.when, ...itemsOf(valueOf(task, "when"))];
    const whole: Yaml | undefined = when.length === 0 ? undefined : { kind: "list", items: when, file: task.file, line: task.line, column: task.column };
    const { early, late } = conditionsOf(whole, (name) => this.#results.has(name));

    const vars = valueOf(task, "vars");
    const locals = new Map((vars?.kind === "map" ? vars.entries : []).map(({ name, value }) => [name, bracketed(valueCode(value, this.names))]));
    return this.names.with(locals, () => {
      const special = this.#special(task, module, inherited, early, late);
      if (special !== undefined) return special;
      const list = this.#packagesOf(task, module);
      const loop = list === undefined ? loopOf(task, this.names) : undefined;
      if (loop === undefined) return this.#conditional(early, this.#late(task, late, inherited, list ?? module), remarkOf(task, module));
      const wasInLoop = this.#inLoop;
      this.#inLoop = true;
      this.#loopNames = [...this.#loopNames, ...loop.names.keys()];
      try {
        return this.names.with(loop.names, () => {
          const aboutItem = early.filter((expr) => namesIn(expr).some((name) => loop.names.has(name)));
          const before = early.filter((expr) => !aboutItem.includes(expr));
          const body = this.#conditional(aboutItem, this.#late(task, late, inherited, module, loop.label), undefined);
          const round: GroupStatement = { type: "group", remark: before.length > 0 ? undefined : remarkOf(task, module), head: loop.head, body: body.map((one) => (one.type === "call" ? { ...one, remark: undefined } : one)), tail: "}", parts: [] };
          return this.#conditional(before, [round, ...this.#behind.splice(0)], remarkOf(task, module));
        });
      } finally {
        this.#inLoop = wasInLoop;
        this.#loopNames = this.#loopNames.slice(0, -loop.names.size);
      }
    });
  }

  /** A loop over package names is one call. */
  #packagesOf(task: YamlMap, module: ModuleCall): ModuleCall | undefined {
    if (!["package", "apt", "yum", "dnf"].includes(module.name)) return undefined;
    const names = entryOf(module.args, "name");
    const loop = task.entries.find(({ name }) => name === "loop" || name === "with_items" || name === "with_list");
    if (loop === undefined || names === undefined || !/^\{\{\s*item\s*\}\}$/.test(textOf(names.value) ?? "") || JSON.stringify(plain(module.args)).split("item").length !== 2) return undefined;
    if (itemsOf(valueOf(task, "when")).some((item) => /\bitem\b/.test(textOf(item) ?? ""))) return undefined;
    return { ...module, args: { ...module.args, entries: module.args.entries.map((entry) => (entry.name === "name" ? { ...entry, value: loop.value } : entry)) } };
  }

  /** A task whose conditions are about results. */
  #late(task: YamlMap, late: readonly Expr[], inherited: Inherited, module: ModuleCall, label?: Code): Statement[] {
    if (late.length === 0) return this.#calls(task, module, inherited, label);
    const changed = late.map(changedIn);
    if (changed.every((names) => names !== undefined)) return this.#afterChanges(task, changed.flat());
    const [absent] = late.map(absentIn);
    const result = absent === undefined ? undefined : this.#results.get(absent);
    if (late.length === 1 && result?.type === "stat" && ["command", "shell", "raw"].includes(module.name)) {
      result.read.absorbed = true;
      return this.#calls(task, module, inherited, label, `sh\`[ -e ${holeOf(result.path)} ]\``);
    }
    const asked = [...new Set(late.flatMap(namesIn).filter((name) => this.#results.has(name)))];
    const [name = ""] = asked;
    const one = this.#results.get(name);
    if (asked.length > 1 || one === undefined || one.type === "changes") throw new Unconvertible("a condition about the results of several tasks, or about more than whether something changed", 0);
    if (this.#inLoop) throw new Unconvertible("a condition about a result inside of a loop", 0);
    this.#refer(one.read);
    const late_ = one.read.name ?? name;
    return this.names.with(new Map([[name, code(late_, one.type === "stat" ? STAT : OUTPUT, LEVEL.primary)]]), () => {
      const printer = new Printer(this.names);
      const condition = late.map((expr) => printer.condition(expr).text.replaceAll(`${late_}.stat.`, `${late_}.`)).join(" && ");
      const body = this.#calls(task, module, inherited, label);
      return [{ type: "group", remark: undefined, head: `t.given(${this.#unique(quoted(nameOf(task)))}, ${late_}, (${late_}) =>`, body: [{ type: "group", remark: undefined, head: `if (${condition})`, body, tail: "}", parts: [] }], tail: "});", parts: [] }];
    });
  }

  /** What runs only when something before it changed is a handler here. */
  #afterChanges(task: YamlMap, results: readonly string[]): Statement[] {
    if (this.#inLoop) throw new Unconvertible("a task in a loop that runs after a change", 0);
    const calls = results.flatMap((name) => {
      const result = this.#results.get(name);
      if (result?.type !== "changes") throw new Unconvertible(`whether ${name} has changed is not known here`, 0);
      return result.calls;
    });
    const name = nameOf(task);
    const whens = itemsOf(valueOf(task, "when")).filter((item) => !results.some((result) => new RegExp(`\\b${result}\\b`).test(textOf(item) ?? "")));
    const bare: YamlMap = { ...task, entries: task.entries.flatMap((entry) => (entry.name !== "when" ? (entry.name === "register" ? [] : [entry]) : whens.length === 0 ? [] : [{ ...entry, value: { kind: "list" as const, items: whens, file: entry.file, line: entry.line, column: entry.column } }])) };
    const { run, runAs } = handlerCommand(bare, this.names);
    const variable = this.#constant(camel(name));
    this.hoisted.push([`const ${variable} = t.handler(${this.#unique(quoted(name))}, ${run}${runAs === undefined ? "" : `, { runAs: ${runAs} }`});`]);
    for (const statement of calls) statement.notify.push(variable);
    return [{ type: "lines", lines: [`// ${name}, if something above has changed.`, "t.flush();"] }];
  }

  /** Modules that are no resources, and say how others are read. */
  #special(task: YamlMap, module: ModuleCall, inherited: Inherited, early: readonly Expr[], late: readonly Expr[]): Statement[] | undefined {
    const args = new Args(module.name, module.args, this.names);
    const printer = new Printer(this.names);
    const lines = (...text: readonly string[]): Statement[] => this.#conditional(early, [{ type: "lines", lines: text }], undefined);
    const name = nameOf(task);
    switch (module.name) {
      case "setup":
      case "gather_facts":
      case "ping":
      case "wait_for_connection":
        return lines(`// ${name}: hawser has read the facts already.`);
      case "debug":
        return [{ type: "lines", lines: comment(`${name}: ${module.args.source.trim() === "" ? (textOf(valueOf(module.args, "msg")) ?? textOf(valueOf(module.args, "var")) ?? "") : "printed"} (only printed; --verbose shows what a run does)`) }];
      case "meta": {
        const what = textOf(valueOf(module.args, "_raw_params"));
        if (what === "flush_handlers") return lines("t.flush();");
        if (what === "noop" || what === "clear_facts" || what === "refresh_inventory") return [];
        throw new Unconvertible(`meta: ${what ?? ""} has no counterpart`, 0);
      }
      case "set_fact":
        return this.#setFact(module, early, late, inherited, task);
      case "assert":
      case "fail": {
        if (late.length > 0 || loopOf(task, this.names) !== undefined) throw new Unconvertible("an assertion about results or items: `verify` asserts what is measured", 0);
        const message = args.text(["fail_msg", "msg"]) ?? quoted(`${name} does not hold`);
        args.ignore("success_msg", "quiet");
        const that = itemsOf(args.node("that")).flatMap((item) => conditionsOf(item, (asked) => this.#results.has(asked)).early);
        const wrong = itemsOf(args.node("that")).flatMap((item) => conditionsOf(item, (asked) => this.#results.has(asked)).late);
        if (wrong.length > 0) throw new Unconvertible("an assertion about results: `verify` asserts what is measured", 0);
        args.done();
        this.names.uses.add("UsageError");
        const fails = `throw new UsageError(${message});`;
        if (module.name === "fail") return lines(fails);
        return this.#conditional(early, [{ type: "lines", lines: that.map((expr) => `if (${printer.negate(printer.condition(expr)).text}) ${fails}`) }], name);
      }
      case "include_tasks":
      case "import_tasks":
      case "include":
        return this.#include(task, module, inherited, early, late);
      case "stat":
        return this.#stat(task, args, early, late);
      case "uri":
        return entryOf(task, "until") === undefined ? undefined : this.#uri(task, args, early, late, inherited);
      default:
        return undefined;
    }
  }

  #setFact(module: ModuleCall, early: readonly Expr[], late: readonly Expr[], inherited: Inherited, task: YamlMap): Statement[] {
    if (late.length > 0 || inherited.when.length > 0 || loopOf(task, this.names) !== undefined) throw new Unconvertible("set_fact in a loop, or after the result of a task", 0);
    const lines = module.args.entries.filter(({ name }) => name !== "cacheable").map(({ name, value }) => {
      let made = valueCode(value, this.names);
      if (early.length > 0) {
        const before = this.names.lookup(name, true);
        const printer = new Printer(this.names);
        const condition = early.map((expr) => printer.condition(expr).text).join(" && ");
        made = code(`${condition} ? ${made.text} : ${before?.text ?? "undefined"}`, made.type, LEVEL.conditional);
        if (before === undefined) made = { ...made, maybe: true };
      }
      const constant = this.#constant(camelOrSame(name));
      this.names.setLocal(name, { ...code(constant, made.type, LEVEL.primary), ...(made.maybe === true && { maybe: true as const }) });
      return `const ${constant} = ${made.text};`;
    });
    return [{ type: "lines", lines }];
  }

  #include(task: YamlMap, module: ModuleCall, inherited: Inherited, early: readonly Expr[], late: readonly Expr[]): Statement[] {
    const file = textOf(valueOf(module.args, "_raw_params")) ?? textOf(valueOf(module.args, "file")) ?? "";
    if (isTemplate(file)) throw new Unconvertible("tasks of a file whose name is computed: write the cases as conditions", 0);
    if (late.length > 0) throw new Unconvertible("tasks of a file under a condition about results", 0);
    const candidates = [path.join(this.#folder, "tasks", file), path.join(this.#folder, file), path.join(this.#root, path.dirname(task.file), file)];
    const found = candidates.find((one) => existsSync(one));
    if (found === undefined) throw new Unconvertible(`there is no ${file} (looked for ${path.relative(this.#root, candidates[0] ?? file)})`, 0);
    if (this.#including.includes(found)) throw new Unconvertible(`${file} includes itself`, 0);
    const loop = loopOf(task, this.names);
    const shown = path.relative(this.#root, found);
    const run = (): Statement[] => {
      this.#including.push(found);
      const tasks = readYaml(found, shown);
      const body = this.sequence(itemsOf(tasks), inherited);
      this.#including.pop();
      return body;
    };
    const title: Statement = { type: "lines", lines: ["", `// ${path.basename(found)}`] };
    if (loop === undefined) return [title, ...this.#conditional(early, early.length > 0 ? this.names.inBraces(run) : run(), undefined)];
    const body = this.names.with(loop.names, () => this.names.inBraces(run));
    return [title, ...this.#conditional(early, [{ type: "group", remark: undefined, head: loop.head, body, tail: "}", parts: [] }], undefined)];
  }

  #stat(task: YamlMap, args: Args, early: readonly Expr[], late: readonly Expr[]): Statement[] {
    if (late.length > 0 || loopOf(task, this.names) !== undefined) throw new Unconvertible("stat in a loop, or under a condition about results", 0);
    args.ignore("get_checksum", "get_mime", "get_attributes", "checksum_algorithm", "get_md5");
    if (args.has("follow")) throw new Unconvertible("stat that follows links", 0);
    const at = args.path("path", "dest", "name");
    args.done();
    const register = textOf(valueOf(task, "register"));
    this.names.helper("stat");
    const read = this.#statement({ verb: "t.read", args: [this.#unique(quoted(register ?? nameOf(task)))], options: [["...ansible.stat", at]], kind: "read" }, task, NOTHING, register);
    if (register !== undefined) {
      this.#results.set(register, { type: "stat", path: at, read });
      this.names.registered.set(register, { type: STAT, ref: () => undefined });
    }
    return this.#conditional(early, [read], undefined);
  }

  /** A page that is asked until it answers. */
  #uri(task: YamlMap, args: Args, early: readonly Expr[], late: readonly Expr[], inherited: Inherited): Statement[] {
    if (late.length > 0) throw new Unconvertible("uri under a condition about results", 0);
    args.ignore("timeout", "return_content", "follow_redirects", "force");
    const url = args.need("url");
    const insecure = !args.flag("validate_certs", true);
    if (args.word("status_code", "200") !== "200" || args.word("method", "GET") !== "GET") throw new Unconvertible("uri with a method or a status of its own", 0);
    args.done();
    const [retries, delay] = [Number(textOf(valueOf(task, "retries")) ?? "3"), Number(textOf(valueOf(task, "delay")) ?? "5")];
    if (!Number.isFinite(retries * delay)) throw new Unconvertible("retries that are computed", 0);
    this.names.uses.add("sh");
    const call: Call = { verb: "t.gate", args: [this.#unique(quoted(nameOf(task)))], options: [["probe", `sh\`curl -fsS ${insecure ? "-k " : ""}-o /dev/null ${holeOf(url)}\``], ["within", String(Math.max(1, retries * delay))], ["every", String(Math.max(1, delay))]], kind: "gate" };
    return this.#conditional(early, [this.#statement(call, { ...task, entries: task.entries.filter(({ name }) => !["retries", "delay", "until"].includes(name)) }, inherited)], undefined);
  }

  /** The calls of a module that declares resources. */
  #calls(task: YamlMap, module: ModuleCall, inherited: Inherited, label?: Code, done?: string): Statement[] {
    const args = new Args(module.name, module.args, this.names);
    if (["command", "shell", "raw"].includes(module.name)) return [this.#command(task, args, inherited, label, done)];
    if (inherited.environment !== undefined) throw new Unconvertible(`an environment for ${module.name}: hawser's kinds have none`, 0);
    if (entryOf(task, "failed_when") !== undefined || flagOf(task, "ignore_errors") === true) throw new Unconvertible("errors that are ignored: hawser goes on over no failure; say in a condition when it is not to be done", 0);
    const convert = Object.hasOwn(MODULES, module.name) ? MODULES[module.name] : undefined;
    if (convert === undefined) throw new Unconvertible(LEFT[module.name] ?? `the module ${module.written} is not known to the import`, 0);
    if (entryOf(task, "changed_when") !== undefined) this.#report.note(task, nameOf(task), "changed_when is left out: hawser sees for itself what changed");
    const around: Surroundings = {
      name: () => this.#label(task, label),
      file: (src) => this.#files.file(src),
      template: (src) => this.#files.template(src, this.names),
      templates: (src) => ({ name: /^[\w.]+$/.test(src) ? `\`\${${src}.replace(/\\.j2$/, "")}.ejs\`` : src.replace(/(?:\.j2)?`$/, ".ejs`"), vars: this.#files.all(this.names) }),
      note: (why) => this.#report.note(task, nameOf(task), why),
    };
    const made = convert(args, around);
    args.done();
    const statements = made.flatMap((one): Statement[] => {
      if (typeof one === "string") return [{ type: "lines", lines: [one] }];
      return this.#isOwnedAlready(one, task, inherited) ? [] : [this.#statement(one, task, inherited)];
    });
    const calls = statements.filter((one) => one.type === "call");
    this.#remember(task, { type: "changes", calls });
    const [first] = statements;
    // A task carries the name itself.
    if (first?.type === "call" && first.call.verb !== "t.task") first.remark = remarkOf(task, module);
    return statements;
  }

  /**
   * Whether a call that only looks after a file's owner stands there already, or goes behind the loop that edits the file.
   * @throws Unconvertible when something else of the role owns the same thing
   */
  #isOwnedAlready(call: Call, task: YamlMap, inherited: Inherited): boolean {
    const text = JSON.stringify([call.args, call.options]);
    if (call.attributes === true) {
      if (this.#attributes.has(text)) return true;
      this.#attributes.add(text);
      if (!this.#loopNames.some((name) => new RegExp(`\\b${name}\\b`).test(call.args.join(" "))) && this.#inLoop) {
        this.#behind.push(this.#statement(call, { ...task, entries: task.entries.filter(({ name }) => name !== "notify") }, inherited));
        return true;
      }
    }
    const isSure = !this.names.nested && !this.#inLoop && inherited.when.length === 0 && valueOf(task, "when") === undefined;
    if (!isSure) return false;
    const rival = this.#owners.rival(call);
    if (rival !== undefined) throw new Unconvertible(`${rival} declares the same: hawser wants one declaration, so put both into it`, 0);
    this.#owners.add(call, showPlace(task));
    return false;
  }

  /** A command: a read when it only reads, else a task, whose check may be missing. */
  #command(task: YamlMap, args: Args, inherited: Inherited, label?: Code, done?: string): Statement {
    const environment = this.#environment(inherited);
    const only = flagOf(task, "changed_when") === false;
    const run = commandCode(args, environment, { makesFiles: !only });
    const creates = done ?? doneCheck(args);
    args.done();
    const register = textOf(valueOf(task, "register"));
    const anyCode = (valueOf(task, "failed_when") !== undefined && flagOf(task, "failed_when") === false) || flagOf(task, "ignore_errors") === true;
    const failed = valueOf(task, "failed_when");
    if (failed !== undefined && flagOf(task, "failed_when") !== false) throw new Unconvertible("failed_when: let the command exit with another code", 0);
    const reads = flagOf(task, "changed_when") === false;
    const until = valueOf(task, "until");
    if (until !== undefined) {
      const ok = /^\s*(?:\w+\.rc\s*==\s*0|\w+ is (?:success|succeeded|not failed)|not \w+ is failed)\s*$/.test(textOf(until) ?? "");
      const [retries, delay] = [Number(textOf(valueOf(task, "retries")) ?? "3"), Number(textOf(valueOf(task, "delay")) ?? "5")];
      if (!ok || !reads || !Number.isFinite(retries * delay)) throw new Unconvertible("until, with more than the exit code of a command that only reads (changed_when: false)", 0);
      return this.#statement({ verb: "t.gate", args: [this.#label(task, label)], options: [["probe", run], ["within", String(Math.max(1, retries * delay))], ["every", String(Math.max(1, delay))]], kind: "gate" }, { ...task, entries: task.entries.filter(({ name }) => !["retries", "delay"].includes(name)) }, inherited);
    }
    if (reads && creates === undefined) {
      if (this.#inLoop) throw new Unconvertible("a command in a loop that only reads", 0);
      this.#report.note(task, nameOf(task), "changed_when: false is taken at its word: a command that only reads, which a check runs as well");
      this.names.helper("output");
      const read = this.#statement({ verb: "t.read", args: [this.#unique(quoted(register ?? nameOf(task)))], options: [["...ansible.output", `${run}${anyCode ? ", { anyCode: true }" : ""}`]], kind: "read" }, task, inherited, register);
      if (register !== undefined) {
        this.#results.set(register, { type: "output", read });
        this.names.registered.set(register, { type: OUTPUT, ref: () => this.#refer(read) });
      }
      return read;
    }
    if (anyCode) throw new Unconvertible("errors of a command that are ignored: end it with `|| true` and say in a check when it is done", 0);
    if (creates !== undefined) {
      const statement = this.#statement({ verb: "t.task", args: [this.#label(task, label)], options: [["check", creates], ["apply", run]], kind: "task" }, task, inherited);
      this.#remember(task, { type: "changes", calls: [statement] });
      return statement;
    }
    const from = showPlace(task);
    this.#report.gap(task, nameOf(task), "a command without creates or removes: say in its check how one sees that it is done");
    this.names.helper("unchecked");
    const statement = this.#statement({ verb: "t.task", args: [this.#label(task, label)], options: [["check", `ansible.unchecked(${quoted(from)})`], ["apply", run]], kind: "task" }, task, { ...inherited, tags: [...inherited.tags, "todo"] });
    this.#remember(task, { type: "changes", calls: [statement] });
    return Object.assign(statement, { remark: `TODO ${from}: Ansible runs this at every run. Say in \`check\` how one sees that it is done: a command that exits 0 then, and 1 else.` });
  }

  #environment(inherited: Inherited): Option[] {
    const { environment } = inherited;
    if (environment === undefined) return [];
    if (environment.kind !== "map") throw new Unconvertible("an environment that is computed", 0);
    return environment.entries.map(({ name, value }) => [name, new Printer(this.names).text(valueCode(value, this.names)).text]);
  }

  #remember(task: YamlMap, result: Result): void {
    const register = textOf(valueOf(task, "register"));
    if (register === undefined) return;
    this.#results.set(register, result);
    this.names.registered.set(register, { type: TEXT, ref: () => undefined });
  }

  /** A call with the options that every resource takes. */
  #statement(call: Call, task: YamlMap, inherited: Inherited, wishes?: string): CallStatement {
    const options: Option[] = [];
    const tags = [...new Set([...inherited.tags, ...tagsOf(task)])];
    if (tags.length > 0) options.push(["tags", `[${tags.map((tag) => quoted(tag)).join(", ")}]`]);
    const user = this.#user(task, inherited);
    if (user !== undefined) options.push(["runAs", user]);
    const retries = valueOf(task, "retries");
    if (retries !== undefined) {
      const until = textOf(valueOf(task, "until"));
      if (until !== undefined && !/^\s*\w+ is (?:success|succeeded|not failed)\s*$/.test(until)) throw new Unconvertible("until asks for more than success", 0);
      options.push(["retries", new Printer(this.names).value({ type: "literal", value: Number(textOf(retries) ?? "3"), at: 0 }).text], ["delay", textOf(valueOf(task, "delay")) ?? "5"]);
    }
    const isVisible = call.kind !== "read" || call.verb === "t.read";
    const visible = isVisible ? this.#open.flat().filter((one) => one.type === "call") : [];
    const needs = neededBy(call, visible);
    for (const need of needs) this.#refer(need);
    const notify = itemsOf(valueOf(task, "notify")).flatMap((item) => this.#notified(textOf(item) ?? ""));
    return { type: "call", call, remark: undefined, options, needs, notify: [...new Set(notify)], name: undefined, wishes: wishes ?? `${call.kind} ${call.key ?? call.args[0] ?? ""}` };
  }

  #user(task: YamlMap, inherited: Inherited): string | undefined {
    const own = valueOf(task, "become_user");
    const user = own === undefined ? (inherited.user === undefined ? undefined : quoted(inherited.user)) : new Printer(this.names).text(textValue(textOf(own) ?? "", this.names)).text;
    if (flagOf(task, "become") === false) this.#report.note(task, nameOf(task), "become: false: hawser works as root; runAs names another user");
    return user === '"root"' ? undefined : user;
  }

  #notified(name: string): string[] {
    if (isTemplate(name)) throw new Unconvertible("the name of a handler that is computed", 0);
    const found = this.#handlers.filter((handler) => handler.name === name || handler.listens.includes(name));
    if (found.length === 0) throw new Unconvertible(`there is no handler "${name}"`, 0);
    return found.map(({ variable }) => variable);
  }

  /** The constant of a statement, which it gets now if it has none. */
  #refer(statement: CallStatement): string {
    statement.name ??= this.#constant(camel(statement.wishes.replaceAll(/\$\{[^}]*\}|["'`]/g, " ").replace(/^(?:package|service|directory|file|task|group|user) (?=.*[a-z])/, (kind) => (kind === "package " ? "" : kind)).split("/").slice(-2).join(" ").trim().split(/\s+/).slice(0, 4).join(" ")));
    return statement.name;
  }

  #constant(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#constants.has(name); i++) name = `${wanted}${i}`;
    this.#constants.add(name);
    return name;
  }

  /** A task's name as code, told apart by the loop's item, and unique. */
  #label(task: YamlMap, label: Code | undefined): string {
    const pieces = piecesOf(nameOf(task), this.names);
    const named = label === undefined || pieces.some((piece) => typeof piece === "object" && piece.text === label.text) ? pieces : [...pieces, " ", label];
    return this.#unique(named.every((piece) => typeof piece === "string") ? joined(named, this.names).text : interpolate(named.map((piece) => (typeof piece === "string" ? piece : new Printer(this.names).printed(piece)))).text);
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#usedNames.has(name); i++) name = `${wanted.slice(0, -1)} ${i}${wanted.slice(-1)}`;
    this.#usedNames.add(name);
    return name;
  }
}

const NO_COUNTERPART: Readonly<Record<string, string>> = {
  delegate_to: "delegate_to: the task is about another host than the play's; give that host a role, and read its values with `from`",
  local_action: "local_action: hawser's roles do nothing on the controller",
  run_once: "run_once: put it into a play of its own, for one host (`web[0]`)",
  throttle: "throttle: a lane, in t.block",
};

const nameOf = (task: YamlMap): string => textOf(valueOf(task, "name")) ?? shortened(task);

/** A name for a task that has none. */
function shortened(task: YamlMap): string {
  const entry = task.entries.find(({ name }) => !KEYWORDS.has(name)) ?? task.entries[0];
  if (entry === undefined) return "a task";
  const detail = entry.value.kind === "scalar" ? String(entry.value.value ?? "").replace(/ (?:creates|removes)=.*$/, "") : (["name", "path", "dest", "src", "cmd"].map((name) => textOf(valueOf(entry.value, name))).find((text) => text !== undefined) ?? "");
  return `${entry.name.split(".").at(-1)} ${detail}`.trim().slice(0, 60);
}

/** The task's name above a call that does not carry it. */
function remarkOf(task: YamlMap, module: ModuleCall): string | undefined {
  if (["command", "shell", "raw", "wait_for"].includes(module.name)) return undefined;
  const name = textOf(valueOf(task, "name"));
  return name === undefined ? undefined : name.replaceAll(/\s+/g, " ");
}

const tagsOf = (task: YamlMap): string[] => itemsOf(valueOf(task, "tags")).flatMap((item) => (textOf(item) ?? "").split(",").map((tag) => tag.trim())).filter((tag) => tag !== "");

export function flagOf(task: YamlMap, name: string): boolean | undefined {
  const value = valueOf(task, name);
  if (value?.kind !== "scalar" || value.value === null) return undefined;
  const word = String(value.value).toLowerCase();
  return ["true", "yes", "on", "1"].includes(word) ? true : ["false", "no", "off", "0"].includes(word) ? false : undefined;
}

/** A value in the place of its name. */
const bracketed = (value: Code): Code => (value.level < LEVEL.postfix ? { ...value, text: `(${value.text})`, level: LEVEL.primary } : value);

const camelOrSame = (name: string): string => (/^[a-z_]\w*$/i.test(name) && camel(name) !== `${camel(name).replace(/_$/, "")}_` ? name : `${name}_`);

/** A piece of YAML without the indentation of its first line. */
function unindented(source: string, by: number): string[] {
  const lines = source.trimEnd().split("\n");
  return lines.map((line, i) => (i === 0 ? line : line.slice(Math.min(by, /^ */.exec(line)?.[0].length ?? 0))));
}
