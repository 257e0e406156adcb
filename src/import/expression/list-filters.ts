import type { Expr } from "../../jinja/ast.ts";
import { code, type Code, keyOf, LEVEL, method, within } from "./code.ts";
import { argOf, literalOf } from "./args.ts";
import type { Filter, FilterExpr, Printer } from "./print.ts";
import { Unconvertible, type Scope } from "./scope.ts";
import { ANY, listOf, merge, NUMBER, TEXT, type Type, valuesOf } from "./types.ts";

const elementOf = ({ kind, ...type }: Type): Type => (kind === "list" ? (type as { of: Type }).of : kind === "text" ? TEXT : ANY);
const isList = ({ type, maybe }: Code): boolean => type.kind === "list" && maybe !== true && type.nullable !== true;

/** A value as a list that methods of lists can be called on. A loop over a map goes over its names. */
export function asList(printer: Printer, value: Code): Code {
  if (isList(value)) return value;
  if (value.type.kind === "map" || value.type.kind === "record") return code(`Object.keys(${value.text})`, listOf(TEXT));
  return printer.help("list", [value], listOf(elementOf(value.type)));
}

/** Filters of lists. */
export const elementFilters: Readonly<Record<string, Filter>> = {
  list: (value, _, printer) => asList(printer, value),
  length: lengthOf,
  count: lengthOf,
  first: (value, _, printer) => code(`${within(asList(printer, value), LEVEL.postfix)}[0]`, elementOf(value.type)),
  last: (value, _, printer) => code(`${within(asList(printer, value), LEVEL.postfix)}.at(-1)`, elementOf(value.type)),
  join: (value, expr, printer) => {
    const [by, attribute] = [argOf(expr, 0, "d"), argOf(expr, 1, "attribute")];
    const list = attribute === undefined ? asList(printer, value) : mapped(asList(printer, value), attribute, printer);
    const alike = ["text", "number"].includes(elementOf(list.type).kind);
    return method(alike ? list : method(list, "map", [printer.scope.helper("text")], listOf(TEXT)), "join", [by === undefined ? '""' : printer.text(printer.value(by)).text], TEXT);
  },
  sort: (value, expr, printer) => {
    const options: string[] = [];
    for (const [name, index] of [["reverse", 0], ["caseSensitive", 1], ["attribute", 2]] as const) {
      const arg = argOf(expr, index, name === "caseSensitive" ? "case_sensitive" : name);
      if (arg !== undefined) options.push(`${name}: ${printer.value(arg).text}`);
    }
    return printer.help("sorted", [asList(printer, value), ...(options.length > 0 ? [`{ ${options.join(", ")} }`] : [])], listOf(elementOf(asList(printer, value).type)));
  },
  unique: (value, expr, printer) => {
    if (expr.args.length + expr.named.size > 0) throw new Unconvertible("unique with options", expr.at);
    // Ansible's own filter, which tells upper case from lower case, takes the place of Jinja's.
    return code(`[...new Set(${asList(printer, value).text})]`, asList(printer, value).type, LEVEL.primary);
  },
  reverse: (value, _, printer) => code(`[...${within(asList(printer, value), LEVEL.postfix)}].reverse()`, asList(printer, value).type),
  flatten: (value, _, printer) => method(asList(printer, value), "flat", ["Infinity"], listOf(ANY)),
  min: (value) => code(`Math.min(...${within(value, LEVEL.postfix)})`, elementOf(value.type)),
  max: (value) => code(`Math.max(...${within(value, LEVEL.postfix)})`, elementOf(value.type)),
  sum: (value, expr, printer) => {
    const attribute = argOf(expr, 0, "attribute");
    const list = attribute === undefined ? asList(printer, value) : mapped(asList(printer, value), attribute, printer);
    return method(list, "reduce", ["(sum, n) => sum + n", "0"], NUMBER);
  },
  union: (value, expr, printer) => code(`[...new Set([...${within(value, LEVEL.postfix)}, ...${within(printer.value(expr.args[0] as Expr), LEVEL.postfix)}])]`, value.type, LEVEL.primary),
  difference: (value, expr, printer) => code(`${within(value, LEVEL.postfix)}.filter((one) => !${within(printer.value(expr.args[0] as Expr), LEVEL.postfix)}.includes(one))`, value.type),
  intersect: (value, expr, printer) => code(`${within(value, LEVEL.postfix)}.filter((one) => ${within(printer.value(expr.args[0] as Expr), LEVEL.postfix)}.includes(one))`, value.type),
  map: (value, expr, printer) => {
    const attribute = expr.named.get("attribute");
    const list = asList(printer, value);
    if (attribute !== undefined) return mapped(list, attribute, printer, expr.named.get("default"));
    const [name, ...args] = expr.args;
    const element = inner(printer, elementOf(list.type));
    const body = element.printer.value({ type: "filter", of: element.expr, name: String(literalOf(name)), args, named: expr.named, at: expr.at });
    return method(list, "map", [arrow(body)], listOf(body.type));
  },
  select: chosen(true, false),
  reject: chosen(false, false),
  selectattr: chosen(true, true),
  rejectattr: chosen(false, true),
  dict2items: (value) => code(`Object.entries(${value.text}).map(([key, value]) => ({ key, value }))`, listOf(pairOf(valuesOf(value.type)))),
  dictsort: (value, expr, printer) => {
    if (expr.args.length + expr.named.size > 0) throw new Unconvertible("dictsort with options", expr.at);
    return printer.help("sorted", [`Object.entries(${value.text})`, '{ attribute: 0 }'], listOf(listOf(merge(TEXT, valuesOf(value.type)))));
  },
  items2dict: (value) => code(`Object.fromEntries(${within(value, LEVEL.postfix)}.map(({ key, value }) => [key, value]))`, { kind: "record", of: ANY }),
};

/** What `dict2items` gives. */
export const pairOf = (value: Type): Type => ({ kind: "map", fields: new Map([["key", { type: TEXT, optional: false }], ["value", { type: value, optional: false }]]) });

function lengthOf(value: Code, _: FilterExpr, printer: Printer): Code {
  if (isList(value) || (value.type.kind === "text" && value.maybe !== true)) return code(`${within(value, LEVEL.postfix)}.length`, NUMBER);
  if (value.type.kind === "map" || value.type.kind === "record") return code(`Object.keys(${value.text}).length`, NUMBER);
  return printer.help("length", [value], NUMBER);
}

/** `map(attribute="a.b")`. */
function mapped(list: Code, attribute: Expr, printer: Printer, otherwise?: Expr): Code {
  const element = inner(printer, elementOf(list.type));
  let of: Expr = element.expr;
  for (const name of String(literalOf(attribute)).split(".")) of = { type: "attribute", of, name, at: attribute.at };
  const body = otherwise === undefined ? element.printer.value(of) : element.printer.value({ type: "filter", of, name: "default", args: [otherwise], named: new Map(), at: attribute.at });
  const path = /^one\.(\w+)$/.exec(body.text);
  return method(list, "map", [path ? `({ ${keyOf(path[1] ?? "")} }) => ${path[1]}` : arrow(body)], listOf(body.type));
}

const arrow = ({ text }: Code): string => `(one) => ${text.startsWith("{") ? `(${text})` : text}`;

/** A printer that knows the element of a list as `one`. */
function inner(printer: Printer, type: Type): { readonly printer: Printer; readonly expr: Expr } {
  const one = code("one", type, LEVEL.primary);
  // A name that no variable of Ansible's can have.
  const name = "<one>";
  const { scope } = printer;
  const within: Scope = { template: scope.template, helper: (helper) => scope.helper(helper), given: (given) => scope.given(given), lookup: (asked, optional) => (asked === name ? one : scope.lookup(asked, optional)) };
  return { printer: printer.inside(within), expr: { type: "name", name, at: 0 } };
}

/** `select` and `reject`, and both of an attribute. */
function chosen(wanted: boolean, byAttribute: boolean): Filter {
  return (value, expr, printer) => {
    const list = asList(printer, value);
    const element = inner(printer, elementOf(list.type));
    const attribute = byAttribute ? expr.args[0] : undefined;
    const [test, ...args] = expr.args.slice(byAttribute ? 1 : 0);
    let of: Expr = element.expr;
    if (attribute !== undefined) for (const name of String(literalOf(attribute)).split(".")) of = { type: "attribute", of, name, at: expr.at };
    const body = test === undefined ? element.printer.condition(of) : element.printer.value({ type: "test", of, name: String(literalOf(test)), negated: false, args, named: expr.named, at: expr.at });
    return method(list, "filter", [arrow(wanted ? body : element.printer.negate(body))], list.type);
  };
}
