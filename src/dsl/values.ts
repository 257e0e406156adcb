import { Sh, Value } from "../shell/index.ts";

/** Every late value in an argument, however deep; functions are opaque. */
export function valuesIn(thing: unknown, seen = new Set<object>()): Value<unknown>[] {
  if (typeof thing !== "object" || thing === null || seen.has(thing)) return [];
  seen.add(thing);
  if (thing instanceof Value) return [thing];
  if (thing instanceof Sh) return thing.values();
  if (Buffer.isBuffer(thing) || thing instanceof RegExp) return [];
  return Object.values(thing).flatMap((inner) => valuesIn(inner, seen));
}
