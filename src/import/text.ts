import { code, type Code, interpolate, LEVEL, literal, quoted } from "./expression/code.ts";
import { Printer } from "./expression/print.ts";
import { Unconvertible, type Scope } from "./expression/scope.ts";
import { ANY, BOOLEAN, listOf, merge, NUMBER, TEXT } from "./expression/types.ts";
import { JinjaError } from "../jinja/ast.ts";
import { parseExpression } from "../jinja/parse-expression.ts";
import { parseTemplate } from "../jinja/parse-template.ts";
import { isTemplate, type Yaml } from "./yaml.ts";

/** A text with templates in it, as its pieces. @throws Unconvertible */
export function piecesOf(text: string, scope: Scope): (string | Code)[] {
  const printer = new Printer(scope);
  return parse(text, () =>
    parseTemplate(text, { trimBlocks: false }).flatMap((node): (string | Code)[] => {
      if (node.type === "text") return [node.text];
      if (node.type === "print") return [printer.value(node.value)];
      if (node.type === "comment") return [];
      if (node.type === "if" && node.branches.length === 1) {
        const [branch] = node.branches;
        const body = (nodes: readonly typeof node[] | readonly unknown[]): string => {
          if (!(nodes as readonly { type: string }[]).every(({ type }) => type === "text")) throw new Unconvertible("a block inside of an argument", node.at);
          return (nodes as readonly { text: string }[]).map((inner) => inner.text).join("");
        };
        const condition = printer.condition((branch as NonNullable<typeof branch>).test);
        return [code(`${condition.text} ? ${quoted(body(branch?.body ?? []))} : ${quoted(body(node.otherwise ?? []))}`, TEXT, LEVEL.conditional)];
      }
      throw new Unconvertible("a block inside of an argument", node.at);
    }),
  );
}

/** What a YAML value is in TypeScript, templates included. */
export function valueCode(node: Yaml, scope: Scope): Code {
  if (node.kind === "list") {
    const items = node.items.map((item) => valueCode(item, scope));
    return code(`[${items.map((item) => item.text).join(", ")}]`, listOf(items.length === 0 ? ANY : items.map((item) => item.type).reduce(merge)), LEVEL.primary);
  }
  if (node.kind === "map") {
    const entries = node.entries.map(({ name, value }) => [name, valueCode(value, scope)] as const);
    const inner = entries.map(([name, value]) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)}: ${value.text}`).join(", ");
    return code(entries.length === 0 ? "{}" : `{ ${inner} }`, entries.length === 0 ? { kind: "record", of: ANY } : { kind: "map", fields: new Map(entries.map(([name, value]) => [name, { type: value.type, optional: false }])) }, LEVEL.primary);
  }
  if (node.tag === "!vault") throw new Unconvertible("an encrypted value stands in a task or in a role: put it into the inventory", 0);
  if (typeof node.value === "string" && node.tag !== "!unsafe") return textValue(node.value, scope);
  return literal(node.value, node.value === null ? { kind: "null" } : typeof node.value === "boolean" ? BOOLEAN : typeof node.value === "number" ? (/[.eE]/.test(node.source) ? { kind: "float" } : NUMBER) : TEXT);
}

/** A text: what its template gives when it is nothing but one, else text. */
export function textValue(text: string, scope: Scope): Code {
  if (!isTemplate(text)) return literal(text, TEXT);
  const pieces = piecesOf(text, scope);
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === "object") return only;
  return joined(pieces, scope);
}

/** Pieces as one text; a secret among them makes it secret. */
export function joined(pieces: readonly (string | Code)[], scope: Scope): Code {
  const printer = new Printer(scope);
  if (pieces.some((piece) => typeof piece === "object" && piece.type.kind === "secret")) return printer.secretText(pieces);
  if (pieces.every((piece) => typeof piece === "string")) return literal(pieces.join(""), TEXT);
  return interpolate(pieces.map((piece) => (typeof piece === "string" ? piece : printer.printed(piece))));
}

/** An expression without braces, as in `when`. */
export function expressionOf(text: string) {
  return parse(text, () => parseExpression(text));
}

function parse<T>(text: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof JinjaError) throw new Unconvertible(`not valid Jinja2: ${error.message} in "${text.slice(0, 80)}"`, error.at);
    throw error;
  }
}
