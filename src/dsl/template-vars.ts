import { isProxy } from "node:util/types";
import { didYouMean } from "../inventory/suggest.ts";
import { now, Secret, Value } from "../shell/index.ts";

/** A mistake in a template, in terms of its author. `name` is the word to point at. */
export class TemplateMistake extends Error {
  readonly word: string | undefined;
  readonly hint: string | undefined;

  constructor(message: string, word?: string, hint?: string) {
    super(message);
    this.word = word;
    this.hint = hint;
  }
}

/** JSON.stringify would write "[secret]" into the file. */
class TemplateSecret extends Secret {
  override toJSON(): string {
    throw new TemplateMistake("a secret cannot go through JSON.stringify", undefined, "print it by itself: <%= vars.name %>");
  }
}

/** What JavaScript itself asks of any object: no mistake when it is not there. */
const ASKED_BY_LANGUAGE = new Set(["toJSON", "then", "constructor", "toString", "toLocaleString", "valueOf", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable"]);

/**
 * The vars as a template sees them, however deep: a misspelt name throws wherever it stands, a late value is resolved when
 * it is read, and nothing can be changed. Maps, Sets, Dates and class instances are given as they are.
 */
export function guard(vars: object): object {
  const wrapped = new WeakMap<object, object>();

  function wrap(value: unknown, name: string): unknown {
    if (value instanceof Value) return wrap(now(value as Value<string>), name);
    if (typeof value !== "object" || value === null || isProxy(value)) return value;
    const known = wrapped.get(value);
    if (known !== undefined) return known;
    const isSecret = value instanceof Secret;
    if (!isSecret && !Array.isArray(value) && !isPlain(value)) return value;
    const guarded = isSecret ? new TemplateSecret(value.reveal()) : new Proxy(value, handler(name));
    wrapped.set(value, guarded);
    return guarded;
  }

  function handler(name: string): ProxyHandler<object> {
    const refuse = (): never => {
      throw new TemplateMistake(`a template does not change ${name}`, undefined, "compute it in the role");
    };
    return {
      get(target, property, receiver) {
        if (property === Symbol.toPrimitive) throw new TemplateMistake(`${name} is ${Array.isArray(target) ? "a list" : "an object"}, which is not printed as such`, lastWord(name), 'print its parts, or a list with .join(", ")');
        if (typeof property === "symbol" || property in target) return wrapRead(target, property, receiver);
        const index = Array.isArray(target) && /^\d+$/.test(property);
        if (index || ASKED_BY_LANGUAGE.has(property)) return undefined;
        throw unknownName(target, name, property);
      },
      set: refuse,
      deleteProperty: refuse,
      defineProperty: refuse,
      setPrototypeOf: refuse,
    };
  }

  function wrapRead(target: object, property: string | symbol, receiver: unknown): unknown {
    const value: unknown = Reflect.get(target, property, receiver);
    // A proxy must report a frozen property's own value, so a frozen object is read as it is.
    const fixed = Reflect.getOwnPropertyDescriptor(target, property);
    if (fixed !== undefined && fixed.configurable === false && fixed.writable === false && !(value instanceof Value)) return value;
    return wrap(value, typeof property === "symbol" ? "it" : Array.isArray(target) ? "an item" : property);
  }

  return wrap(vars, "vars") as object;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function unknownName(target: object, name: string, property: string): TemplateMistake {
  const names = Object.keys(target);
  const given = Array.isArray(target) ? "it is a list" : names.length === 0 ? "it has no names" : `there are: ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`;
  return new TemplateMistake(`${name} has no "${property}"`, property, didYouMean(property, names) ?? `${given}; write "${property}" in … to ask whether an optional name is there`);
}

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
