import type { Secret, Value } from "../shell/index.ts";
import type { KeptNode } from "./items.ts";

/** A once-only output as roles see it: every text in it is a Secret. */
export type KeptOutput<T> = T extends string ? Secret : T extends readonly (infer E)[] ? KeptOutput<E>[] : T extends object ? { [K in keyof T]: KeptOutput<T[K]> } : T;

/** A once-only output: what a task names in `makes`, and the value that others take. */
export class Kept<out T> {
  /** @internal */
  readonly node: KeptNode;
  readonly value: Value<T>;

  constructor(node: KeptNode, value: Value<T>) {
    this.node = node;
    this.value = value;
  }
}
