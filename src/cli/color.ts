import { Option, type Command } from "commander";

const CHOICES = ["auto", "always", "never"] as const;

/** What `--color` said; a process has one command line. */
let choice: (typeof CHOICES)[number] = "auto";

/** Gives every command `--color`, wherever on the line it stands. */
export function colorOptions(program: Command): void {
  choice = "auto";
  for (const command of commandsOf(program)) {
    if (command.commands.length > 0) continue;
    command.addOption(new Option("--color <when>", "auto: on a terminal, unless NO_COLOR, FORCE_COLOR or CLICOLOR say otherwise").choices(CHOICES).default("auto"));
  }
  program.hook("preAction", (_, command) => {
    choice = command.opts<{ color?: typeof choice }>().color ?? "auto";
  });
}

const commandsOf = (command: Command): Command[] => command.commands.flatMap((each) => [each, ...commandsOf(each)]);

/**
 * Whether a stream gets colours. `--color` wins; then NO_COLOR (https://no-color.org), FORCE_COLOR and CLICOLOR_FORCE (0 is no), CLICOLOR=0,
 * and what the stream is.
 */
export function wantsColor(stream: { readonly isTTY?: boolean }): boolean {
  if (choice !== "auto") return choice === "always";
  const { NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  if (CLICOLOR_FORCE !== undefined && CLICOLOR_FORCE !== "0" && CLICOLOR_FORCE !== "") return true;
  return CLICOLOR !== "0" && stream.isTTY === true && TERM !== "dumb";
}
