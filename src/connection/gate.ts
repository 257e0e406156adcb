/** What a host said before our own first line is kept for messages, but not more than this. */
const KEPT_NOISE = 16_384;

/**
 * Holds a stream back until our own random line was seen. Everything before it is somebody else's: a noisy .bashrc, a
 * banner, sudo's lecture. Everything after it is passed on untouched.
 */
export class Gate {
  readonly #mark: Buffer;
  readonly #onOpen: (rest: string) => void;
  readonly #onNoise: (noise: string) => void;
  readonly #sink: (chunk: Buffer) => void;
  #held = Buffer.alloc(0);
  #open = false;

  /** `onOpen` gets what follows the mark on its line; `onNoise` gets all that was said so far. */
  constructor(mark: string, sink: (chunk: Buffer) => void, onOpen: (rest: string) => void, onNoise: (noise: string) => void = () => {}) {
    this.#mark = Buffer.from(`\n${mark}`);
    this.#sink = sink;
    this.#onOpen = onOpen;
    this.#onNoise = onNoise;
  }

  /** Said before the mark. */
  get noise(): string {
    return this.#open ? "" : this.#held.toString();
  }

  readonly push = (chunk: Buffer): void => {
    if (this.#open) return this.#sink(chunk);
    this.#held = Buffer.concat([this.#held, chunk]);
    const at = this.#held.indexOf(this.#mark);
    const end = at < 0 ? -1 : this.#held.indexOf(10, at + this.#mark.length);
    if (end < 0) {
      if (this.#held.length > KEPT_NOISE) this.#held = this.#held.subarray(-KEPT_NOISE);
      return this.#onNoise(this.#held.toString());
    }
    const rest = this.#held.subarray(at + this.#mark.length, end).toString().trim();
    const after = this.#held.subarray(end + 1);
    this.#held = Buffer.alloc(0);
    this.#open = true;
    this.#onOpen(rest);
    if (after.length > 0) this.#sink(after);
  };
}
