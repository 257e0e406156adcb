/** Lets at most `width` holders in; others wait in order. */
export class Semaphore {
  readonly #width: number;
  readonly #queue: (() => void)[] = [];
  #held = 0;

  constructor(width: number) {
    this.#width = width;
  }

  async acquire(): Promise<void> {
    if (this.#held < this.#width) {
      this.#held++;
      return;
    }
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  release(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#held--;
  }
}
