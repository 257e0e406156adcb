import { access, constants, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Secret } from "../shell/index.ts";
import { fileTrouble, readPrivateFile } from "./private-file.ts";
import { runForSecret } from "./secret-command.ts";
import { expandPath, showPath, type Surroundings } from "./surroundings.ts";
import { decryptVault, vaultIdOf, WrongPassword } from "./vault.ts";

/** A vault password and its id. */
export interface VaultSource {
  /** `default` for a password without an id. */
  readonly id: string;
  /** The file that holds it, or the program that prints it; or the password itself. */
  readonly from: string | Secret;
}

export interface OpenedVault {
  readonly text: string;
  /** What opened it. */
  readonly source: VaultSource;
  readonly password: string;
}

const NONE = "set HAWSER_VAULT_PASSWORD_FILE to the file that holds the vault password, or give --vault-id name@file or --ask-vault-pass";

/** `name@file`, or a file alone for the id `default`. @throws Error when either half is missing */
export function parseVaultId(text: string): { readonly id: string; readonly file: string } {
  const at = text.indexOf("@");
  const [id, file] = at === -1 ? ["default", text] : [text.slice(0, at), text.slice(at + 1)];
  if (id.trim() === "" || file.trim() === "" || id.includes(";")) throw new Error(`"${text}" is not a vault id: write name@file`);
  return { id: id.trim(), file: file.trim() };
}

/** The vault passwords of a load, each read once. */
export class VaultPasswords {
  readonly #around: Surroundings;
  readonly #given: readonly VaultSource[];
  readonly #read = new Map<VaultSource, Promise<string>>();
  #sources: readonly VaultSource[] | undefined;

  constructor(around: Surroundings, given: readonly VaultSource[]) {
    this.#around = around;
    this.#given = given;
  }

  /** In the order in which they are tried. @throws Error when HAWSER_VAULT_IDS cannot be read */
  get sources(): readonly VaultSource[] {
    const { HAWSER_VAULT_IDS: ids = "", HAWSER_VAULT_PASSWORD_FILE: file = "" } = this.#around.env;
    this.#sources ??= [
      ...this.#given,
      ...ids.split(",").filter((entry) => entry.trim() !== "").map((entry) => {
        const { id, file } = parseVaultId(entry.trim());
        return { id, from: file };
      }),
      ...(file === "" ? [] : [{ id: "default", from: file }]),
    ];
    return this.#sources;
  }

  /** As Ansible: the passwords of the header's id first, then the others. @throws Error when none fits */
  async open(text: string): Promise<OpenedVault> {
    if (this.sources.length === 0) throw new Error(NONE);
    const id = vaultIdOf(text);
    const matching = this.sources.filter((source) => source.id === id);
    const tried = [...matching, ...this.sources.filter((source) => source.id !== id)];
    for (const source of tried) {
      const password = await this.#password(source);
      try {
        return { text: decryptVault(text, password), source, password };
      } catch (error) {
        if (!(error instanceof WrongPassword) || tried.length === 1) throw error;
      }
    }
    const whose = id === undefined ? "this vault text" : `this vault text of the id ${id}`;
    throw new Error(`no vault password opens ${whose}, or it was changed; tried ${tried.map((source) => source.id).join(", ")}`);
  }

  /** The password to encrypt with. @throws Error when there is none of the id, or several and no id */
  async toSeal(id?: string): Promise<{ readonly id: string; readonly password: string }> {
    if (this.sources.length === 0) throw new Error(NONE);
    const ids = [...new Set(this.sources.map((source) => source.id))];
    if (id === undefined && ids.length > 1) throw new Error(`there are several vault ids (${ids.join(", ")}): say with --encrypt-vault-id which to encrypt with`);
    const source = this.sources.find((candidate) => candidate.id === (id ?? ids[0]));
    if (source === undefined) throw new Error(`there is no vault password of the id ${id ?? ""}; there are ${ids.join(", ")}`);
    return { id: source.id, password: await this.#password(source) };
  }

  async #password(source: VaultSource): Promise<string> {
    const { from, id } = source;
    if (from instanceof Secret) return from.reveal();
    const known = this.#read.get(source);
    if (known !== undefined) return await known;
    const reading = this.#fromFile(from, id);
    this.#read.set(source, reading);
    return await reading;
  }

  async #fromFile(named: string, id: string): Promise<string> {
    const path = expandPath(this.#around, named, this.#around.cwd);
    const shown = showPath(this.#around, path);
    // As with Ansible, the executable bit says that the file is a program which prints the password.
    const runs = await access(path, constants.X_OK).then(() => true, () => false);
    const text = runs ? await this.#run(path, shown, id) : await readPrivateFile(path, shown);
    if (!runs && text.startsWith("#!")) throw new Error(`${shown} is a script, but not executable; run: chmod 700 ${shown}`);
    const password = text.trim();
    if (password === "") throw new Error(`${shown} ${runs ? "printed no" : "holds no"} vault password`);
    return password;
  }

  async #run(path: string, shown: string, id: string): Promise<string> {
    const { mode } = await stat(path).catch((error: unknown) => {
      throw new Error(fileTrouble(error, shown), { cause: error });
    });
    if ((mode & 0o022) !== 0) throw new Error(`${shown} would be run, but has mode 0${(mode & 0o777).toString(8)}, so others can change it; run: chmod 700 ${shown}`);
    // Ansible's convention: a program named …-client is told whose password is wanted.
    const client = /-client(?:\.\w+)?$/.test(basename(path));
    return await runForSecret([path, ...(client ? ["--vault-id", id] : [])], this.#around);
  }
}
