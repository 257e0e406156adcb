import { LabError } from "./error.ts";
import { faultText, membersOf, parseTraffic } from "./faults.ts";
import { changeFaults } from "./lab.ts";
import type { LabFault } from "./types.ts";

/**
 * Cuts what passes between `a` and `b`, hosts or regions, in both directions, until it is healed, also over their reboots. The controller
 * still reaches both.
 * @param b default: everybody but the controller
 * @param only traffic, as `udp:500`, `tcp:8443`, `icmp`; default: all
 * @param onSet is told when packets began to be dropped, in milliseconds since the epoch: never later than they were
 * @throws LabError when there is no such lab, host, region or traffic
 */
export async function labCut(lab: string, a: string, b?: string, { only = [], onSet }: { readonly only?: readonly string[]; readonly onSet?: (at: number) => void } = {}): Promise<LabFault[]> {
  const pair = b === undefined ? { a } : { a, b };
  const cuts = only.length === 0 ? [{ kind: "cut" as const, ...pair }] : only.map((text) => ({ kind: "cut" as const, ...pair, only: parseTraffic(text) }));
  return changeFaults(lab, (faults, hosts) => {
    if (a === b && membersOf(a, hosts).length === 1) throw new LabError(`${a} cannot be cut off from itself`);
    const added = new Set(cuts.map((cut) => faultText(cut)));
    return [...faults.filter((fault) => !added.has(faultText(fault))), ...cuts];
  }, onSet);
}

/**
 * Drops packets between `a` and `b`, hosts or regions, by chance, in both directions.
 * @param percent of the packets of each direction; from 0, which heals it, to 100
 */
export async function labLoss(lab: string, a: string, b: string, percent: number): Promise<LabFault[]> {
  if (!(percent >= 0 && percent <= 100)) throw new LabError(`a loss is from 0 to 100 percent, not ${percent}`);
  return changeFaults(lab, (faults, hosts) => {
    if (a === b && membersOf(a, hosts).length === 1) throw new LabError(`nothing passes between ${a} and itself`);
    const others = faults.filter((fault) => fault.kind !== "loss" || !isBetween(fault, a, b));
    return percent === 0 ? others : [...others, { kind: "loss", a, b, percent }];
  });
}

/** Takes cuts and losses back: all, those of `a`, or those between `a` and `b`, by the names they were made with. */
export async function labHeal(lab: string, a?: string, b?: string): Promise<LabFault[]> {
  return changeFaults(lab, (faults, hosts) => {
    for (const name of [a, b]) if (name !== undefined) membersOf(name, hosts);
    if (a === undefined) return [];
    return faults.filter((fault) => (b === undefined ? fault.a !== a && fault.b !== a : !isBetween(fault, a, b)));
  });
}

const isBetween = (fault: LabFault, a: string, b: string): boolean => (fault.a === a && fault.b === b) || (fault.a === b && fault.b === a);
