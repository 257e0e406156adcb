import { labCut, labHeal, labHost } from "../lab/index.ts";
import type { Fault } from "./fault.ts";
import type { Breakage } from "./scene.ts";

export interface LabFaultOptions {
  readonly lab: string;
  /** Seconds on the drill's clock. */
  readonly now: () => number;
  /** Hosts hang instead of losing power. */
  readonly freeze: boolean;
}

/** A fault by the lab's own controls: its router's rules, and its hosts' power. */
export function labFault(breakage: Breakage, { lab, now, freeze }: LabFaultOptions): Fault {
  const { what, make, heal } = acts(breakage, lab, freeze);
  return {
    what,
    async make() {
      const before = now();
      const set: number[] = [];
      await Promise.all(make((at) => set.push(at)));
      // What the lab sets at one moment is as old as that; the rest counts from when it was begun.
      return set.length === 0 ? before : Math.max(before, now() - (Date.now() - Math.min(...set)) / 1000);
    },
    async heal() {
      await Promise.all(heal());
      return now();
    },
  };
}

interface Acts {
  readonly what: string;
  readonly make: (onSet: (at: number) => void) => Promise<unknown>[];
  readonly heal: () => Promise<unknown>[];
}

function acts(breakage: Breakage, lab: string, freeze: boolean): Acts {
  if (breakage.kind === "tunnels") {
    const { tunnels } = breakage;
    return {
      what: `the lab drops ${tunnels.map(({ from, host, traffic }) => `${traffic.join(" and ")} between ${from} and ${host}`).join(", ")}`,
      make: (onSet) => tunnels.map(({ from, host, traffic }) => labCut(lab, from, host, { only: traffic, onSet })),
      heal: () => tunnels.map(({ from, host }) => labHeal(lab, from, host)),
    };
  }
  if (breakage.kind === "region") {
    const { region } = breakage;
    return { what: `the lab cuts region ${region} off from everybody but this machine`, make: (onSet) => [labCut(lab, region, undefined, { onSet })], heal: () => [labHeal(lab, region)] };
  }
  const { hosts } = breakage;
  const stop = (host: string): Promise<void> => (freeze ? labHost.freeze(lab, host) : labHost.kill(lab, host));
  const go = (host: string): Promise<void> => (freeze ? labHost.thaw(lab, host) : labHost.start(lab, host));
  return { what: `the lab ${freeze ? "freezes" : "cuts the power of"} ${hosts.join(", ")}`, make: () => hosts.map(stop), heal: () => hosts.map(go) };
}
