import { namesIn } from "../../inventory/index.ts";
import { Unconvertible } from "../expression/scope.ts";
import { loopOf } from "../loop.ts";
import { Owners } from "../owners.ts";
import type { Statement } from "../statement.ts";
import { joined, piecesOf, valueCode } from "../text.ts";
import { textOf, valueOf, without, type YamlMap } from "../yaml.ts";
import { conditional } from "./conditional.ts";
import type { RoleContext } from "./context.ts";
import { enclosable, takeRemark, type Converted } from "./enclosed.ts";
import type { Inherited } from "./inherited.ts";
import { nameOf } from "./labels.ts";

/**
 * A task with `delegate_to`: its conditions, vars and facts are those of the play's host, and its loop goes round on the other one.
 *
 * @throws Unconvertible
 */
export function delegated(role: RoleContext, task: YamlMap, inherited: Inherited, converted: Converted): Statement[] {
  const conditions = enclosable(role, task, "delegate_to", ["register", "notify", "delegate_facts"], "t.on");
  const host = valueOf(task, "delegate_to");
  const to = textOf(host);
  if (host === undefined || to === undefined) throw new Unconvertible("delegate_to is a host's name", 0);
  const loop = loopOf(task, role.names);
  if (namesIn(to)?.some((name) => loop?.names.has(name))) throw new Unconvertible("delegate_to another host for each item of the loop: write it with t.on, inside of the loop", 0);
  const value = valueCode(host, role.names);
  const code = value.type.kind === "text" ? value : joined(piecesOf(to, role.names), role.names);
  // What lies on the play's own host has nothing to do with what lies there.
  const there: RoleContext = { ...role, owners: new Owners(), attributes: new Set(), open: [] };
  // A condition may be about the item; without a loop the other host is left alone where it does not hold.
  const asked = loop === undefined ? without(task, "when") : task;
  const body = role.names.inBraces(() => converted(there, without(asked, "delegate_to"), inherited));
  const name = nameOf(task);
  const group: Statement = { type: "group", remark: takeRemark(body, name), head: `t.on(${code.text}, () =>`, body, tail: "});", parts: [] };
  return loop === undefined ? conditional(role, conditions, [group], name) : [group];
}
