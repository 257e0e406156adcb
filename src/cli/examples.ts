import type { Command } from "commander";

/** Examples of verbs whose help has none of its own. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  run: [
    "hawser run playbooks/site.ts --check --diff",
    "hawser run playbooks/site.ts -i inventory/production --limit 'web:!web-2' --tags config",
    "hawser run playbooks/site.ts --report site.html --timing",
  ],
  "runs list": ["hawser runs", "hawser runs list --last 5"],
  "runs show": ["hawser runs show 20261128-101500"],
  record: ["hawser record la-1 -i inventory/production > test/la-1.facts.json"],
  "connections list": ["hawser connections list --json"],
  "connections close": ["hawser connections close", "hawser connections close la-1 sg-1"],
  "lab up": ["hawser lab up --install", "hawser lab up -i inventory/lab --rtt 84"],
  "lab kernel": ["hawser lab kernel"],
  "lab down": ["hawser lab down"],
  "lab status": ["hawser lab status --json"],
  "lab cut": ["hawser lab cut la sg --only udp:500,udp:4500", "hawser lab cut la-1"],
  "lab heal": ["hawser lab heal", "hawser lab heal la sg"],
  "lab loss": ["hawser lab loss la sg 5"],
  "lab delay": ["hawser lab delay 180"],
  "lab freeze": ["hawser lab freeze sg-1"],
  "lab thaw": ["hawser lab thaw sg-1"],
  "lab ssh": ["hawser lab ssh la-1", "hawser lab ssh la-1 uptime"],
  "lab exec": ["hawser lab exec la-1 systemctl stop nginx"],
};

/** Gives every verb examples; those that say them beside their options keep theirs. */
export function addExamples(program: Command): void {
  for (const command of verbsOf(program)) {
    const examples = EXAMPLES[nameOf(command)];
    if (examples) command.addHelpText("after", `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`);
  }
}

/** Commands that do something: those without commands below them. */
export const verbsOf = (command: Command): Command[] => command.commands.flatMap((each) => (each.commands.length > 0 ? verbsOf(each) : [each]));

/** As it is written behind `hawser`. */
export function nameOf(command: Command): string {
  return command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

/** The whole help of a command, as `--help` prints it. */
export function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => void (text += part), getOutHasColors: () => false });
  command.outputHelp();
  return text;
}

/** The lines of a help that are examples. */
export const examplesIn = (help: string): string[] => help.split("\n").filter((line) => /^ {2}(?:hawser |source <\(hawser |\w.*\| hawser )/.test(line)).map((line) => line.trim());
