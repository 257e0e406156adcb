import type { Expr } from "./ast.ts";

/** All names in an expression. */
export function namesIn(expr: Expr): string[] {
  switch (expr.type) {
    case "literal":
      return [];
    case "name":
      return [expr.name];
    case "attribute":
      return namesIn(expr.of);
    case "index":
      return [...namesIn(expr.of), ...namesIn(expr.index)];
    case "slice":
      return [expr.of, expr.from, expr.to].flatMap((part) => (part === undefined ? [] : namesIn(part)));
    case "call":
    case "filter":
    case "test":
      return [...namesIn(expr.of), ...expr.args.flatMap(namesIn), ...[...expr.named.values()].flatMap(namesIn)];
    case "unary":
      return namesIn(expr.of);
    case "binary":
      return [...namesIn(expr.left), ...namesIn(expr.right)];
    case "conditional":
      return [expr.test, expr.yes, expr.otherwise].flatMap((part) => (part === undefined ? [] : namesIn(part)));
    case "list":
      return expr.items.flatMap(namesIn);
    default:
      return expr.entries.flatMap(([key, value]) => [...namesIn(key), ...namesIn(value)]);
  }
}
