import { isIPv4 } from "node:net";
import { DrillError, firewallFault, labFault, type Breakage, type Fault } from "../drill/index.ts";
import type { Session } from "../engine/session.ts";
import { UsageError } from "../errors/index.ts";
import type { Inventory } from "../inventory/index.ts";
import { labStatus } from "../lab/index.ts";
import { labOf } from "./lab-of.ts";

export type FaultOf = (breakage: Breakage, now: () => number) => Promise<Fault>;

/** How faults are made: by a lab, or by the hosts' own firewalls. */
export const MEANS = ["lab", "firewall"] as const;

export interface FaultFlags {
  readonly by?: (typeof MEANS)[number];
  readonly for: number;
  readonly freeze?: boolean;
  readonly force?: boolean;
}

/**
 * What makes faults on an inventory's hosts.
 * @throws UsageError for what cannot be, DrillError for a lab that is not up or has faults already
 */
export async function faultsOn(inventory: Inventory, flags: FaultFlags, connect: (host: string) => Promise<Session>): Promise<FaultOf> {
  const spec = labOf(inventory);
  const by = flags.by ?? (spec ? "lab" : "firewall");
  if (by === "lab" && !spec) throw new UsageError("no host of this inventory has a lab var, so no lab can break anything", { hint: "--by firewall" });
  if (by === "firewall" && flags.freeze === true) throw new UsageError("only a lab can freeze hosts", { hint: "without --freeze they are isolated" });
  if (spec) await refuseLab(spec.name, spec.hosts.map(({ name }) => name), flags.force === true);
  if (by === "lab") return async (breakage, now) => labFault(breakage, { lab: spec?.name ?? "", now, freeze: flags.freeze ?? false });
  const addressOf = (host: string): string | undefined => {
    const { address } = inventory.host(host).connection;
    return isIPv4(address) ? address : undefined;
  };
  return (breakage, now) => firewallFault(breakage, { connect, addressOf, now, duration: flags.for });
}

async function refuseLab(name: string, hosts: readonly string[], force: boolean): Promise<void> {
  const state = await labStatus(name);
  const down = hosts.filter((host) => !state?.hosts.some((each) => each.name === host && each.ready));
  if (down.length > 0) throw new DrillError(`of lab ${name} ${down.join(", ")} ${down.length === 1 ? "is" : "are"} not up`, { hint: "hawser lab up, and hawser run, before a drill" });
  if ((state?.faults.length ?? 0) > 0 && !force) throw new DrillError(`lab ${name} has faults already`, { hint: "hawser lab heal" });
}
