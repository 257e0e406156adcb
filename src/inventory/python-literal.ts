import type { Place } from "./problem.ts";
import type { Entry, Tree } from "./tree.ts";

/**
 * Reads a text as Ansible reads a value in an INI file: as a literal of Python where it is one, else as the text itself.
 *
 * So `22` is a number, `True` a boolean, `None` nothing, `['a', 'b']` and `1, 2` lists, `{'a': 1}` a mapping, and `yes`, `true`,
 * `007` and `[a, b]` are text. A comment behind a literal is no part of it. Whole numbers too large to be exact stay text.
 */
export function pythonValue(text: string, place: Place): Tree {
  try {
    return new Literal(text, place).read();
  } catch (error) {
    if (error instanceof NoLiteral) return { kind: "leaf", place, value: text };
    throw error;
  }
}

class NoLiteral extends Error {}

const NUMBER = /[-+]?\s*(?:0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.?)(?:[eE][-+]?\d(?:_?\d)*)?)(?![\w.])/y;
const STRING = /([bBuUrR]{0,2})('''|"""|'|")/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\u0007", b: "\b", f: "\f", v: "\u000b", "\\": "\\", "'": "'", '"': '"', "\n": "" };

class Literal {
  readonly #text: string;
  readonly #place: Place;
  #at = 0;

  constructor(text: string, place: Place) {
    this.#text = text;
    this.#place = place;
  }

  read(): Tree {
    const found = this.#items("", false);
    this.#space();
    if (this.#at < this.#text.length && this.#text.charAt(this.#at) !== "#") throw new NoLiteral();
    return found;
  }

  /** Values up to a closing bracket; one without a comma is the value itself, unless the brackets make a list. */
  #items(close: string, isList: boolean): Tree {
    const start = this.#here();
    const items: Tree[] = [];
    let commas = 0;
    for (;;) {
      this.#space();
      if (this.#ends(close)) break;
      items.push(this.#value());
      this.#space();
      if (!this.#take(",")) {
        if (!this.#ends(close)) throw new NoLiteral();
        break;
      }
      commas += 1;
    }
    const [only] = items;
    if (close === "" && only === undefined) throw new NoLiteral();
    if (close !== "" && !this.#take(close)) throw new NoLiteral();
    return !isList && only !== undefined && commas === 0 ? only : { kind: "list", place: start, items };
  }

  #ends(close: string): boolean {
    const char = this.#text.charAt(this.#at);
    return close === "" ? char === "" || char === "#" : char === close;
  }

  #value(): Tree {
    const place = this.#here();
    if (this.#take("[")) return this.#items("]", true);
    if (this.#take("(")) return this.#items(")", false);
    if (this.#take("{")) return this.#braces(place);
    const leaf = (value: string | number | boolean | null): Tree => ({ kind: "leaf", place, value });
    for (const [word, value] of [["True", true], ["False", false], ["None", null]] as const) {
      if (new RegExp(String.raw`^${word}(?!\w)`).test(this.#text.slice(this.#at))) {
        this.#at += word.length;
        return leaf(value);
      }
    }
    const string = this.#strings();
    return leaf(string ?? this.#number());
  }

  /** A mapping, or a set, which becomes a list. */
  #braces(place: Place): Tree {
    const entries = new Map<string, Entry>();
    const items: Tree[] = [];
    for (;;) {
      this.#space();
      if (this.#take("}")) break;
      const key = this.#value();
      this.#space();
      if (this.#take(":")) {
        this.#space();
        if (key.kind !== "leaf" || items.length > 0) throw new NoLiteral();
        entries.set(key.value === null ? "null" : String(key.value), { key: key.place, tree: this.#value() });
      } else items.push(key);
      if (entries.size > 0 && items.length > 0) throw new NoLiteral();
      this.#space();
      if (!this.#take(",")) {
        if (!this.#take("}")) throw new NoLiteral();
        break;
      }
    }
    return items.length > 0 ? { kind: "list", place, items } : { kind: "mapping", place, entries };
  }

  /** Strings side by side are one. */
  #strings(): string | undefined {
    let found: string | undefined;
    for (;;) {
      STRING.lastIndex = this.#at;
      const [head = "", prefix = "", quote = ""] = STRING.exec(this.#text) ?? [];
      if (quote === "") return found;
      this.#at += head.length;
      found = (found ?? "") + this.#string(quote, /r/i.test(prefix));
      this.#space();
    }
  }

  #string(quote: string, isRaw: boolean): string {
    let text = "";
    while (!this.#text.startsWith(quote, this.#at)) {
      const char = this.#text.charAt(this.#at);
      if (char === "") throw new NoLiteral();
      this.#at += 1;
      if (char !== "\\") text += char;
      else text += isRaw ? `\\${this.#text.charAt(this.#at++)}` : this.#escape();
    }
    this.#at += quote.length;
    return text;
  }

  #escape(): string {
    const [coded, x, u, u8, octal] = /^(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{1,3}))/i.exec(this.#text.slice(this.#at, this.#at + 9)) ?? [];
    if (coded !== undefined) {
      this.#at += coded.length;
      return String.fromCodePoint(octal === undefined ? Number.parseInt(x ?? u ?? u8 ?? "", 16) : Number.parseInt(octal, 8));
    }
    const char = this.#text.charAt(this.#at);
    this.#at += 1;
    return ESCAPES[char] ?? `\\${char}`;
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const [found] = NUMBER.exec(this.#text) ?? [];
    if (found === undefined) throw new NoLiteral();
    this.#at += found.length;
    const digits = found.replace(/^[-+]?\s*/, "").replaceAll("_", "");
    if (/^0\d*[1-9]\d*$/.test(digits)) throw new NoLiteral();
    const value = Number(digits) * (found.startsWith("-") ? -1 : 1);
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value) && !/[.eE]/.test(digits))) throw new NoLiteral();
    // Python's whole numbers have no negative zero.
    return value === 0 ? 0 : value;
  }

  #space(): void {
    while (/[ \t\f]/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #take(char: string): boolean {
    if (this.#text.charAt(this.#at) !== char) return false;
    this.#at += 1;
    return true;
  }

  #here(): Place {
    return { ...this.#place, column: this.#place.column + this.#at };
  }
}
