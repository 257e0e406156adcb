import type { Command } from "commander";
import { answer, type Prompts } from "../dsl/prompts.ts";
import { UsageError } from "../errors/index.ts";
import { formatProblem, loadInventory, type AskedPasswords, type Inventory, type LoadOptions } from "../inventory/index.ts";
import { Secret } from "../shell/index.ts";
import { ask, canAsk } from "./ask.ts";
import { runLists } from "./journaled.ts";
import { vaultOptions, vaultSources, type VaultFlags } from "./vault-options.ts";

/** The options that say what is to be asked for before an inventory is used. */
export interface LoadFlags extends VaultFlags {
  readonly inventory: string;
  readonly extraVars?: string[];
  readonly askPass?: boolean;
  readonly askBecomePass?: boolean;
}

/** For commands that connect to hosts. */
export function passwordOptions(command: Command): Command {
  return vaultOptions(
    command
      .option("-k, --ask-pass", "ask for the ssh password of the hosts of which the inventory says none")
      .option("-K, --ask-become-pass", "ask for the password of sudo, su or doas; Enter alone takes the one of --ask-pass"),
  );
}

/**
 * Loads an inventory for hosts to be worked on, and asks for what is to be asked: passwords first, a playbook's prompts when
 * everything else was found to be in order. Says the inventory's warnings. In patterns `@failed` and the like are hosts of the last run,
 * where `more.lists` has no list of that name.
 * @throws UsageError also without a terminal to ask on
 */
export async function inventoryFor(flags: LoadFlags, prompts: Prompts = {}, more: LoadOptions = {}): Promise<Inventory> {
  const vault = await vaultSources(flags);
  const asked = await passwords(flags);
  const asker = canAsk() ? { ask, say: (message: string) => void process.stderr.write(`${message}\n`) } : undefined;
  warnOfPlainAnswers(prompts, flags.extraVars ?? []);
  const ofLastRun = runLists(flags.inventory);
  const inventory = await loadInventory(flags.inventory, {
    ...more,
    lists: (name) => more.lists?.(name) ?? ofLastRun(name),
    extraVars: flags.extraVars ?? [],
    vault,
    asked,
    ...(Object.keys(prompts).length > 0 && { answer: (given: ReadonlyMap<string, unknown>) => answer(prompts, given, asker) }),
  });
  for (const warning of inventory.warnings) process.stderr.write(`warning: ${formatProblem(warning)}\n`);
  return inventory;
}

async function passwords({ askPass, askBecomePass }: LoadFlags): Promise<AskedPasswords> {
  const ssh = askPass ? await password("ssh password: ") : undefined;
  const become = askBecomePass ? ((await optional(`become password${ssh ? " [the ssh password]" : ""}: `)) ?? ssh) : undefined;
  if (askBecomePass && become === undefined) throw new UsageError("no become password was typed");
  return { ...(ssh && { ssh }), ...(become && { become }) };
}

async function password(message: string): Promise<Secret> {
  const typed = await optional(message);
  if (typed === undefined) throw new UsageError(`no ${message.replace(": ", "")} was typed`);
  return typed;
}

async function optional(message: string): Promise<Secret | undefined> {
  const typed = await ask(message, { secret: true });
  return typed === "" ? undefined : new Secret(typed);
}

/** What stands on a command line is seen by everybody on the machine, and kept by the shell. */
function warnOfPlainAnswers(prompts: Prompts, extraVars: readonly string[]): void {
  for (const [name, prompt] of Object.entries(prompts)) {
    const given = prompt.secret ? extraVars.find((text) => text.startsWith(`${name}=`)) : undefined;
    if (given !== undefined && !/^[^=]*=!(?:env|file|age|vault|command)\b/.test(given)) process.stderr.write(`warning: ${name} is secret, and stands on the command line; give it as -e '${name}=!env NAME', or in a file with -e @file.yml\n`);
  }
}
