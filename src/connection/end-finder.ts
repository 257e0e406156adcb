/** Milliseconds after which what was held back is shown to someone who looks on; the rest of a mark follows its beginning at once. */
const PATIENCE = 50;

/**
 * Passes a stream on until the line `end` comes, which the script prints with a newline of its own before it. That newline
 * and the line are swallowed, everything before them is passed on byte for byte, wherever the chunks are cut.
 *
 * What may be the beginning of the mark, such as the newline of a last line, is held back. With `live` it is passed on when
 * nothing follows for a moment, so a part of the mark may be passed on as well.
 */
export class EndFinder {
  readonly #mark: Buffer;
  readonly #onData: (chunk: Buffer) => void;
  readonly #onEnd: () => void;
  /** The last bytes of what came, held back because the mark may begin with them. */
  #held = Buffer.alloc(0);
  #ended = false;
  readonly #live: boolean;
  #timer: NodeJS.Timeout | undefined;
  /** How many of the held bytes were passed on. */
  #shown = 0;

  constructor(end: string, onData: (chunk: Buffer) => void, onEnd: () => void, live = false) {
    this.#live = live;
    this.#mark = Buffer.from(`\n${end}\n`);
    this.#onData = onData;
    this.#onEnd = onEnd;
  }

  get ended(): boolean {
    return this.#ended;
  }

  readonly push = (chunk: Buffer): void => {
    if (this.#ended) return; // a background process that outlives its script
    clearTimeout(this.#timer);
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const at = data.indexOf(this.#mark);
    const sure = at >= 0 ? at : data.length - this.#prefixAtEnd(data);
    // A copy, not a view: a view of a few bytes would keep the whole chunk alive.
    this.#held = at >= 0 ? Buffer.alloc(0) : Buffer.from(data.subarray(sure));
    const shown = Math.min(this.#shown, sure);
    this.#shown -= shown;
    if (sure > shown) this.#onData(data.subarray(shown, sure));
    if (at < 0) {
      if (this.#live && this.#held.length > this.#shown) this.#timer = setTimeout(this.#show, PATIENCE);
      return;
    }
    this.#ended = true;
    this.#onEnd();
  };

  readonly #show = (): void => {
    const more = this.#held.subarray(this.#shown);
    this.#shown = this.#held.length;
    this.#onData(more);
  };

  /** How many bytes at the end of `data` could be the beginning of the mark. */
  #prefixAtEnd(data: Buffer): number {
    let from = data.indexOf(10, Math.max(0, data.length - this.#mark.length + 1));
    while (from >= 0) {
      const length = data.length - from;
      if (data.compare(this.#mark, 0, length, from) === 0) return length;
      from = data.indexOf(10, from + 1);
    }
    return 0;
  }
}
