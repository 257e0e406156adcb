import { homedir } from "node:os";
import { resolve } from "node:path";
import { Bao } from "./bao.ts";
import { Keys } from "./keys.ts";
import { Providers } from "./providers.ts";
import { InventoryError, type Place, type Problem } from "./problem.ts";
import { expandPath, showPath, type Surroundings } from "./surroundings.ts";
import type { VaultSource } from "./vault-passwords.ts";

/** Collects problems and warnings over one load, so that all of them are reported together. */
export class LoadContext {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** The inventory directory: what relative paths in the inventory are relative to. */
  readonly root: string;
  readonly around: Surroundings;
  /** When true, secrets are neither fetched nor decrypted. */
  readonly sealed: boolean;
  /** What opens encrypted values. */
  readonly keys: Keys;
  /** What runs the programs of `!command`. */
  readonly providers: Providers;
  /** What asks the server of `!bao`. */
  readonly bao: Bao;
  readonly #fetching: Promise<void>[] = [];
  readonly #excerpts = new Map<string, readonly string[]>();

  constructor(root: string, sealed: boolean, around: Partial<Surroundings> & { readonly vault?: readonly VaultSource[] } = {}) {
    this.around = { env: around.env ?? process.env, home: around.home ?? homedir(), cwd: around.cwd ?? process.cwd() };
    this.root = resolve(this.around.cwd, root);
    this.sealed = sealed;
    this.keys = new Keys(this.around, around.vault);
    this.providers = new Providers(this.around);
    this.bao = new Bao(this.around);
  }

  /** Makes the (masked) lines of a file available to the problems found in it. */
  quoteFrom(file: string, lines: readonly string[]): void {
    this.#excerpts.set(file, lines);
  }

  problem(place: Place, message: string, hint?: string): void {
    this.#add(this.problems, place, message, hint);
  }

  warn(place: Place, message: string, hint?: string): void {
    this.#add(this.warnings, place, message, hint);
  }

  /** Goes on reading while a secret is fetched; `work` says itself what went wrong. */
  meanwhile(work: Promise<void>): void {
    this.#fetching.push(work);
  }

  /**
   * Waits for the secrets that are being fetched.
   * @throws InventoryError when any problem was found.
   */
  async settle(): Promise<void> {
    await Promise.all(this.#fetching);
    this.check();
  }

  /** An error of one problem, for what is found only when it is used. */
  error(place: Place, message: string, hint?: string): InventoryError {
    const alone: Problem[] = [];
    this.#add(alone, place, message, hint);
    return new InventoryError(alone);
  }

  /** @throws InventoryError when any problem was found. */
  check(): void {
    if (this.problems.length > 0) throw this.failed();
  }

  /** The error to throw where nothing can go on. */
  failed(): InventoryError {
    return new InventoryError(this.problems);
  }

  /** A path as messages show it: relative to the working directory when below it. */
  show(path: string): string {
    return showPath(this.around, path);
  }

  /** `~/` expanded; a relative path is taken from `base`, by default the inventory directory. */
  path(text: string, base: string = this.root): string {
    return expandPath(this.around, text, base);
  }

  #add(list: Problem[], place: Place, message: string, hint: string | undefined): void {
    const { file, line, column } = place;
    // An anchored mapping is walked once per alias; its problems are still only one each.
    const known = list.some((other) => other.file === file && other.line === line && other.column === column && other.message === message);
    if (known) return;
    const excerpt = this.#excerpts.get(file)?.[line - 1];
    list.push({ file, line, column, message, ...(hint === undefined ? {} : { hint }), ...(excerpt === undefined ? {} : { excerpt }) });
  }
}
