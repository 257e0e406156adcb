import { StringDecoder } from "node:string_decoder";

/** Longer lines are cut: progress bars and binary output. */
const LONGEST = 4_000;

/** Cuts chunks into lines of text. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split(/\r?\n/);
    this.#rest = (lines.pop() ?? "").slice(-LONGEST);
    for (const line of lines) if (line !== "") this.#onLine(line.slice(0, LONGEST));
  }

  end(): void {
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }
}
