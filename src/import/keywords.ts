import { entryOf, textOf, valueOf, type Yaml, type YamlEntry, type YamlMap } from "./yaml.ts";
import { parseYamlText } from "./yaml.ts";
import { Unconvertible } from "./expression/scope.ts";

/** What a task says besides its module. */
export const KEYWORDS = new Set([
  "name", "when", "loop", "loop_control", "register", "notify", "listen", "tags", "become", "become_user", "become_method", "become_flags", "become_exe", "environment", "vars", "args", "ignore_errors", "failed_when", "changed_when", "no_log", "retries", "until", "delay", "delegate_to", "delegate_facts", "run_once",
  "async", "poll", "throttle", "any_errors_fatal", "check_mode", "diff", "collections", "connection", "remote_user", "port", "timeout", "module_defaults", "debugger", "ignore_unreachable", "block", "rescue", "always", "action", "local_action",
]);

/** The name of a module without its collection: `ansible.builtin.copy` is `copy`. */
export const shortName = (name: string): string => name.replace(/^(?:ansible\.(?:builtin|legacy|posix|windows)|community\.general)\./, "");

/** A task's module with its arguments as a map. */
export interface ModuleCall {
  readonly name: string;
  /** As it is written, with the collection. */
  readonly written: string;
  readonly args: YamlMap;
  readonly entry: YamlEntry;
}

/** The one entry of a task that is no keyword. */
export function moduleOf(task: YamlMap): ModuleCall {
  const candidates = task.entries.filter(({ name }) => !KEYWORDS.has(name) && !name.startsWith("with_"));
  const action = entryOf(task, "action");
  const [entry, second] = action === undefined ? candidates : [action];
  if (entry === undefined) throw new Unconvertible("the task names no module", 0);
  if (second !== undefined) throw new Unconvertible(`the task names two modules: ${entry.name} and ${second.name}, or one is a misspelt keyword`, 0);
  const written = action === undefined ? entry.name : (textOf(valueOf(action.value, "module")) ?? /^\S+/.exec(textOf(action.value) ?? "")?.[0] ?? "");
  const name = shortName(written);
  const value: Yaml = action !== undefined && action.value.kind === "scalar" ? { ...action.value, value: String(action.value.value).replace(/^\S+\s*/, "") } : entry.value;
  return { name, written, args: argsOf(name, value, valueOf(task, "args")), entry };
}

/** Modules whose text is a command. */
const FREE = new Set(["command", "shell", "raw", "script", "meta", "include_tasks", "import_tasks", "include", "import_playbook", "include_vars", "win_command"]);

function argsOf(module: string, value: Yaml, more: Yaml | undefined): YamlMap {
  const own = value.kind === "map" ? value.entries : value.kind === "scalar" && value.value !== null && value.value !== "" ? fromText(module, String(value.value), value) : [];
  const others = more?.kind === "map" ? more.entries.filter((entry) => !own.some((one) => one.name === entry.name)) : [];
  const { file, line, column } = value;
  return { kind: "map", source: "", file, line, column, entries: [...own, ...others] };
}

const PAIR = /(?:^|\s)([a-z_]+)=((?:"(?:\\.|[^"\\])*"|'[^']*'|\{\{.*?\}\}|[^\s"'{]|\{(?!\{))+)/g;

/** `name=nginx state=present`, and a command with `creates=` in it. */
function fromText(module: string, text: string, at: Yaml): YamlEntry[] {
  const entry = (name: string, written: string): YamlEntry => {
    const bare = /^(["'])(.*)\1$/s.exec(written)?.[2] ?? written;
    const scalar = /^(?:yes|no|true|false|on|off|\d+)$/i.test(bare) && !/^0\d/.test(bare) ? parseYamlText(bare, at.file) : undefined;
    const value: Yaml = { kind: "scalar", value: scalar?.kind === "scalar" ? scalar.value : bare, source: bare, tag: undefined, file: at.file, line: at.line, column: at.column };
    return { name, value, file: at.file, line: at.line, column: at.column };
  };
  if (FREE.has(module)) {
    const options: YamlEntry[] = [];
    const rest = text.replaceAll(PAIR, (whole, name: string, value: string) => {
      if (!["creates", "removes", "chdir", "executable", "warn", "stdin"].includes(name)) return whole;
      options.push(entry(name, value));
      return "";
    });
    return [{ ...entry("_raw_params", ""), value: { kind: "scalar", value: rest.trim(), source: rest, tag: undefined, file: at.file, line: at.line, column: at.column } }, ...options];
  }
  const pairs = [...text.matchAll(PAIR)].map(([, name = "", value = ""]) => entry(name, value));
  if (text.replaceAll(PAIR, "").trim() !== "") throw new Unconvertible(`"${text.slice(0, 60)}" is no list of name=value`, 0);
  return pairs;
}
