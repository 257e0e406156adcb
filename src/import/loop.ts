import { code, type Code, LEVEL, within } from "./expression/code.ts";
import { asList, pairOf } from "./expression/list-filters.ts";
import { Printer } from "./expression/print.ts";
import { Unconvertible } from "./expression/scope.ts";
import { listOf, NUMBER, TEXT, valuesOf } from "./expression/types.ts";
import type { Names } from "./names.ts";
import { valueCode } from "./text.ts";
import { entryOf, textOf, valueOf, type YamlMap } from "./yaml.ts";

/** A task's loop as TypeScript has it. */
export interface LoopCode {
  /** `for (const item of vars.users)` */
  readonly head: string;
  readonly list: Code;
  /** What the names of the loop mean inside. */
  readonly names: ReadonlyMap<string, Code>;
  /** Tells one round from another, as text. */
  readonly label: Code;
}

/** The loop of a task, or undefined. @throws Unconvertible */
export function loopOf(task: YamlMap, names: Names): LoopCode | undefined {
  const entry = task.entries.find(({ name }) => name === "loop" || name.startsWith("with_"));
  if (entry === undefined) return undefined;
  const printer = new Printer(names);
  let list = valueCode(entry.value, names);
  switch (entry.name) {
    case "loop":
    case "with_list":
      list = asList(printer, list);
      break;
    case "with_items":
      list = flattened(asList(printer, list));
      break;
    case "with_dict":
      list = code(`Object.entries(${list.text}).map(([key, value]) => ({ key, value }))`, listOf(pairOf(valuesOf(list.type))));
      break;
    default:
      throw new Unconvertible(`${entry.name} has no counterpart: write the loop in TypeScript`, 0);
  }
  const control = valueOf(task, "loop_control");
  const name = textOf(valueOf(control, "loop_var")) ?? "item";
  const index = textOf(valueOf(control, "index_var"));
  if (entryOf(control, "extended") !== undefined) throw new Unconvertible("loop_control.extended", 0);
  const element = list.type.kind === "list" ? list.type.of : TEXT;
  const item = code(name, element, LEVEL.primary);
  const inner = new Map<string, Code>([[name, item], ...(index === undefined ? [] : [[index, code(index, NUMBER, LEVEL.primary)] as const])]);
  const head = index === undefined ? `for (const ${name} of ${list.text})` : `for (const [${index}, ${name}] of ${within(list, LEVEL.postfix)}.entries())`;
  return { head, list, names: inner, label: labelOf(item, printer) };
}

/** `with_items` takes lists in the list apart. */
function flattened(list: Code): Code {
  const { type } = list;
  return type.kind === "list" && type.of.kind === "list" ? code(`${within(list, LEVEL.postfix)}.flat()`, type.of) : list;
}

/** The part of an item that names it. */
function labelOf(item: Code, printer: Printer): Code {
  const { type } = item;
  if (type.kind !== "map") return type.kind === "list" || type.kind === "record" ? printer.help("text", [item], TEXT) : printer.text(item);
  const fields = [...type.fields].filter(([, field]) => !field.optional && (field.type.kind === "text" || field.type.kind === "number"));
  const [best] = ["name", "key", "path", "dest", "src", "user", "id"].filter((name) => fields.some(([field]) => field === name));
  const chosen = best ?? fields[0]?.[0];
  return chosen === undefined ? printer.help("text", [item], TEXT) : printer.text(printer.part(item, chosen, 0));
}
