import { open, rm, stat } from "node:fs/promises";

/** Milliseconds between two tries for the lock, and the age at which a lock is taken to be left over. */
const LOCK_EVERY = 20;
const LOCK_STALE = 10_000;

/** Takes a lock that is a file, for a moment; resolves to what gives it back. */
export async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const handle = await open(path, "wx", 0o600);
      await handle.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const age = await stat(path).then((found) => Date.now() - found.mtimeMs, () => 0);
    if (age > LOCK_STALE) await rm(path, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, LOCK_EVERY));
  }
}
