import { quoted } from "../expression/code.ts";
import { Unconvertible } from "../expression/scope.ts";
import type { Statement } from "../statement.ts";
import { isTemplate, without, type YamlMap } from "../yaml.ts";
import type { RoleContext } from "./context.ts";
import { enclosable, takeRemark, type Converted } from "./enclosed.ts";
import type { Inherited } from "./inherited.ts";
import { nameOf } from "./labels.ts";

/**
 * A task with `run_once`: its conditions and loop are those of the host that does it, as in Ansible.
 *
 * @throws Unconvertible
 */
export function runOnce(role: RoleContext, task: YamlMap, inherited: Inherited, converted: Converted): Statement[] {
  enclosable(role, task, "run_once", ["register", "notify"], "t.once, which says what the other hosts get of it");
  // Whether a host comes here must not differ from host to host.
  if (role.names.nested || inherited.when.length > 0) throw new Unconvertible("run_once under the condition of a block, or in a loop around it: t.once, with the condition inside", 0);
  const name = nameOf(task);
  if (isTemplate(name) || role.onces.has(name)) throw new Unconvertible("run_once: the task needs a name of its own, which is not computed", 0);
  const body = role.names.inBraces(() => converted(role, without(task, "run_once"), inherited));
  role.onces.add(name);
  takeRemark(body, name);
  return [{ type: "group", remark: undefined, head: `t.once(${quoted(name)}, () =>`, body, tail: '}, { per: "batch" });', parts: [] }];
}
