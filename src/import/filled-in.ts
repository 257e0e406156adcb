import type { Expr } from "./jinja/ast.ts";
import { JinjaError } from "./jinja/ast.ts";
import { parseTemplate } from "./jinja/parse-template.ts";

/** Filters that hawser's inventory knows (docs/ansible-inventories.md). */
const FILTERS = new Set(["default", "d", "lower", "upper", "trim", "int", "string", "bool", "join", "first", "last", "length", "b64encode", "b64decode", "mandatory"]);

/** Whether hawser's inventory fills in a text's templates by itself: references, with the filters that it knows. */
export function isFilledIn(text: string): boolean {
  try {
    return parseTemplate(text, { trimBlocks: false }).every((node) => node.type === "text" || (node.type === "print" && isSimple(node.value)));
  } catch (error) {
    if (error instanceof JinjaError) return false;
    throw error;
  }
}

function isSimple(expr: Expr): boolean {
  switch (expr.type) {
    case "literal":
      return true;
    case "name":
      return !expr.name.startsWith("ansible_");
    case "attribute":
      return isSimple(expr.of);
    case "index":
      return isSimple(expr.of) && expr.index.type === "literal";
    case "list":
      return expr.items.every(isSimple);
    case "filter":
      return FILTERS.has(expr.name) && isSimple(expr.of) && expr.args.every(isSimple) && [...expr.named.values()].every(isSimple);
    default:
      return false;
  }
}
