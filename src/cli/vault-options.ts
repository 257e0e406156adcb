import { Option, type Command } from "commander";
import { UsageError } from "../errors/index.ts";
import { parseVaultId, type VaultSource } from "../inventory/index.ts";
import { Secret } from "../shell/index.ts";
import { ask } from "./ask.ts";

/** Where the passwords of Ansible Vaults come from, on the command line. */
export interface VaultFlags {
  readonly vaultId?: string[];
  readonly askVaultPass?: boolean;
}

export function vaultOptions(command: Command): Command {
  return command
    .addOption(new Option("--vault-id <id>", "an Ansible Vault password: name@file, or name@prompt to be asked; may be given more than once").argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]))
    .option("--ask-vault-pass", "ask for the Ansible Vault password");
}

/** Reads the options, and asks for what is to be asked. @throws UsageError also without a terminal to ask on */
export async function vaultSources({ vaultId = [], askVaultPass }: VaultFlags): Promise<VaultSource[]> {
  const sources: VaultSource[] = [];
  for (const text of vaultId) {
    const { id, file } = parsed(text);
    sources.push({ id, from: file === "prompt" ? await password(`vault password (${id}): `) : file });
  }
  if (askVaultPass) sources.push({ id: "default", from: await password("vault password: ") });
  return sources;
}

function parsed(text: string): ReturnType<typeof parseVaultId> {
  try {
    return parseVaultId(text);
  } catch (error) {
    throw new UsageError(`--vault-id ${(error as Error).message}`, { cause: error });
  }
}

async function password(message: string): Promise<Secret> {
  const typed = (await ask(message, { secret: true })).trim();
  if (typed === "") throw new UsageError("no vault password was typed");
  return new Secret(typed);
}
