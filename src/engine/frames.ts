/**
 * Cuts a stream into frames. A script ends each step with a newline and `<mark> <label>;`, so output without a final newline,
 * or of any bytes, stays whole. The mark is random, so output cannot forge it. No newline ends the label: a session that
 * looks for its end line may hold one back.
 */
export class FrameReader {
  readonly #mark: Buffer;
  readonly #onFrame: (label: string, body: Buffer) => void;
  readonly #onText: (chunk: Buffer) => void;
  #pending: Buffer[] = [];
  #size = 0;
  /** Bytes of the pending frame that were handed to onText already. */
  #shown = 0;

  constructor(mark: string, onFrame: (label: string, body: Buffer) => void, onText: (chunk: Buffer) => void = () => {}) {
    this.#mark = Buffer.from(`\n${mark} `);
    this.#onFrame = onFrame;
    this.#onText = onText;
  }

  readonly push = (chunk: Buffer): void => {
    const overlap = this.#mark.length + MAX_LABEL;
    const before = this.#size;
    this.#pending.push(chunk);
    this.#size += chunk.length;
    // Large outputs arrive in many chunks: join only when the new bytes could complete a mark.
    const tail = Buffer.concat(lastBytes(this.#pending, chunk.length + Math.min(overlap, before)));
    if (!tail.includes(this.#mark)) return this.#show(chunk);
    let data = Buffer.concat(this.#pending);
    for (;;) {
      const start = data.indexOf(this.#mark);
      const end = start < 0 ? -1 : data.indexOf(SEMICOLON, start + this.#mark.length);
      if (end < 0) break;
      const body = data.subarray(0, start);
      if (body.length > this.#shown) this.#onText(body.subarray(this.#shown));
      this.#shown = 0;
      this.#onFrame(data.subarray(start + this.#mark.length, end).toString(), body);
      data = data.subarray(end + 1);
    }
    this.#pending = [data];
    this.#size = data.length;
    this.#show(data);
  };

  /** Hands out what certainly is output, whole lines only. Only the newest bytes can hold the newline. */
  #show(newest: Buffer): void {
    const newline = newest.lastIndexOf(NEWLINE);
    // The last newline may be the mark's own; as text it only ends a line that is over anyway.
    const shown = this.#size - newest.length + newline + 1;
    if (newline < 0 || shown <= this.#shown) return;
    this.#onText(Buffer.concat(lastBytes(this.#pending, this.#size - this.#shown)).subarray(0, shown - this.#shown));
    this.#shown = shown;
  }
}

const NEWLINE = 0x0a;
const SEMICOLON = 0x3b;
const MAX_LABEL = 64;

function lastBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  const taken: Buffer[] = [];
  let left = count;
  for (let i = chunks.length - 1; i >= 0 && left > 0; i--) {
    const chunk = chunks[i] as Buffer;
    taken.unshift(chunk.length <= left ? chunk : chunk.subarray(chunk.length - left));
    left -= chunk.length;
  }
  return taken;
}
