import { type Code, interpolate } from "../expression/code.ts";
import { Printer } from "../expression/print.ts";
import { KEYWORDS, type ModuleCall } from "../keywords.ts";
import { joined, piecesOf } from "../text.ts";
import { textOf, valueOf, type YamlMap } from "../yaml.ts";
import { type RoleContext, unique } from "./context.ts";

/** A task's name, or what it does in few words. */
export const nameOf = (task: YamlMap): string => textOf(valueOf(task, "name")) ?? shortened(task);

/** A name for a task that has none. */
function shortened(task: YamlMap): string {
  const entry = task.entries.find(({ name }) => !KEYWORDS.has(name)) ?? task.entries[0];
  if (entry === undefined) return "a task";
  const detail = entry.value.kind === "scalar" ? String(entry.value.value ?? "").replace(/ (?:creates|removes)=.*$/, "") : (["name", "path", "dest", "src", "cmd"].map((name) => textOf(valueOf(entry.value, name))).find((text) => text !== undefined) ?? "");
  return `${entry.name.split(".").at(-1)} ${detail}`.trim().slice(0, 60);
}

/** The task's name above a call that does not carry it. */
export function remarkOf(task: YamlMap, module: ModuleCall): string | undefined {
  if (["command", "shell", "raw", "wait_for"].includes(module.name)) return undefined;
  const name = textOf(valueOf(task, "name"));
  return name === undefined ? undefined : name.replaceAll(/\s+/g, " ");
}

/** A task's name as code, told apart by the loop's item, and unique. */
export function labelOf(role: RoleContext, task: YamlMap, item: Code | undefined): string {
  const pieces = piecesOf(nameOf(task), role.names);
  const named = item === undefined || pieces.some((piece) => typeof piece === "object" && piece.text === item.text) ? pieces : [...pieces, " ", item];
  return unique(role, named.every((piece) => typeof piece === "string") ? joined(named, role.names).text : interpolate(named.map((piece) => (typeof piece === "string" ? piece : new Printer(role.names).printed(piece)))).text);
}
