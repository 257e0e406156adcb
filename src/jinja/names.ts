import type { Expr } from "./ast.ts";

/** All names in an expression. */
export function namesIn(expr: Expr): string[] {
  return expr.type === "name" ? [expr.name] : partsOf(expr).flatMap((part) => (part === undefined ? [] : namesIn(part)));
}

/** What an expression is made of; undefined for what is left out. */
function partsOf(expr: Expr): readonly (Expr | undefined)[] {
  switch (expr.type) {
    case "literal":
    case "name":
      return [];
    case "attribute":
    case "unary":
      return [expr.of];
    case "index":
      return [expr.of, expr.index];
    case "slice":
      return [expr.of, expr.from, expr.to];
    case "call":
    case "filter":
    case "test":
      return [expr.of, ...expr.args, ...expr.named.values()];
    case "binary":
      return [expr.left, expr.right];
    case "conditional":
      return [expr.test, expr.yes, expr.otherwise];
    case "list":
      return expr.items;
    default:
      return expr.entries.flat();
  }
}
