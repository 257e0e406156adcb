import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { UsageError } from "../errors/index.ts";
import { DEFAULT_IDENTITY, decryptAge, encryptAge } from "./age.ts";
import { needRecipients } from "./recipients.ts";

/** Encrypted outputs of hosts in the folder `kept` of an inventory, for the recipients that it lists. */
export class KeptFiles {
  readonly #inventory: string;
  readonly #env: Readonly<Record<string, string | undefined>>;

  /** @param inventory The inventory's folder. */
  constructor(inventory: string, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#inventory = inventory;
    this.#env = env;
  }

  /** @throws UsageError when the file is there but the identity that opens it is not. */
  async load(name: string): Promise<string | undefined> {
    const file = this.#file(name);
    const encrypted = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (encrypted === undefined) return undefined;
    const identity = this.#env["HAWSER_AGE_IDENTITY"] ?? DEFAULT_IDENTITY.replace("~", homedir());
    return await decryptAge(encrypted, identity, identity).catch((error: Error) => {
      throw new UsageError(`${file} cannot be opened: ${error.message}`, { cause: error, hint: "HAWSER_AGE_IDENTITY names the file with the age identity" });
    });
  }

  /** @throws UsageError when nobody could read what would be kept, or the folder cannot be written. */
  async prove(): Promise<void> {
    await this.#recipients();
    const probe = path.join(this.#folder, `.probe-${process.pid}`);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const handle = await open(probe, "w", 0o600);
      await handle.close();
    } catch (error) {
      throw new UsageError(`${this.#folder} cannot be written: ${(error as Error).message}`, { cause: error });
    } finally {
      await rm(probe, { force: true });
    }
  }

  async encrypt(text: string): Promise<string> {
    return await encryptAge(text, await this.#recipients());
  }

  /** Complete under its name, and on the disk, when this resolves. */
  async save(name: string, encrypted: string): Promise<void> {
    const file = this.#file(name);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}.tmp`;
    const handle = await open(temporary, "w", 0o600);
    try {
      await handle.writeFile(encrypted);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    const folder = await open(path.dirname(file), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  get #folder(): string {
    return path.join(this.#inventory, "kept");
  }

  #file(name: string): string {
    return path.join(this.#folder, ...name.split("/").map(encodeURIComponent)) + ".age";
  }

  async #recipients(): Promise<readonly string[]> {
    return (await needRecipients(this.#inventory, "a once-only output")).keys;
  }
}
