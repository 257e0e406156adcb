import { createHash, scryptSync } from "node:crypto";
import type { HandlerNode, ResourceNode } from "../dsl/items.ts";
import type { Look } from "../engine/fragment.ts";
import { Secret, Sh, Value, ValuePending } from "../shell/index.ts";

/** What one plan is compared by: what is wanted of a resource, and what was seen of it. */
export interface Digests {
  readonly wants: string;
  readonly look?: string;
}

/**
 * Digests of wishes and looks, salted, so that two plans tell nothing of each other. What holds a secret goes through scrypt:
 * nobody who reads a plan can try passwords on it in great numbers.
 */
export class Digester {
  readonly #salt: string;
  readonly #slow = new Map<string, string>();

  constructor(salt: string) {
    this.#salt = salt;
  }

  of(node: ResourceNode | HandlerNode, look: Look | undefined): Digests {
    const text = new Text();
    text.add(node.type === "resource" ? { args: withoutWay(node.args), user: node.user, notify: node.notify.map(({ id }) => id), uses: node.uses } : { run: node.run, user: node.user });
    const digest = (what: string): string => (text.sensitive ? this.#scrypt(what) : createHash("sha256").update(this.#salt).update(what).digest("base64url"));
    return { wants: digest(text.toString()), ...(look && { look: digest(look.digest) }) };
  }

  /** The same secret is on many hosts: each is worked out once. */
  #scrypt(what: string): string {
    const key = createHash("sha256").update(what).digest("base64url");
    const known = this.#slow.get(key) ?? scryptSync(what, this.#salt, 32).toString("base64url");
    this.#slow.set(key, known);
    return known;
  }
}

/** What is known by its sha256 is the same from wherever it comes: one plan holds with the controller's cache and without. */
function withoutWay(args: unknown): unknown {
  if (typeof args !== "object" || args === null || !("sha256" in args)) return args;
  const { localFile: _, mirror: _from, ...rest } = args as Record<string, unknown>;
  return rest;
}

/** Anything that a role can pass, as text that is the same for the same wish. */
class Text {
  readonly #parts: string[] = [];
  sensitive = false;

  add(value: unknown): void {
    if (value instanceof Secret) {
      this.sensitive = true;
      this.#put("secret", value.reveal());
    } else if (value instanceof Sh) this.#shell(value);
    else if (value instanceof Value) this.#late(value);
    else if (Buffer.isBuffer(value)) this.#put("bytes", value.toString("base64"));
    else if (typeof value === "function") this.#put("function", Function.prototype.toString.call(value));
    else if (Array.isArray(value)) this.#list("[", value);
    else if (value instanceof Set) this.#list("set", [...value]);
    else if (value instanceof RegExp) this.#put("regexp", String(value));
    else if (typeof value === "object" && value !== null) this.#object(value as Record<string, unknown>);
    else this.#put(typeof value, String(value));
  }

  toString(): string {
    return this.#parts.join("");
  }

  /** With its length, so that no two wishes run into one. */
  #put(kind: string, text: string): void {
    this.#parts.push(`${kind}:${text.length}:${text};`);
  }

  #shell(value: Sh): void {
    try {
      const text = value.render(() => (this.sensitive = true));
      this.#put("sh", text);
    } catch (error) {
      if (!(error instanceof ValuePending)) throw error;
      this.#put("late", error.value.label);
    }
  }

  #late(value: Value<unknown>): void {
    if (value.known) this.add(value.get());
    else this.#put("late", value.label);
  }

  #list(kind: string, items: readonly unknown[]): void {
    this.#put(kind, String(items.length));
    for (const item of items) this.add(item);
  }

  #object(value: Record<string, unknown>): void {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined).sort();
    this.#put("{", String(keys.length));
    for (const key of keys) {
      this.#put("key", key);
      this.add(value[key]);
    }
  }
}
