import type { Expr } from "../../jinja/ast.ts";
import { conditionsOf } from "../conditions.ts";
import { Unconvertible } from "../expression/scope.ts";
import { moduleOf } from "../keywords.ts";
import { LEFT, MODULES } from "../modules/index.ts";
import type { Statement } from "../statement.ts";
import { entryOf, valueOf, type YamlMap } from "../yaml.ts";
import type { RoleContext } from "./context.ts";
import type { Inherited } from "./inherited.ts";

/** Writes a task without the keyword that encloses it. */
export type Converted = (role: RoleContext, task: YamlMap, inherited: Inherited) => Statement[];

/**
 * Whether what encloses a task, `t.once` or `t.on`, can be written around it.
 * @param words Keywords that bring something out of it.
 * @param verb What somebody writes it with by hand.
 * @returns its conditions, which are known before anything is done
 * @throws Unconvertible
 */
export function enclosable(role: RoleContext, task: YamlMap, keyword: string, words: readonly string[], verb: string): readonly Expr[] {
  for (const word of words) if (entryOf(task, word) !== undefined) throw new Unconvertible(`${keyword} with ${word}: write it with ${verb}`, 0);
  const { name: module } = moduleOf(task);
  if (!Object.hasOwn(MODULES, module) && !["command", "shell", "raw"].includes(module)) throw new Unconvertible(LEFT[module] ?? `${keyword} for ${module}: write it with ${verb}`, 0);
  const { early, late } = conditionsOf(valueOf(task, "when"), (name) => role.results.has(name));
  if (late.length > 0) throw new Unconvertible(`${keyword} under a condition about results: write it with ${verb}`, 0);
  return early;
}

/** Takes a task's name from above its statements. @returns it, if it stood there */
export function takeRemark(body: readonly Statement[], name: string): string | undefined {
  let taken: string | undefined;
  for (const one of body) {
    if (one.type === "lines" || one.remark !== name) continue;
    one.remark = undefined;
    taken = name;
  }
  return taken;
}
