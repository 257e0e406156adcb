import { existsSync, readdirSync, statSync, watch, type FSWatcher } from "node:fs";
import path from "node:path";

/** Milliseconds in which an editor saves: it writes another file and renames it, or saves several. */
const SETTLE = 60;

/** What editors leave beside a file while it is edited, and what nobody edits. */
const IGNORED = /^\.|~$|^#.*#$|^\d+$|\.sw[a-z]$|\.tmp$/;

/** Tells when one of a set of files is saved. Folders are watched, since editors replace files. */
export class FileWatch {
  readonly #watchers = new Map<string, FSWatcher>();
  #files: ReadonlySet<string> = new Set();
  #folders: ReadonlySet<string> = new Set();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  /** How many files it looks at now. */
  get size(): number {
    return this.#files.size + [...this.#folders].flatMap((folder) => (existsSync(folder) ? readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && !IGNORED.test(entry.name)) : [])).length;
  }

  /** Watches these files, and everything in these folders and below them, and nothing else. */
  follow(files: Iterable<string>, folders: Iterable<string>): void {
    this.#folders = new Set([...folders].flatMap(withInner));
    this.#files = new Set([...files].filter((file) => !this.#folders.has(path.dirname(file))));
    const wanted = new Set([...this.#folders, ...[...this.#files].map((file) => path.dirname(file))].filter((folder) => existsSync(folder)));
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of wanted) if (!this.#watchers.has(folder)) this.#watchers.set(folder, this.#watch(folder));
  }

  #watch(folder: string): FSWatcher {
    const watcher = watch(folder, (_, name) => {
      if (name === null) return;
      const file = path.join(folder, name);
      if (!this.#files.has(file) && (!this.#folders.has(folder) || IGNORED.test(name))) return;
      this.#changed.add(file);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#wake?.(), SETTLE);
    });
    // A folder that is gone is followed again when somebody names it.
    watcher.on("error", () => this.#watchers.delete(folder));
    return watcher;
  }

  /** Resolves when something was saved, also before this was called. */
  async saved(): Promise<void> {
    if (this.#changed.size > 0 && this.#timer === undefined) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What was saved since this was asked last. */
  take(): string[] {
    const taken = [...this.#changed].sort();
    this.#changed.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return taken;
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}

function withInner(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  return [folder, ...readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith(".") ? withInner(path.join(folder, entry.name)) : []))];
}
