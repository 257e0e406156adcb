import { encryptAge, isAge } from "../inventory/age.ts";
import type { Keys } from "../inventory/keys.ts";
import { encryptVault, isVault, vaultIdOf } from "../inventory/vault.ts";

/** How a text is or shall be encrypted. */
export type Format =
  | { readonly kind: "age" }
  /** Without a password, that of the id, or the only one there is. */
  | { readonly kind: "vault"; readonly id?: string; readonly password?: string };

export interface Opened {
  readonly text: string;
  readonly format: Format;
}

/** Encrypts and decrypts whole texts, of files or of values. */
export class Crypt {
  readonly #keys: Keys;
  readonly #recipients: () => Promise<readonly string[]>;

  /** @param recipients Whom age encrypts for; asked when the first text is encrypted. */
  constructor(keys: Keys, recipients: () => Promise<readonly string[]>) {
    this.#keys = keys;
    this.#recipients = recipients;
  }

  /** @throws Error when no key or password fits */
  async open(text: string): Promise<Opened> {
    if (isAge(text)) return { text: await this.#keys.openAge(text), format: { kind: "age" } };
    if (!isVault(text)) throw new Error("this is neither age's text form nor an Ansible Vault");
    const opened = await this.#keys.openVault(text);
    const id = vaultIdOf(text);
    return { text: opened.text, format: { kind: "vault", password: opened.password, ...(id !== undefined && { id }) } };
  }

  /** @throws Error when there is nobody or no password to encrypt for */
  async seal(text: string, format: Format): Promise<string> {
    if (format.kind === "age") return await encryptAge(text, await this.#recipients());
    if (format.password !== undefined) return encryptVault(text, format.password, format.id);
    const { id, password } = await this.#keys.vault.toSeal(format.id);
    return encryptVault(text, password, id);
  }
}

/** True for text that `open` can be asked to open. */
export function isSealed(text: string): boolean {
  return isAge(text) || isVault(text);
}

/** The tag of a value of a format. */
export function tagOf({ kind }: Format): "!age" | "!vault" {
  return kind === "age" ? "!age" : "!vault";
}

/** Readers take one newline off an age value's end, so a value that ends in one gets another. */
export function ageValue(text: string): string {
  return text.endsWith("\n") ? `${text}\n` : text;
}
