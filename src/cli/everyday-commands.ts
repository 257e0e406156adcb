import type { Command } from "commander";
import { checkCommand } from "./check-command.ts";
import { completionCommand } from "./completion-command.ts";
import { configCommand } from "./config-command.ts";
import { useConfig } from "./config/apply.ts";
import { consoleCommand } from "./console-command.ts";
import { execCommand } from "./exec-command.ts";
import { factsCommand } from "./facts-command.ts";
import { initCommand } from "./init-command.ts";
import type { ImportFile } from "./load-playbook.ts";
import type { Exit } from "./options.ts";

/** The verbs about a project, which touch no host; and its configuration, which all verbs take. */
export function projectCommands(program: Command, exit: Exit, importFile: ImportFile): void {
  useConfig(program, importFile);
  initCommand(program);
  checkCommand(program, exit, importFile);
  configCommand(program);
  completionCommand(program);
}

/** The verbs about hosts that need no playbook. */
export function hostCommands(program: Command, exit: Exit): void {
  execCommand(program, exit);
  factsCommand(program, exit);
  consoleCommand(program, exit);
}
