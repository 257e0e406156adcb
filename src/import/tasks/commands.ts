import type { Args } from "../args.ts";
import type { Option } from "../emit.ts";
import { type Code, quoted } from "../expression/code.ts";
import { Printer } from "../expression/print.ts";
import { Unconvertible } from "../expression/scope.ts";
import { commandCode, doneCheck } from "../modules/commands.ts";
import type { CallStatement, Statement } from "../statement.ts";
import { valueCode } from "../text.ts";
import { showPlace, textOf, valueOf, without } from "../yaml.ts";
import { callStatement } from "./call-statement.ts";
import { isInLoop, refer, remember, type RoleContext, unique, type Work } from "./context.ts";
import { flagOf, type Inherited } from "./inherited.ts";
import { labelOf, nameOf } from "./labels.ts";
import { patience } from "./probes.ts";
import { OUTPUT } from "./results.ts";

/**
 * A command: a read when it only reads, else a task, whose check may be missing.
 *
 * @param label The loop's item.
 * @param done A check that says whether it is done; else that of `creates` and `removes`.
 * @throws Unconvertible
 */
export function command(role: RoleContext, work: Work, args: Args, label?: Code, done?: string): Statement {
  const { task } = work;
  const environment = environmentOf(role, work.inherited);
  const reads = flagOf(task, "changed_when") === false;
  const run = commandCode(args, environment, { makesFiles: !reads });
  const check = done ?? doneCheck(args);
  args.done();
  const failsNever = flagOf(task, "failed_when") === false;
  const anyCode = failsNever || flagOf(task, "ignore_errors") === true;
  if (valueOf(task, "failed_when") !== undefined && !failsNever) throw new Unconvertible("failed_when: let the command exit with another code", 0);
  if (valueOf(task, "until") !== undefined) return gate(role, work, run, reads, label);
  if (reads && check === undefined) return read(role, work, `${run}${anyCode ? ", { anyCode: true }" : ""}`);
  if (anyCode) throw new Unconvertible("errors of a command that are ignored: end it with `|| true` and say in a check when it is done", 0);
  const made = check === undefined ? unchecked(role, work, run, label) : callStatement(role, { verb: "t.task", args: [labelOf(role, task, label)], options: [["check", check], ["apply", run]], kind: "task" }, work);
  remember(role, task, { type: "changes", calls: [made] });
  return made;
}

/** A command that is run until it exits with 0. */
function gate(role: RoleContext, { task, inherited }: Work, run: string, reads: boolean, label: Code | undefined): Statement {
  const isExitCode = /^\s*(?:\w+\.rc\s*==\s*0|\w+ is (?:success|succeeded|not failed)|not \w+ is failed)\s*$/.test(textOf(valueOf(task, "until")) ?? "");
  const times = patience(task);
  if (!isExitCode || !reads || times === undefined) throw new Unconvertible("until, with more than the exit code of a command that only reads (changed_when: false)", 0);
  return callStatement(role, { verb: "t.gate", args: [labelOf(role, task, label)], options: [["probe", run], ...times], kind: "gate" }, { task: without(task, "retries", "delay"), inherited });
}

/** A command that only reads. @param output The arguments of `ansible.output`. */
function read(role: RoleContext, work: Work, output: string): Statement {
  const { task } = work;
  if (isInLoop(role)) throw new Unconvertible("a command in a loop that only reads", 0);
  role.report.note(task, nameOf(task), "changed_when: false is taken at its word: a command that only reads, which a check runs as well");
  role.names.helper("output");
  const register = textOf(valueOf(task, "register"));
  const made = callStatement(role, { verb: "t.read", args: [unique(role, quoted(register ?? nameOf(task)))], options: [["...ansible.output", output]], kind: "read" }, work, register);
  if (register !== undefined) {
    role.results.set(register, { type: "output", read: made });
    role.names.registered.set(register, { type: OUTPUT, ref: () => refer(role, made) });
  }
  return made;
}

/** A command of which nobody has said when it is done. */
function unchecked(role: RoleContext, { task, inherited }: Work, run: string, label: Code | undefined): CallStatement {
  const from = showPlace(task);
  role.report.gap(task, nameOf(task), "a command without creates or removes: say in its check how one sees that it is done");
  role.names.helper("unchecked");
  const made = callStatement(role, { verb: "t.task", args: [labelOf(role, task, label)], options: [["check", `ansible.unchecked(${quoted(from)})`], ["apply", run]], kind: "task" }, { task, inherited: { ...inherited, tags: [...inherited.tags, "todo"] } });
  made.remark = `TODO ${from}: Ansible runs this at every run. Say in \`check\` how one sees that it is done: a command that exits 0 then, and 1 else.`;
  return made;
}

function environmentOf(role: RoleContext, { environment }: Inherited): Option[] {
  if (environment === undefined) return [];
  if (environment.kind !== "map") throw new Unconvertible("an environment that is computed", 0);
  return environment.entries.map(({ name, value }) => [name, new Printer(role.names).text(valueCode(value, role.names)).text]);
}
