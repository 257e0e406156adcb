import { Option, type Command } from "commander";
import { connectTo } from "../connect.ts";
import type { Failure } from "../engine/events.ts";
import { failureOf } from "../engine/failures.ts";
import { readFacts } from "../engine/read-facts.ts";
import { Redactor } from "../engine/redactor.ts";
import { Semaphore } from "../engine/semaphore.ts";
import type { Facts } from "../resources/facts.ts";
import { colors, formatFailure } from "../report/index.ts";
import { wantsColor } from "./color.ts";
import { checkFilters, factRows, filtered, matches, plainFacts, type FactRow } from "./facts-paths.ts";
import { table } from "./inventory.ts";
import { inventoryFor, passwordOptions, type LoadFlags } from "./load-inventory.ts";
import { inventoryOption, list, whole, type Exit } from "./options.ts";
import { raiseLab } from "./raise-lab.ts";

interface Flags extends LoadFlags {
  readonly filter?: string[];
  readonly forks: number;
  readonly probeTimeout: number;
  readonly output: "human" | "json";
}

const HELP = `
Exit code: 0 every host answered, 2 one failed, 4 one was unreachable and none failed, 1 usage error.

Examples:
  hawser facts la-1
  hawser facts --filter os.name,memoryMb
  hawser facts web --filter 'kernel.rel*' -o json`;

interface Answer {
  readonly host: string;
  readonly facts?: Facts;
  readonly failure?: Failure;
}

/** More names than this are counted, unless a filter asks for them. */
const MANY = 30;

export function factsCommand(program: Command, exit: Exit): void {
  passwordOptions(program.command("facts"))
    .description("show what is known of hosts before roles declare")
    .argument("[pattern]", "an inventory pattern", "all")
    .addOption(inventoryOption())
    .addOption(new Option("--filter <paths>", "only these facts, e.g. os.* or memoryMb").argParser(list))
    .addOption(new Option("-f, --forks <n>", "hosts worked on at a time").argParser(whole(1)).default(10))
    .addOption(new Option("--probe-timeout <seconds>", "how long one host may take").argParser(whole(1)).default(30))
    .addOption(new Option("-o, --output <format>", "how to report; json is one line a host").choices(["human", "json"]).default("human"))
    .addHelpText("after", HELP)
    .action(async (pattern: string, flags: Flags) => {
      exit.code = await showFacts(pattern, flags);
    });
}

async function showFacts(pattern: string, flags: Flags): Promise<number> {
  const { filter, output } = flags;
  checkFilters(filter ?? []);
  const inventory = await inventoryFor(flags);
  const hosts = inventory.select(pattern);
  await raiseLab(inventory);
  const connections = connectTo(inventory);
  const fork = new Semaphore(flags.forks);
  const show = output === "json" ? jsonText : humanText(Math.max(...hosts.map(({ name }) => name.length)));
  let [unreachable, failed] = [false, false];
  try {
    const found = hosts.map(async (host): Promise<Answer> => {
      await fork.acquire();
      try {
        const session = await connections.open(host);
        try {
          return { host: host.name, facts: await readFacts(session, flags.probeTimeout) };
        } finally {
          void session.close();
        }
      } catch (error) {
        return { host: host.name, failure: failureOf(error, { host: host.name }, new Redactor()) };
      } finally {
        fork.release();
      }
    });
    // In the order of the inventory, whoever answers first.
    for (const answer of found) {
      const { host, facts, failure } = await answer;
      if (facts) process.stdout.write(show(host, facts, filter));
      if (!failure) continue;
      if (failure.unreachable) unreachable = true;
      else failed = true;
      if (output === "json") process.stdout.write(`${JSON.stringify(failure)}\n`);
      else process.stderr.write(formatFailure(failure, { color: wantsColor(process.stderr), cwd: process.cwd() }));
    }
  } finally {
    connections.leave();
  }
  return failed ? 2 : unreachable ? 4 : 0;
}

function jsonText(host: string, facts: Facts, filter: readonly string[] | undefined): string {
  const plain = plainFacts(facts);
  return `${JSON.stringify({ host, facts: filter ? (filtered(plain, filter) ?? {}) : plain })}\n`;
}

/** Without a filter a block for each host, with one a line for each fact, so that the hosts stand below one another. */
function humanText(hostWidth: number): (host: string, facts: Facts, filter: readonly string[] | undefined) => string {
  const color = colors(wantsColor(process.stdout));
  return (host, facts, filter) => {
    const rows = factRows(plainFacts(facts));
    if (filter) return rows.filter(([path]) => matches(path, filter)).map(([path, value]) => `${color.bold(host.padEnd(hostWidth))}  ${path}  ${shown(value, Infinity)}\n`).join("");
    return `${color.bold(host)}\n${table(rows.map(([path, value]) => [path, shown(value, MANY)])).map((line) => `  ${line}\n`).join("")}`;
  };
}

function shown(value: FactRow[1], most: number): string {
  if (!Array.isArray(value)) return String(value);
  return value.length > most ? `${value.length} names (--filter shows them)` : value.join(", ");
}
