import { closeSync, fstatSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** File systems without a disk behind them, by the magic numbers of statfs(2): tmpfs, ramfs. */
const IN_MEMORY = new Set([0x0102_1994, 0x8584_58f6]);

/** A new folder that only this user can enter. */
export interface PrivateFolder {
  readonly path: string;
  /** False when its files are on a disk. */
  readonly inMemory: boolean;
  /** Overwrites and removes everything in it. Synchronous, so that it also works while the process ends; may be called again. */
  wipe(): void;
}

/** In memory where there is a place for that: XDG_RUNTIME_DIR, /dev/shm. */
export function privateFolder(env: Readonly<Record<string, string | undefined>>): PrivateFolder {
  const places = [env["XDG_RUNTIME_DIR"], "/dev/shm"].filter((place) => place !== undefined && place !== "" && isInMemory(place)) as string[];
  for (const place of [...places, tmpdir()]) {
    try {
      const path = mkdtempSync(join(place, "hawser-secret-"));
      return { path, inMemory: places.includes(place), wipe: () => wipe(path) };
    } catch (error) {
      if (place === tmpdir()) throw error;
    }
  }
  throw new Error("there is no folder for temporary files");
}

function isInMemory(place: string): boolean {
  try {
    return IN_MEMORY.has(statfsSync(place).type);
  } catch {
    return false;
  }
}

function wipe(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isFile()) overwrite(join(path, entry.name));
  } catch {
    // It is gone, or what cannot be overwritten is removed all the same.
  }
  rmSync(path, { recursive: true, force: true });
}

function overwrite(file: string): void {
  const fd = openSync(file, "r+");
  try {
    writeSync(fd, Buffer.alloc(fstatSync(fd).size));
  } finally {
    closeSync(fd);
  }
}
