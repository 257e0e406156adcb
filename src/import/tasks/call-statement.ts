import type { Option } from "../emit.ts";
import { quoted } from "../expression/code.ts";
import { Printer } from "../expression/print.ts";
import { Unconvertible } from "../expression/scope.ts";
import type { Call } from "../modules/module.ts";
import { neededBy } from "../needs.ts";
import type { CallStatement } from "../statement.ts";
import { textValue } from "../text.ts";
import { isTemplate, itemsOf, textOf, valueOf, type YamlMap } from "../yaml.ts";
import { refer, type RoleContext, type Work } from "./context.ts";
import { flagOf, type Inherited, tagsOf } from "./inherited.ts";
import { nameOf } from "./labels.ts";

/** A call with the options that every resource takes. @throws Unconvertible */
export function callStatement(role: RoleContext, call: Call, { task, inherited }: Pick<Work, "task" | "inherited">, wishes?: string): CallStatement {
  const options: Option[] = [];
  const tags = [...new Set([...inherited.tags, ...tagsOf(task)])];
  if (tags.length > 0) options.push(["tags", `[${tags.map((tag) => quoted(tag)).join(", ")}]`]);
  const user = userOf(role, task, inherited);
  if (user !== undefined) options.push(["runAs", user]);
  const retries = valueOf(task, "retries");
  if (retries !== undefined) {
    const until = textOf(valueOf(task, "until"));
    if (until !== undefined && !/^\s*\w+ is (?:success|succeeded|not failed)\s*$/.test(until)) throw new Unconvertible("until asks for more than success", 0);
    options.push(["retries", new Printer(role.names).value({ type: "literal", value: Number(textOf(retries) ?? "3"), at: 0 }).text], ["delay", textOf(valueOf(task, "delay")) ?? "5"]);
  }
  const isVisible = call.kind !== "read" || call.verb === "t.read";
  const visible = isVisible ? role.open.flat().filter((one) => one.type === "call") : [];
  const needs = neededBy(call, visible);
  for (const need of needs) refer(role, need);
  const notify = itemsOf(valueOf(task, "notify")).flatMap((item) => notified(role, textOf(item) ?? ""));
  return { type: "call", call, remark: undefined, options, needs, notify: [...new Set(notify)], name: undefined, wishes: wishes ?? `${call.kind} ${call.key ?? call.args[0] ?? ""}` };
}

function userOf(role: RoleContext, task: YamlMap, inherited: Inherited): string | undefined {
  const own = valueOf(task, "become_user");
  const user = own === undefined ? (inherited.user === undefined ? undefined : quoted(inherited.user)) : new Printer(role.names).text(textValue(textOf(own) ?? "", role.names)).text;
  if (flagOf(task, "become") === false) role.report.note(task, nameOf(task), "become: false: hawser works as root; runAs names another user");
  return user === '"root"' ? undefined : user;
}

function notified(role: RoleContext, name: string): string[] {
  if (isTemplate(name)) throw new Unconvertible("the name of a handler that is computed", 0);
  const found = role.handlers.filter((handler) => handler.name === name || handler.listens.includes(name));
  if (found.length === 0) throw new Unconvertible(`there is no handler "${name}"`, 0);
  return found.map(({ variable }) => variable);
}
