import path from "node:path";
import type { Playbook } from "../dsl/play.ts";
import { resolvePlays } from "../engine/resolve.ts";
import type { HostLists, Inventory } from "../inventory/index.ts";
import { inventoryFor, type LoadFlags } from "./load-inventory.ts";
import { loadPlaybook, type ImportFile } from "./load-playbook.ts";

/** A playbook and the inventory that it is for, which fit one another. */
export interface Book {
  readonly playbook: Playbook;
  readonly inventory: Inventory;
}

/**
 * Loads both, and asks for what is to be asked. No host is contacted and no lab boots.
 * @param lists What `@NAME` stands for in patterns, before the lists of the last run.
 * @throws UsageError or InventoryError for whatever is wrong with hosts, vars and roles.
 */
export async function loadBook(file: string, flags: LoadFlags & { readonly limit?: string }, importFile: ImportFile, lists: HostLists = () => undefined): Promise<Book> {
  const playbook = await loadPlaybook(file, importFile);
  const inventory = await inventoryFor(flags, playbook.prompts, { playbookDir: path.dirname(file), lists });
  resolvePlays(playbook, inventory, flags.limit);
  return { playbook, inventory };
}
