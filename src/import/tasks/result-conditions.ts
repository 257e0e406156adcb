import { absentIn, changedIn } from "../conditions.ts";
import { namesIn } from "../../jinja/names.ts";
import { camel } from "../emit.ts";
import { code, type Code, LEVEL, quoted } from "../expression/code.ts";
import { Printer } from "../expression/print.ts";
import { Unconvertible } from "../expression/scope.ts";
import { handlerCommand } from "../handlers.ts";
import { holeOf } from "../modules/files.ts";
import type { Statement } from "../statement.ts";
import { itemsOf, textOf, valueOf, type YamlMap } from "../yaml.ts";
import { calls } from "./calls.ts";
import { constant, isInLoop, refer, type RoleContext, unique, type Work } from "./context.ts";
import { nameOf } from "./labels.ts";
import { OUTPUT, STAT } from "./results.ts";

/** A task whose conditions may be about results. @throws Unconvertible */
export function withResults(role: RoleContext, work: Work, label?: Code): Statement[] {
  const { task, module, late } = work;
  if (late.length === 0) return calls(role, work, label);
  const changed = late.map(changedIn);
  if (changed.every((names) => names !== undefined)) return afterChanges(role, task, changed.flat());
  const [absent] = late.map(absentIn);
  const result = absent === undefined ? undefined : role.results.get(absent);
  if (late.length === 1 && result?.type === "stat" && ["command", "shell", "raw"].includes(module.name)) {
    result.read.absorbed = true;
    return calls(role, work, label, `sh\`[ -e ${holeOf(result.path)} ]\``);
  }
  const asked = [...new Set(late.flatMap(namesIn).filter((name) => role.results.has(name)))];
  const [name = ""] = asked;
  const one = role.results.get(name);
  if (asked.length > 1 || one === undefined || one.type === "changes") throw new Unconvertible("a condition about the results of several tasks, or about more than whether something changed", 0);
  if (isInLoop(role)) throw new Unconvertible("a condition about a result inside of a loop", 0);
  refer(role, one.read);
  const read = one.read.name ?? name;
  return role.names.with(new Map([[name, code(read, one.type === "stat" ? STAT : OUTPUT, LEVEL.primary)]]), () => {
    const printer = new Printer(role.names);
    const condition = late.map((expr) => printer.condition(expr).text.replaceAll(`${read}.stat.`, `${read}.`)).join(" && ");
    const body = calls(role, work, label);
    return [{ type: "group", remark: undefined, head: `t.given(${unique(role, quoted(nameOf(task)))}, ${read}, (${read}) =>`, body: [{ type: "group", remark: undefined, head: `if (${condition})`, body, tail: "}", parts: [] }], tail: "});", parts: [] }];
  });
}

/** What runs only when something before it changed is a handler here. */
function afterChanges(role: RoleContext, task: YamlMap, results: readonly string[]): Statement[] {
  if (isInLoop(role)) throw new Unconvertible("a task in a loop that runs after a change", 0);
  const changing = results.flatMap((name) => {
    const result = role.results.get(name);
    if (result?.type !== "changes") throw new Unconvertible(`whether ${name} has changed is not known here`, 0);
    return result.calls;
  });
  const name = nameOf(task);
  const whens = itemsOf(valueOf(task, "when")).filter((item) => !results.some((result) => new RegExp(`\\b${result}\\b`).test(textOf(item) ?? "")));
  const bare: YamlMap = { ...task, entries: task.entries.flatMap((entry) => (entry.name !== "when" ? (entry.name === "register" ? [] : [entry]) : whens.length === 0 ? [] : [{ ...entry, value: { kind: "list" as const, items: whens, file: entry.file, line: entry.line, column: entry.column } }])) };
  const { run, runAs } = handlerCommand(bare, role.names);
  const variable = constant(role, camel(name));
  role.hoisted.push([`const ${variable} = t.handler(${unique(role, quoted(name))}, ${run}${runAs === undefined ? "" : `, { runAs: ${runAs} }`});`]);
  for (const statement of changing) statement.notify.push(variable);
  return [{ type: "lines", lines: [`// ${name}, if something above has changed.`, "t.flush();"] }];
}
