import { inspect } from "node:util";

/** Thrown by `Value.get()` while the value is not known yet. The engine turns it into waiting, or into `unknown` in a check. */
export class ValuePending extends Error {
  override readonly name = "ValuePending";
  readonly value: Value<unknown>;

  constructor(value: Value<unknown>) {
    super(`the value "${value.label}" is not known yet`);
    this.value = value;
  }
}

/** Where a value comes from; the engine settles it once. */
export interface ValueState {
  readonly label: string;
  /** Undefined while the value is not known. */
  readonly settled: { readonly value: unknown } | undefined;
  /** Why it will never be known, when that is certain. */
  readonly failed: string | undefined;
}

/**
 * A value known late: read from a host during the run, possibly another host.
 *
 * It is deliberately not thenable (an `await` in a role would hide an ordering edge) and throws when printed.
 */
export class Value<out T> {
  readonly state: ValueState;
  readonly #map: (raw: unknown) => T;

  private constructor(state: ValueState, map: (raw: unknown) => T) {
    this.state = state;
    this.#map = map;
  }

  /** Makes a pending value and the function that settles it. */
  static pending<T>(label: string): { value: Value<T>; settle: (value: T) => void; fail: (why: string) => void } {
    const state: { -readonly [K in keyof ValueState]: ValueState[K] } = { label, settled: undefined, failed: undefined };
    return {
      value: Value.of<T>(state),
      settle: (value) => void (state.settled = { value }),
      fail: (why) => void (state.failed = why),
    };
  }

  /** A value that looks its state up each time, for the engine. */
  static of<T>(state: ValueState): Value<T> {
    return new Value<T>(state, (raw) => raw as T);
  }

  get label(): string {
    return this.state.label;
  }

  get known(): boolean {
    return this.state.settled !== undefined;
  }

  /** @throws ValuePending while the value is not known. */
  get(): T {
    if (this.state.settled === undefined) throw new ValuePending(this);
    return this.#map(this.state.settled.value);
  }

  /** A value derived from this one; `fn` runs each time the result is needed, so it must be pure. */
  map<U>(fn: (value: T) => U): Value<U> {
    return new Value<U>(this.state, (raw) => fn(this.#map(raw)));
  }

  toString(): string {
    throw new TypeError(`the value "${this.label}" was about to be printed; use map() or pass it to a resource`);
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return `Value<${this.label}>`;
  }
}

/** A plain value, one that is known late, or a pure function of late values that throws ValuePending until they are known. */
export type Late<T> = T | Value<T> | (() => T);

/** @throws ValuePending while a late value is not known. */
export function now<T extends string | number | boolean | object | undefined>(late: Late<T>): T {
  if (late instanceof Value) return late.get();
  return typeof late === "function" ? (late as () => T)() : late;
}
