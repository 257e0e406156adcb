import { UsageError, type SourceLine } from "../errors/index.ts";
import type { Observed } from "../resources/contract.ts";
import type { Sh } from "../shell/index.ts";
import { callSite } from "./source.ts";

/** What a value must be: at most, at least, both, or exactly. */
export type Limit = { readonly max: number; readonly min?: number } | { readonly min: number; readonly max?: number } | { readonly equals: Measured };

/** What an assertion measures. */
export type Measured = number | string | boolean;

/** How something is measured on a host, and what it must be. */
export interface Measurement {
  /** Read-only shell text; all probes of a host travel in one request. */
  readonly probe: Sh;
  /** The value in what the probe printed. Undefined, or what it throws, means that nothing was measured, and breaks the limit. */
  value(seen: Observed): Measured | undefined;
  /** Default: none. */
  readonly unit?: string;
  readonly limit: Limit;
  /** What to try when the limit is broken. */
  readonly hint?: string;
  /** The host at the other end, when this tells whether a link between two hosts works; pictures of the regions show it. */
  readonly link?: string;
  /** The user that the probe runs as. Default: the session's, usually root. */
  readonly runAs?: string;
}

/** One assertion of a role on a host. */
export interface Assertion extends Measurement {
  readonly role: string;
  readonly name: string;
  /** The values of all hosts are added, and the sum is judged. */
  readonly total: boolean;
  readonly source: SourceLine;
}

/** A weakness that whoever runs it must know, and that no run can mend. */
export interface Warning {
  readonly role: string;
  readonly message: string;
  readonly source: SourceLine;
}

/** What a role asserts with, as `v`: that it works, by values measured on the host. */
export class Verifier {
  /** The role's name, or `name[as]`. */
  readonly role: string;
  readonly assertions: Assertion[] = [];
  readonly warnings: Warning[] = [];

  constructor(role: string) {
    this.role = role;
  }

  /** Measures something on this host. */
  assert(name: string, measurement: Measurement): void {
    this.#add(name, measurement, false);
  }

  /** Measures a number on every host that uses the role, and judges their sum once: how many hold an address, for one. */
  total(name: string, measurement: Measurement): void {
    this.#add(name, measurement, true);
  }

  /** Says a weakness beside the measured values. */
  warn(message: string): void {
    this.warnings.push({ role: this.role, message, source: callSite() });
  }

  #add(name: string, measurement: Measurement, total: boolean): void {
    const source = callSite();
    if (this.assertions.some((each) => each.name === name)) throw new UsageError(`${this.role} asserts "${name}" twice on one host`, { source, hint: "put what differs into the name" });
    if (total && "equals" in measurement.limit && typeof measurement.limit.equals !== "number") throw new UsageError(`${this.role}: the total "${name}" is a number, and so is its limit`, { source });
    this.assertions.push({ ...measurement, value: (seen) => measurement.value(seen), role: this.role, name, total, source });
  }
}
