import type { Alert, Line, Sample, Source } from "./prometheus.ts";

/** Asks the monitor that answered last, and the others in turn when it does not. At least one must be given. */
export class FirstThatAnswers implements Source {
  readonly #sources: readonly Source[];
  #current = 0;

  constructor(sources: readonly [Source, ...Source[]]) {
    this.#sources = sources;
  }

  get name(): string {
    return this.#sources[this.#current]?.name ?? "";
  }

  query(expr: string): Promise<{ readonly at: number; readonly samples: readonly Sample[] }> {
    return this.#ask((source) => source.query(expr));
  }

  range(expr: string, from: number, to: number, step: number): Promise<readonly Line[]> {
    return this.#ask((source) => source.range(expr, from, to, step));
  }

  alerts(): Promise<readonly Alert[]> {
    return this.#ask((source) => source.alerts());
  }

  async #ask<T>(what: (source: Source) => Promise<T>): Promise<T> {
    const errors: unknown[] = [];
    for (let tried = 0; tried < this.#sources.length; tried++) {
      const asked = this.#current;
      const source = this.#sources[asked];
      if (source === undefined) break;
      try {
        return await what(source);
      } catch (error) {
        errors.push(error);
        // Somebody else may have gone on to the next meanwhile.
        if (this.#current === asked) this.#current = (asked + 1) % this.#sources.length;
      }
    }
    throw errors[0];
  }
}
