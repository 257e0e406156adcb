import { Command, CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { importInventoriesBy } from "../inventory/index.ts";
import { formatError } from "../report/index.ts";
import { Cancelled } from "./ask.ts";
import { colorOptions, wantsColor } from "./color.ts";
import { applyCommand } from "./apply-command.ts";
import { artifactsCommands } from "./artifacts-commands.ts";
import { connectionsCommands } from "./connections-commands.ts";
import { dashboardCommand } from "./dashboard-command.ts";
import { driftCommand } from "./drift-command.ts";
import { drillCommand } from "./drill-command.ts";
import { inventoryCommands } from "./inventory-commands.ts";
import { labCommands } from "./lab-commands.ts";
import { importCommand } from "./import-command.ts";
import { importPlainly, type ImportFile } from "./load-playbook.ts";
import type { Exit } from "./options.ts";
import { planCommand } from "./plan-command.ts";
import { addExamples } from "./examples.ts";
import { hostCommands, projectCommands } from "./everyday-commands.ts";
import { recordCommand } from "./record-command.ts";
import { resumeCommand } from "./resume-command.ts";
import { runCommand } from "./run-command.ts";
import { secretsCommands } from "./secrets-commands.ts";
import { runsCommands } from "./runs-commands.ts";
import { verifyCommand } from "./verify-command.ts";

const version = (): string => (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;

/** What the scripts of `hawser completion` ask. */
const COMPLETE = "__complete";

async function completed(program: Command, words: readonly string[], importFile: ImportFile): Promise<number> {
  const { complete } = await import("./completion/complete.ts");
  process.stdout.write((await complete(program, words, importFile)).map((line) => `${line}\n`).join(""));
  return 0;
}

/**
 * The command line.
 * @param importFile Loads a playbook's module by its absolute path; by default as whoever loaded this file does.
 * @returns the exit code: 0 clean, 1 usage or load error, 2 a host failed, 3 pending changes, 4 unreachable.
 */
export async function main(argv: readonly string[], importFile: ImportFile = importPlainly): Promise<number> {
  const exit: Exit = { code: 0 };
  importInventoriesBy(importFile);
  const program = new Command("hawser")
    .description("Runs typed TypeScript playbooks of idempotent roles over SSH.")
    .version(version(), "-V, --version")
    .showSuggestionAfterError(true)
    .showHelpAfterError("(hawser --help lists the commands)")
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ showGlobalOptions: false });
  projectCommands(program, exit, importFile);
  runCommand(program, exit, importFile);
  planCommand(program, exit, importFile);
  applyCommand(program, exit, importFile);
  resumeCommand(program, exit, importFile);
  runsCommands(program);
  verifyCommand(program, exit, importFile);
  dashboardCommand(program, exit);
  driftCommand(program, exit, importFile);
  drillCommand(program, exit, importFile);
  hostCommands(program, exit);
  inventoryCommands(program, importFile);
  artifactsCommands(program, exit, importFile);
  secretsCommands(program);
  connectionsCommands(program);
  labCommands(program, exit);
  recordCommand(program);
  importCommand(program);
  addExamples(program);
  colorOptions(program);
  if (argv[0] === COMPLETE) return await completed(program, argv.slice(1), importFile);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exit.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    process.stderr.write(formatError(error, { color: wantsColor(process.stderr) }));
    return error instanceof Cancelled ? 130 : 1;
  }
}
