import { mkdir, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { Option, type Command } from "commander";
import { UsageError } from "../errors/index.ts";
import { newIdentity, publicKeyOf, readIdentities } from "../inventory/age.ts";
import { Keys } from "../inventory/keys.ts";
import { ageValue, isSealed, tagOf, type Format } from "../secrets/crypt.ts";
import { encryptedFiles, readText } from "../secrets/encrypted-files.ts";
import { replaceFile } from "../secrets/replace-file.ts";
import { askTwice } from "./ask.ts";
import { count } from "./inventory.ts";
import { keyOptions, secretsOf, type SecretsContext, type SecretsFlags } from "./secrets-context.ts";
import { editFile } from "./secrets-edit.ts";

const say = (text: string): void => void process.stderr.write(`${text}\n`);

export function secretsCommands(program: Command): void {
  const group = program.command("secrets").description("encrypt, read, edit and re-encrypt secrets, with age or as Ansible Vault does");
  const command = (name: string, description: string, encrypts: boolean, examples: string): Command => keyOptions(group.command(name).description(description).addHelpText("after", `\nExamples:\n${examples}`), encrypts);

  group
    .command("keygen")
    .description("make an age identity, and print its public key for recipients.txt")
    .option("-o, --output <file>", "where to write it (default: HAWSER_AGE_IDENTITY, else ~/.config/hawser/age.txt)")
    .addHelpText("after", "\nExamples:\n  hawser secrets keygen >> inventory/production/recipients.txt")
    .action(async (flags: { output?: string }) => keygen(flags.output));

  command("encrypt", "encrypt a value from standard input or a prompt, or whole files in place", true, "  hawser secrets encrypt --name db_password            asks for it, prints YAML to paste\n  pwgen 30 1 | hawser secrets encrypt --name db_password >> inventory/production/group_vars/all.yml\n  hawser secrets encrypt inventory/production/group_vars/all/secrets.yml\n  hawser secrets encrypt --values group_vars/all.yml   every !secret value in it")
    .argument("[files...]")
    .option("-n, --name <key>", "the key to print before a value")
    .option("--values", "in YAML files: encrypt the values behind !secret, and nothing else")
    .action(async (files: string[], flags: SecretsFlags & { name?: string; values?: boolean }) => (files.length === 0 ? encryptValue(flags) : encryptFiles(files, flags)));

  command("decrypt", "decrypt a value from standard input, or files in place", false, "  hawser secrets decrypt < value.txt\n  hawser secrets decrypt inventory/production/group_vars/all/secrets.yml")
    .argument("[files...]")
    .action(async (files: string[], flags: SecretsFlags) => (files.length === 0 ? decryptValue(flags) : decryptFiles(files, flags)));

  command("view", "print files decrypted, and leave them as they are", false, "  hawser secrets view inventory/production/group_vars/all.yml")
    .argument("<files...>")
    .action(async (files: string[], flags: SecretsFlags) => {
      const context = await secretsOf(flags);
      for (const file of files) process.stdout.write(await decrypted(file, context(file)));
    });

  command("edit", "edit a file decrypted; what was not changed keeps its encrypted form", true, "  hawser secrets edit inventory/production/group_vars/all.yml   values behind !age stand there in plain text; add others\n  EDITOR='code --wait' hawser secrets edit secrets.yml           a whole file, new or old")
    .argument("<file>")
    .action(async (file: string, flags: SecretsFlags) => say(await editFile(file, (await secretsOf(flags))(file))));

  command("rekey", "encrypt everything in an inventory anew: for the recipients of now, or with another vault password", true, "  hawser secrets rekey -i inventory/production                     after recipients.txt was changed\n  hawser secrets rekey --to age                                    from Ansible Vault to age\n  hawser secrets rekey --vault-id old@old.txt --vault-id new@new.txt --to vault --encrypt-vault-id new")
    .argument("[paths...]", "files and folders; default: the inventory")
    .addOption(new Option("--to <format>", "what to encrypt as (default: what each is)").choices(["age", "vault"]))
    .action(async (paths: string[], flags: SecretsFlags & { to?: "age" | "vault" }) => rekey(paths, flags));
}

async function keygen(output: string | undefined): Promise<void> {
  const file = output ?? new Keys({ env: process.env, home: homedir(), cwd: process.cwd() }).identityFile;
  if (await stat(file).then(() => true, () => false)) {
    const [identity = ""] = await readIdentities(file, file).catch((error: Error) => {
      throw new UsageError(`${file} exists: ${error.message}`, { cause: error });
    });
    throw new UsageError(`${file} exists, and was left as it is`, { hint: `its public key is ${await publicKeyOf(identity)}` });
  }
  const { identity, recipient } = await newIdentity();
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `# created: ${new Date().toISOString()}\n# public key: ${recipient}\n${identity}\n`, { mode: 0o600, flag: "wx" });
  say(`wrote ${file}: keep a copy in a safe place, nothing opens without it`);
  process.stdout.write(`${recipient}\n`);
}

async function encryptValue(flags: SecretsFlags & { name?: string; values?: boolean }): Promise<void> {
  if (flags.values) throw new UsageError("--values needs files");
  const { crypt, format, encryptedFor } = (await secretsOf(flags))();
  const text = process.stdin.isTTY ? await askTwice(flags.name ?? "secret") : (await standardInput()).replace(/\r?\n$/, "");
  if (text === "") throw new UsageError("there is nothing to encrypt on standard input");
  const sealed = await crypt.seal(format.kind === "age" ? ageValue(text) : text, format);
  process.stdout.write(`${flags.name === undefined ? "" : `${flags.name}: `}${tagOf(format)} |\n${sealed.trimEnd().replaceAll(/^/gm, "  ")}\n`);
  say(`encrypted${encryptedFor() === undefined ? "" : ` for ${encryptedFor()}`}`);
}

async function encryptFiles(files: readonly string[], flags: SecretsFlags & { name?: string; values?: boolean }): Promise<void> {
  if (flags.name !== undefined) throw new UsageError("--name is for a value, not for files");
  const context = await secretsOf(flags);
  const made: { file: string; text: string; whom: string | undefined }[] = [];
  for (const file of files) {
    const { crypt, documents, format, encryptedFor } = context(file);
    const text = await readText(file);
    if (isSealed(text)) throw new UsageError(`${file} is encrypted already`, { hint: "hawser secrets rekey encrypts it anew" });
    const sealed = flags.values ? await documents.encryptValues(text, file, format) : await crypt.seal(text, format);
    if (sealed === text) throw new UsageError(`${file} has no value behind !secret`);
    made.push({ file, text: sealed, whom: encryptedFor() });
  }
  for (const { file, text, whom } of made) {
    await replaceFile(file, text);
    say(`encrypted ${file}${whom === undefined ? "" : ` for ${whom}`}`);
  }
}

async function decryptValue(flags: SecretsFlags): Promise<void> {
  if (process.stdin.isTTY) throw new UsageError("give files, or a value on standard input");
  // A block pasted out of YAML: with its indentation, and perhaps its key and tag.
  const text = (await standardInput()).replace(/^[^\n]*!(?:age|vault)\b[^\n]*\n/, "").replaceAll(/^[ \t]+/gm, "");
  const { crypt } = (await secretsOf(flags))();
  const opened = await crypt.open(text).catch((error: Error) => {
    throw new UsageError(error.message, { cause: error });
  });
  process.stdout.write(opened.text.endsWith("\n") ? opened.text : `${opened.text}\n`);
}

async function decryptFiles(files: readonly string[], flags: SecretsFlags): Promise<void> {
  const context = await secretsOf(flags);
  const made: { file: string; text: string }[] = [];
  for (const file of files) made.push({ file, text: await decrypted(file, context(file)) });
  for (const { file, text } of made) {
    await replaceFile(file, text, 0o600);
    say(`decrypted ${file}, which only you can read now`);
  }
}

/** @throws UsageError when there is nothing encrypted in a file */
async function decrypted(file: string, { documents }: SecretsContext): Promise<string> {
  const text = await readText(file);
  if (documents.count(text, file) === 0) throw new UsageError(`there is nothing encrypted in ${file}`);
  return await documents.decrypt(text, file);
}

async function rekey(paths: readonly string[], flags: SecretsFlags & { to?: "age" | "vault" }): Promise<void> {
  const wanted: Format["kind"] | undefined = flags.vault ? "vault" : flags.to;
  const vaultId = flags.encryptVaultId;
  if (wanted !== "vault" && vaultId !== undefined) throw new UsageError("--encrypt-vault-id goes with --to vault");
  const to = (from: Format): Format => {
    const kind = wanted ?? from.kind;
    if (kind === "age") return { kind };
    return wanted === undefined ? from : { kind, ...(vaultId !== undefined && { id: vaultId }) };
  };
  const context = await secretsOf({ ...flags, vault: wanted === "vault" });
  const made: { file: string; text: string; things: number; whom: string | undefined }[] = [];
  for (const { path: file, text } of await encryptedFiles(paths.length === 0 ? [flags.inventory] : paths)) {
    const { documents, encryptedFor } = context(file);
    const things = documents.count(text, file);
    if (things > 0) made.push({ file, text: await documents.rekey(text, file, to), things, whom: encryptedFor() });
  }
  if (made.length === 0) throw new UsageError(`there is nothing encrypted in ${paths.length === 0 ? flags.inventory : paths.join(", ")}`);
  // Only now, when everything could be opened and encrypted, is anything written.
  for (const { file, text, things, whom } of made) {
    await replaceFile(file, text);
    say(`rekeyed ${file}: ${count(things, "secret")}${whom === undefined ? "" : `, for ${whom}`}`);
  }
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new UsageError("standard input is not UTF-8 text", { cause: error });
  }
}

