import { JinjaError, type Node } from "./ast.ts";
import { expression, parseExpression, tuple } from "./parse-expression.ts";
import { type Piece, split, type SplitOptions } from "./split.ts";
import { Tokens, tokenize } from "./tokens.ts";

/** Parses a whole template. @throws JinjaError where a tag is not understood. */
export function parseTemplate(text: string, options: SplitOptions): readonly Node[] {
  return new Parser(split(text, options)).whole();
}

/** Blocks that mean something to Jinja2 and nothing here: they are read to their end and marked. */
const FOREIGN: Readonly<Record<string, string>> = { macro: "macros are functions: write one in TypeScript and give it to the template", call: "a call of a macro", filter: "a filter around a block", block: "template inheritance", trans: "translations", autoescape: "nothing is escaped here", with: "a scope of its own" };
const FOREIGN_ALONE: Readonly<Record<string, string>> = { import: "macros of another file", from: "macros of another file", extends: "template inheritance", do: "a statement for its side effect", break: "loop controls", continue: "loop controls" };

class Parser {
  readonly #pieces: readonly Piece[];
  #next = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  whole(): readonly Node[] {
    const nodes = this.#until([]);
    const left = this.#pieces[this.#next];
    if (left !== undefined) throw new JinjaError(`"${wordOf(left)}" has no beginning`, left.at);
    return nodes;
  }

  /** Nodes up to a tag of these words, which is left to the caller; undefined words read to the end. */
  #until(words: readonly string[], opener?: Piece): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const piece = this.#pieces[this.#next];
      if (piece === undefined) {
        if (opener !== undefined) throw new JinjaError(`this "${wordOf(opener)}" is never closed`, opener.at);
        return nodes;
      }
      if (piece.type === "tag" && /^(?:end\w+|elif|else)$/.test(wordOf(piece))) {
        if (words.includes(wordOf(piece)) || words.length === 0) return nodes;
        throw new JinjaError(`"${wordOf(piece)}" does not belong here`, piece.at);
      }
      this.#next += 1;
      nodes.push(this.#node(piece));
    }
  }

  #node(piece: Piece): Node {
    const { at } = piece;
    if (piece.type === "text") return { type: "text", text: piece.text, swallowed: piece.swallowed, at };
    if (piece.type === "comment") return { type: "comment", text: piece.text, at };
    if (piece.type === "print") return { type: "print", value: parseExpression(piece.text, piece.inner), source: piece.source, at };
    const word = wordOf(piece);
    if (word === "if") return this.#if(piece);
    if (word === "for") return this.#for(piece);
    if (word === "set") return this.#set(piece);
    if (word === "include") return { type: "include", name: parseExpression(piece.text.replace(/^\s*include\b/, (lead) => " ".repeat(lead.length)), piece.inner), source: piece.source, at };
    const why = FOREIGN[word];
    if (why !== undefined) return this.#foreign(piece, why);
    return { type: "foreign", why: FOREIGN_ALONE[word] ?? `the tag "${word}" is not known`, source: piece.source, at };
  }

  #foreign(piece: Piece, why: string): Node {
    const end = `end${wordOf(piece)}`;
    this.#until([end], piece);
    this.#next += 1;
    return { type: "foreign", why, source: piece.source, at: piece.at };
  }

  #if(piece: Piece): Node {
    const branches = [];
    let tag = piece;
    let otherwise: Node[] | undefined;
    for (;;) {
      const word = wordOf(tag);
      if (word === "else") otherwise = this.#until(["endif"], piece);
      else branches.push({ test: this.#rest(tag), body: this.#until(["elif", "else", "endif"], piece), at: tag.at });
      tag = this.#pieces[this.#next++] as Piece;
      if (wordOf(tag) === "endif") return { type: "if", branches, otherwise, at: piece.at };
    }
  }

  #for(piece: Piece): Node {
    const tokens = tokensOf(piece);
    tokens.expect("for");
    const bracket = tokens.accept("(");
    const names = [tokens.name()];
    while (tokens.accept(",")) names.push(tokens.name());
    if (bracket) tokens.expect(")");
    tokens.expect("in");
    const list = expression(tokens, false);
    const only = tokens.accept("if") ? expression(tokens) : undefined;
    if (tokens.is("recursive")) throw new JinjaError("a recursive loop", piece.at);
    tokens.end();
    const body = this.#until(["else", "endfor"], piece);
    let otherwise: Node[] | undefined;
    if (wordOf(this.#pieces[this.#next++] as Piece) === "else") {
      otherwise = this.#until(["endfor"], piece);
      this.#next += 1;
    }
    return { type: "for", names, list, only, body, otherwise, at: piece.at };
  }

  #set(piece: Piece): Node {
    const tokens = tokensOf(piece);
    tokens.expect("set");
    const name = tokens.name();
    if (!tokens.accept("=")) {
      if (tokens.peek().type !== "end") return { type: "foreign", why: "only a single name is set at a time", source: piece.source, at: piece.at };
      return this.#foreign(piece, "a block that sets a name");
    }
    const value = tuple(tokens);
    tokens.end();
    return { type: "set", name, value, at: piece.at };
  }

  /** The expression after a tag's word. */
  #rest(piece: Piece) {
    const tokens = tokensOf(piece);
    tokens.take();
    const value = tuple(tokens);
    tokens.end();
    return value;
  }
}

const tokensOf = (piece: Piece): Tokens => new Tokens(tokenize(piece.text, piece.inner));

const wordOf = (piece: Piece): string => (piece.type === "tag" ? (/^\s*(\w+)/.exec(piece.text)?.[1] ?? "") : "");
