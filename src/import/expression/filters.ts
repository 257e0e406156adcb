import type { Expr } from "../../jinja/ast.ts";
import { code, type Code, LEVEL, literal, method, within } from "./code.ts";
import { argOf, literalOf } from "./args.ts";
import { isThere, lenient } from "./lenient.ts";
import { elementFilters } from "./list-filters.ts";
import type { Filter, FilterExpr, Printer } from "./print.ts";
import { Unconvertible } from "./scope.ts";
import { ANY, BOOLEAN, listOf, merge, NUMBER, TEXT, type Type } from "./types.ts";

const asText = (name: string): Filter => (value, _, printer) => method(printer.text(value), name, [], TEXT);
const helped = (name: string, type: Type, ...params: readonly string[]): Filter => (value, expr, printer) => printer.help(name, [value, ...given(expr, params, printer)], type);

/** Arguments in order; a named one after a missing one leaves a hole. */
function given(expr: FilterExpr, params: readonly string[], printer: Printer): (Code | string)[] {
  const known = params.map((param, i) => argOf(expr, i, param));
  const last = known.findLastIndex((arg) => arg !== undefined);
  for (const name of expr.named.keys()) if (!params.includes(name)) throw new Unconvertible(`the filter ${expr.name} with ${name}`, expr.at);
  if (expr.args.length > params.length) throw new Unconvertible(`the filter ${expr.name} with ${expr.args.length} arguments`, expr.at);
  return known.slice(0, last + 1).map((arg) => (arg === undefined ? "undefined" : printer.value(arg)));
}

const FILTERS: Readonly<Record<string, Filter>> = {
  ...elementFilters,
  default: withDefault,
  d: withDefault,
  upper: asText("toUpperCase"),
  lower: asText("toLowerCase"),
  trim: asText("trim"),
  capitalize: helped("capitalize", TEXT),
  title: helped("title", TEXT),
  string: (value, _, printer) => printer.text(value),
  int: (value, expr, printer) => (value.type.kind === "number" && value.maybe !== true ? value : printer.help("int", [value, ...given(expr, ["default"], printer)], NUMBER)),
  float: (value, _, printer) => printer.help("number", [value], { kind: "float" }),
  bool: (value, _, printer) => (value.type.kind === "boolean" && value.maybe !== true ? value : printer.help("bool", [value], BOOLEAN)),
  abs: (value) => code(`Math.abs(${value.text})`, value.type),
  round: (value, expr, printer) => printer.help("round", [value, ...given(expr, ["precision", "method"], printer)], { kind: "float" }),
  replace: (value, expr, printer) => method(printer.text(value), "replaceAll", [argText(expr, 0, printer), argText(expr, 1, printer)], TEXT),
  quote: helped("quote", TEXT),
  b64encode: (value, _, printer) => code(`Buffer.from(${printer.text(value).text}).toString("base64")`, TEXT),
  b64decode: (value, _, printer) => code(`Buffer.from(${printer.text(value).text}, "base64").toString()`, TEXT),
  to_json: helped("toJson", TEXT),
  tojson: helped("toJson", TEXT),
  to_nice_json: helped("toNiceJson", TEXT, "indent"),
  from_json: (value) => code(`JSON.parse(${value.text})`, ANY),
  format: helped("format", TEXT, "0", "1", "2", "3", "4", "5"),
  indent: helped("indent", TEXT, "width", "first", "blank"),
  basename: (value, _, printer) => printer.help("basename", [printer.text(value)], TEXT),
  dirname: (value, _, printer) => printer.help("dirname", [printer.text(value)], TEXT),
  split: (value, expr, printer) => printer.help("split", [printer.text(value), ...given(expr, ["sep"], printer)], listOf(TEXT)),
  hash: (value, expr, printer) => printer.help("hash", [printer.text(value), ...given(expr, ["hashtype"], printer)], TEXT),
  regex_replace: (value, expr, printer) => printer.help("regexReplace", [printer.text(value), ...given(expr, ["pattern", "replacement"], printer)], TEXT),
  ternary: (value, expr, printer) => {
    const [yes, no] = [argOf(expr, 0, "true_val"), argOf(expr, 1, "false_val")].map((arg) => printer.value(arg as Expr)) as [Code, Code];
    return code(`${within(printer.truth(value), LEVEL.conditional + 1)} ? ${within(yes, LEVEL.conditional + 1)} : ${within(no, LEVEL.conditional)}`, merge(yes.type, no.type), LEVEL.conditional);
  },
  combine: (value, expr, printer) => {
    if (expr.named.size > 0) throw new Unconvertible("combine with options", expr.at);
    const parts = [value, ...expr.args.map((arg) => printer.value(arg))];
    return code(`{ ${parts.map((part) => `...${within(part, LEVEL.postfix)}`).join(", ")} }`, parts.map((part) => part.type).reduce(merge), LEVEL.primary);
  },
};

function argText(expr: FilterExpr, index: number, printer: Printer): string {
  const arg = expr.args[index];
  if (arg === undefined) throw new Unconvertible(`the filter ${expr.name} without its arguments`, expr.at);
  return printer.text(printer.value(arg)).text;
}

/** Converts `value | name(args)`. */
export function applyFilter(printer: Printer, expr: FilterExpr): Code {
  const filter = Object.hasOwn(FILTERS, expr.name) ? FILTERS[expr.name] : undefined;
  if (filter === undefined) throw new Unconvertible(`the filter ${expr.name} has no counterpart`, expr.at);
  // What may be missing is asked for only here.
  if (filter === withDefault) return withDefault(literal("", TEXT), expr, printer);
  return filter(printer.value(expr.of), expr, printer);
}

/** `x | default(y)`: y where x is not there; with a second argument that is true, also where x is false, 0 or empty. */
function withDefault(_: Code, expr: FilterExpr, printer: Printer): Code {
  const wanted = argOf(expr, 0, "default_value");
  const omits = wanted?.type === "name" && wanted.name === "omit";
  const otherwise = wanted === undefined ? literal("", TEXT) : omits ? literal("undefined", ANY) : printer.value(wanted);
  const alsoEmpty = literalOf(argOf(expr, 1, "boolean")) === true;
  const value = lenient(printer, expr.of);
  if (value === undefined) return omits ? code("undefined", ANY, LEVEL.primary) : otherwise;
  if (omits) return { ...value, text: alsoEmpty ? `${within(value, LEVEL.or)} || undefined` : value.text, level: alsoEmpty ? LEVEL.or : value.level };
  const type = value.type.kind === "any" ? otherwise.type.kind === "null" ? ANY : value.type : merge(value.type, otherwise.type);
  if (printer.scope.template) return templateDefault(printer, expr, value, otherwise, alsoEmpty, type);
  if (alsoEmpty) {
    if (value.type.kind === "list") return code(`${within(value, LEVEL.postfix)}?.length ? ${within(value, LEVEL.conditional + 1)} : ${within(otherwise, LEVEL.conditional)}`, type, LEVEL.conditional);
    return code(`${within(value, LEVEL.or)} || ${within(otherwise, LEVEL.or + 1)}`, type, LEVEL.or);
  }
  if (value.maybe !== true && value.type.kind !== "any") return value;
  return code(`${within(value, LEVEL.or + 1)} ?? ${within(otherwise, LEVEL.or + 1)}`, type, LEVEL.nullish);
}

/** Templates are asked by name whether something is there, since reading what is not there is an error. */
function templateDefault(printer: Printer, expr: FilterExpr, value: Code, otherwise: Code, alsoEmpty: boolean, type: Type): Code {
  const there = isThere(printer, expr.of);
  const full = alsoEmpty ? printer.truth({ text: value.text, level: value.level, type: value.type }).text : undefined;
  if (there === undefined && full === undefined) return value;
  const test = [there, full].filter((part) => part !== undefined).join(" && ");
  return code(`${test} ? ${within(value, LEVEL.conditional + 1)} : ${within(otherwise, LEVEL.conditional)}`, type, LEVEL.conditional);
}
