import type { Command } from "commander";
import { loadInventory } from "../inventory/index.ts";
import { wantsColor } from "./color.ts";
import { inventoryExplain, inventoryGraph, inventoryHost, inventoryList } from "./inventory.ts";
import { explainPlays } from "./explain-plays.ts";
import { loadPlaybook, type ImportFile } from "./load-playbook.ts";
import { extraVarsOption, inventoryOption } from "./options.ts";

interface Flags {
  readonly inventory: string;
  readonly extraVars?: string[];
  readonly json?: boolean;
}

export function inventoryCommands(program: Command, importFile: ImportFile): void {
  const group = program.command("inventory").description("show the inventory, and where its values come from");
  const show = (name: string, description: string): Command => group.command(name).description(description).addOption(inventoryOption()).addOption(extraVarsOption()).option("--json", "as JSON");
  const load = (flags: Flags) => loadInventory(flags.inventory, { extraVars: flags.extraVars ?? [], secrets: "sealed" });
  const view = (flags: Flags) => ({ json: flags.json ?? false, color: wantsColor(process.stdout) });
  const print = (text: string): void => void process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  show("list", "every host on a line").argument("[pattern]").action(async (pattern: string | undefined, flags: Flags) => print(inventoryList(await load(flags), { ...view(flags), pattern })));
  show("graph", "groups and hosts as a tree").action(async (flags: Flags) => print(inventoryGraph(await load(flags), view(flags))));
  show("host", "connection, groups and vars of one host").argument("<name>").action(async (name: string, flags: Flags) => print(inventoryHost(await load(flags), name, view(flags))));
  show("explain", "where a var's value comes from, file and line")
    .argument("<host>")
    .argument("<var>", "a name, or a path such as ssh.port")
    .option("--playbook <file>", "what the plays of a playbook say as well, e.g. playbooks/site.ts")
    .action(async (host: string, name: string, flags: Flags & { readonly playbook?: string }) => {
      const inventory = await load(flags);
      const plays = flags.playbook === undefined ? undefined : explainPlays(await loadPlaybook(flags.playbook, importFile), inventory, host, name);
      print(inventoryExplain(inventory, host, name, { ...view(flags), plays }));
    });
}
