import { inspect } from "node:util";

/** What is printed where a secret would have stood. */
export const REDACTED = "[secret]";

/**
 * A value that must never reach argv, a log, a diff, a journal, a report or an error message.
 *
 * Printing one by accident is an error rather than a leak: call `reveal()` where the value is meant to leave.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** False for one that was not fetched or decrypted, which cannot be revealed. */
  get known(): boolean {
    return true;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    throw new TypeError("a Secret was about to be printed; call reveal() where the value is meant to leave");
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
