import { Secret } from "../shell/index.ts";
import { isAge } from "./age.ts";
import type { LoadContext } from "./load-context.ts";
import { readPrivateFile } from "./private-file.ts";
import { isVault } from "./vault.ts";

/** The YAML tags that make a Secret. */
export const SECRET_TAGS = ["!secret", "!env", "!file", "!age", "!vault"] as const;
export type SecretTag = (typeof SECRET_TAGS)[number];

/** A secret that was not fetched, for the commands that only look at an inventory. */
export class SealedSecret extends Secret {
  constructor() {
    super("");
  }

  override reveal(): never {
    throw new Error("this secret was not decrypted: the inventory was loaded with sealed secrets");
  }
}

/** Fetches the secret that a tag names; the text is what stands behind the tag. `base` is where relative paths start. @throws Error saying why not. */
export async function openSecret(load: LoadContext, tag: SecretTag, text: string, base: string): Promise<Secret> {
  if (load.sealed) return new SealedSecret();
  switch (tag) {
    case "!secret":
      return new Secret(text);
    case "!env":
      return new Secret(environment(load, text.trim()));
    case "!file":
      return new Secret(trimNewline(await readPrivateFile(load.path(text.trim(), base), text.trim())));
    case "!age":
      return new Secret(trimNewline(await load.keys.openAge(text)));
    case "!vault":
      return new Secret((await load.keys.openVault(text)).text);
    default:
      throw new TypeError(`no such tag: ${String(tag satisfies never)}`);
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
