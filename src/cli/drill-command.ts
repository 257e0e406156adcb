import { Argument, InvalidArgumentError, Option, type Command } from "commander";
import { connectTo } from "../connect.ts";
import { dialTcp } from "../connection/dial.ts";
import { castOf, DrillError, DrillInterrupted, KINDS, type Declared, type DrillOptions, type Kind, type Wish } from "../drill/index.ts";
import { declareDrills } from "../engine/declare.ts";
import { resolvePlays } from "../engine/resolve.ts";
import { Unreachable } from "../engine/session.ts";
import { ValueHub } from "../engine/values.ts";
import { UsageError } from "../errors/index.ts";
import type { Inventory } from "../inventory/index.ts";
import { formatError } from "../report/index.ts";
import type { Playbook } from "../dsl/play.ts";
import type { LabSpec } from "../lab/index.ts";
import { wantsColor } from "./color.ts";
import { faultsOn, MEANS, type FaultFlags } from "./drill-fault.ts";
import { runDrills, type DrillFlags } from "./drill-run.ts";
import { refuseBroken } from "./drill-verify.ts";
import { labOf } from "./lab-of.ts";
import { loadBook } from "./load-book.ts";
import { passwordOptions, type LoadFlags } from "./load-inventory.ts";
import type { ImportFile } from "./load-playbook.ts";
import { extraVarsOption, inventoryOption, whole, type Exit } from "./options.ts";

interface Flags extends DrillFlags, FaultFlags, LoadFlags {
  readonly playbook: string;
  readonly from?: string;
  readonly to?: string;
  readonly service?: string;
  readonly target?: string;
}

/** Seconds that a fault lasts at least: what it does must have time to happen. */
const SHORTEST = 5;
/** Requests a second that one process of this program sends on time. */
const FASTEST = 2000;

export function drillCommand(program: Command, exit: Exit, importFile: ImportFile): void {
  const command = program
    .command("drill")
    .description("break something on purpose while clients go on, measure what becomes of it, and mend it")
    .addArgument(new Argument("<kind>", "what to break").choices(KINDS))
    .addOption(inventoryOption())
    .addOption(extraVarsOption());
  passwordOptions(command)
    .option("-p, --playbook <file>", "the playbook whose roles say what there is to break and to watch", "playbooks/network.ts")
    .option("--from <name>", "the clients' region or host (default: the first that has traffic)")
    .option("--to <region>", "the region whose service they ask (default: the first)")
    .option("--service <name>", "what they ask for, where there are several")
    .option("--target <name>", "node-loss, witness-loss: the host; region-loss: the region (default: who holds the address; group witness)")
    .addOption(new Option("--for <seconds>", "how long it stays broken").argParser(whole(SHORTEST)).default(35))
    .addOption(new Option("--rate <n>", "requests a second").argParser(upTo(FASTEST)).default(200))
    .addOption(new Option("--return-after <seconds>", "shorten for this drill how long the hosts wait before they return to the tunnel").argParser(whole(0)))
    .addOption(new Option("--within <seconds>", "how long after healing everything may take to be as before").argParser(whole(1)).default(180))
    .addOption(new Option("--repeat <n>", "drills one after the other, with medians at the end").argParser(whole(1)).default(1))
    .option("--report <file>", "where the report goes (default: hawser-drill-KIND-TIME.html here)")
    .addOption(new Option("--by <means>", "what breaks it: the lab, or the hosts' own firewalls (default: the lab where the hosts belong to one)").choices(MEANS))
    .option("--freeze", "lab: node-loss and witness-loss freeze the host instead of cutting its power")
    .option("--force", "go on although something is wrong at the start")
    .option("--yes", "real hosts: do not ask before breaking anything")
    .addOption(new Option("-o, --output <format>", "how to report").choices(["human", "json"]).default("human"))
    .addHelpText("after", "\nExit code: 0 every limit was kept, 2 one was not, 1 usage error, 4 the drill did not come about, 130 interrupted (and healed).\n\n  hawser drill tunnel-cut -i inventory/lab --return-after 10\n  hawser drill node-loss -i inventory/lab --target la-1 --repeat 5 --output json")
    .action(async (kind: Kind, flags: Flags) => {
      exit.code = await drillCode(kind, flags, importFile);
    });
}

async function drillCode(kind: Kind, flags: Flags, importFile: ImportFile): Promise<number> {
  const { playbook, inventory } = await loadBook(flags.playbook, flags, importFile);
  const { from, to, service, target } = flags;
  const wish: Wish = { kind, ...(from !== undefined && { from }), ...(to !== undefined && { to }), ...(service !== undefined && { service }), ...(target !== undefined && { target }) };
  if (flags.freeze === true && kind !== "node-loss" && kind !== "witness-loss") throw new UsageError(`--freeze is about hosts, and ${kind} loses none`);
  const hosts = declaredOn(playbook, inventory);
  // Whatever is asked for and not there is said before a host is touched.
  castOf(hosts, wish, []);
  // Connections of its own: one that a keeper holds cannot carry the clients' connections.
  const connections = connectTo(inventory, { keepOpen: 0 });
  try {
    const connect = (name: string) => connections.open(inventory.host(name));
    const faultOf = await faultsOn(inventory, flags, connect);
    await refuseBroken(playbook, inventory, connections.open, (line) => void (flags.output === "json" ? process.stderr : process.stdout).write(`${line}\n`), flags.force ?? false);
    const lab = labOf(inventory);
    return await runDrills({ hosts, wish, flags, connect, faultOf, ...(lab && { dial: dialerIn(lab) }), real: lab === undefined });
  } catch (error) {
    if (!(error instanceof DrillError || error instanceof DrillInterrupted || error instanceof Unreachable)) throw error;
    process.stderr.write(formatError(error, { color: wantsColor(process.stderr) }));
    return error instanceof DrillInterrupted ? 130 : 4;
  } finally {
    connections.leave();
  }
}

/** A lab's hosts are reached from here as from their own network, and a stream of sshd would cost a small host more than the proxy does. */
function dialerIn({ hosts }: LabSpec): DrillOptions["dial"] {
  return (name, address, port) => {
    const host = hosts.find((each) => each.name === name);
    return host && [host.privateAddress, host.address].includes(address) ? dialTcp(host.address, port) : undefined;
  };
}

function declaredOn(playbook: Playbook, inventory: Inventory): Declared[] {
  const all = resolvePlays(playbook, inventory, undefined);
  return inventory.hosts.map((host) => ({ host: host.name, region: host.region, groups: host.groups, plans: declareDrills({ all, host, hub: new ValueHub() }) }));
}

/** A whole number from 1 to `most`. */
function upTo(most: number): (value: string) => number {
  return (value) => {
    const number = whole(1)(value);
    if (number > most) throw new InvalidArgumentError(`at most ${most} is possible.`);
    return number;
  };
}
