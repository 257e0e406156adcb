import type { Command } from "commander";
import { connectTo } from "../connect.ts";
import { fragment } from "../engine/fragment.ts";
import { Redactor } from "../engine/redactor.ts";
import { Remote } from "../engine/remote.ts";
import { loadInventory } from "../inventory/index.ts";
import { factsProbe, parseFacts } from "../resources/facts-probe.ts";
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
        const remote = new Remote(session, { probeTimeout: 30, onConnection: () => {} });
        const [look] = await remote.look([fragment(factsProbe, undefined, new Redactor().add)]);
        const facts = parseFacts(look?.seen ?? { out: "", err: "", code: 1 });
        process.stdout.write(`${JSON.stringify(facts, (_, value: unknown) => (value instanceof Set ? [...(value as Set<string>)].sort((a, b) => (a < b ? -1 : 1)) : value), 2)}\n`);
      } finally {
        await session.close();
        await connections.close();
      }
    });
}
