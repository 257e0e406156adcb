import { Writable } from "node:stream";

/** Keeps what is written to it. */
export class Text extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** As much of a terminal as the rows use: lines, moving up, and clearing below. */
export class Terminal extends Writable {
  readonly columns: number;
  readonly rows: number;
  #lines: string[] = [""];
  #at = 0;

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
  }

  lines(): string[] {
    return this.#lines.join("\n").trimEnd().split("\n").map((line) => line.trimEnd());
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const [part] of chunk.toString().matchAll(/\p{Cc}(?:(?<!\n|\r)\[[?\d]*[A-Za-z])?|\P{Cc}+/gu)) this.#take(part);
    done();
  }

  #take(part: string): void {
    const up = /^\p{Cc}\[(\d+)A$/u.exec(part);
    if (up !== null) this.#at = Math.max(0, this.#at - Number(up[1]));
    else if (part === "\x1b[J") this.#lines = [...this.#lines.slice(0, this.#at), ""];
    else if (part === "\n") this.#lines[++this.#at] ??= "";
    else if (!part.startsWith("\x1b") && part !== "\r") this.#lines[this.#at] += part;
  }
}
