import { Option, type Command } from "commander";
import { connectTo } from "../connect.ts";
import { verifyPlaybook } from "../engine/verify.ts";
import { humanVerifyReporter, jsonVerifyReporter, verifyExitCode } from "../report/index.ts";
import { wantsColor } from "./color.ts";
import { loadBook } from "./load-book.ts";
import { passwordOptions, type LoadFlags } from "./load-inventory.ts";
import type { ImportFile } from "./load-playbook.ts";
import { extraVarsOption, inventoryOption, list, whole, type Exit } from "./options.ts";
import { raiseLab } from "./raise-lab.ts";
import { checkReportFolders, reportOption, VerifyReports } from "./report-files.ts";
import { selectionOf } from "./run-options.ts";

interface Flags extends LoadFlags {
  readonly limit?: string;
  readonly tags?: string[];
  readonly role?: string[];
  readonly forks: number;
  readonly probeTimeout: number;
  readonly output: "human" | "json";
  readonly report?: string[];
}

export function verifyCommand(program: Command, exit: Exit, importFile: ImportFile): void {
  const command = program
    .command("verify")
    .description("measure what a playbook's roles assert, and show each value beside its limit; changes nothing")
    .argument("<playbook>", "a TypeScript file, e.g. playbooks/site.ts")
    .addOption(inventoryOption())
    .addOption(extraVarsOption());
  passwordOptions(command)
    .option("-l, --limit <pattern>", "only hosts of this inventory pattern; what is asserted of all hosts together is left out")
    .addOption(new Option("-t, --tags <tags>", "only plays, and roles of plays, with one of these tags").argParser(list))
    .addOption(new Option("--role <names>", "only these roles").argParser(list))
    .addOption(new Option("-f, --forks <n>", "hosts worked on at a time").argParser(whole(1)).default(10))
    .addOption(new Option("--probe-timeout <seconds>", "how long one measurement may take").argParser(whole(1)).default(30))
    .addOption(new Option("-o, --output <format>", "how to report").choices(["human", "json"]).default("human"))
    .addOption(reportOption())
    .addHelpText("after", "\nExit code: 0 all limits are kept, 2 one is broken or a host failed, 4 a host was unreachable and nothing is broken.\n\n  hawser verify playbooks/site.ts\n  hawser verify playbooks/site.ts --role gre,bfd --output json")
    .action(async (file: string, flags: Flags) => {
      exit.code = await verifyFile(file, flags, importFile);
    });
}

async function verifyFile(file: string, flags: Flags, importFile: ImportFile): Promise<number> {
  checkReportFolders(flags.report ?? []);
  const { playbook, inventory } = await loadBook(file, flags, importFile);
  const connections = connectTo(inventory);
  const reporter = flags.output === "json" ? jsonVerifyReporter(process.stdout) : humanVerifyReporter(process.stdout, { color: wantsColor(process.stdout) });
  const reports = new VerifyReports(flags.report, inventory, playbook.name);
  try {
    await raiseLab(inventory);
    const verified = await verifyPlaybook(
      playbook,
      {
        inventory,
        connect: connections.open,
        ...(flags.limit !== undefined && { limit: flags.limit }),
        selection: selectionOf(flags),
        forks: flags.forks,
        probeTimeout: flags.probeTimeout,
      },
      (event) => {
        reporter.on(event);
        reports.on(event);
      },
    );
    await reporter.end(verified);
    return await reports.write(verifyExitCode(verified), verified);
  } finally {
    connections.leave();
  }
}
