import { quote } from "../shell/index.ts";

/** Shorter text is not worth a variable. Characters. */
const SHORTEST = 24;

/**
 * Sends once what many texts of a script have in common: forty looks at files are one text with forty paths. What does not
 * fit into the first packets of a connection (ten of them, some 14 KB: RFC 6928) costs a round trip more.
 *
 * A text is divided where the number of times that its lines occur changes; a piece that occurs again becomes a variable, and
 * the text a shell word made of variables and quoted rest. The shell puts together exactly the text that was given.
 */
export class Repeats {
  readonly #times = new Map<string, number>();
  readonly #names = new Map<string, string>();

  /** @param texts All that will be asked for by `word`. */
  constructor(texts: readonly string[]) {
    const lines = new Map<string, number>();
    for (const text of texts) for (const line of linesOf(text)) lines.set(line, (lines.get(line) ?? 0) + 1);
    this.#times = lines;
    const pieces = new Map<string, number>();
    for (const text of texts) for (const piece of this.#pieces(text)) pieces.set(piece, (pieces.get(piece) ?? 0) + 1);
    for (const [piece, times] of pieces) if (times > 1 && piece.length >= SHORTEST) this.#names.set(piece, `hw_${this.#names.size}`);
  }

  /** Shell lines that set the variables; they come before the first word. */
  get definitions(): string {
    return [...this.#names].map(([piece, name]) => `${name}=${quote(piece)}\n`).join("");
  }

  /** One of the texts as a shell word. */
  word(text: string): string {
    let word = "";
    let rest = "";
    for (const piece of this.#pieces(text)) {
      const name = this.#names.get(piece);
      if (name === undefined) rest += piece;
      else {
        word += `${rest === "" ? "" : quote(rest)}"$${name}"`;
        rest = "";
      }
    }
    return word === "" || rest !== "" ? word + quote(rest) : word;
  }

  /** Runs of lines that occur equally often. */
  *#pieces(text: string): Generator<string> {
    let piece = "";
    let times: number | undefined;
    for (const line of linesOf(text)) {
      const own = this.#times.get(line);
      if (own !== times && piece !== "") {
        yield piece;
        piece = "";
      }
      times = own;
      piece += line;
    }
    if (piece !== "") yield piece;
  }
}

/** The lines with their ends. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}
