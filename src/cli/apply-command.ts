import path from "node:path";
import { Option, type Command } from "commander";
import type { Failure } from "../engine/events.ts";
import { runPlaybook } from "../engine/run.ts";
import { UsageError } from "../errors/index.ts";
import type { Resumable } from "../journal/index.ts";
import { appliedPlan, Collector, drift, readPlan, type PlanFile } from "../plan/index.ts";
import { extraVarsAgain } from "./journaled.ts";
import type { ImportFile } from "./load-playbook.ts";
import { extraVarsOption, whole, type Exit } from "./options.ts";
import { raiseLab } from "./raise-lab.ts";
import { loadRun, runLoaded, type Loaded, type RunFlags } from "./run-file.ts";
import { withTellingOptions } from "./run-options.ts";

export type ApplyFlags = Pick<RunFlags, "extraVars" | "diff" | "verbose" | "output" | "timing" | "journal" | "check" | "report"> & { readonly forks?: number };

export function applyCommand(program: Command, exit: Exit, importFile: ImportFile): void {
  withTellingOptions(program.command("apply"))
    .description("make the changes of a saved plan, and no others; a host that has drifted since is refused, and nothing is done there")
    .argument("<plan>", "a file that `hawser plan` wrote")
    .addOption(extraVarsOption())
    .option("-C, --check", "change nothing; say what would be done, and which hosts have drifted")
    .addOption(new Option("-f, --forks <n>", "hosts worked on at a time (default: as planned)").argParser(whole(1)))
    .option("--no-journal", "keep no journal of the run; it cannot be resumed")
    .addHelpText("after", "\nExit code: 0 applied, 2 a host was refused or failed, 4 a host was unreachable and nothing failed.\n\n  hawser apply site.plan --check\n  hawser apply site.plan")
    .action(async (file: string, flags: ApplyFlags) => {
      exit.code = await applyPlan(file, flags, importFile);
    });
}

/** @param from The run that applied a part of the plan before, for `hawser resume`. */
export async function applyPlan(file: string, given: ApplyFlags, importFile: ImportFile, from?: Resumable): Promise<number> {
  const plan = readPlan(file);
  const hosts = Object.keys(plan.hosts);
  if (hosts.length === 0) throw new UsageError(`${file} has no hosts: none of them could be planned`, { hint: "mend what it says under `without`, and plan again" });
  const flags = { ...(plan.flags as unknown as RunFlags), ...given, inventory: plan.inventory, extraVars: extraVarsAgain(plan.extraVars, given.extraVars ?? []), check: given.check ?? false };
  const loaded = await loadRun(plan.playbook, flags, importFile, (name) => (name === "plan" ? hosts : undefined));
  try {
    const planned = { ...loaded, options: { ...loaded.options, limit: "@plan" } };
    const drifted = await lookAgain(planned, plan);
    // Where a part of it was done already, the hosts are as that part has left them.
    for (const host of from?.touched ?? []) drifted.delete(host);
    return await runLoaded(planned, flags, {
      asked: { verb: "apply", plan: path.resolve(file) },
      options: { plan: appliedPlan(plan, drifted, from) },
      ...(from && { from }),
    });
  } finally {
    loaded.leave();
  }
}

/** The check that the plan came from, once more. */
async function lookAgain({ playbook, inventory, options }: Loaded, plan: PlanFile): Promise<Map<string, Failure[]>> {
  await raiseLab(inventory);
  const now = new Collector(plan.salt);
  await runPlaybook(playbook, { ...options, check: true, observe: now.observe }, (event) => now.on(event));
  return drift(plan, now);
}
