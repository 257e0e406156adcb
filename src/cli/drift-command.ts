import { Option, type Command } from "commander";
import { connectTo } from "../connect.ts";
import { runPlaybook } from "../engine/run.ts";
import { driftJson, driftText, exitCode, RunRecord } from "../report/index.ts";
import { wantsColor } from "./color.ts";
import { interrupts } from "./interrupts.ts";
import { loadBook } from "./load-book.ts";
import type { LoadFlags } from "./load-inventory.ts";
import type { ImportFile } from "./load-playbook.ts";
import { whole, type Exit } from "./options.ts";
import { raiseLab } from "./raise-lab.ts";
import { checkReportFolders, placesOf, reportOption, RunReports } from "./report-files.ts";
import { selectionOf, withSelectOptions, type SelectFlags } from "./run-options.ts";

interface Flags extends LoadFlags, SelectFlags {
  readonly diff?: boolean;
  readonly forks: number;
  readonly probeTimeout: number;
  readonly output: "human" | "json";
  readonly report?: string[];
}

const HELP = `
Exit code: 0 no drift, 3 something would change or a handler is owed, 2 a host failed, 4 a host was unreachable and nothing failed.

  hawser drift playbooks/site.ts
  hawser drift playbooks/site.ts --skip-tags slow --report drift.html --report drift.json`;

export function driftCommand(program: Command, exit: Exit, importFile: ImportFile): void {
  withSelectOptions(program.command("drift"))
    .description("say where hosts differ from what a playbook declares, resource by resource; changes nothing")
    .argument("<playbook>", "a TypeScript file, e.g. playbooks/site.ts")
    .option("-D, --diff", "show the differences in files")
    .addOption(new Option("-f, --forks <n>", "hosts looked at at a time").argParser(whole(1)).default(50))
    .addOption(new Option("--probe-timeout <seconds>", "how long one look at a host may take").argParser(whole(1)).default(30))
    .addOption(new Option("-o, --output <format>", "how to tell; json is the document that --report writes").choices(["human", "json"]).default("human"))
    .addOption(reportOption())
    .addHelpText("after", HELP)
    .action(async (file: string, flags: Flags) => {
      exit.code = await driftOf(file, flags, importFile);
    });
}

async function driftOf(file: string, flags: Flags, importFile: ImportFile): Promise<number> {
  checkReportFolders(flags.report ?? []);
  const { playbook, inventory } = await loadBook(file, flags, importFile);
  const connections = connectTo(inventory);
  const record = new RunRecord();
  const reports = new RunReports(flags.report, inventory, { drift: true, record });
  const signals = interrupts((message) => process.stderr.write(`\n${message}\n`));
  const progress = new Counter();
  try {
    await raiseLab(inventory);
    const recap = await runPlaybook(
      playbook,
      {
        inventory,
        connect: connections.open,
        check: true,
        ...(flags.limit !== undefined && { limit: flags.limit }),
        selection: selectionOf(flags),
        forks: flags.forks,
        probeTimeout: flags.probeTimeout,
        interrupt: signals.interrupt,
        abort: signals.abort,
      },
      (event) => {
        record.on(event);
        if (event.event === "phase" && ["done", "failed", "unreachable"].includes(event.phase)) progress.add(event.host, record.hosts.size);
      },
    );
    progress.clear();
    const told = flags.output === "json" ? [...driftJson({ record, regions: placesOf(inventory), cwd: process.cwd() })].join("") : driftText(record, { color: wantsColor(process.stdout), diff: flags.diff ?? false, cwd: process.cwd() });
    process.stdout.write(told);
    return await reports.write(exitCode(recap, { check: true, detailedExitcode: true }));
  } catch (error) {
    progress.clear();
    await reports.write(1, error);
    throw error;
  } finally {
    signals.dispose();
    connections.leave();
  }
}

/** How many hosts were looked at, on a terminal; on one line that goes away. */
class Counter {
  readonly #done = new Set<string>();
  readonly #isShown = process.stderr.isTTY && process.env["TERM"] !== "dumb";

  add(host: string, of: number): void {
    this.#done.add(host);
    if (this.#isShown) process.stderr.write(`\r${this.#done.size} of ${of} hosts looked at`);
  }

  clear(): void {
    if (this.#isShown) process.stderr.write("\r\u001b[K");
  }
}
