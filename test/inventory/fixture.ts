import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { InventoryError, loadInventory, type Inventory, type LoadOptions, type Problem } from "../../src/inventory/index.ts";

/** Files by name; a text alone is hosts.yml. */
export type Files = string | Readonly<Record<string, string | Buffer>>;

const made: string[] = [];
after(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** Writes files, each with mode 0600, into a new directory that is removed at the end. */
export function directoryOf(files: Files): string {
  const directory = mkdtempSync(join(tmpdir(), "hawser-inventory-"));
  made.push(directory);
  for (const [name, content] of Object.entries(typeof files === "string" ? { "hosts.yml": files } : files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content, { mode: 0o600 });
  }
  return directory;
}

/** Loads an inventory from files; messages then name them relative to its directory, and `~` is /home/ada. */
export async function load(files: Files, options: LoadOptions = {}): Promise<Inventory> {
  const cwd = directoryOf(files);
  return await loadInventory(".", { cwd, env: {}, home: "/home/ada", ...options });
}

/** The problems of an inventory that must not load. */
export async function problemsOf(files: Files, options: LoadOptions = {}): Promise<readonly Problem[]> {
  try {
    await load(files, options);
  } catch (error) {
    if (error instanceof InventoryError) return error.problems;
    throw error;
  }
  throw new Error("the inventory loaded without a problem");
}

/** A problem in one line: `file:line:column: message (hint)`. */
export function brief({ file, line, column, message, hint }: Problem): string {
  return `${file}:${line}:${column}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
}
