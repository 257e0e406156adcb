import { Command, type Argument, type Option } from "commander";
import { main } from "../../src/cli/main.ts";
import type { Complaints } from "./complaints.ts";
import { code, page, table } from "./markdown.ts";
import { docBefore, lineOf, sourceOf } from "./source.ts";

/** The program as `main` builds it: caught where it would begin to parse. */
export async function builtProgram(): Promise<Command> {
  const original = Object.getOwnPropertyDescriptor(Command.prototype, "parseAsync") as PropertyDescriptor;
  const caught: Command[] = [];
  Object.defineProperty(Command.prototype, "parseAsync", {
    ...original,
    value(this: Command) {
      caught.push(this);
      return Promise.resolve(this);
    },
  });
  try {
    await main([]);
  } finally {
    Object.defineProperty(Command.prototype, "parseAsync", original);
  }
  if (!caught[0]) throw new Error("the command line was not built");
  return caught[0];
}

export async function cliPage(root: string, complaints: Complaints): Promise<string> {
  const program = await builtProgram();
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const command of commands) if (command.description() === "") complaints.add("src/cli", 1, `the command ${nameOf(command)} has no description`);
  const intro = `${program.description()}

\`\`\`
${commands.filter((command) => command.commands.length === 0).map(usage).join("\n")}
\`\`\`

From a clone, \`hawser\` is \`node bin/hawser.mjs\`. \`hawser --version\` prints the version, \`--help\` after any command its help.`;
  return page("Command line", intro, [...commands.flatMap((command) => section(command, complaints)), ...exitCodes(root), ...environment(commands)]);
}

function nameOf(command: Command): string {
  return command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function usage(command: Command): string {
  return ["hawser", nameOf(command), ...(command.options.length > 0 ? ["[options]"] : []), ...command.registeredArguments.map(argumentText)].join(" ");
}

function section(command: Command, complaints: Complaints): string[] {
  if (command.commands.length > 0) return [`## hawser ${nameOf(command)}`, "", sentence(command.description()), ""];
  const level = command.parent?.parent ? "###" : "##";
  const described = command.registeredArguments.filter(({ description }) => description !== "");
  const lines = [`${level} hawser ${nameOf(command)}`, "", sentence(command.description()), "", "```", usage(command), "```", ""];
  if (described.length > 0) lines.push(table(["argument", "what it is"], described.map((argument) => [code(argumentText(argument)), argument.description])), "");
  const options = command.options.filter((option) => !option.hidden);
  for (const option of options) if (option.description === "") complaints.add("src/cli", 1, `the option ${option.flags} of ${nameOf(command)} has no description`);
  if (options.length > 0) lines.push(table(["option", "default", "what it does"], options.map(optionRow)), "");
  return lines;
}

function optionRow(option: Option): string[] {
  const choices = option.argChoices ? `: ${option.argChoices.map(code).join(", ")}` : "";
  return [code(option.flags), option.defaultValue === undefined ? "" : code(String(option.defaultValue)), `${option.description}${choices}${option.envVar === undefined ? "" : ` (also from \`${option.envVar}\`)`}`];
}

function exitCodes(root: string): string[] {
  return ["## Exit codes", "", table(["code", "meaning"], exitCodeRows(root)), "", "A failure wins over an unreachable host: it is the one that needs a change of code. `lab status` exits 2 while a host is not up.", ""];
}

/** From the comment of the function that makes them. */
export function exitCodeRows(root: string): string[][] {
  const source = sourceOf(root, "src/report/exit-code.ts");
  const at = source.mask.indexOf("export function exitCode");
  const doc = docBefore(source, at) ?? "";
  const paragraph = doc.split("\n\n").find((each) => each.startsWith("0 "))?.replaceAll("\n", " ") ?? "";
  const listed = paragraph.split(/(?<=before anything failed)\. /)[0] ?? "";
  const rows = [...listed.matchAll(/(?:^|, )(\d+) (.*?)(?=, \d+ |\.?$)/g)].map((match) => [match[1] as string, (match[2] as string).replace("`detailedExitcode`", "`--detailed-exitcode`")]);
  if (rows.length === 0) throw new Error(`${source.file}:${lineOf(source, at)}: the comment lists no exit codes`);
  return rows;
}

function environment(commands: readonly Command[]): string[] {
  return ["## Environment", "", table(["variable", "what it does"], environmentRows(commands).map(([names = "", what = ""]) => [names.split(", ").map(code).join(", "), what]))];
}

/** Variables, several with commas between them, and what they do. */
export function environmentRows(commands: readonly Command[]): string[][] {
  const names = [...new Set(commands.flatMap((command) => command.options.flatMap((option) => (option.envVar === undefined ? [] : [option.envVar]))))];
  return [
    ...names.map((name) => [name, "the default of the option that names it above"]),
    ["HAWSER_RUNS", "the folder of the runs' journals; default `hawser/runs` below `XDG_STATE_HOME` or `~/.local/state`"],
    ["HAWSER_AGE_IDENTITY", "the file with the age identity that opens `!age` values and once-only outputs"],
    ["HAWSER_ARTIFACT_MIRROR", "the mirror of artifacts on hosts for which the inventory says no `artifact_mirror`; see [artifacts](../artifacts.md)"],
    ["HAWSER_SSH_CONFIG", "the ssh client configuration of hosts for which the inventory names none; default `~/.ssh/config`"],
    ["HAWSER_VAULT_PASSWORD_FILE", "the file with the password of `!vault` values, or a program that prints it"],
    ["HAWSER_VAULT_IDS", "more of them, each with its vault id: `dev@dev.txt,prod@prod-client.sh`"],
    ["HAWSER_SECRET_TIMEOUT", "seconds that a program of `!command`, or the server of `!bao`, may take; default 60"],
    ["BAO_ADDR, BAO_TOKEN, BAO_CACERT, BAO_NAMESPACE, BAO_TLS_SERVER_NAME", "the server that `!bao` asks, and how, as for the program `bao`; else the same with `VAULT_`, as for `vault`"],
    ["VISUAL, EDITOR", "the editor of `hawser secrets edit`; default `vi`"],
    ["NO_COLOR, FORCE_COLOR", "no colours, or colours also without a terminal"],
  ];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
