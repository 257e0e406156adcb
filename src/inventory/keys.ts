import { DEFAULT_IDENTITY, decryptWith, readIdentities } from "./age.ts";
import { expandPath, showPath, type Surroundings } from "./surroundings.ts";
import { VaultPasswords, type OpenedVault, type VaultSource } from "./vault-passwords.ts";

/** Opens encrypted text. Identities and passwords are read once, when the first text needs them. */
export class Keys {
  readonly vault: VaultPasswords;
  readonly #around: Surroundings;
  #identities: Promise<readonly string[]> | undefined;

  /** @param vault Passwords that come before those of the environment. */
  constructor(around: Surroundings, vault: readonly VaultSource[] = []) {
    this.#around = around;
    this.vault = new VaultPasswords(around, vault);
  }

  /** The file with the age identity: HAWSER_AGE_IDENTITY, else ~/.config/hawser/age.txt. */
  get identityFile(): string {
    return expandPath(this.#around, this.#around.env["HAWSER_AGE_IDENTITY"] ?? DEFAULT_IDENTITY, this.#around.cwd);
  }

  /** @throws Error when there is no identity, or none that fits. */
  async openAge(text: string): Promise<string> {
    const shown = showPath(this.#around, this.identityFile);
    this.#identities ??= readIdentities(this.identityFile, shown);
    return await decryptWith(text, await this.#identities, shown);
  }

  /** @throws Error when there is no password, or none that fits. */
  async openVault(text: string): Promise<OpenedVault> {
    return await this.vault.open(text);
  }
}
