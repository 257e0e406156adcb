import { Args } from "../args.ts";
import { conditionsOf } from "../conditions.ts";
import { camel, comment } from "../emit.ts";
import { code, LEVEL, quoted } from "../expression/code.ts";
import { Printer } from "../expression/print.ts";
import { Unconvertible } from "../expression/scope.ts";
import { loopOf } from "../loop.ts";
import type { Statement } from "../statement.ts";
import { valueCode } from "../text.ts";
import { entryOf, itemsOf, textOf, valueOf } from "../yaml.ts";
import { conditional } from "./conditional.ts";
import { constant, type RoleContext, type Work } from "./context.ts";
import { nameOf } from "./labels.ts";
import { stat, uri } from "./probes.ts";

/** Modules that are no resources, and say how others are read; undefined for all others. @throws Unconvertible */
export function special(role: RoleContext, work: Work): Statement[] | undefined {
  const { task, module, early } = work;
  const args = new Args(module.name, module.args, role.names);
  const lines = (...text: readonly string[]): Statement[] => conditional(role, early, [{ type: "lines", lines: text }], undefined);
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
      return setFact(role, work);
    case "assert":
    case "fail":
      return assertion(role, work, args);
    case "stat":
      return stat(role, work, args);
    case "uri":
      return entryOf(task, "until") === undefined ? undefined : uri(role, work, args);
    default:
      return undefined;
  }
}

/** Constants. */
function setFact(role: RoleContext, { task, module, inherited, early, late }: Work): Statement[] {
  if (late.length > 0 || inherited.when.length > 0 || loopOf(task, role.names) !== undefined) throw new Unconvertible("set_fact in a loop, or after the result of a task", 0);
  const lines = module.args.entries.filter(({ name }) => name !== "cacheable").map(({ name, value }) => {
    let made = valueCode(value, role.names);
    if (early.length > 0) {
      const before = role.names.lookup(name, true);
      const printer = new Printer(role.names);
      const condition = early.map((expr) => printer.condition(expr).text).join(" && ");
      made = code(`${condition} ? ${made.text} : ${before?.text ?? "undefined"}`, made.type, LEVEL.conditional);
      if (before === undefined) made = { ...made, maybe: true };
    }
    const variable = constant(role, camelOrSame(name));
    role.names.setLocal(name, { ...code(variable, made.type, LEVEL.primary), ...(made.maybe === true && { maybe: true as const }) });
    return `const ${variable} = ${made.text};`;
  });
  return [{ type: "lines", lines }];
}

/** `assert` and `fail`: an error before the host is touched. */
function assertion(role: RoleContext, { task, module, early, late }: Work, args: Args): Statement[] {
  if (late.length > 0 || loopOf(task, role.names) !== undefined) throw new Unconvertible("an assertion about results or items: `verify` asserts what is measured", 0);
  const name = nameOf(task);
  const printer = new Printer(role.names);
  const message = args.text(["fail_msg", "msg"]) ?? quoted(`${name} does not hold`);
  args.ignore("success_msg", "quiet");
  const that = itemsOf(args.node("that")).flatMap((item) => conditionsOf(item, (asked) => role.results.has(asked)).early);
  const wrong = itemsOf(args.node("that")).flatMap((item) => conditionsOf(item, (asked) => role.results.has(asked)).late);
  if (wrong.length > 0) throw new Unconvertible("an assertion about results: `verify` asserts what is measured", 0);
  args.done();
  role.names.uses.add("UsageError");
  const fails = `throw new UsageError(${message});`;
  if (module.name === "fail") return conditional(role, early, [{ type: "lines", lines: [fails] }], undefined);
  return conditional(role, early, [{ type: "lines", lines: that.map((expr) => `if (${printer.negate(printer.condition(expr)).text}) ${fails}`) }], name);
}

const camelOrSame = (name: string): string => (/^[a-z_]\w*$/i.test(name) && camel(name) !== `${camel(name).replace(/_$/, "")}_` ? name : `${name}_`);
