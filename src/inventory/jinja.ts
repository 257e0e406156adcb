/** A part of a text with `{{ }}` in it: text as it stands, or an expression. */
export type Piece = string | Expression;

/** What may stand in `{{ }}`. */
export type Expression =
  | { readonly kind: "value"; readonly value: string | number | boolean | null | readonly Expression[] }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "step"; readonly of: Expression; readonly key: Expression }
  | { readonly kind: "filter"; readonly of: Expression; readonly name: string; readonly args: readonly Expression[] };

/** Why a template cannot be filled in. `at` counts from 0 in the text. */
export class TemplateTrouble extends Error {
  readonly at: number;
  readonly hint: string | undefined;

  constructor(message: string, at: number, hint?: string) {
    super(message);
    this.at = at;
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
const TOKEN = /\s*(?:([A-Za-z_]\w*)|(\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([.|()[\],-]))/y;

/** Takes a text apart. @throws TemplateTrouble for whatever is more than references to variables and the filters above. */
export function parseTemplate(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (;;) {
    const open = text.slice(at).search(/\{[{%#]/);
    if (open === -1) break;
    if (open > 0) pieces.push(text.slice(at, at + open));
    at += open;
    if (text.charAt(at + 1) !== "{") throw new TemplateTrouble(`${text.slice(at, at + 2)} begins a statement of Jinja, which hawser does not run`, at, COMPUTE);
    const parser = new Parser(text, text.charAt(at + 2) === "-" ? at + 3 : at + 2);
    pieces.push(parser.whole());
    at = parser.at;
  }
  if (at < text.length) pieces.push(text.slice(at));
  return pieces;
}

interface Token {
  readonly word?: string;
  readonly number?: string;
  readonly string?: string;
  readonly mark?: string;
  /** 0 where there is none. */
  readonly length: number;
}

class Parser {
  readonly #text: string;
  at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  whole(): Expression {
    const found = this.#filtered();
    const [close] = /^\s*-?\}\}/.exec(this.#text.slice(this.at)) ?? [];
    if (close === undefined) throw this.#refused();
    this.at += close.length;
    return found;
  }

  #filtered(): Expression {
    let found = this.#stepped();
    while (this.#sees("|")) {
      this.#take();
      const at = this.#next();
      const { word: name } = this.#take();
      if (name === undefined) throw this.#refused();
      if (!FILTERS.some((known) => known === name)) throw new TemplateTrouble(`the filter ${name} is not filled in here`, at, `known filters: ${FILTERS.join(", ")}; ${COMPUTE}`);
      found = { kind: "filter", of: found, name, args: this.#sees("(") ? this.#list("(", ")") : [] };
    }
    return found;
  }

  #stepped(): Expression {
    let found = this.#primary();
    for (;;) {
      if (this.#sees(".")) {
        this.#take();
        const { word, number } = this.#take();
        if (word === undefined && number === undefined) throw this.#refused();
        found = { kind: "step", of: found, key: { kind: "value", value: word ?? Number(number) } };
      } else if (this.#sees("[")) {
        const [key, ...more] = this.#list("[", "]");
        if (key === undefined || more.length > 0) throw this.#refused();
        found = { kind: "step", of: found, key };
      } else return found;
    }
  }

  #primary(): Expression {
    if (this.#sees("(")) {
      const [inner, ...more] = this.#list("(", ")");
      if (inner === undefined || more.length > 0) throw this.#refused();
      return inner;
    }
    if (this.#sees("[")) return { kind: "value", value: this.#list("[", "]") };
    const isNegative = this.#sees("-");
    if (isNegative) this.#take();
    const start = this.#next();
    const { word, number, string } = this.#take();
    if (number !== undefined) return { kind: "value", value: isNegative ? -Number(number) : Number(number) };
    if (isNegative) throw this.#refused();
    if (string !== undefined) return { kind: "value", value: string.slice(1, -1).replaceAll(/\\(.)/g, (_all, char: string) => ({ n: "\n", t: "\t" })[char] ?? char) };
    if (word === undefined) throw this.#refused();
    if (this.#sees("(")) throw new TemplateTrouble(`${word}() is not called here`, start, COMPUTE);
    const constant = new Map<string, boolean | null>([["true", true], ["True", true], ["false", false], ["False", false], ["none", null], ["None", null]]).get(word);
    return constant === undefined ? { kind: "name", name: word } : { kind: "value", value: constant };
  }

  #list(open: string, close: string): Expression[] {
    if (this.#take().mark !== open) throw this.#refused();
    const items: Expression[] = [];
    while (!this.#sees(close)) {
      items.push(this.#filtered());
      if (this.#sees(",")) this.#take();
      else if (!this.#sees(close)) throw this.#refused();
    }
    this.#take();
    return items;
  }

  #token(): Token {
    TOKEN.lastIndex = this.at;
    const match = TOKEN.exec(this.#text);
    if (match === null) return { length: 0 };
    const [all, word, number, string, mark] = match;
    return { length: all.length, ...(word && { word }), ...(number && { number }), ...(string && { string }), ...(mark && { mark }) };
  }

  #sees(mark: string): boolean {
    return this.#token().mark === mark && !/^\s*-\}\}/.test(this.#text.slice(this.at));
  }

  #take(): Token {
    const token = this.#token();
    if (token.length === 0) throw this.#refused();
    this.at += token.length;
    return token;
  }

  /** Where the next token starts. */
  #next(): number {
    return this.at + (/^\s*/.exec(this.#text.slice(this.at))?.[0].length ?? 0);
  }

  #refused(): TemplateTrouble {
    return new TemplateTrouble("only references to variables, with a few filters, are filled in here", this.#next(), COMPUTE);
  }
}
