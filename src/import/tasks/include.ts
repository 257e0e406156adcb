import { existsSync } from "node:fs";
import path from "node:path";
import { Unconvertible } from "../expression/scope.ts";
import { loopOf } from "../loop.ts";
import type { Statement } from "../statement.ts";
import { isTemplate, itemsOf, readYaml, textOf, valueOf, type Yaml } from "../yaml.ts";
import { conditional } from "./conditional.ts";
import type { RoleContext, Work } from "./context.ts";
import type { Inherited } from "./inherited.ts";

/** The tasks of another file, in place. @param sequence Writes them. @throws Unconvertible */
export function include(role: RoleContext, { task, module, inherited, early, late }: Work, sequence: (role: RoleContext, tasks: readonly Yaml[], inherited: Inherited) => Statement[]): Statement[] {
  const file = textOf(valueOf(module.args, "_raw_params")) ?? textOf(valueOf(module.args, "file")) ?? "";
  if (isTemplate(file)) throw new Unconvertible("tasks of a file whose name is computed: write the cases as conditions", 0);
  if (late.length > 0) throw new Unconvertible("tasks of a file under a condition about results", 0);
  const candidates = [path.join(role.folder, "tasks", file), path.join(role.folder, file), path.join(role.root, path.dirname(task.file), file)];
  const found = candidates.find((one) => existsSync(one));
  if (found === undefined) throw new Unconvertible(`there is no ${file} (looked for ${path.relative(role.root, candidates[0] ?? file)})`, 0);
  if (role.including.includes(found)) throw new Unconvertible(`${file} includes itself`, 0);
  const loop = loopOf(task, role.names);
  const shown = path.relative(role.root, found);
  const run = (): Statement[] => {
    role.including.push(found);
    const tasks = readYaml(found, shown);
    const body = sequence(role, itemsOf(tasks), inherited);
    role.including.pop();
    return body;
  };
  const title: Statement = { type: "lines", lines: ["", `// ${path.basename(found)}`] };
  if (loop === undefined) return [title, ...conditional(role, early, early.length > 0 ? role.names.inBraces(run) : run(), undefined)];
  const body = role.names.with(loop.names, () => role.names.inBraces(run));
  return [title, ...conditional(role, early, [{ type: "group", remark: undefined, head: loop.head, body, tail: "}", parts: [] }], undefined)];
}
