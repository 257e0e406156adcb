import { conditionsOf } from "../conditions.ts";
import { quoted } from "../expression/code.ts";
import { Unconvertible } from "../expression/scope.ts";
import { moduleOf } from "../keywords.ts";
import { LEFT, MODULES } from "../modules/index.ts";
import type { Statement } from "../statement.ts";
import { entryOf, isTemplate, valueOf, without, type YamlMap } from "../yaml.ts";
import type { RoleContext } from "./context.ts";
import type { Inherited } from "./inherited.ts";
import { nameOf } from "./labels.ts";

/**
 * A task with `run_once`: its conditions and loop are those of the host that does it, as in Ansible.
 *
 * @param converted Writes the task without it.
 * @throws Unconvertible
 */
export function runOnce(role: RoleContext, task: YamlMap, inherited: Inherited, converted: (role: RoleContext, task: YamlMap, inherited: Inherited) => Statement[]): Statement[] {
  for (const word of ["register", "notify"]) if (entryOf(task, word) !== undefined) throw new Unconvertible(`run_once with ${word}: write it with t.once, which says what the other hosts get of it`, 0);
  const { name: module } = moduleOf(task);
  if (!Object.hasOwn(MODULES, module) && !["command", "shell", "raw"].includes(module)) throw new Unconvertible(LEFT[module] ?? `run_once for ${module}`, 0);
  // Whether a host comes here must not differ from host to host.
  if (role.names.nested || inherited.when.length > 0) throw new Unconvertible("run_once under the condition of a block, or in a loop around it: t.once, with the condition inside", 0);
  if (conditionsOf(valueOf(task, "when"), (name) => role.results.has(name)).late.length > 0) throw new Unconvertible("run_once under a condition about results", 0);
  const name = nameOf(task);
  if (isTemplate(name) || role.onces.has(name)) throw new Unconvertible("run_once: the task needs a name of its own, which is not computed", 0);
  const body = role.names.inBraces(() => converted(role, without(task, "run_once"), inherited));
  role.onces.add(name);
  for (const one of body) if (one.type !== "lines" && one.remark === name) one.remark = undefined;
  return [{ type: "group", remark: undefined, head: `t.once(${quoted(name)}, () =>`, body, tail: '}, { per: "batch" });', parts: [] }];
}
