import type { Expr } from "../../jinja/ast.ts";
import { code, type Code, LEVEL, within } from "./code.ts";
import { isThere, lenient } from "./lenient.ts";
import type { Printer } from "./print.ts";
import { Unconvertible } from "./scope.ts";
import { BOOLEAN } from "./types.ts";

export type TestExpr = Extract<Expr, { type: "test" }>;

const COMPARISONS: Readonly<Record<string, "==" | "!=" | "<" | ">" | "<=" | ">=">> = { equalto: "==", eq: "==", "==": "==", sameas: "==", ne: "!=", "!=": "!=", lt: "<", lessthan: "<", gt: ">", greaterthan: ">", le: "<=", ge: ">=" };

/** Converts `value is name(args)`. */
export function applyTest(printer: Printer, expr: TestExpr): Code {
  const result = plainTest(printer, expr);
  return expr.negated ? printer.negate(result) : result;
}

function plainTest(printer: Printer, expr: TestExpr): Code {
  const { of, name, args, at } = expr;
  if (name === "defined") return defined(printer, of);
  if (name === "undefined") return printer.negate(defined(printer, of));
  const comparison = COMPARISONS[name];
  if (comparison !== undefined) return printer.value({ type: "binary", op: comparison, left: of, right: argument(expr), at });
  if (name === "in") return printer.value({ type: "binary", op: "in", left: of, right: argument(expr), at });
  if (RESULTS.has(name)) throw new Unconvertible(`"is ${name}" asks for the result of a task, which is not known before the host was changed`, at);
  const value = printer.value(of);
  const typeIs = (type: string): Code => code(`typeof ${within(value, LEVEL.unary)} === "${type}"`, BOOLEAN, LEVEL.equality);
  switch (name) {
    case "none":
      return code(`${within(value, LEVEL.equality)} === null`, BOOLEAN, LEVEL.equality);
    case "string":
      return typeIs("string");
    case "number":
      return typeIs("number");
    case "boolean":
      return typeIs("boolean");
    case "mapping":
      return printer.help("isMapping", [value], BOOLEAN);
    case "sequence":
    case "iterable":
      return printer.help("isSequence", [value], BOOLEAN);
    case "true":
    case "false":
      return code(`${within(value, LEVEL.equality)} === ${name}`, BOOLEAN, LEVEL.equality);
    case "truthy":
      return printer.truth(value);
    case "falsy":
      return printer.negate(printer.truth(value));
    case "divisibleby":
      return code(`${within(value, LEVEL.product)} % ${within(printer.value(argument(expr)), LEVEL.product + 1)} === 0`, BOOLEAN, LEVEL.equality);
    case "even":
    case "odd":
      return code(`${within(value, LEVEL.product)} % 2 === ${name === "even" ? 0 : 1}`, BOOLEAN, LEVEL.equality);
    case "contains":
      return printer.help("contains", [value, printer.value(argument(expr))], BOOLEAN);
    case "match":
    case "search":
      return pattern(printer, expr, value, name);
    case "version":
    case "version_compare": {
      const operator = args[1];
      return printer.help("version", [printer.text(value), printer.text(printer.value(argument(expr))), ...(operator === undefined ? [] : [printer.value(operator)])], BOOLEAN);
    }
    default:
      throw new Unconvertible(`the test ${name} has no counterpart`, at);
  }
}

const RESULTS = new Set(["changed", "change", "failed", "failure", "succeeded", "success", "skipped", "skip", "finished", "reachable", "unreachable"]);

function argument(expr: TestExpr): Expr {
  const [first] = expr.args;
  if (first === undefined) throw new Unconvertible(`the test ${expr.name} without its argument`, expr.at);
  return first;
}

function defined(printer: Printer, of: Expr): Code {
  const value = lenient(printer, of);
  if (value === undefined) return code("false", BOOLEAN, LEVEL.primary);
  if (printer.scope.template) {
    const there = isThere(printer, of);
    return code(there ?? "true", BOOLEAN, there?.includes(" && ") === true ? LEVEL.and : LEVEL.equality);
  }
  if (value.maybe !== true && value.type.kind !== "any") return code("true", BOOLEAN, LEVEL.primary);
  return code(`${within(value, LEVEL.equality)} !== undefined`, BOOLEAN, LEVEL.equality);
}

function pattern(printer: Printer, expr: TestExpr, value: Code, name: "match" | "search"): Code {
  const source = argument(expr);
  if (source.type !== "literal" || typeof source.value !== "string" || expr.args.length > 1 || expr.named.size > 0) throw new Unconvertible("a pattern that is computed, or with options", expr.at);
  return code(`${regex(source.value, expr.at, name === "match")}.test(${printer.text(value).text})`, BOOLEAN);
}

/** Python's regular expression as JavaScript's. @param anchored Whether it begins where the text begins. */
export function regex(source: string, at: number, anchored = false): string {
  const ours = source.replaceAll("(?P<", "(?<").replaceAll(/\(\?P=(\w+)\)/g, String.raw`\k<$1>`).replaceAll(String.raw`\Z`, "$").replaceAll(String.raw`\A`, "^");
  if (/\(\?[aiLmsux]+[):]|\(\?#|\(\?\(/.test(ours)) throw new Unconvertible("a regular expression with flags inside", at);
  const whole = anchored && !ours.startsWith("^") ? (/\|/.test(ours) ? `^(?:${ours})` : `^${ours}`) : ours;
  try {
    return String(new RegExp(whole)).replaceAll("%>", String.raw`%\x3e`);
  } catch {
    throw new Unconvertible("a regular expression that JavaScript does not take", at);
  }
}
