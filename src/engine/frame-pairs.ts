/** A frame that both streams have delivered. */
export interface Frame {
  readonly label: string;
  readonly out: Buffer;
  readonly err: Buffer;
}

/** Pairs the frames of the two streams; each is complete when both have shown it. */
export class FramePairs {
  readonly #half = new Map<string, Partial<Record<"out" | "err", Buffer>>>();
  readonly #onFrame: (frame: Frame) => void;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  add(stream: "out" | "err", label: string, body: Buffer): void {
    const half = { ...this.#half.get(label), [stream]: body };
    if (half.out && half.err) {
      this.#half.delete(label);
      this.#onFrame({ label, out: half.out, err: half.err });
    } else this.#half.set(label, half);
  }
}
