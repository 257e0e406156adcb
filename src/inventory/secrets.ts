import { Secret } from "../shell/index.ts";
import { isAge } from "./age.ts";
import type { LoadContext } from "./load-context.ts";
import { readPrivateFile } from "./private-file.ts";
import { isVault } from "./vault.ts";

/** The YAML tags that make a Secret. */
export const SECRET_TAGS = ["!secret", "!env", "!file", "!age", "!vault", "!bao", "!command"] as const;
export type SecretTag = (typeof SECRET_TAGS)[number];

/** What needed a secret could not go on: secrets were left closed. */
class SealedError extends Error {
  override readonly name = "SealedError";
}

export const isSealed = (error: unknown): boolean => error instanceof SealedError;

/** A secret that was not fetched, for the commands that only look at an inventory. */
export class SealedSecret extends Secret {
  constructor() {
    super("");
  }

  override get known(): boolean {
    return false;
  }

  override reveal(): never {
    throw new SealedError("this secret was not decrypted: the inventory was loaded with sealed secrets");
  }
}

/** As `!bao` takes it. */
const PLACE = /^[\w./-]+#\w+$/;

/** What stands behind a tag: a text, or the words of a `!command`. */
export type Tagged = string | readonly string[];

/** Fetches the secret that a tag names. `base` is where relative paths start, and programs run. @throws Error saying why not. */
export async function openSecret(load: LoadContext, tag: SecretTag, behind: Tagged, base: string): Promise<string> {
  if (typeof behind !== "string") return trimNewline(await load.providers.run(behind, base));
  switch (tag) {
    case "!secret":
      return behind;
    case "!env":
      return environment(load, behind.trim());
    case "!file":
      return trimNewline(await readPrivateFile(load.path(behind.trim(), base), behind.trim()));
    case "!age":
      return trimNewline(await load.keys.openAge(behind));
    case "!vault":
      if (!isVault(behind) && PLACE.test(behind.trim())) throw new Error(`this is no text of Ansible Vault; a secret in OpenBao or HashiCorp Vault is !bao ${behind.trim()}`);
      return (await load.keys.openVault(behind)).text;
    case "!bao":
      return await load.bao.read(behind);
    default:
      throw new TypeError(`no such tag for a text: ${tag}`);
  }
}

/** True for a whole file that is encrypted, by Ansible Vault or by age. */
export function isEncrypted(text: string): boolean {
  return isVault(text) || isAge(text);
}

/** Decrypts a whole file. @throws Error saying why not. */
export async function decryptFile(load: LoadContext, text: string): Promise<string> {
  return isVault(text) ? (await load.keys.openVault(text)).text : await load.keys.openAge(text);
}

function environment(load: LoadContext, name: string): string {
  const value = load.around.env[name];
  if (value === undefined || value === "") throw new Error(`the environment variable ${name} is ${value === "" ? "empty" : "not set"}`);
  return value;
}

/** Editors end a file with a newline that is no part of the secret. */
export function trimNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}
