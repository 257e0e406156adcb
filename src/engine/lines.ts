import { StringDecoder } from "node:string_decoder";

/** Longer lines are cut: progress bars and binary output. */
const LONGEST = 4_000;

/** What is held of a line that does not end. */
const HELD = 16 * LONGEST;

/** Cuts chunks into lines of text. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #clean: (line: string) => string;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #overflown = false;

  /** @param clean Takes secrets out of a line, before it is cut: half a secret would not be known any more. */
  constructor(onLine: (line: string) => void, clean: (line: string) => string) {
    this.#onLine = onLine;
    this.#clean = clean;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split(/\r?\n/);
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      this.#say(line);
      this.#overflown = false;
    }
    this.#overflown ||= rest.length > HELD;
    this.#rest = rest.slice(-HELD);
  }

  end(): void {
    this.#say(this.#rest);
    this.#rest = "";
    this.#overflown = false;
  }

  #say(line: string): void {
    if (line === "") return;
    const clean = this.#clean(line);
    // What is left of a line that was too long to be held begins somewhere, perhaps inside a secret.
    this.#onLine(this.#overflown ? clean.slice(-LONGEST) : clean.slice(0, LONGEST));
  }
}
