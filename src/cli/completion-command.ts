import { Argument, type Command } from "commander";
import { SCRIPTS, SHELLS, type Shell } from "./completion/scripts.ts";

const HELP = `
Examples:
  source <(hawser completion bash)                                    # in ~/.bashrc
  source <(hawser completion zsh)                                     # in ~/.zshrc, after compinit
  hawser completion fish > ~/.config/fish/completions/hawser.fish`;

export function completionCommand(program: Command): void {
  program
    .command("completion")
    .description("print a script with which a shell completes hawser's verbs, options, playbooks, hosts, roles and tags")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText("after", HELP)
    .action((shell: Shell) => void process.stdout.write(SCRIPTS[shell]));
}
