import { conditionsOf } from "../conditions.ts";
import { namesIn } from "../../jinja/names.ts";
import { comment } from "../emit.ts";
import { type Code, LEVEL, quoted } from "../expression/code.ts";
import { Unconvertible } from "../expression/scope.ts";
import { moduleOf } from "../keywords.ts";
import { loopOf } from "../loop.ts";
import type { GroupStatement, Statement } from "../statement.ts";
import { valueCode } from "../text.ts";
import { entryOf, itemsOf, textOf, valueOf, without, type Yaml, type YamlMap } from "../yaml.ts";
import { conditional } from "./conditional.ts";
import { attempt, type RoleContext, unique, type Work } from "./context.ts";
import { delegated } from "./delegate.ts";
import { gap } from "./gap.ts";
import { include } from "./include.ts";
import { flagOf, inherit, type Inherited } from "./inherited.ts";
import { nameOf, remarkOf } from "./labels.ts";
import { packagesOf } from "./packages.ts";
import { withResults } from "./result-conditions.ts";
import { runOnce } from "./run-once.ts";
import { special } from "./special.ts";

const NO_COUNTERPART: Readonly<Record<string, string>> = {
  local_action: "local_action: hawser's roles do nothing on the controller",
  run_once: "run_once that is computed: t.once, with the condition inside",
  throttle: "throttle: a lane, in t.block",
};

const INCLUDES = new Set(["include_tasks", "import_tasks", "include"]);

/** Writes a list of tasks as statements of a role's function. */
export function sequence(role: RoleContext, tasks: readonly Yaml[], inherited: Inherited): Statement[] {
  const statements: Statement[] = [];
  role.open.push(statements);
  for (const task of tasks) statements.push(...taskOf(role, task, inherited));
  role.open.pop();
  return statements;
}

function taskOf(role: RoleContext, task: Yaml, inherited: Inherited): Statement[] {
  if (task.kind !== "map") return [gap(role, task, "a task", "a task is a map")];
  return attempt(
    role,
    () => {
      if (entryOf(task, "block") !== undefined) return block(role, task, inherited);
      const statements = converted(role, task, inherited);
      role.report.converted += 1;
      return statements;
    },
    (error) => [gap(role, task, nameOf(task), error.message, task)],
  );
}

function block(role: RoleContext, task: YamlMap, outer: Inherited): Statement[] {
  for (const word of ["delegate_to", "run_once", "ignore_errors", "loop", "register", "notify"]) if (entryOf(task, word) !== undefined) throw new Unconvertible(`a block with ${word}`, 0);
  const inherited = inherit(task, outer);
  const { early, late } = conditionsOf(valueOf(task, "when"), (name) => role.results.has(name));
  // Conditions about results are asked by each task for itself.
  const inner: Inherited = { ...inherited, when: late.length > 0 ? [...inherited.when, valueOf(task, "when") as Yaml] : inherited.when };
  const parts = ["rescue", "always"].filter((name) => entryOf(task, name) !== undefined);
  const isScoped = early.length > 0 || parts.length > 0;
  const list = (name: string): Statement[] => (isScoped ? role.names.inBraces(() => sequence(role, itemsOf(valueOf(task, name)), inner)) : sequence(role, itemsOf(valueOf(task, name)), inner));
  const body = list("block");
  const remark = textOf(valueOf(task, "name"));
  let group: Statement[] = body;
  if (parts.length > 0) {
    const name = unique(role, quoted(remark ?? "block"));
    group = [{ type: "group", remark: undefined, head: `t.block(${name}, {`.replace(/ \{$/, ""), body, tail: "});", parts: parts.map((part) => ({ name: part, body: list(part) })) }];
    role.report.note(task, remark ?? "block", "a host on which something in a block failed counts as failed, also after its rescue");
  } else if (remark !== undefined) group = [{ type: "lines", lines: comment(remark) }, ...body];
  return late.length > 0 ? group : conditional(role, early, group, undefined);
}

/** A task that is no block. @throws Unconvertible */
function converted(role: RoleContext, task: YamlMap, outer: Inherited): Statement[] {
  if (flagOf(task, "run_once") === true) return runOnce(role, task, outer, converted);
  if (entryOf(task, "delegate_to") !== undefined) return delegated(role, task, outer, converted);
  for (const [word, why] of Object.entries(NO_COUNTERPART)) if (entryOf(task, word) !== undefined && flagOf(task, word) !== false) throw new Unconvertible(why, 0);
  if (entryOf(task, "async") !== undefined) role.report.note(task, nameOf(task), "async: hawser waits for the end; applyTimeout limits it");
  const inherited = inherit(without(task, "become_user"), outer);
  const module = moduleOf(task);
  const when = [...outer.when, ...itemsOf(valueOf(task, "when"))];
  const whole: Yaml | undefined = when.length === 0 ? undefined : { kind: "list", items: when, file: task.file, line: task.line, column: task.column };
  const conditions = conditionsOf(whole, (name) => role.results.has(name));
  const { early } = conditions;
  const work: Work = { task, module, inherited, ...conditions };

  const vars = valueOf(task, "vars");
  const locals = new Map((vars?.kind === "map" ? vars.entries : []).map(({ name, value }) => [name, bracketed(valueCode(value, role.names))]));
  return role.names.with(locals, () => {
    const made = INCLUDES.has(module.name) ? include(role, work, sequence) : special(role, work);
    if (made !== undefined) return made;
    const list = packagesOf(task, module);
    const loop = list === undefined ? loopOf(task, role.names) : undefined;
    if (loop === undefined) return conditional(role, early, withResults(role, { ...work, module: list ?? module }), remarkOf(task, module));
    role.loops.push([...loop.names.keys()]);
    try {
      return role.names.with(loop.names, () => {
        const aboutItem = early.filter((expr) => namesIn(expr).some((name) => loop.names.has(name)));
        const before = early.filter((expr) => !aboutItem.includes(expr));
        const body = conditional(role, aboutItem, withResults(role, work, loop.label), undefined);
        const round: GroupStatement = { type: "group", remark: before.length > 0 ? undefined : remarkOf(task, module), head: loop.head, body: body.map((one) => (one.type === "call" ? { ...one, remark: undefined } : one)), tail: "}", parts: [] };
        return conditional(role, before, [round, ...role.behind.splice(0)], remarkOf(task, module));
      });
    } finally {
      role.loops.pop();
    }
  });
}

/** A value in the place of its name. */
const bracketed = (value: Code): Code => (value.level < LEVEL.postfix ? { ...value, text: `(${value.text})`, level: LEVEL.primary } : value);
