import { comment } from "../emit.ts";
import { quoted } from "../expression/code.ts";
import type { Statement } from "../statement.ts";
import { showPlace, textOf, valueOf, type Yaml, type YamlMap } from "../yaml.ts";
import { type RoleContext, unique } from "./context.ts";

/** A task that is still to be written: it fails where a run comes to it. */
export function gap(role: RoleContext, place: Yaml, what: string, why: string, task?: YamlMap): Statement {
  const from = showPlace(place);
  role.report.gap(place, what, why);
  const source = task === undefined ? [] : unindented(task.source, task.column - 1);
  const lines = [...comment(`TODO ${from} was not converted: ${why}`), ...source.map((line) => `//   ${line}`.trimEnd())];
  const register = task === undefined ? undefined : textOf(valueOf(task, "register"));
  if (register !== undefined) role.results.delete(register);
  return { type: "lines", lines: [...lines, `t.todo(${unique(role, quoted(what))}, { from: ${quoted(from)}, why: ${quoted(why)} });`] };
}

/** A piece of YAML without the indentation of its first line. */
function unindented(source: string, by: number): string[] {
  const lines = source.trimEnd().split("\n");
  return lines.map((line, i) => (i === 0 ? line : line.slice(Math.min(by, /^ */.exec(line)?.[0].length ?? 0))));
}
