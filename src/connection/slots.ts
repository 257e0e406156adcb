/** Channels on one connection. sshd's MaxSessions is 10; at 8 an open still failed now and then, since a closed channel frees its slot late. */
export const CHANNELS = 5;

/**
 * A first-come-first-served counter of channels. One caller may take several slots, all or none: two callers that each
 * hold one and wait for a second would wait for ever.
 */
export class Slots {
  #free: number;
  readonly #waiting: { readonly count: number; readonly go: () => void }[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  /** Resolves to the function that gives the slots back; calling it again does nothing. */
  async take(count: number): Promise<() => void> {
    if (this.#waiting.length > 0 || this.#free < count) {
      await new Promise<void>((go) => this.#waiting.push({ count, go }));
    } else {
      this.#free -= count;
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#free += count;
      this.#wake();
    };
  }

  #wake(): void {
    for (let next = this.#waiting[0]; next && next.count <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.count;
      next.go();
    }
  }
}
