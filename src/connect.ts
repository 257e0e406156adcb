import type { Session } from "./engine/session.ts";
import { connectorFor, forwarderFor, type Forwarder, type Target } from "./connection/index.ts";
import type { Inventory, InventoryHost } from "./inventory/index.ts";

export interface ConnectOptions {
  /** Seconds that connections stay open for the next run, instead of what the inventory says; 0 for not at all. */
  readonly keepOpen?: number | undefined;
}

/** Opens sessions to the hosts of an inventory; its hosts may be one another's jump hosts, by name. */
export function connectTo(inventory: Inventory, { keepOpen }: ConnectOptions = {}): { open: (host: InventoryHost) => Promise<Session>; close: () => Promise<void>; leave: () => void } {
  const targetOf = ({ name, connection, become }: InventoryHost): Target => ({ host: name, connection: keepOpen === undefined ? connection : { ...connection, keepOpen }, become });
  const byName = new Map(inventory.hosts.map((host) => [host.name, host]));
  const connector = connectorFor({
    resolveJump: (name) => {
      const host = byName.get(name);
      return host && targetOf(host);
    },
  });
  return { open: (host) => connector.open(targetOf(host)), close: () => connector.close(), leave: () => connector.leave() };
}

/** TCP connections that a host of the inventory makes for the controller. */
export function forwardThrough(inventory: Inventory, host: InventoryHost): Forwarder {
  const targetOf = ({ name, connection, become }: InventoryHost): Target => ({ host: name, connection, become });
  return forwarderFor(targetOf(host), (name) => {
    const jump = inventory.hosts.find((each) => each.name === name);
    return jump && targetOf(jump);
  });
}
