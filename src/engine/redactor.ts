import { REDACTED, type Secret } from "../shell/index.ts";

/** Shorter values would blot out ordinary words. */
const SHORTEST = 4;

/** Replaces every secret that this run has revealed to a host in whatever comes back. */
export class Redactor {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  readonly add = (secret: Secret): void => {
    const value = secret.reveal();
    for (const form of [value, ...value.split("\n"), Buffer.from(value).toString("base64")]) {
      if (form.trim().length >= SHORTEST) this.#values.add(form);
    }
    this.#pattern = undefined;
  };

  text(text: string): string {
    if (this.#values.size === 0) return text;
    this.#pattern ??= new RegExp([...this.#values].toSorted((a, b) => b.length - a.length).map((value) => value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)).join("|"), "g");
    return text.replaceAll(this.#pattern, REDACTED);
  }
}
