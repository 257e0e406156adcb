import { Option, type Command } from "commander";
import type { ImportFile } from "./load-playbook.ts";
import type { Exit } from "./options.ts";
import { runFile, type RunFlags } from "./run-file.ts";
import { withRunOptions, withTellingOptions } from "./run-options.ts";

export function runCommand(program: Command, exit: Exit, importFile: ImportFile): void {
  withTellingOptions(withRunOptions(program.command("run")))
    .description("run a playbook; with --check only say what a run would change")
    .argument("<playbook>", "a TypeScript file, e.g. playbooks/site.ts")
    .option("-C, --check", "change nothing; predict what a run would change")
    .addOption(new Option("--watch", "with --check: check again whenever a file of the playbook, its roles or the inventory is saved").conflicts(["step", "askPass", "askBecomePass", "askVaultPass", "listHosts", "listTasks", "listTags", "report", "trace"]))
    .addOption(new Option("--step", "ask on the terminal before each change; hosts are worked on one after the other").conflicts("check"))
    .option("--detailed-exitcode", "with --check: exit 3 when changes are pending")
    .option("--trace <file>", "write the run's timeline for a trace viewer (Perfetto, chrome://tracing)")
    .option("--no-journal", "keep no journal of the run; it cannot be resumed")
    .option("--list-hosts", "list the hosts of each play and stop")
    .option("--list-tasks", "list every resource with its tags and stop (reads the hosts' facts)")
    .option("--list-tags", "list the tags and stop (reads the hosts' facts)")
    .action(async (file: string, flags: RunFlags) => {
      exit.code = flags.watch ? await (await import("./watch/watch-file.ts")).watchFile(file, flags, importFile) : await runFile(file, flags, importFile);
    });
}
