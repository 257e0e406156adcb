import type { Secret } from "../shell/index.ts";

/** A variable's value in a TypeScript inventory: plain data, and secrets. */
export type InventoryValue = string | number | boolean | null | Secret | readonly InventoryValue[] | { readonly [key: string]: InventoryValue };

/** Variables by name; `ssh` and `become` say how a host is reached. */
export type InventoryVars = Readonly<Record<string, InventoryValue>>;

/** A group, in the shape that YAML has. */
export interface InventoryGroupSource {
  /** Hosts by name, or ranges such as `web[1:3]`, with their variables. */
  readonly hosts?: Readonly<Record<string, InventoryVars | null>>;
  /** Groups below it; null for one that is described elsewhere. */
  readonly children?: Readonly<Record<string, InventoryGroupSource | null>>;
  readonly vars?: InventoryVars;
  /** Among groups equally deep, the higher one wins. Default 1. */
  readonly priority?: number;
}

/** A TypeScript inventory: groups by name. */
export type InventorySource = Readonly<Record<string, InventoryGroupSource | null>>;

/** What the function of an inventory is given. */
export interface InventoryContext {
  /** The folder of the file. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @internal What `defineInventory` gives. */
export interface InventoryDefinition {
  readonly kind: "inventory";
  readonly source: (context: InventoryContext) => InventorySource | Promise<InventorySource>;
}

/**
 * An inventory in TypeScript, the default export of `inventory.ts`: groups, or a function that asks somebody for them. It may take
 * 60 seconds, or HAWSER_INVENTORY_TIMEOUT; what it throws is an error at its line, before any host is touched.
 * @example export default defineInventory(async () => ({ web: { hosts: { "web-1": { ssh: { address: await addressOf("web-1") } } } } }));
 */
export function defineInventory(source: InventorySource | InventoryDefinition["source"]): InventoryDefinition {
  return { kind: "inventory", source: typeof source === "function" ? source : () => source };
}
