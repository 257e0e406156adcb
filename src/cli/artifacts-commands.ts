import path from "node:path";
import { Option, type Command } from "commander";
import { resolvePlays } from "../engine/resolve.ts";
import { list as listText, listJson } from "./artifacts/list.ts";
import { wantedBy, type Wanted } from "./artifacts/wanted.ts";
import { wantsColor } from "./color.ts";
import { inventoryFor, type LoadFlags } from "./load-inventory.ts";
import { loadPlaybook, type ImportFile } from "./load-playbook.ts";
import { extraVarsOption, inventoryOption, whole, type Exit } from "./options.ts";
import { vaultOptions } from "./vault-options.ts";

interface Flags extends LoadFlags {
  readonly limit?: string;
  readonly output: "human" | "json";
}

interface FetchFlags extends Flags {
  readonly check?: boolean;
  readonly parallel: number;
}

const FETCH_HELP = `
Exit code: 0 all are there, 1 one could not be had. Proxies are those of https_proxy, http_proxy and no_proxy.

Examples:
  hawser artifacts fetch playbooks/site.ts
  hawser artifacts fetch playbooks/site.ts -i inventory/production --limit sg --check`;

const LIST_HELP = `
Examples:
  hawser artifacts list playbooks/site.ts
  hawser artifacts list playbooks/site.ts -o json | jq -r 'select(.state == "missing") | .urls[0]'`;

/** `hawser artifacts`: the releases that roles bring to hosts, on the controller. */
export function artifactsCommands(program: Command, exit: Exit, importFile: ImportFile): void {
  const group = program.command("artifacts").description("the releases that a playbook's roles bring to hosts; no host is contacted");
  const command = (name: string, description: string): Command =>
    vaultOptions(group.command(name).description(description).argument("<playbook>", "a TypeScript file, e.g. playbooks/site.ts").addOption(inventoryOption()).addOption(extraVarsOption()))
      .option("-l, --limit <pattern>", "only what hosts of this inventory pattern need")
      .addOption(new Option("-o, --output <format>", "how to report; json is one line an artifact").choices(["human", "json"]).default("human"));
  command("list", "every artifact, where it is from and whether the controller has it")
    .addHelpText("after", LIST_HELP)
    .action(async (file: string, flags: Flags) => {
      const wanted = await wantedIn(file, flags, importFile);
      process.stdout.write(flags.output === "json" ? listJson(wanted) : listText(wanted, wantsColor(process.stdout)));
    });
  command("fetch", "fetch artifacts into the controller's cache, from which runs upload them")
    .option("-C, --check", "fetch nothing; say what would be fetched")
    .addOption(new Option("--parallel <n>", "artifacts fetched at a time").argParser(whole(1)).default(4))
    .addHelpText("after", FETCH_HELP)
    .action(async (file: string, flags: FetchFlags) => {
      const { Fetching } = await import("./artifacts/fetching.ts");
      const fetching = new Fetching(await wantedIn(file, flags, importFile), flags.output, process.stdout);
      exit.code = flags.check ? fetching.check() : await fetching.fetch(flags.parallel);
    });
}

/** @throws UsageError or InventoryError for whatever is wrong with hosts, vars and roles; not for files that are missing or damaged */
async function wantedIn(file: string, flags: Flags, importFile: ImportFile): Promise<readonly Wanted[]> {
  const playbook = await loadPlaybook(file, importFile);
  const inventory = await inventoryFor(flags, playbook.prompts, { playbookDir: path.dirname(file) });
  return wantedBy(resolvePlays(playbook, inventory, flags.limit, { artifacts: false }));
}
