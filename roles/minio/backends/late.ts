import { Value } from "hawser";

/** A late argument. @throws ValuePending while it is not known */
export function now<T>(given: unknown): T {
  if (given instanceof Value) return given.get() as T;
  return (typeof given === "function" ? (given as () => T)() : given) as T;
}
