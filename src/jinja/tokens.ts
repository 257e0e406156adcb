import { JinjaError } from "./ast.ts";

export interface Token {
  readonly type: "name" | "number" | "string" | "operator" | "end";
  /** A string's value without quotes and escapes; else as it is written. */
  readonly text: string;
  readonly at: number;
}

const TOKEN = /\s*(?:(?<name>[A-Za-z_]\w*)|(?<number>\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)|(?<string>"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*')|(?<operator>\*\*|\/\/|==|!=|<=|>=|[-+*/%~<>=|.,:()[\]{}]))/y;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", "0": "\0", "\n": "" };

/** @param from Where the text begins in the whole, so that places are right. */
export function tokenize(text: string, from = 0): Token[] {
  const tokens: Token[] = [];
  const scanner = new RegExp(TOKEN);
  let at = 0;
  while (text.slice(at).trim() !== "") {
    scanner.lastIndex = at;
    const groups = scanner.exec(text)?.groups;
    const start = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
    if (groups === undefined) throw new JinjaError(`"${text[start] ?? ""}" does not belong here`, from + start);
    const type = (["name", "number", "string", "operator"] as const).find((name) => groups[name] !== undefined) ?? "end";
    const written = groups[type] ?? "";
    tokens.push({ type, text: type === "string" ? unescape(written.slice(1, -1)) : written, at: from + start });
    at = scanner.lastIndex;
  }
  return [...tokens, { type: "end", text: "", at: from + text.length }];
}

function unescape(text: string): string {
  return text.replaceAll(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\s\S]))/g, (whole: string, byte?: string, unit?: string, char?: string) => {
    if (byte !== undefined || unit !== undefined) return String.fromCharCode(Number.parseInt(byte ?? unit ?? "", 16));
    // As Python has it: a backslash before anything else is a backslash.
    return char !== undefined && (char === "\\" || char === '"' || char === "'") ? char : (ESCAPES[char ?? ""] ?? whole);
  });
}

/** Walks over tokens. */
export class Tokens {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] as Token;
  }

  take(): Token {
    const token = this.peek();
    this.#next += 1;
    return token;
  }

  /** Whether an operator or keyword comes next. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return (token.type === "operator" || token.type === "name") && token.text === text;
  }

  /** Takes it if it comes next. */
  accept(text: string): boolean {
    const there = this.is(text);
    if (there) this.take();
    return there;
  }

  expect(text: string): Token {
    if (!this.is(text)) throw this.unexpected(`"${text}"`);
    return this.take();
  }

  name(): string {
    if (this.peek().type !== "name") throw this.unexpected("a name");
    return this.take().text;
  }

  end(): void {
    if (this.peek().type !== "end") throw this.unexpected("the end");
  }

  unexpected(wanted: string): JinjaError {
    const { type, text, at } = this.peek();
    return new JinjaError(`${wanted} is expected, not ${type === "end" ? "the end" : `"${text}"`}`, at);
  }
}
