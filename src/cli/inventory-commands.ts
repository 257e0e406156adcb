import path from "node:path";
import { Option, type Command } from "commander";
import { loadInventory, type Inventory } from "../inventory/index.ts";
import { wantsColor } from "./color.ts";
import { inventoryExplain, inventoryGraph, inventoryHost, inventoryList } from "./inventory.ts";
import { explainPlays } from "./explain-plays.ts";
import { loadPlaybook, type ImportFile } from "./load-playbook.ts";
import { extraVarsOption, inventoryOption } from "./options.ts";

interface Flags {
  readonly inventory: string;
  readonly extraVars?: string[];
  readonly playbookDir?: string;
  readonly json?: boolean;
  readonly yaml?: boolean;
  readonly vars?: boolean;
}

const EXAMPLES: Readonly<Record<string, string>> = {
  list: "hawser inventory list 'web:!web[0]' -i inventory/production --yaml",
  graph: "hawser inventory graph -i inventory/production --vars",
  host: "hawser inventory host la-1 -i inventory/production --json",
  explain: "hawser inventory explain la-1 ssh.user -i inventory/production",
};

export function inventoryCommands(program: Command, importFile: ImportFile): void {
  const group = program.command("inventory").description("show the inventory, and where its values come from");
  const show = (name: string, description: string): Command =>
    group
      .command(name)
      .description(description)
      .addOption(inventoryOption())
      .addOption(extraVarsOption())
      .addOption(new Option("--playbook-dir <folder>", "folder of a playbook, whose group_vars and host_vars count too"))
      .addHelpText("after", `\nExample:\n  ${EXAMPLES[name]}`);
  const load = async (flags: Flags): Promise<Inventory> =>
    await loadInventory(flags.inventory, { extraVars: flags.extraVars ?? [], secrets: "sealed", ...(flags.playbookDir === undefined ? {} : { playbookDir: flags.playbookDir }) });
  const view = (flags: Flags) => ({ format: flags.json === true ? ("json" as const) : flags.yaml === true ? ("yaml" as const) : ("text" as const), color: wantsColor(process.stdout) });
  const print = (text: string): void => void process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  const json = new Option("--json", "as JSON");
  show("list", "every host on a line, or everything about hosts and groups")
    .argument("[pattern]", "only these hosts, e.g. web:!web[0]")
    .addOption(json)
    .addOption(new Option("--yaml", "as YAML").conflicts("json"))
    .action(async (pattern: string | undefined, flags: Flags) => print(inventoryList(await load(flags), { ...view(flags), pattern })));
  show("graph", "groups and hosts as a tree")
    .argument("[pattern]", "only these hosts, e.g. web:!web[0]")
    .option("--vars", "with the variables of each host")
    .action(async (pattern: string | undefined, flags: Flags) => print(inventoryGraph(await load(flags), { ...view(flags), pattern, vars: flags.vars ?? false })));
  show("host", "connection, groups and vars of one host")
    .argument("<name>")
    .addOption(json)
    .action(async (name: string, flags: Flags) => print(inventoryHost(await load(flags), name, view(flags))));
  show("explain", "where a var's value comes from, file and line")
    .argument("<host>")
    .argument("<var>", "a name, or a path such as ssh.port")
    .addOption(json)
    .option("--playbook <file>", "what the plays of a playbook say as well, e.g. playbooks/site.ts")
    .action(async (host: string, name: string, flags: Flags & { readonly playbook?: string }) => {
      const inventory = await load({ ...(flags.playbook === undefined ? {} : { playbookDir: path.dirname(flags.playbook) }), ...flags });
      const plays = flags.playbook === undefined ? undefined : explainPlays(await loadPlaybook(flags.playbook, importFile), inventory, host, name);
      print(inventoryExplain(inventory, host, name, { ...view(flags), plays }));
    });
}
