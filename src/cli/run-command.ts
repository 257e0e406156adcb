import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { connectTo } from "../connect.ts";
import type { RunEvent } from "../engine/events.ts";
import { listPlaybook, type Listing } from "../engine/list.ts";
import { resolvePlays } from "../engine/resolve.ts";
import { runPlaybook, type RunOptions } from "../engine/run.ts";
import { formatProblem, KEEP_OPEN_WANTED, KeptFiles, loadInventory, parseKeepOpen } from "../inventory/index.ts";
import { UsageError } from "../errors/index.ts";
import type { Asked, Journal, Resumable } from "../journal/index.ts";
import { colors, exitCode, humanReporter, jsonReporter, Timing, traceOf, type Reporter } from "../report/index.ts";
import { askOnTerminal, type StepAsker } from "./ask-step.ts";
import { wantsColor } from "./color.ts";
import { interrupts } from "./interrupts.ts";
import { beginJournal, journaled, kept, namesOf, runLists } from "./journaled.ts";
import { loadPlaybook, type ImportFile } from "./load-playbook.ts";
import { extraVarsOption, inventoryOption, list, whole, type Exit } from "./options.ts";
import { raiseLab } from "./raise-lab.ts";
import { checkReportFolders, reportOption, RunReports } from "./report-files.ts";

export interface RunFlags {
  readonly inventory: string;
  readonly extraVars?: string[];
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly limit?: string;
  readonly tags?: string[];
  readonly skipTags?: string[];
  readonly role?: string[];
  readonly startAt?: string;
  readonly step?: boolean;
  readonly forks: number;
  readonly keepOpen?: number;
  readonly lockTimeout: number;
  readonly probeTimeout: number;
  readonly output: "human" | "json";
  readonly verbose?: boolean;
  readonly detailedExitcode?: boolean;
  readonly timing?: boolean;
  readonly trace?: string;
  readonly report?: string[];
  readonly listHosts?: boolean;
  readonly listTasks?: boolean;
  readonly listTags?: boolean;
  readonly journal?: boolean;
}

/** The run that this one goes on with. */
export interface GoesOn {
  readonly from: Resumable;
}

function keepOpen(value: string): number {
  const seconds = parseKeepOpen(value);
  if (seconds === undefined) throw new InvalidArgumentError(`it ${KEEP_OPEN_WANTED}.`);
  return seconds;
}

export function runCommand(program: Command, exit: Exit, importFile: ImportFile): void {
  program
    .command("run")
    .description("run a playbook; with --check only say what a run would change")
    .argument("<playbook>", "a TypeScript file, e.g. playbooks/site.ts")
    .addOption(inventoryOption())
    .addOption(extraVarsOption())
    .option("-C, --check", "change nothing; predict what a run would change")
    .option("-D, --diff", "show the differences in files")
    .option("-l, --limit <pattern>", "only hosts of this inventory pattern")
    .addOption(new Option("-t, --tags <tags>", "only resources with one of these tags").argParser(list))
    .addOption(new Option("--skip-tags <tags>", "leave out resources with one of these tags").argParser(list))
    .addOption(new Option("--role <names>", "only these roles").argParser(list))
    .option("--start-at <id>", "leave out what stands before this resource, e.g. base/file:/etc/motd")
    .addOption(new Option("--step", "ask on the terminal before each change; hosts are worked on one after the other").conflicts("check"))
    .addOption(new Option("-f, --forks <n>", "hosts worked on at a time").argParser(whole(1)).default(10))
    .addOption(new Option("--keep-open <duration>", "keep connections open for the next run, e.g. 10m; off for not at all (default: what the inventory says)").argParser(keepOpen))
    .addOption(new Option("--lock-timeout <seconds>", "how long to wait for another run on a host").argParser(whole(0)).default(30))
    .addOption(new Option("--probe-timeout <seconds>", "how long one look at a host may take").argParser(whole(1)).default(30))
    .addOption(new Option("-o, --output <format>", "how to report").choices(["human", "json"]).default("human"))
    .option("-v, --verbose", "also show what is ok")
    .option("--detailed-exitcode", "with --check: exit 3 when changes are pending")
    .option("--timing", "show where the time went, host by host, and the slowest resources")
    .option("--trace <file>", "write the run's timeline for a trace viewer (Perfetto, chrome://tracing)")
    .addOption(reportOption())
    .option("--no-journal", "keep no journal of the run; it cannot be resumed")
    .option("--list-hosts", "list the hosts of each play and stop")
    .option("--list-tasks", "list every resource with its tags and stop (reads the hosts' facts)")
    .option("--list-tags", "list the tags and stop (reads the hosts' facts)")
    .action(async (file: string, flags: RunFlags) => {
      exit.code = await runFile(file, flags, importFile);
    });
}

/** @param goesOn For `hawser resume`. */
export async function runFile(file: string, flags: RunFlags, importFile: ImportFile, goesOn?: GoesOn): Promise<number> {
  checkReportFolders(flags.report ?? []);
  // What has no terminal to ask on is refused first.
  const asker = flags.step ? askOnTerminal(wantsColor(process.stdout)) : undefined;
  try {
    return await runLoaded(file, flags, importFile, asker, goesOn);
  } finally {
    asker?.close();
  }
}

async function runLoaded(file: string, flags: RunFlags, importFile: ImportFile, asker: StepAsker | undefined, goesOn: GoesOn | undefined): Promise<number> {
  const playbook = await loadPlaybook(file, importFile);
  const inventory = await loadInventory(flags.inventory, { extraVars: flags.extraVars ?? [], lists: runLists(flags.inventory) });
  for (const warning of inventory.warnings) process.stderr.write(`warning: ${formatProblem(warning)}\n`);
  const connections = connectTo(inventory, { keepOpen: flags.keepOpen });
  const options: RunOptions = {
    inventory,
    connect: connections.open,
    kept: new KeptFiles(statSync(flags.inventory).isDirectory() ? flags.inventory : path.dirname(flags.inventory)),
    check: flags.check ?? false,
    ...(flags.limit !== undefined && { limit: flags.limit }),
    selection: {
      ...(flags.tags && { tags: flags.tags }),
      ...(flags.skipTags && { skipTags: flags.skipTags }),
      ...(flags.role && { roles: flags.role }),
      ...(flags.startAt !== undefined && { startAt: flags.startAt }),
    },
    forks: flags.forks,
    lockTimeout: flags.lockTimeout,
    probeTimeout: flags.probeTimeout,
    timeLooks: (flags.timing ?? false) || flags.trace !== undefined,
    ...(goesOn && { resumes: goesOn.from }),
  };
  const listing: Listing | undefined = flags.listHosts ? "hosts" : flags.listTasks ? "tasks" : flags.listTags ? "tags" : undefined;
  try {
    // Whatever is wrong with hosts, vars and roles is said before a lab boots.
    resolvePlays(playbook, inventory, flags.limit);
    if (listing !== "hosts") await raiseLab(inventory);
    if (listing) {
      process.stdout.write(await listPlaybook(playbook, options, listing));
      return 0;
    }
    // A check changes nothing, so there is nothing to go on with.
    const journal = flags.check || flags.journal === false ? undefined : beginJournal(askedOf(file, flags, goesOn), goesOn?.from);
    return await withJournal(journal, () => reported(flags, new RunReports(flags.report, inventory), (listen, signals) => {
      asker?.follow(signals.interrupt);
      return runPlaybook(playbook, { ...options, ...signals, ...(asker && { step: asker.ask }), ...(journal && { id: journal.id }) }, journaled(journal, listen));
    }));
  } finally {
    connections.leave();
  }
}

function askedOf(file: string, flags: RunFlags, goesOn: GoesOn | undefined): Asked {
  return { verb: "run", playbook: path.resolve(file), inventory: path.resolve(flags.inventory), flags: kept(flags), extraVars: namesOf(flags.extraVars ?? []), ...(goesOn && { resumes: goesOn.from.run }) };
}

async function withJournal<T>(journal: Journal | undefined, run: () => Promise<T>): Promise<T> {
  try {
    const result = await run();
    journal?.end();
    return result;
  } catch (error) {
    journal?.end(error);
    throw error;
  }
}

async function reported(flags: RunFlags, reports: RunReports, run: (listen: (event: RunEvent) => void, signals: { interrupt: AbortSignal; abort: AbortSignal }) => Promise<Parameters<typeof exitCode>[0]>): Promise<number> {
  const color = wantsColor(process.stdout);
  const reporter: Reporter =
    flags.output === "json" ? jsonReporter(process.stdout) : humanReporter({ stream: process.stdout, tty: process.stdout.isTTY && process.env["TERM"] !== "dumb" && !flags.step, color, diff: flags.diff ?? false, verbose: flags.verbose ?? false, resumable: !flags.check && flags.journal !== false });
  const timing = new Timing();
  let code = 1;
  let broke: unknown;
  const startup = performance.now() / 1000;
  const signals = interrupts((message) => process.stderr.write(`\n${message}\n`));
  try {
    const recap = await run((event) => {
      // It keeps what a run of many hosts says in great numbers.
      if (flags.timing || flags.trace !== undefined) timing.on(event);
      reporter.on(event);
      reports.on(event);
    }, signals);
    code = exitCode(recap, { check: flags.check ?? false, detailedExitcode: flags.detailedExitcode ?? false });
  } catch (error) {
    broke = error;
    throw error;
  } finally {
    signals.dispose();
    try {
      await reporter.end();
      // JSON ends with the recap: there the table goes to standard error.
      if (flags.timing) (flags.output === "json" ? process.stderr : process.stdout).write(`\n${timing.text(startup, { color: colors(color) })}`);
    } finally {
      code = await reports.write(code, broke);
    }
    if (flags.trace !== undefined) writeTrace(flags.trace, timing);
  }
  return code;
}

/** @throws UsageError when the file cannot be written; the run itself is over by then. */
function writeTrace(file: string, timing: Timing): void {
  try {
    writeFileSync(file, traceOf(timing));
  } catch (error) {
    throw new UsageError(`the trace could not be written to ${file}: ${(error as Error).message}`, { cause: error });
  }
}
