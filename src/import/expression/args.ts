import type { Expr } from "../../jinja/ast.ts";
import { Unconvertible } from "./scope.ts";

/** The n-th argument, also by its name. */
export function argOf(expr: { readonly args: readonly Expr[]; readonly named: ReadonlyMap<string, Expr> }, index: number, name?: string): Expr | undefined {
  return expr.args[index] ?? (name === undefined ? undefined : expr.named.get(name));
}

/** An argument that must be a literal, because the code depends on it. */
export function literalOf(expr: Expr | undefined): string | number | boolean | null | undefined {
  if (expr === undefined) return undefined;
  if (expr.type === "unary" && expr.op === "-" && expr.of.type === "literal" && typeof expr.of.value === "number") return -expr.of.value;
  if (expr.type !== "literal") throw new Unconvertible("an argument that is computed", expr.at);
  return expr.value;
}
