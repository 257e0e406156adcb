import type { Expr } from "../../jinja/ast.ts";
import { type Code, LEVEL, member, quoted, within } from "./code.ts";
import type { Printer } from "./print.ts";
import { Unconvertible } from "./scope.ts";
import { ANY } from "./types.ts";

/** An expression that may name what is not there; undefined when nothing is known of it at all. */
export function lenient(printer: Printer, expr: Expr): Code | undefined {
  if (expr.type === "name") {
    const found = printer.scope.lookup(expr.name, true);
    if (found !== undefined) return found;
    try {
      return printer.value(expr);
    } catch (error) {
      if (error instanceof Unconvertible && !expr.name.startsWith("ansible_")) return undefined;
      throw error;
    }
  }
  if (expr.type !== "attribute") return printer.value(expr);
  const of = lenient(printer, expr.of);
  if (of === undefined) return undefined;
  if (of.type.kind === "map" && !of.type.fields.has(expr.name)) return undefined;
  if (of.type.kind === "any" && !printer.scope.template) return { ...member({ ...of, maybe: true }, expr.name, ANY), maybe: true };
  if (expr.of.type === "name" && ["ansible_facts", "ansible_default_ipv4"].includes(expr.of.name)) return printer.value(expr);
  return printer.part(of, expr.name, expr.at);
}

/** In a template: code that says whether it is there, or undefined when it always is. */
export function isThere(printer: Printer, expr: Expr): string | undefined {
  if (expr.type === "name") {
    const found = printer.scope.lookup(expr.name, true);
    return found?.maybe === true && found.text.startsWith("vars.") ? `${quoted(found.text.slice("vars.".length))} in vars` : found?.maybe === true ? `${within(found, LEVEL.equality)} !== undefined` : undefined;
  }
  if (expr.type !== "attribute") return undefined;
  const outer = isThere(printer, expr.of);
  const of = lenient(printer, expr.of);
  if (of === undefined || (of.type.kind === "map" && of.type.fields.get(expr.name)?.optional === false)) return outer;
  const own = `${quoted(expr.name)} in ${within(of, LEVEL.relational + 1)}`;
  return outer === undefined ? own : `${outer} && ${own}`;
}
