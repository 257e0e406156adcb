import type { Command } from "commander";
import { connectTo } from "../connect.ts";
import { readFacts } from "../engine/read-facts.ts";
import { inventoryFor, passwordOptions, type LoadFlags } from "./load-inventory.ts";
import { extraVarsOption, inventoryOption, type Exit } from "./options.ts";
import { raiseLab } from "./raise-lab.ts";

const HELP = `
At the prompt:
  facts, vars, host             what a role is given
  await $\`uname -r\`             a command on the host, by zx
  sh\`df -h /\`                   shell text on the host
  t.file("/etc/motd", { … })    what would change, with the diff
  await apply(t.file(…), …)     change it
A line that begins with a blank is not kept in the history. Exit code: 0, or 2 when a line from a pipe failed.

Examples:
  hawser console la-1
  echo 't.package("curl")' | hawser console la-1 -i inventory/lab`;

export function consoleCommand(program: Command, exit: Exit): void {
  passwordOptions(program.command("console"))
    .description("a prompt on a host, with everything that roles have")
    .argument("<host>", "a host of the inventory")
    .addOption(inventoryOption())
    .addOption(extraVarsOption())
    .addHelpText("after", HELP)
    .action(async (name: string, flags: LoadFlags) => {
      const inventory = await inventoryFor(flags);
      const host = inventory.host(name);
      await raiseLab(inventory);
      const connections = connectTo(inventory);
      try {
        const session = await connections.open(host);
        const facts = await readFacts(session);
        const { converse } = await import("./console/converse.ts");
        exit.code = await converse({ host, inventory, session, open: connections.open }, facts);
      } finally {
        connections.leave();
      }
    });
}
