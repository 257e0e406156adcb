import { Option, type Command } from "commander";
import { UsageError } from "../errors/index.ts";
import { findRun, isUnfinished, resumable, runsFolder, runsIn, type RunRecord } from "../journal/index.ts";
import { applyPlan } from "./apply-command.ts";
import { extraVarsAgain } from "./journaled.ts";
import type { ImportFile } from "./load-playbook.ts";
import { extraVarsOption, whole, type Exit } from "./options.ts";
import { runFile, type RunFlags } from "./run-file.ts";
import { withTellingOptions } from "./run-options.ts";

type Flags = Pick<RunFlags, "extraVars" | "diff" | "verbose" | "output" | "timing" | "report"> & { readonly forks?: number };

export function resumeCommand(program: Command, exit: Exit, importFile: ImportFile): void {
  withTellingOptions(program.command("resume"))
    .description("go on with a run that failed, was interrupted or lost its controller: where it has finished, nothing is done again")
    .argument("[run]", "a run's id, or the beginning of it, as `hawser runs` lists them (default: the last run)")
    .addOption(extraVarsOption())
    .addOption(new Option("-f, --forks <n>", "hosts worked on at a time (default: as before)").argParser(whole(1)))
    .addHelpText("after", "\nWhat the interrupted run had sent to a host goes on there by itself: it is waited for, and never sent twice.\n\n  hawser resume\n  hawser resume 20261128-1017")
    .action(async (id: string | undefined, flags: Flags) => {
      exit.code = await resume(id, flags, importFile);
    });
}

async function resume(id: string | undefined, flags: Flags, importFile: ImportFile): Promise<number> {
  const run = id === undefined ? lastRun() : findRun(runsFolder(), id);
  const { header } = run;
  if (run.state === "ok") {
    process.stdout.write(`the run ${header.id} ended well: there is nothing to go on with\n`);
    return 0;
  }
  const from = resumable(run);
  const extraVars = extraVarsAgain(header.extraVars, flags.extraVars ?? []);
  const before = header.flags as unknown as RunFlags;
  process.stderr.write(`going on with ${header.id} of ${new Date(header.began).toLocaleString()}\n`);
  if (header.verb === "apply" && header.plan !== undefined) return await applyPlan(header.plan, flags, importFile, from);
  return await runFile(header.playbook, { ...before, ...flags, inventory: header.inventory, extraVars, check: false }, importFile, { from });
}

/** @throws UsageError when there is none. */
function lastRun(): RunRecord {
  for (const run of runsIn(runsFolder())) if (run.state === "ok" || run.state === "running" || isUnfinished(run)) return run;
  throw new UsageError("there is no run to go on with", { hint: "hawser runs lists what is known" });
}
