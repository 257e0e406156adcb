import { Option, type Command } from "commander";
import { colors, oneLine, place, type Colors } from "../report/index.ts";
import { inOrder, problemOf, type Problem } from "./check/problem.ts";
import { checkProject, inventoriesOf, playbooksOf, type Checked } from "./check/project.ts";
import { projectRoot, typeProblems } from "./check/types.ts";
import { wantsColor } from "./color.ts";
import { findConfig, readConfig } from "./config/file.ts";
import { count } from "./inventory.ts";
import type { ImportFile } from "./load-playbook.ts";
import type { Exit } from "./options.ts";

interface Flags {
  readonly inventory?: string[];
  readonly types: boolean;
  readonly strict?: boolean;
  readonly output: "human" | "json";
}

const HELP = `
Exit code: 0 no error was found, 2 one was (with --strict: or a warning), 1 usage error.

Examples:
  hawser check
  hawser check playbooks/site.ts -i inventory/production --strict
  hawser check -o json | jq -r 'select(.severity == "error") | .file'`;

export function checkCommand(program: Command, exit: Exit, importFile: ImportFile): void {
  program
    .command("check")
    .description("find mistakes in playbooks, roles and inventories without touching a host")
    .argument("[playbook...]", "TypeScript files (default: all of playbooks/)")
    .addOption(new Option("-i, --inventory <path>", "inventory folder or file; may be given more than once (default: all of inventory/)").argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]))
    .option("--no-types", "do not run TypeScript")
    .option("--strict", "warnings count as errors")
    .addOption(new Option("-o, --output <format>", "how to report; json is one line a problem").choices(["human", "json"]).default("human"))
    .addHelpText("after", HELP)
    .action(async (playbooks: string[], flags: Flags) => {
      exit.code = await check(playbooks, flags, importFile);
    });
}

async function check(given: readonly string[], flags: Flags, importFile: ImportFile): Promise<number> {
  const root = projectRoot(process.cwd());
  const playbooks = playbooksOf(root, given);
  const checked = await checkProject(root, playbooks, inventoriesOf(root, flags.inventory ?? []), importFile);
  const problems = inOrder([...(flags.types ? typeProblems(root) : []), ...(await configProblems(importFile)), ...checked.problems]);
  const bad = problems.filter(({ severity }) => flags.strict || severity === "error").length;
  if (flags.output === "json") for (const problem of problems) process.stdout.write(`${JSON.stringify(problem)}\n`);
  else process.stdout.write(text(problems, checked, colors(wantsColor(process.stdout))));
  return bad > 0 ? 2 : 0;
}

async function configProblems(importFile: ImportFile): Promise<Problem[]> {
  const file = findConfig(process.cwd());
  if (file === undefined) return [];
  return await readConfig(file, importFile).then(() => [], (error: unknown) => problemOf(error, "config", { file, line: 1, column: 1 }));
}

function text(problems: readonly Problem[], { playbooks, inventories, roles, sealed }: Checked, color: Colors): string {
  const lines = problems.map(({ severity, rule, message, hint, ...source }) => {
    const paint = severity === "error" ? color.red : color.yellow;
    return `${color.cyan(place(source, process.cwd()))}  ${paint(severity)}  ${oneLine(message)}  ${color.dim(rule)}\n${hint === undefined ? "" : `  ${color.bold("try:")} ${oneLine(hint)}\n`}`;
  });
  const [errors, warnings] = (["error", "warning"] as const).map((wanted) => problems.filter(({ severity }) => severity === wanted).length) as [number, number];
  const looked = `${count(playbooks, "playbook")}, ${count(roles, "role")}, ${inventories === 1 ? "1 inventory" : `${inventories} inventories`}`;
  const closed = sealed > 0 ? `; ${count(sealed, "part")} not checked, since secrets stay closed` : "";
  const result = errors + warnings === 0 ? color.green("nothing found") : `${errors > 0 ? color.red(count(errors, "error")) : "no error"}${warnings > 0 ? `, ${color.yellow(count(warnings, "warning"))}` : ""}`;
  return `${lines.join("")}${lines.length > 0 ? "\n" : ""}${result} in ${looked}${closed}\n`;
}
