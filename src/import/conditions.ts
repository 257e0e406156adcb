import type { Expr } from "../jinja/ast.ts";
import { namesIn } from "../jinja/names.ts";
import { expressionOf } from "./text.ts";
import { textOf, type Yaml } from "./yaml.ts";

/** What the conditions of a task ask for. */
export interface Conditions {
  /** Known before anything is done: variables and facts. */
  readonly early: readonly Expr[];
  /** About the results of tasks. */
  readonly late: readonly Expr[];
}

/** The conditions of `when`: a list means that all must hold, and so does `and`. */
export function conditionsOf(when: Yaml | undefined, isResult: (name: string) => boolean): Conditions {
  const all = (when === undefined ? [] : when.kind === "list" ? when.items : [when]).flatMap((item) => split(expressionOf(textOf(item) ?? "true")));
  const isLate = (expr: Expr): boolean => namesIn(expr).some(isResult);
  return { early: all.filter((expr) => !isLate(expr)), late: all.filter(isLate) };
}

const split = (expr: Expr): Expr[] => (expr.type === "binary" && expr.op === "and" ? [...split(expr.left), ...split(expr.right)] : [expr]);

/** The results of which the expression asks whether any has changed: `a is changed or b.changed`. Undefined when it asks for more. */
export function changedIn(expr: Expr): readonly string[] | undefined {
  if (expr.type === "binary" && expr.op === "or") {
    const [left, right] = [changedIn(expr.left), changedIn(expr.right)];
    return left === undefined || right === undefined ? undefined : [...left, ...right];
  }
  const isTest = expr.type === "test" && !expr.negated && ["changed", "change"].includes(expr.name);
  if ((isTest || (expr.type === "attribute" && expr.name === "changed")) && expr.of.type === "name") return [expr.of.name];
  return undefined;
}

/** The result that must say that nothing is at its path: `not x.stat.exists`. */
export function absentIn(expr: Expr): string | undefined {
  const inner = expr.type === "unary" && expr.op === "not" ? expr.of : expr.type === "binary" && expr.op === "==" && expr.right.type === "literal" && expr.right.value === false ? expr.left : undefined;
  return inner === undefined ? undefined : presentIn(inner);
}

/** `x.stat.exists` */
export function presentIn(expr: Expr): string | undefined {
  if (expr.type !== "attribute" || expr.name !== "exists") return undefined;
  const { of } = expr;
  return of.type === "attribute" && of.name === "stat" && of.of.type === "name" ? of.of.name : undefined;
}
