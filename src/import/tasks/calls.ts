import { Args } from "../args.ts";
import type { Code } from "../expression/code.ts";
import { Unconvertible } from "../expression/scope.ts";
import { LEFT, MODULES } from "../modules/index.ts";
import type { Call, Surroundings } from "../modules/module.ts";
import type { Statement } from "../statement.ts";
import { entryOf, showPlace, valueOf, without } from "../yaml.ts";
import { callStatement } from "./call-statement.ts";
import { command } from "./commands.ts";
import { isInLoop, remember, type RoleContext, type Work } from "./context.ts";
import { flagOf } from "./inherited.ts";
import { labelOf, nameOf, remarkOf } from "./labels.ts";

/** The calls of a module that declares resources. @throws Unconvertible */
export function calls(role: RoleContext, work: Work, label?: Code, done?: string): Statement[] {
  const { task, module, inherited } = work;
  const args = new Args(module.name, module.args, role.names);
  if (["command", "shell", "raw"].includes(module.name)) return [command(role, work, args, label, done)];
  if (inherited.environment !== undefined) throw new Unconvertible(`an environment for ${module.name}: hawser's kinds have none`, 0);
  if (entryOf(task, "failed_when") !== undefined || flagOf(task, "ignore_errors") === true) throw new Unconvertible("errors that are ignored: hawser goes on over no failure; say in a condition when it is not to be done", 0);
  const convert = Object.hasOwn(MODULES, module.name) ? MODULES[module.name] : undefined;
  if (convert === undefined) throw new Unconvertible(LEFT[module.name] ?? `the module ${module.written} is not known to the import`, 0);
  if (entryOf(task, "changed_when") !== undefined) role.report.note(task, nameOf(task), "changed_when is left out: hawser sees for itself what changed");
  const around: Surroundings = {
    name: () => labelOf(role, task, label),
    file: (src) => role.files.file(src),
    template: (src) => role.files.template(src, role.names),
    templates: (src) => ({ name: /^[\w.]+$/.test(src) ? `\`\${${src}.replace(/\\.j2$/, "")}.ejs\`` : src.replace(/(?:\.j2)?`$/, ".ejs`"), vars: role.files.all(role.names) }),
    note: (why) => role.report.note(task, nameOf(task), why),
  };
  const made = convert(args, around);
  args.done();
  const statements = made.flatMap((one): Statement[] => {
    if (typeof one === "string") return [{ type: "lines", lines: [one] }];
    return isOwnedAlready(role, one, work) ? [] : [callStatement(role, one, work)];
  });
  const declared = statements.filter((one) => one.type === "call");
  remember(role, task, { type: "changes", calls: declared });
  const [first] = statements;
  // A task carries the name itself.
  if (first?.type === "call" && first.call.verb !== "t.task") first.remark = remarkOf(task, module);
  return statements;
}

/**
 * Whether a call that only looks after a file's owner stands there already, or goes behind the loop that edits the file.
 * @throws Unconvertible when something else of the role owns the same thing
 */
function isOwnedAlready(role: RoleContext, call: Call, { task, inherited }: Work): boolean {
  const text = JSON.stringify([call.args, call.options]);
  if (call.attributes === true) {
    if (role.attributes.has(text)) return true;
    role.attributes.add(text);
    if (!role.loops.flat().some((name) => new RegExp(`\\b${name}\\b`).test(call.args.join(" "))) && isInLoop(role)) {
      role.behind.push(callStatement(role, call, { task: without(task, "notify"), inherited }));
      return true;
    }
  }
  const isSure = !role.names.nested && !isInLoop(role) && inherited.when.length === 0 && valueOf(task, "when") === undefined;
  if (!isSure) return false;
  const rival = role.owners.rival(call);
  if (rival !== undefined) throw new Unconvertible(`${rival} declares the same: hawser wants one declaration, so put both into it`, 0);
  role.owners.add(call, showPlace(task));
  return false;
}
