import { isSealed } from "../../inventory/index.ts";

/** Secrets stay closed in a check: what needs one to be declared or rendered is not checked, and counted. */
export class Sealed {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Whether an error is only that a secret was not opened. */
  isBehind(error: unknown): boolean {
    for (let cause = error; cause instanceof Error; cause = cause.cause) {
      if (!isSealed(cause)) continue;
      this.#count++;
      return true;
    }
    return false;
  }
}
