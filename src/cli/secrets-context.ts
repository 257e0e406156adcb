import { statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { Option, type Command } from "commander";
import { UsageError } from "../errors/index.ts";
import { Keys } from "../inventory/keys.ts";
import { Crypt, type Format } from "../secrets/crypt.ts";
import { Documents } from "../secrets/document.ts";
import { findRecipients, givenRecipients } from "../secrets/find-recipients.ts";
import { count } from "./inventory.ts";
import { inventoryOption } from "./options.ts";
import { vaultOptions, vaultSources, type VaultFlags } from "./vault-options.ts";

/** What the commands of `hawser secrets` share. */
export interface SecretsFlags extends VaultFlags {
  readonly inventory: string;
  readonly recipient?: string[];
  readonly vault?: boolean;
  readonly encryptVaultId?: string;
}

/** Adds the options that say with which keys; those that encrypt also say for whom. */
export function keyOptions(command: Command, encrypts: boolean): Command {
  vaultOptions(command.addOption(inventoryOption()));
  if (!encrypts) return command;
  return command
    .addOption(new Option("-r, --recipient <key>", "encrypt for this age public key instead of those in recipients.txt; may be given more than once").argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]))
    .option("--vault", "encrypt as Ansible Vault does, not with age")
    .option("--encrypt-vault-id <name>", "with --vault: the vault id to encrypt with, when there are several");
}

export interface SecretsContext {
  readonly crypt: Crypt;
  readonly documents: Documents;
  /** What new things are encrypted as. */
  readonly format: Format;
  /** For whom it was encrypted, once anything was; undefined when nothing was for age. */
  readonly encryptedFor: () => string | undefined;
}

/**
 * The keys of a command, asked for and read once.
 * @returns what there is to do something to a file with; without a file, the inventory's recipients count.
 */
export async function secretsOf(flags: SecretsFlags): Promise<(file?: string) => SecretsContext> {
  if (flags.encryptVaultId !== undefined && !flags.vault) throw new UsageError("--encrypt-vault-id says something about --vault only");
  if (flags.vault && flags.recipient) throw new UsageError("--recipient is age's, and --vault is not age");
  const keys = new Keys({ env: process.env, home: homedir(), cwd: process.cwd() }, await vaultSources(flags));
  const given = givenRecipients(flags.recipient ?? []);
  const inventory = folderOf(flags.inventory);
  const format: Format = flags.vault ? { kind: "vault", ...(flags.encryptVaultId !== undefined && { id: flags.encryptVaultId }) } : { kind: "age" };
  return (file) => {
    let said: string | undefined;
    const crypt = new Crypt(keys, async () => {
      const recipients: { readonly keys: readonly string[]; readonly file?: string } = given.length > 0 ? { keys: given } : await findRecipients(file === undefined ? inventory : path.dirname(file), inventory);
      said = `${count(recipients.keys.length, "recipient")}${recipients.file === undefined ? "" : ` of ${path.relative(process.cwd(), recipients.file)}`}`;
      return recipients.keys;
    });
    return { crypt, documents: new Documents(crypt), format, encryptedFor: () => said };
  };
}

/** An inventory may be a file; then its folder is meant. One that is not there has no recipients. */
function folderOf(inventory: string): string {
  return statSync(inventory, { throwIfNoEntry: false })?.isFile() ? path.dirname(inventory) : inventory;
}
