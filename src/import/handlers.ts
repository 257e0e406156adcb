import { Args } from "./args.ts";
import { Unconvertible } from "./expression/scope.ts";
import { Printer } from "./expression/print.ts";
import { quoted } from "./expression/code.ts";
import { conditionsOf } from "./conditions.ts";
import { camel, comment } from "./emit.ts";
import { moduleOf } from "./keywords.ts";
import { commandCode } from "./modules/commands.ts";
import { holeOf } from "./modules/files.ts";
import type { Names } from "./names.ts";
import type { Report } from "./report.ts";
import { itemsOf, showPlace, textOf, valueOf, type YamlMap } from "./yaml.ts";

/** A handler of a role or play. */
export interface Handler {
  readonly name: string;
  readonly listens: readonly string[];
  readonly task: YamlMap;
  /** The constant that holds it. */
  readonly variable: string;
}

/** The handlers of a list of tasks. */
export function handlersIn(tasks: readonly YamlMap[]): Handler[] {
  const used = new Set<string>();
  return tasks.map((task, i) => {
    const name = textOf(valueOf(task, "name")) ?? `handler ${i + 1}`;
    let variable = camel(name);
    while (used.has(variable)) variable = `${variable}_`;
    used.add(variable);
    return { name, listens: itemsOf(valueOf(task, "listen")).map((item) => textOf(item) ?? ""), task, variable };
  });
}

/** `t.handler(…)`, as lines. One that cannot be converted fails when it runs. */
export function handlerLines(handler: Handler, names: Names, report: Report): string[] {
  const head = `const ${handler.variable} = t.handler(${quoted(handler.name)}, `;
  try {
    const { run, runAs } = handlerCommand(handler.task, names);
    report.converted += 1;
    return [`${head}${run}${runAs === undefined ? "" : `, { runAs: ${runAs} }`});`];
  } catch (error) {
    if (!(error instanceof Unconvertible)) throw error;
    const from = showPlace(handler.task);
    report.gap(handler.task, `handler ${handler.name}`, error.message);
    names.uses.add("sh");
    return [...comment(`TODO ${from} was not converted: ${error.message}`), `${head}sh\`echo \${${quoted(`${from} is still to be written: ${error.message}`)}} >&2; exit 1\`);`];
  }
}

/** What a handler, or a task that runs only after a change, does. @throws Unconvertible */
export function handlerCommand(task: YamlMap, names: Names): { readonly run: string; readonly runAs: string | undefined } {
  for (const word of ["loop", "with_items", "register", "until", "delegate_to", "run_once", "notify", "block", "ignore_errors", "failed_when"]) if (valueOf(task, word) !== undefined) throw new Unconvertible(`a handler with ${word}`, 0);
  const { name, args: map } = moduleOf(task);
  const args = new Args(name, map, names);
  let run = commandFor(name, args, task, names);
  args.done();
  const { early, late } = conditionsOf(valueOf(task, "when"), (asked) => names.registered.has(asked));
  if (late.length > 0) throw new Unconvertible("a handler that asks for the result of a task", 0);
  if (early.length > 0) {
    const printer = new Printer(names);
    run = `${early.map((expr) => printer.condition(expr).text).map((text) => (early.length > 1 ? `(${text})` : text)).join(" && ")} ? ${run} : sh\`:\``;
  }
  const user = textOf(valueOf(task, "become_user"));
  return { run, runAs: user === undefined || user === "root" ? undefined : quoted(user) };
}

function commandFor(name: string, args: Args, task: YamlMap, names: Names): string {
  if (["command", "shell", "raw"].includes(name)) {
    const environment = valueOf(task, "environment");
    if (environment !== undefined && environment.kind !== "map") throw new Unconvertible("an environment that is computed", 0);
    return commandCode(args, (environment?.entries ?? []).map((entry) => [entry.name, quoted(textOf(entry.value) ?? "")]));
  }
  names.uses.add("sh");
  if (["service", "systemd", "systemd_service"].includes(name)) {
    args.ignore("use", "daemon_reexec");
    const reload = args.flag("daemon_reload", false);
    const state = args.word("state", "");
    const unit = args.text(["name", "service", "unit"]);
    const enabled = args.word("enabled", "");
    const verb = { restarted: "restart", reloaded: "reload", started: "start", stopped: "stop" }[state];
    if ((state !== "" && verb === undefined) || (verb === undefined && !reload)) throw new Unconvertible(`${name} with state ${state}`, 0);
    const steps = [reload && "systemctl daemon-reload", enabled !== "" && unit !== undefined && `systemctl ${/^(?:true|yes)$/i.test(enabled) ? "enable" : "disable"} ${holeOf(unit)}`, verb !== undefined && unit !== undefined && `systemctl ${verb} ${holeOf(unit)}`].filter((step) => step !== false);
    return `sh\`${steps.join(" && ")}\``;
  }
  throw new Unconvertible(`a handler is a command here, and ${name} is none`, 0);
}
