import { userInfo } from "node:os";
import path from "node:path";
import { Option, type Command } from "commander";
import { Collector, newSalt, writePlan } from "../plan/index.ts";
import { kept, namesOf } from "./journaled.ts";
import type { ImportFile } from "./load-playbook.ts";
import { verboseOption, type Exit } from "./options.ts";
import { loadRun, runLoaded, type RunFlags } from "./run-file.ts";
import { withRunOptions } from "./run-options.ts";

type Flags = Omit<RunFlags, "output"> & { readonly out: string; readonly output: RunFlags["output"] };

export function planCommand(program: Command, exit: Exit, importFile: ImportFile): void {
  withRunOptions(program.command("plan"))
    .description("say what a run would change, as --check does, and save it for `hawser apply`")
    .argument("<playbook>", "a TypeScript file, e.g. playbooks/site.ts")
    .requiredOption("-o, --out <file>", "where the plan is written")
    .option("-D, --diff", "show the differences in files")
    .addOption(new Option("--output <format>", "how to report").choices(["human", "json"]).default("human"))
    .addOption(verboseOption())
    .option("--detailed-exitcode", "exit 3 when changes are pending")
    .addHelpText("after", "\nHosts that could not be planned are left out of it, and named. It holds no secret, but diffs of configuration: it is written for you alone.\n\n  hawser plan playbooks/site.ts -o site.plan\n  hawser apply site.plan")
    .action(async (file: string, flags: Flags) => {
      exit.code = await planFile(file, { ...flags, check: true }, importFile);
    });
}

async function planFile(file: string, flags: Flags, importFile: ImportFile): Promise<number> {
  const loaded = await loadRun(file, flags, importFile);
  const salt = newSalt();
  const found = new Collector(salt);
  try {
    const code = await runLoaded(loaded, flags, { options: { observe: found.observe }, listen: (event) => found.on(event) });
    const { hosts, without } = found;
    const relative = (given: string): string => {
      const below = path.relative(process.cwd(), given);
      return below.startsWith("..") ? path.resolve(given) : below;
    };
    const { out: _, check: _check, ...options } = kept(flags);
    writePlan(flags.out, { hawserPlan: 1, made: new Date().toISOString(), by: userInfo().username, playbook: relative(file), inventory: relative(flags.inventory), flags: options, extraVars: namesOf(flags.extraVars ?? []), salt, hosts, without });
    const left = Object.keys(without);
    process.stderr.write(`the plan is in ${flags.out}${left.length > 0 ? `, without ${left.join(", ")}` : ""}\n`);
    return code;
  } finally {
    loaded.leave();
  }
}
