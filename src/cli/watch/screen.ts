/** Draws one text in the place of the last one: on a terminal over it, without a flicker; else below it. */
export class WatchScreen {
  readonly #stream: NodeJS.WriteStream;
  readonly #drawsOver: boolean;
  #last = "";

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#drawsOver = stream.isTTY && process.env["TERM"] !== "dumb";
    if (this.#drawsOver) stream.write("\x1b[2J");
  }

  /** A whole text, and what goes on now in its last line. */
  draw(text: string, status: string): void {
    this.#last = text;
    this.#write(text, status);
  }

  /** What goes on now; the text stays. Without a terminal nothing is said of it. */
  status(status: string): void {
    if (this.#drawsOver) this.#write(this.#last, status);
  }

  #write(text: string, status: string): void {
    const whole = `${text}${text === "" ? "" : "\n"}${status}\n`;
    if (!this.#drawsOver) {
      this.#stream.write(whole);
      return;
    }
    const lines = whole.split("\n");
    // From the top, each line over the old one; what is longer than the window scrolls instead.
    if (lines.length <= this.#stream.rows) this.#stream.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`);
    else this.#stream.write(`\x1b[2J\x1b[3J\x1b[H${whole}`);
  }
}
