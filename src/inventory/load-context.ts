import { homedir } from "node:os";
import { isAbsolute, join, relative, resolve } from "node:path";
import { InventoryError, type Place, type Problem } from "./problem.ts";

/** What surrounds a load; tests replace it. */
export interface Surroundings {
  /** Default process.env. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `~` stands for. Default the home directory. */
  readonly home: string;
  /** Default the working directory. */
  readonly cwd: string;
}

/** Collects problems and warnings over one load, so that all of them are reported together. */
export class LoadContext {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  /** The inventory directory: what relative paths in the inventory are relative to. */
  readonly root: string;
  readonly around: Surroundings;
  /** When true, secrets are neither fetched nor decrypted. */
  readonly sealed: boolean;
  readonly #excerpts = new Map<string, readonly string[]>();

  constructor(root: string, sealed: boolean, around: Partial<Surroundings> = {}) {
    this.around = { env: around.env ?? process.env, home: around.home ?? homedir(), cwd: around.cwd ?? process.cwd() };
    this.root = resolve(this.around.cwd, root);
    this.sealed = sealed;
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
    const shown = relative(this.around.cwd, path);
    if (shown === "") return ".";
    return shown.startsWith("..") || isAbsolute(shown) ? path : shown;
  }

  /** `~/` expanded; a relative path is taken from `base`, by default the inventory directory. */
  path(text: string, base: string = this.root): string {
    if (text === "~") return this.around.home;
    return text.startsWith("~/") ? join(this.around.home, text.slice(2)) : resolve(base, text);
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
