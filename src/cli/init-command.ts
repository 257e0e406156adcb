import path from "node:path";
import type { Command } from "commander";
import { initProject, type Made } from "./init-project.ts";

const HELP = `
Examples:
  hawser init servers
  hawser init . --force`;

export function initCommand(program: Command): void {
  program
    .command("init")
    .description("make a project with an inventory, a playbook, and a role with its unit test")
    .argument("[folder]", "where; it is made if need be", ".")
    .option("--force", "also in a folder that has files: add what is missing, and overwrite nothing")
    .addHelpText("after", HELP)
    .action((folder: string, flags: { force?: boolean }) => {
      process.stdout.write(text(folder, initProject(folder, { force: flags.force ?? false })));
    });
}

function text(folder: string, { written, left, needs }: Made): string {
  const steps = [
    ...(path.resolve(folder) === process.cwd() ? [] : [`cd ${folder}`]),
    "npm install",
    "npx hawser check",
    "npx hawser lab up --install",
    "npx hawser run playbooks/site.ts --check",
  ];
  const list = (title: string, names: readonly string[]): string => (names.length === 0 ? "" : `${title}\n${names.map((name) => `  ${name}\n`).join("")}`);
  return `${list(written.length === 0 ? "" : "made", written)}${list("left as they were", left)}${list("package.json was there already, and needs", needs)}${list("next", steps)}`;
}
