import { type BinaryOp, type Call, type Expr, JinjaError } from "./ast.ts";
import { Tokens, tokenize } from "./tokens.ts";

/** Parses an expression as it stands between `{{` and `}}`, or in a task's `when`. @throws JinjaError */
export function parseExpression(text: string, from = 0): Expr {
  const tokens = new Tokens(tokenize(text, from));
  const expr = tuple(tokens);
  tokens.end();
  return expr;
}

/** One expression, or several that commas part: a list. */
export function tuple(tokens: Tokens): Expr {
  const first = expression(tokens);
  if (!tokens.is(",")) return first;
  const items = [first];
  while (tokens.accept(",")) if (tokens.peek().type !== "end" && !tokens.is(")")) items.push(expression(tokens));
  return { type: "list", items, at: first.at };
}

/** @param conditional Whether `a if b else c` may follow: not in the list of a `for`, where `if` means something else. */
export function expression(tokens: Tokens, conditional = true): Expr {
  const value = or(tokens);
  if (!conditional || !tokens.accept("if")) return value;
  const test = or(tokens);
  return { type: "conditional", test, yes: value, otherwise: tokens.accept("else") ? expression(tokens) : undefined, at: value.at };
}

function or(tokens: Tokens): Expr {
  return leftToRight(tokens, and, ["or"]);
}

function and(tokens: Tokens): Expr {
  return leftToRight(tokens, not, ["and"]);
}

function not(tokens: Tokens): Expr {
  const { at } = tokens.peek();
  return tokens.accept("not") ? { type: "unary", op: "not", of: not(tokens), at } : compare(tokens);
}

/** `a < b < c` means `a < b and b < c`. */
function compare(tokens: Tokens): Expr {
  let left = leftToRight(tokens, concat, ["+", "-"]);
  let whole: Expr | undefined;
  for (;;) {
    const op = comparison(tokens);
    if (op === undefined) return whole ?? left;
    const right = leftToRight(tokens, concat, ["+", "-"]);
    const one: Expr = { type: "binary", op, left, right, at: left.at };
    whole = whole === undefined ? one : { type: "binary", op: "and", left: whole, right: one, at: whole.at };
    left = right;
  }
}

function comparison(tokens: Tokens): BinaryOp | undefined {
  for (const op of ["==", "!=", "<=", ">=", "<", ">", "in"] as const) if (tokens.accept(op)) return op;
  if (!tokens.is("not") || !tokens.is("in", 1)) return undefined;
  tokens.take();
  tokens.take();
  return "not in";
}

function concat(tokens: Tokens): Expr {
  return leftToRight(tokens, multiply, ["~"]);
}

function multiply(tokens: Tokens): Expr {
  return leftToRight(tokens, power, ["*", "/", "//", "%"]);
}

function power(tokens: Tokens): Expr {
  return leftToRight(tokens, unary, ["**"]);
}

function unary(tokens: Tokens): Expr {
  return filtered(tokens, signed(tokens));
}

/** A sign binds before filters: `-1 | abs` is 1. */
function signed(tokens: Tokens): Expr {
  const { at } = tokens.peek();
  for (const op of ["-", "+"] as const) if (tokens.accept(op)) return { type: "unary", op, of: signed(tokens), at };
  return primary(tokens);
}

function leftToRight(tokens: Tokens, next: (tokens: Tokens) => Expr, ops: readonly BinaryOp[]): Expr {
  let left = next(tokens);
  for (;;) {
    const op = ops.find((op) => tokens.accept(op));
    if (op === undefined) return left;
    left = { type: "binary", op, left, right: next(tokens), at: left.at };
  }
}

function primary(tokens: Tokens): Expr {
  return postfixed(tokens, atom(tokens));
}

const CONSTANTS: Readonly<Record<string, boolean | null>> = { true: true, True: true, false: false, False: false, none: null, None: null };

function atom(tokens: Tokens): Expr {
  const { type, text, at } = tokens.peek();
  if (type === "string") {
    let value = "";
    while (tokens.peek().type === "string") value += tokens.take().text;
    return { type: "literal", value, at };
  }
  if (type === "number") {
    tokens.take();
    return { type: "literal", value: Number(text.replaceAll("_", "")), ...(/[.eE]/.test(text) && { float: true as const }), at };
  }
  if (type === "name") {
    tokens.take();
    const constant = Object.hasOwn(CONSTANTS, text) ? CONSTANTS[text] : undefined;
    return constant === undefined ? { type: "name", name: text, at } : { type: "literal", value: constant, at };
  }
  if (tokens.accept("(")) {
    if (tokens.accept(")")) return { type: "list", items: [], at };
    const value = tuple(tokens);
    tokens.expect(")");
    return value;
  }
  if (tokens.accept("[")) return { type: "list", items: listed(tokens, "]", expression), at };
  if (tokens.accept("{")) {
    const entries = listed(tokens, "}", (inner): readonly [Expr, Expr] => {
      const key = expression(inner);
      inner.expect(":");
      return [key, expression(inner)];
    });
    return { type: "dict", entries, at };
  }
  throw tokens.unexpected("a value");
}

function listed<T>(tokens: Tokens, close: string, item: (tokens: Tokens) => T): T[] {
  const items: T[] = [];
  while (!tokens.accept(close)) {
    if (items.length > 0) {
      tokens.expect(",");
      if (tokens.accept(close)) break;
    }
    items.push(item(tokens));
  }
  return items;
}

function postfixed(tokens: Tokens, value: Expr): Expr {
  let of = value;
  for (;;) {
    if (tokens.accept(".")) {
      const part = tokens.peek();
      if (part.type === "number") of = { type: "index", of, index: { type: "literal", value: Number(tokens.take().text), at: part.at }, at: of.at };
      else of = { type: "attribute", of, name: tokens.name(), at: of.at };
    } else if (tokens.accept("[")) of = subscript(tokens, of);
    else if (tokens.is("(")) of = { type: "call", of, ...args(tokens), at: of.at };
    else return of;
  }
}

function subscript(tokens: Tokens, of: Expr): Expr {
  const from = tokens.is(":") ? undefined : expression(tokens);
  if (tokens.accept(":")) {
    const to = tokens.is("]") ? undefined : expression(tokens);
    if (tokens.is(":")) throw new JinjaError("a slice with a step", tokens.peek().at);
    tokens.expect("]");
    return { type: "slice", of, from, to, at: of.at };
  }
  tokens.expect("]");
  if (from === undefined) throw tokens.unexpected("a value");
  if (from.type === "literal" && typeof from.value === "string") return { type: "attribute", of, name: from.value, at: of.at };
  return { type: "index", of, index: from, at: of.at };
}

function args(tokens: Tokens): Call {
  tokens.expect("(");
  const named = new Map<string, Expr>();
  const given: Expr[] = [];
  listed(tokens, ")", (inner) => {
    if (inner.peek().type === "name" && inner.is("=", 1)) {
      const name = inner.name();
      inner.take();
      named.set(name, expression(inner));
    } else given.push(expression(inner));
  });
  return { args: given, named };
}

const NONE: Call = { args: [], named: new Map() };

/** Filters and tests, which follow a value. */
function filtered(tokens: Tokens, value: Expr): Expr {
  let of = value;
  for (;;) {
    if (tokens.accept("|")) {
      const name = dotted(tokens);
      of = { type: "filter", of, name, ...(tokens.is("(") ? args(tokens) : NONE), at: of.at };
    } else if (tokens.accept("is")) {
      const negated = tokens.accept("not");
      const name = dotted(tokens);
      of = { type: "test", of, name, negated, ...testArgs(tokens), at: of.at };
    } else return of;
  }
}

/** `ansible.builtin.quote` is `quote`. */
function dotted(tokens: Tokens): string {
  let name = tokens.name();
  while (tokens.accept(".")) name = tokens.name();
  return name;
}

/** A test takes one argument without brackets, too: `x is divisibleby 3`. */
function testArgs(tokens: Tokens): Call {
  if (tokens.is("(")) return args(tokens);
  const { type, text } = tokens.peek();
  const isWord = ["else", "or", "and", "is", "if", "not", "in"].includes(text);
  return type === "string" || type === "number" || (type === "name" && !isWord) || (type === "operator" && (text === "[" || text === "{")) ? { args: [primary(tokens)], named: new Map() } : NONE;
}
