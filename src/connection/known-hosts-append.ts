import { mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "../errors/index.ts";
import { lock } from "./file-lock.ts";

/** Appends within this process, one after the other. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Adds a line to a known_hosts file, unless `needless` says that it need not be any more: it is asked with the lock held,
 * because another host's connection, or another process, may have written meanwhile. The file gets mode 0600.
 */
export function appendKnownHost(file: string, text: string, needless: () => Promise<boolean>): Promise<void> {
  const turn = (queues.get(file) ?? Promise.resolve()).then(() => append(file, text, needless));
  queues.set(file, turn.catch(() => {}));
  return turn;
}

async function append(file: string, text: string, needless: () => Promise<boolean>): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const unlock = await lock(`${file}.hawser-lock`);
    try {
      if (await needless()) return;
      const before = await readFile(file).catch(() => Buffer.alloc(0));
      const glue = before.length > 0 && before.at(-1) !== 10 ? "\n" : "";
      const handle = await open(file, "a", 0o600);
      try {
        // One write in append mode: a reader sees all of the line or none of it.
        await handle.write(`${glue}${text}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } finally {
      await unlock();
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot record a host key in ${file}: ${(error as Error).message}`, { cause: error });
  }
}
