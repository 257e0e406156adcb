import { ANSI_ESCAPE } from "listr2";
import { type Sink, sinkOf } from "./sink.ts";
import { cells } from "./text.ts";

/**
 * The lower end of a terminal: rows that are drawn over and over, and a log that scrolls away above them.
 *
 * While it is open, what others print (a `console.log` in a playbook) joins the log instead of tearing the rows. The
 * cursor stays visible: a process that is killed could not bring it back.
 */
export class Screen {
  readonly #sink: Sink;
  readonly #stream: NodeJS.WritableStream & { columns?: number; rows?: number };
  readonly #fixedWidth: number | undefined;
  #drawn: number[] = [];
  #log = "";
  #release: (() => void)[] = [];
  #open = false;

  constructor(stream: NodeJS.WritableStream, width?: number) {
    this.#sink = sinkOf(stream);
    this.#stream = stream;
    this.#fixedWidth = width;
  }

  get width(): number {
    return this.#fixedWidth ?? this.#stream.columns ?? 80;
  }

  get height(): number {
    return this.#stream.rows ?? 24;
  }

  open(): void {
    if (this.#open) return;
    this.#open = true;
    const take = (text: string) => this.log(text.endsWith("\n") ? text : `${text}\n`);
    this.#release.push(this.#sink.capture(take));
    const own: NodeJS.WritableStream = this.#stream;
    const others = own === process.stdout ? [process.stderr] : own === process.stderr ? [process.stdout] : [];
    for (const other of others) if (other.isTTY) this.#release.push(sinkOf(other).capture(take));
    // Whoever ends the process in the middle of a run shall not lose the log.
    const close = () => this.close();
    process.once("exit", close);
    this.#release.push(() => process.removeListener("exit", close));
  }

  /** Adds whole lines above the rows; while the screen is open they appear with the next frame. */
  log(text: string): void {
    if (this.#open) this.#log += text;
    else this.#sink.write(text);
  }

  /** Replaces the rows. One write per frame, so that no half of it is seen. */
  draw(rows: readonly string[]): void {
    this.#sink.write(this.#erase() + this.#log + rows.map((row) => `${row}\n`).join(""));
    this.#log = "";
    this.#drawn = rows.map(cells);
  }

  close(): void {
    if (!this.#open) return;
    this.draw([]);
    for (const release of this.#release.splice(0)) release();
    this.#open = false;
  }

  /** Up to the first row and clear from there. A row may have wrapped since, when the window was made narrower. */
  #erase(): string {
    const height = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / this.width)), 0);
    return height === 0 ? "" : `\r${ANSI_ESCAPE}${height}A${ANSI_ESCAPE}J`;
  }
}
