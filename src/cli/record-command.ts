import type { Command } from "commander";
import { connectTo } from "../connect.ts";
import { plainSets, readFacts } from "../engine/read-facts.ts";
import { loadInventory } from "../inventory/index.ts";
import { inventoryOption } from "./options.ts";

/** `hawser record HOST`: a host's facts as JSON, for `planOf` in unit tests of roles. */
export function recordCommand(program: Command): void {
  program
    .command("record")
    .description("print a host's facts as JSON, for unit tests of roles")
    .argument("<host>")
    .addOption(inventoryOption())
    .action(async (name: string, flags: { inventory: string }) => {
      const inventory = await loadInventory(flags.inventory, {});
      const connections = connectTo(inventory);
      const session = await connections.open(inventory.host(name));
      try {
        process.stdout.write(`${JSON.stringify(await readFacts(session), plainSets, 2)}\n`);
      } finally {
        await session.close();
        await connections.close();
      }
    });
}
