import type { Expr } from "../../jinja/ast.ts";
import { code, type Code, LEVEL, method, within } from "./code.ts";
import type { Printer } from "./print.ts";
import { Unconvertible } from "./scope.ts";
import { BOOLEAN, listOf, merge, NUMBER, TEXT, valuesOf } from "./types.ts";

export type CallExpr = Extract<Expr, { type: "call" }>;

/** Converts a call: methods of Python's text, lists and maps, and `range`. */
export function callMethod(printer: Printer, expr: CallExpr): Code {
  const { of, args, at } = expr;
  if (of.type === "name" && of.name === "range") return range(printer, args);
  if (of.type === "name" && (of.name === "lookup" || of.name === "query" || of.name === "q")) throw new Unconvertible("a lookup runs on the controller: read it in TypeScript", at);
  if (of.type !== "attribute") throw new Unconvertible("a function has no counterpart", at);
  const value = printer.value(of.of);
  const texts = (): string[] => args.map((arg) => printer.text(printer.value(arg)).text);
  const bare = args.length === 0;
  switch (of.name) {
    case "items":
      return code(`Object.entries(${value.text})`, listOf(listOf(merge(TEXT, valuesOf(value.type)))));
    case "keys":
      return code(`Object.keys(${value.text})`, listOf(TEXT));
    case "values":
      return code(`Object.values(${value.text})`, listOf(valuesOf(value.type)));
    case "get": {
      const [name, otherwise] = args;
      if (name?.type !== "literal") throw new Unconvertible("a name that is computed", at);
      const part: Expr = { type: "attribute", of: of.of, name: String(name.value), at };
      return printer.value({ type: "filter", of: part, name: "default", args: [otherwise ?? { type: "literal", value: null, at }], named: new Map(), at });
    }
    case "upper":
      return method(printer.text(value), "toUpperCase", [], TEXT);
    case "lower":
      return method(printer.text(value), "toLowerCase", [], TEXT);
    case "strip":
    case "rstrip":
    case "lstrip":
      if (!bare) break;
      return method(printer.text(value), { strip: "trim", rstrip: "trimEnd", lstrip: "trimStart" }[of.name], [], TEXT);
    case "startswith":
      return method(printer.text(value), "startsWith", texts(), BOOLEAN);
    case "endswith":
      return method(printer.text(value), "endsWith", texts(), BOOLEAN);
    case "replace":
      return method(printer.text(value), "replaceAll", texts(), TEXT);
    case "split":
      return args.length > 1 ? refuse(of.name, at) : printer.help("split", [printer.text(value), ...args.map((arg) => printer.value(arg))], listOf(TEXT));
    case "splitlines":
      return method(printer.text(value), "split", ['"\\n"'], listOf(TEXT));
    case "join": {
      const list = printer.value(args[0] as Expr);
      return code(`${within(list, LEVEL.postfix)}.join(${value.text})`, TEXT);
    }
    case "capitalize":
    case "title":
      return printer.help(of.name, [value], TEXT);
  }
  return refuse(of.name, at);
}

function refuse(name: string, at: number): never {
  throw new Unconvertible(`the method ${name} has no counterpart`, at);
}

function range(printer: Printer, args: readonly Expr[]): Code {
  return printer.help("range", args.map((arg) => printer.value(arg)), listOf(NUMBER));
}
