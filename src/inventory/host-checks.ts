import type { LoadContext } from "./load-context.ts";
import type { HostRecord } from "./inventory.ts";
import { locatePath } from "./resolve.ts";

/** Warns of two hosts at one address and port: mostly a copied line, and then every change is made twice on one machine. */
export function checkAddresses(load: LoadContext, records: ReadonlyMap<string, HostRecord>): void {
  const seen = new Map<string, string>();
  for (const [name, { host, merged, place }] of records) {
    const { kind, address, port = 22, jump = [] } = host.connection;
    if (kind === "local") continue;
    // Private addresses repeat legitimately behind different jump hosts.
    const key = JSON.stringify([address.toLowerCase(), port, jump]);
    const other = seen.get(key);
    if (other === undefined) seen.set(key, name);
    else load.warn(locatePath(merged, ["ssh", "address"]) ?? place, `${name} and ${other} are both at ${address}:${port}`);
  }
}

/** Jump hosts that are hosts of the inventory must not lead back to where they start. */
export function checkJumps(load: LoadContext, records: ReadonlyMap<string, HostRecord>): void {
  const next = (name: string): readonly string[] => (records.get(name)?.host.connection.jump ?? []).filter((hop) => records.has(hop));
  for (const [name, { merged, place }] of records) {
    const cycle = findCycle(name, next);
    if (cycle !== undefined) load.problem(locatePath(merged, ["ssh", "jump"]) ?? place, `${name} is reached by way of itself: ${cycle.join(" > ")}`, "set ssh.jump to none on the jump host");
  }
}

function findCycle(start: string, next: (name: string) => readonly string[]): readonly string[] | undefined {
  const seen = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] | undefined => {
    for (const hop of next(name)) {
      if (hop === start) return [...path, hop];
      if (seen.has(hop)) continue;
      seen.add(hop);
      const found = visit(hop, [...path, hop]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(start, [start]);
}
