import type { BinaryOp, Expr } from "../../jinja/ast.ts";
import { code, type Code, interpolate, keyOf, LEVEL, literal, member, printsAlike, quoted, within } from "./code.ts";
import { factOf, magicOf, routeOf, wordedFact } from "./facts.ts";
import { applyFilter } from "./filters.ts";
import { callMethod } from "./methods.ts";
import { Unconvertible, type Scope } from "./scope.ts";
import { applyTest } from "./tests.ts";
import { ANY, BOOLEAN, listOf, merge, NUMBER, TEXT, type Type, valuesOf } from "./types.ts";

export type FilterExpr = Extract<Expr, { type: "filter" }>;

/** Converts `value | name(args)`. */
export type Filter = (value: Code, expr: FilterExpr, printer: Printer) => Code;

/** Writes Jinja2 expressions as TypeScript. @throws Unconvertible */
export class Printer {
  readonly scope: Scope;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  /** The expression's value. */
  value(expr: Expr): Code {
    switch (expr.type) {
      case "literal":
        return literal(expr.value, expr.value === null ? { kind: "null" } : expr.float === true ? { kind: "float" } : typeof expr.value === "string" ? TEXT : typeof expr.value === "boolean" ? BOOLEAN : NUMBER);
      case "name":
        return this.#name(expr.name, expr.at);
      case "attribute":
        return this.#attribute(expr);
      case "index":
        return this.#index(expr);
      case "slice": {
        const of = this.value(expr.of);
        const ends = [expr.from === undefined ? "0" : this.value(expr.from).text, ...(expr.to === undefined ? [] : [this.value(expr.to).text])];
        return code(`${within(of, LEVEL.postfix)}.slice(${ends.join(", ")})`, of.type);
      }
      case "call":
        return callMethod(this, expr);
      case "filter":
        return applyFilter(this, expr);
      case "test":
        return applyTest(this, expr);
      case "unary": {
        if (expr.op === "not") return this.negate(this.condition(expr.of));
        const of = this.value(expr.of);
        return code(`${expr.op}${within(of, LEVEL.unary)}`, of.type, LEVEL.unary);
      }
      case "binary":
        return this.#binary(expr.op, expr.left, expr.right, expr.at);
      case "conditional":
        return this.#conditional(expr);
      case "list": {
        const items = expr.items.map((item) => this.value(item));
        return code(`[${items.map((item) => item.text).join(", ")}]`, listOf(items.length === 0 ? ANY : items.map((item) => item.type).reduce(merge)), LEVEL.primary);
      }
      default: {
        const entries = expr.entries.map(([key, value]): [string, Code] => {
          if (key.type !== "literal") throw new Unconvertible("a map whose keys are computed", key.at);
          return [String(key.value), this.value(value)];
        });
        return code(`{ ${entries.map(([key, value]) => `${keyOf(key)}: ${value.text}`).join(", ")} }`, { kind: "map", fields: new Map(entries.map(([key, value]) => [key, { type: value.type, optional: false }])) }, LEVEL.primary);
      }
    }
  }

  /** Whether it is true in Python's sense, as a boolean. */
  condition(expr: Expr): Code {
    if (expr.type !== "binary" || (expr.op !== "and" && expr.op !== "or")) return this.truth(this.value(expr));
    const [level, sign] = expr.op === "and" ? [LEVEL.and, "&&"] as const : [LEVEL.or, "||"] as const;
    const [a, b] = [this.condition(expr.left), this.condition(expr.right)];
    // `&&` in `||` needs no brackets; they help to read it.
    const [left, right] = [a, b].map((side): string => (side.level === LEVEL.and && level === LEVEL.or ? `(${side.text})` : within(side, level)));
    return code(`${left} ${sign} ${right}`, BOOLEAN, level);
  }

  truth(value: Code): Code {
    const { kind, nullable } = value.type;
    if (kind === "boolean" && nullable !== true && value.maybe !== true) return value;
    if (kind === "boolean") return code(`${within(value, LEVEL.equality + 1)} === true`, BOOLEAN, LEVEL.equality);
    if (kind === "text") return code(`${within(value, LEVEL.equality)} !== ""`, BOOLEAN, LEVEL.equality);
    if (kind === "number") return code(`${within(value, LEVEL.equality)} !== 0`, BOOLEAN, LEVEL.equality);
    if (kind === "list" && nullable !== true && value.maybe !== true) return code(`${within(value, LEVEL.postfix)}.length > 0`, BOOLEAN, LEVEL.relational);
    return this.help("truthy", [value], BOOLEAN);
  }

  negate(value: Code): Code {
    const flipped = / (===|!==) [^=]*$/.exec(value.text);
    if (value.level === LEVEL.equality && flipped !== null && value.text.split(/ [!=]== /).length === 2) {
      return code(value.text.replace(/ ([!=])== /, (_, sign: string) => ` ${sign === "=" ? "!" : "="}== `), BOOLEAN, LEVEL.equality);
    }
    if (value.text.endsWith(".length > 0")) return code(value.text.replace(/ > 0$/, " === 0"), BOOLEAN, LEVEL.equality);
    if (value.level === LEVEL.unary && value.text.startsWith("!")) return code(value.text.slice(1), BOOLEAN);
    return code(`!${within(value, LEVEL.unary)}`, BOOLEAN, LEVEL.unary);
  }

  /** As Jinja prints it: text, or something that a template literal prints alike. */
  printed(value: Code): Code {
    if (value.maybe !== true && (printsAlike(value.type) && value.type.kind !== "any")) return value;
    if (value.type.kind === "secret") return value;
    if (value.text === "true" || value.text === "false") return literal(value.text === "true" ? "True" : "False", TEXT);
    if (value.type.kind === "boolean" && value.maybe !== true && value.type.nullable !== true) return code(`${within(value, LEVEL.conditional + 1)} ? "True" : "False"`, TEXT, LEVEL.conditional);
    return this.help(value.type.kind === "float" ? "float" : "text", [value], TEXT);
  }

  /** Its text, of type string. */
  text(value: Code): Code {
    const printed = this.printed(value);
    return printed.type.kind === "text" ? printed : printed.type.kind === "secret" ? printed : interpolate([printed]);
  }

  /** A printer for another place. */
  inside(scope: Scope): Printer {
    return new Printer(scope);
  }

  /** A call of one of the functions in `ansible`. */
  help(name: string, args: readonly (Code | string)[], type: Type): Code {
    return code(`${this.scope.helper(name)}(${args.map((arg) => (typeof arg === "string" ? arg : arg.text)).join(", ")})`, type);
  }

  #name(name: string, at: number): Code {
    const found = this.scope.lookup(name) ?? magicOf(name, this.scope);
    if (found !== undefined) return found;
    if (wordedFact(name.replace(/^ansible_/, ""), this.scope) !== undefined) throw new Unconvertible(`${name} has other words in hawser's facts; only comparisons with the usual ones are converted`, at);
    throw new Unconvertible(name.startsWith("ansible_") ? `the fact ${name} is not among hawser's` : NOT_HERE[name] ?? `nothing defines ${name}`, at);
  }

  #attribute(expr: Extract<Expr, { type: "attribute" }>): Code {
    const { of, name, at } = expr;
    if (of.type === "name" && of.name === "loop" && this.scope.lookup("loop") === undefined) return this.#loop(name, at);
    if (of.type === "name" && of.name === "ansible_default_ipv4") return routeOf(name, this.scope) ?? this.#name(`ansible_default_ipv4.${name}`, at);
    if (of.type === "attribute" && of.name === "default_ipv4") return routeOf(name, this.scope) ?? this.#name(`ansible_default_ipv4.${name}`, at);
    if (of.type === "name" && of.name === "ansible_facts") return factOf(name.replace(/^ansible_/, ""), this.scope) ?? this.#name(`ansible_${name}`, at);
    return this.part(this.value(of), name, at);
  }

  /** A named part of a map. */
  part(of: Code, name: string, at: number): Code {
    const { type } = of;
    if (type.kind === "map") {
      const field = type.fields.get(name);
      if (field === undefined) throw new Unconvertible(`${of.text} has no "${name}"`, at);
      return member(of, name, field.type, field.optional);
    }
    if (type.kind === "record") return member(of, name, type.of, !this.scope.template);
    if (type.kind === "any") return member(of, name, ANY);
    throw new Unconvertible(`${of.text} is no map, and "${name}" is asked of it`, at);
  }

  #index({ of, index }: Extract<Expr, { type: "index" }>): Code {
    const [from, by] = [this.value(of), this.value(index)];
    const type = from.type.kind === "list" ? from.type.of : valuesOf(from.type);
    if (by.text.startsWith("-")) return code(`${within(from, LEVEL.postfix)}.at(${by.text})`, type);
    // A map's names are known to the compiler, and the index is any text.
    if (from.type.kind === "map" && !this.scope.template) return code(`(${from.text} as Record<string, any>)[${by.text}]`, ANY);
    return code(`${within(from, LEVEL.postfix)}[${by.text}]`, type);
  }

  #loop(name: string, at: number): Code {
    const { loop } = this.scope;
    if (loop === undefined) throw new Unconvertible("loop stands outside of a loop", at);
    const i = (): string => loop.counter();
    if (name === "index") return code(`${i()} + 1`, NUMBER, LEVEL.sum);
    if (name === "index0") return code(i(), NUMBER, LEVEL.primary);
    if (name === "first") return code(`${i()} === 0`, BOOLEAN, LEVEL.equality);
    if (name === "last") return code(`${i()} === ${loop.list}.length - 1`, BOOLEAN, LEVEL.equality);
    if (name === "length") return code(`${loop.list}.length`, NUMBER);
    if (name === "revindex") return code(`${loop.list}.length - ${i()}`, NUMBER, LEVEL.sum);
    if (name === "revindex0") return code(`${loop.list}.length - ${i()} - 1`, NUMBER, LEVEL.sum);
    throw new Unconvertible(`loop.${name} has no counterpart`, at);
  }

  #conditional({ test, yes: then, otherwise }: Extract<Expr, { type: "conditional" }>): Code {
    const [condition, yes] = [this.condition(test), this.value(then)];
    const no = otherwise === undefined ? literal("", TEXT) : this.value(otherwise);
    // Where the sides differ in type, each is printed for itself.
    const alike = yes.type.kind === no.type.kind || (printsAlike(yes.type) && printsAlike(no.type));
    const [left, right] = alike ? [yes, no] : [this.printed(yes), this.printed(no)];
    return code(`${within(condition, LEVEL.conditional + 1)} ? ${within(left, LEVEL.conditional + 1)} : ${within(right, LEVEL.conditional)}`, merge(left.type, right.type), LEVEL.conditional);
  }

  #binary(op: BinaryOp, left: Expr, right: Expr, at: number): Code {
    if (op === "and" || op === "or") {
      // As in Python, the value of one side; only of a boolean is it the same as the condition.
      const [a, b] = [this.value(left), this.value(right)];
      if (a.type.kind === "boolean" && b.type.kind === "boolean") return this.condition({ type: "binary", op, left, right, at });
      if (op === "and" || !["text", "number"].includes(a.type.kind)) throw new Unconvertible(`"${op}" between values that are no conditions`, at);
      return code(`${within(a, LEVEL.or)} || ${within(b, LEVEL.or + 1)}`, merge(a.type, b.type), LEVEL.or);
    }
    if (op === "==" || op === "!=") return this.#equal(op, left, right, at);
    if (op === "in" || op === "not in") return this.#in(op, left, right, at);
    const [a, b] = [this.value(left), this.value(right)];
    if (op === "~") return this.#concat([a, b]);
    if (op === "+" && (a.type.kind === "list" || b.type.kind === "list")) return code(`[...${within(a, LEVEL.postfix)}, ...${within(b, LEVEL.postfix)}]`, merge(a.type, b.type), LEVEL.primary);
    if (op === "+" && (a.type.kind === "text" || b.type.kind === "text")) return this.#concat([a, b]);
    if (op === "%" && a.type.kind === "text") return this.help("format", [a, ...(right.type === "list" ? right.items.map((item) => this.value(item)) : [b])], TEXT);
    if (op === "*" && a.type.kind === "text") return code(`${within(a, LEVEL.postfix)}.repeat(${b.text})`, TEXT);
    const numeric = merge(a.type, b.type);
    if (op === "//") return code(`Math.floor(${within(a, LEVEL.product)} / ${within(b, LEVEL.product + 1)})`, NUMBER);
    if (op === "/") return code(`${within(a, LEVEL.product)} / ${within(b, LEVEL.product + 1)}`, { kind: "float" }, LEVEL.product);
    if (op === "**") return code(`${within(a, LEVEL.postfix)} ** ${within(b, LEVEL.power)}`, numeric, LEVEL.power);
    if (op === "+" || op === "-") return code(`${within(a, LEVEL.sum)} ${op} ${within(b, LEVEL.sum + 1)}`, numeric, LEVEL.sum);
    if (op === "*" || op === "%") return code(`${within(a, LEVEL.product)} ${op} ${within(b, LEVEL.product + 1)}`, numeric, LEVEL.product);
    return code(`${within(a, LEVEL.relational)} ${op} ${within(b, LEVEL.relational + 1)}`, BOOLEAN, LEVEL.relational);
  }

  #concat(parts: readonly Code[]): Code {
    if (parts.some(({ type }) => type.kind === "secret")) return this.secretText(parts);
    // Template literals in a row become one.
    return interpolate(parts.map((part): string | Code => (/^"(?:[^"\\]|\\.)*"$/.test(part.text) ? (JSON.parse(part.text.replaceAll(String.raw`\x`, String.raw`\u00`)) as string) : this.printed(part))));
  }

  /** Text with secrets in it, which is a secret. */
  secretText(parts: readonly (Code | string)[]): Code {
    return this.help("secretText", parts.map((part) => (typeof part === "string" ? quoted(part) : part)), { kind: "secret" });
  }

  #equal(op: "==" | "!=", left: Expr, right: Expr, at: number): Code {
    const sign = op === "==" ? "===" : "!==";
    const worded = this.#worded(left) ?? this.#worded(right);
    if (worded !== undefined) {
      const word = this.#worded(left) === undefined ? left : right;
      return code(`${worded.of.text} ${sign} ${quoted(wordIn(worded.words, word))}`, BOOLEAN, LEVEL.equality);
    }
    const [a, b] = [this.value(left), this.value(right)];
    // `x == true` of a boolean.
    if (a.type.kind === "boolean" && right.type === "literal" && typeof right.value === "boolean") {
      const condition = this.truth(a);
      return right.value === (op === "==") ? condition : this.negate(condition);
    }
    // The compiler refuses a comparison of a number with text, which is never equal.
    const differ = a.type.kind !== b.type.kind && [a, b].every(({ type }) => ["text", "number", "boolean"].includes(type.kind));
    if (differ) throw new Unconvertible(`a comparison of ${a.type.kind} with ${b.type.kind} is never equal`, at);
    const compound = [a, b].some(({ type }) => ["list", "map", "record"].includes(type.kind));
    if (compound) return op === "==" ? this.help("same", [a, b], BOOLEAN) : this.negate(this.help("same", [a, b], BOOLEAN));
    return code(`${within(a, LEVEL.equality)} ${sign} ${within(b, LEVEL.equality + 1)}`, BOOLEAN, LEVEL.equality);
  }

  #in(op: "in" | "not in", left: Expr, right: Expr, at: number): Code {
    const worded = this.#worded(left);
    if (worded !== undefined) {
      if (right.type !== "list") throw new Unconvertible("a fact is looked for in a list that is not written out", at);
      const words = right.items.map((item) => quoted(wordIn(worded.words, item)));
      return this.#signed(op, code(`[${words.join(", ")}].includes(${worded.of.text})`, BOOLEAN));
    }
    const [a, b] = [this.value(left), this.value(right)];
    const { kind } = b.type;
    const byName = kind === "map" || kind === "record";
    if ((kind === "list" || kind === "text") && b.maybe !== true) return this.#signed(op, code(`${within(b, LEVEL.postfix)}.includes(${a.text})`, BOOLEAN));
    if (byName && b.maybe !== true) return this.#signed(op, code(`${within(a, LEVEL.relational)} in ${within(b, LEVEL.relational + 1)}`, BOOLEAN, LEVEL.relational));
    return this.#signed(op, this.help("contains", [b, a], BOOLEAN));
  }

  #signed(op: "in" | "not in", value: Code): Code {
    return op === "in" ? value : this.negate(value);
  }

  /** A fact whose words differ from Ansible's; through `| lower` too. */
  #worded(expr: Expr): { readonly of: Code; readonly words: Readonly<Record<string, string>> } | undefined {
    if (expr.type === "filter" && expr.name === "lower") {
      const inner = this.#worded(expr.of);
      return inner && { of: inner.of, words: Object.fromEntries(Object.entries(inner.words).map(([word, ours]) => [word.toLowerCase(), ours])) };
    }
    const name = expr.type === "name" && expr.name.startsWith("ansible_") ? expr.name.slice("ansible_".length) : expr.type === "attribute" && expr.of.type === "name" && expr.of.name === "ansible_facts" ? expr.name : undefined;
    return name === undefined || this.scope.lookup(`ansible_${name}`) !== undefined ? undefined : wordedFact(name, this.scope);
  }
}

function wordIn(words: Readonly<Record<string, string>>, expr: Expr): string {
  const word = expr.type === "literal" && typeof expr.value === "string" ? expr.value : undefined;
  if (word === undefined || !Object.hasOwn(words, word)) throw new Unconvertible(`hawser's facts have no word for ${word === undefined ? "what it is compared with" : `"${word}"`}`, expr.at);
  return words[word] ?? "";
}

const NOT_HERE: Readonly<Record<string, string>> = {
  hostvars: "hostvars: other hosts' values come from `peers` and `from` (docs/writing-roles.md, other hosts)",
  groups: "groups: the hosts of a group come from `members` and `peers` (docs/writing-roles.md, other hosts)",
  lookup: "a lookup runs on the controller: read it in TypeScript",
  query: "a lookup runs on the controller: read it in TypeScript",
  ansible_play_hosts: "the play's hosts come from `members`",
  play_hosts: "the play's hosts come from `members`",
  omit: "omit stands outside of default(omit)",
  item: "item stands outside of a loop",
};
