import { JinjaError, type Expr } from "../jinja/ast.ts";
import { namesIn as namesOf } from "../jinja/names.ts";
import { parseTemplate as parseWhole } from "../jinja/parse-template.ts";

/** A part of a text with `{{ }}` in it: text as it stands, or an expression. */
export type Piece = string | Expr;

/** Why a template cannot be filled in. */
export class TemplateTrouble extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** The filters that there are; see jinja-filters.ts for what they do. */
export const FILTERS = ["b64decode", "b64encode", "bool", "d", "default", "first", "int", "join", "last", "length", "lower", "mandatory", "string", "trim", "upper"] as const;

/** Go's templates are common in alert rules and are meant to stay: `{{ $x }}`, `{{ .x }}`, `{{ humanize $value }}`, `{{ end }}`. */
const GO = /^-?\s*(?:[.$]|(?:template|range|end|else|with|define|block)\b|if\s+[.$]|[A-Za-z]+\s+[.$"(])/;

/** True for a text that Ansible would fill in. */
export function isTemplate(text: string): boolean {
  if (/\{%-?\s*[a-z]/.test(text)) return true;
  return [...text.matchAll(/\{\{((?:[^}]|\}(?!\}))*)/g)].some(([, inside = ""]) => !GO.test(inside));
}

const COMPUTE = "compute it in TypeScript where the role is used";

/** Takes a text apart. @throws TemplateTrouble for whatever is more than references to variables and the filters above. */
export function parseTemplate(text: string): Piece[] {
  return nodesOf(text).map((node) => {
    if (node.type === "text") return node.text;
    if (node.type !== "print") throw new TemplateTrouble(`${text.slice(node.at, node.at + 2)} begins a statement of Jinja, which hawser does not run`, COMPUTE);
    refuse(node.value);
    return node.value;
  });
}

/** The variables that a text refers to, or undefined when it holds more than can be filled in. */
export function namesIn(text: string): string[] | undefined {
  try {
    return parseTemplate(text).flatMap((piece) => (typeof piece === "string" ? [] : namesOf(piece)));
  } catch (error) {
    if (error instanceof TemplateTrouble) return undefined;
    throw error;
  }
}

function nodesOf(text: string): ReturnType<typeof parseWhole> {
  try {
    return parseWhole(text, { trimBlocks: false });
  } catch (error) {
    if (error instanceof JinjaError) throw tooMuch();
    throw error;
  }
}

/** @throws TemplateTrouble when an expression is more than what is filled in */
function refuse(expr: Expr): void {
  switch (expr.type) {
    case "literal":
    case "name":
      return;
    case "attribute":
      return refuse(expr.of);
    case "index":
      return [expr.of, expr.index].forEach(refuse);
    case "list":
      // A list without brackets is a tuple, which Python prints in another way.
      if (expr.items[0]?.at === expr.at) throw tooMuch();
      return expr.items.forEach(refuse);
    case "unary":
      if (expr.op === "-" && expr.of.type === "literal" && typeof expr.of.value === "number") return;
      throw tooMuch();
    case "filter":
      if (!FILTERS.some((known) => known === expr.name)) throw new TemplateTrouble(`the filter ${expr.name} is not filled in here`, `known filters: ${FILTERS.join(", ")}; ${COMPUTE}`);
      if (expr.named.size > 0) throw tooMuch();
      return [expr.of, ...expr.args].forEach(refuse);
    case "call":
      throw expr.of.type === "name" ? new TemplateTrouble(`${expr.of.name}() is not called here`, COMPUTE) : tooMuch();
    default:
      throw tooMuch();
  }
}

function tooMuch(): TemplateTrouble {
  return new TemplateTrouble("only references to variables, with a few filters, are filled in here", COMPUTE);
}
