import type { Code } from "./code.ts";

/** What names mean where an expression stands. */
export interface Scope {
  /** A variable, or undefined when nobody has heard of it. `optional`: it is asked for where it may be missing. */
  lookup(name: string, optional?: boolean): Code | undefined;
  /** How the function of `ansible` of that name is called here. */
  helper(name: string): string;
  /** The value of `facts` or `host` here. */
  given(name: "facts" | "host"): string;
  /** In a template a name that is not there throws when it is read. */
  readonly template: boolean;
  /** The loop that the expression stands in, as Jinja's `loop`. */
  readonly loop?: Loop;
}

export interface Loop {
  /** Name of the counter, from 0; asking makes it. */
  readonly counter: () => string;
  /** What is counted. */
  readonly list: string;
}

/** Something that has no counterpart. `at` is an offset in the text that was converted. */
export class Unconvertible extends Error {
  override readonly name = "Unconvertible";
  readonly at: number;

  constructor(why: string, at: number) {
    super(why);
    this.at = at;
  }
}
