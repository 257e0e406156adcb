import { Option, type Command } from "commander";
import { isIP } from "node:net";
import { forwardThrough } from "../connect.ts";
import type { Forwarder } from "../connection/index.ts";
import type { Source } from "../dashboard/index.ts";
import { UsageError } from "../errors/index.ts";
import type { Inventory, InventoryHost } from "../inventory/index.ts";
import { inventoryFor, passwordOptions, type LoadFlags } from "./load-inventory.ts";
import { extraVarsOption, inventoryOption, whole, type Exit } from "./options.ts";
import { interrupts } from "./interrupts.ts";

interface Flags extends LoadFlags {
  readonly host?: string;
  readonly prometheus?: string;
  readonly port: number;
  readonly every: number;
}

const HELP = `
The page is served on 127.0.0.1 alone and updates itself. Ctrl-C ends it.

Examples:
  hawser dashboard -i inventory/production
  hawser dashboard -i inventory/production --host sg-1 --port 0
  hawser dashboard --prometheus http://10.10.0.11:9090`;

/** The group whose hosts are monitors, as playbooks/monitoring.ts has it, and Prometheus' own port. */
const [MONITORS, PORT] = ["monitors", 9090];

export function dashboardCommand(program: Command, exit: Exit): void {
  passwordOptions(program.command("dashboard"))
    .description("show regions, links and failovers in a browser, straight from Prometheus")
    .addOption(inventoryOption())
    .addOption(extraVarsOption())
    .option("--host <name>", "ask the Prometheus of this host (default: those of the group monitors, the first that answers)")
    .option("--prometheus <url>", "ask this one, which is reached from here; no inventory is read")
    .addOption(new Option("-p, --port <n>", "port of the page on 127.0.0.1; 0 for one that is free").argParser(portNumber).default(9900))
    .addOption(new Option("--every <seconds>", "how often the page asks").argParser(whole(1)).default(3))
    .addHelpText("after", HELP)
    .action(async (flags: Flags) => {
      exit.code = await show(flags);
    });
}

function portNumber(text: string): number {
  const port = whole(0)(text);
  if (port > 65_535) throw new UsageError(`${text} is no port`, { hint: "0 to 65535" });
  return port;
}

async function show(flags: Flags): Promise<number> {
  const { serve } = await import("../dashboard/index.ts");
  const { source, title, close } = await sourceOf(flags);
  try {
    const served = await serve({ source, port: flags.port, title, every: flags.every });
    process.stdout.write(`${served.url}\n`);
    const { interrupt, dispose } = interrupts(() => undefined);
    await new Promise<void>((resolve) => interrupt.addEventListener("abort", () => resolve()));
    dispose();
    await served.close();
    return 0;
  } finally {
    await close();
  }
}

interface Asked {
  readonly source: Source;
  readonly title: string;
  readonly close: () => Promise<void>;
}

async function sourceOf(flags: Flags): Promise<Asked> {
  const { FirstThatAnswers, Prometheus } = await import("../dashboard/index.ts");
  if (flags.prometheus !== undefined) {
    if (flags.host !== undefined) throw new UsageError("--host and --prometheus are two places", { hint: "give one of them" });
    const url = urlOf(flags.prometheus);
    return { source: new Prometheus({ url, name: url.host }), title: url.host, close: () => Promise.resolve() };
  }
  const inventory = await inventoryFor(flags);
  const [first, ...others] = monitorsOf(inventory, flags.host);
  if (first === undefined) throw new UsageError("the inventory has no monitor", { hint: `put hosts into the group ${MONITORS}, as playbooks/monitoring.ts does, or name one by --host or --prometheus URL` });
  const forwarders: Forwarder[] = [];
  const asked = (host: InventoryHost): Source => {
    const { address, port } = placeOf(host);
    const forwarder = forwardThrough(inventory, host);
    forwarders.push(forwarder);
    return new Prometheus({ url: new URL(`http://${address}:${port}/`), name: host.name, connect: () => forwarder.connect(address, port) });
  };
  return {
    source: new FirstThatAnswers([asked(first), ...others.map(asked)]),
    title: flags.inventory,
    close: async () => void (await Promise.all(forwarders.map((forwarder) => forwarder.close()))),
  };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new UsageError(`${text} is no URL of http or https`, { hint: "http://10.10.0.11:9090" });
  return url;
}

/** @throws UsageError for a name that the inventory has not */
function monitorsOf(inventory: Inventory, name: string | undefined): readonly InventoryHost[] {
  if (name !== undefined) return inventory.select(name);
  return inventory.hosts.filter((host) => host.groups.includes(MONITORS) || settingsOf(host)["server"] === true);
}

const settingsOf = ({ vars }: InventoryHost): Readonly<Record<string, unknown>> => (typeof vars["monitoring"] === "object" && vars["monitoring"] !== null ? (vars["monitoring"] as Record<string, unknown>) : {});

/** Where the host's Prometheus listens, as role monitoring makes it. */
function placeOf(host: InventoryHost): { readonly address: string; readonly port: number } {
  const { address, port } = settingsOf(host);
  const found = [address, host.vars["private_address"], host.vars["public_address"], host.connection.address].find((each): each is string => typeof each === "string" && isIP(each) === 4);
  return { address: found ?? "127.0.0.1", port: typeof port === "number" ? port : PORT };
}
