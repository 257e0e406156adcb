import { REDACTED, Secret } from "../shell/index.ts";
import type { InventoryHost } from "../inventory/index.ts";
import type { ResolvedPlay } from "./resolve.ts";
import { formsOf, SHORTEST } from "./secret-forms.ts";

/** Of the table that a place in a text is looked up in. */
const BITS = 18;

/** Replaces secrets in whatever comes back from a host or is said about a run. */
export class Redactor {
  readonly #known = new Set<string>();
  readonly #walked = new WeakSet<object>();
  /** Forms by their first characters, longest first. */
  readonly #forms = new Map<string, string[]>();
  /** By the first characters of all forms, hashed: tells of most places in a text at once that no form begins there. */
  readonly #begins = new Uint8Array(1 << BITS);

  readonly add = (secret: Secret): void => {
    const value = secret.reveal();
    if (this.#known.has(value)) return;
    this.#known.add(value);
    for (const form of formsOf(value)) {
      const bucket = this.#forms.get(form.slice(0, SHORTEST)) ?? [];
      this.#forms.set(form.slice(0, SHORTEST), [...bucket.filter((other) => other !== form), form].sort((a, b) => b.length - a.length));
      this.#begins[hash(form, 0)] = 1;
    }
  };

  /** Adds what is secret about the hosts of an inventory, and about the roles' vars: also what no command will hold. */
  learn(hosts: readonly InventoryHost[], plays: readonly ResolvedPlay[]): void {
    for (const { vars, connection, become } of hosts) this.addAll([vars, connection, become]);
    for (const { roles } of plays) for (const on of roles.values()) this.addAll(on.map(({ vars }) => vars));
  }

  /** Adds every secret inside a value: vars, settings, answers. Secrets that were not fetched are none. */
  addAll(value: unknown): void {
    if (value instanceof Secret) {
      if (value.known) this.add(value);
    } else if (typeof value === "object" && value !== null && !this.#walked.has(value)) {
      this.#walked.add(value);
      for (const inner of Array.isArray(value) ? (value as unknown[]) : Object.values(value)) this.addAll(inner);
    }
  }

  /** The same value with every text in it redacted: an event, as it leaves the engine. */
  deep<T>(value: T): T {
    if (typeof value === "string") return this.text(value) as T;
    if (this.#forms.size === 0 || typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((inner) => this.deep(inner as unknown)) as T;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.deep(inner as unknown)])) as T;
  }

  /** Redacts an error and its causes where they are, for whoever prints them. */
  error(error: unknown): void {
    const seen = new Set<unknown>();
    for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
      seen.add(at);
      for (const key of ["message", "stack", "stderr", "stdout", "hint"] as const) {
        const text: unknown = (at as unknown as Record<string, unknown>)[key];
        if (typeof text !== "string" || this.text(text) === text) continue;
        Object.defineProperty(at, key, { value: this.text(text), configurable: true, writable: true, enumerable: false });
      }
    }
  }

  text(text: string): string {
    if (this.#forms.size === 0) return text;
    const begins = this.#begins;
    let [result, from] = ["", 0];
    for (let i = 0; i <= text.length - SHORTEST; ) {
      const form = begins[hash(text, i)] === 1 ? this.#forms.get(text.slice(i, i + SHORTEST))?.find((candidate) => text.startsWith(candidate, i)) : undefined;
      if (form === undefined) i += 1;
      else {
        result += text.slice(from, i) + REDACTED;
        i += form.length;
        from = i;
      }
    }
    return from === 0 ? text : result + text.slice(from);
  }
}

function hash(text: string, at: number): number {
  const characters = text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 8) ^ (text.charCodeAt(at + 2) << 16) ^ (text.charCodeAt(at + 3) << 24);
  return Math.imul(characters, 0x9e37_79b1) >>> (32 - BITS);
}
