import { UsageError, type SourceLine } from "../errors/index.ts";
import type { Sh } from "../shell/index.ts";
import type { HostView, Use } from "./role.ts";

/** A batch that a gate asks about. */
export interface GatedBatch {
  /** The batch's hosts that have not failed. */
  readonly hosts: readonly HostView[];
  /** Counted from 1. */
  readonly batch: number;
  readonly of: number;
}

/**
 * What must hold after each batch of a play before the next may begin; at least one of `verify`, `probe` and `check`.
 * A check mode run asks nothing, since nothing was changed.
 */
export interface PlayGate {
  /** What the roles' own `verify` asserts of each host of the batch. Totals over all hosts are left out. */
  readonly verify?: boolean;
  /** Shell text that exits 0 on each host of the batch; it only reads. */
  readonly probe?: Sh;
  /** Asked on the controller, once a look. False, or an error, means that the batch is not well. */
  readonly check?: (batch: GatedBatch) => unknown;
  /** Seconds in which all of it must come true. Default 60; 0 asks once. */
  readonly within?: number;
  /** Seconds between two looks. Default 2. */
  readonly every?: number;
  /** Seconds for which it must then stay true, looked at every `every` seconds. Default 0. */
  readonly hold?: number;
}

const asserts = ({ role }: Use): boolean => role.verify !== undefined || (role.dependsOn ?? []).some(asserts);

/** @throws UsageError that points at the play. */
export function checkGate(play: string, gate: PlayGate, roles: readonly Use[], source: SourceLine): void {
  const refuse = (message: string, hint: string): never => {
    throw new UsageError(`play "${play}": ${message}`, { source, hint });
  };
  if (gate.verify !== true && !gate.probe && !gate.check) refuse("its gate asks nothing", "give it verify: true, a probe or a check");
  if (gate.verify === true && !roles.some(asserts)) refuse("its gate verifies, and none of its roles asserts anything", "give a role verify({ v }), or the gate a probe");
  for (const [name, least] of [["within", 0], ["every", 0.1], ["hold", 0]] as const) {
    const seconds = gate[name];
    if (seconds !== undefined && !(seconds >= least)) refuse(`the gate's ${name} is a number of seconds from ${least}, not ${String(seconds)}`, `for example ${name}: 10`);
  }
}
