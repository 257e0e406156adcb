import { randomBytes } from "node:crypto";
import { open, realpath, rename, rm, stat } from "node:fs/promises";

/**
 * Replaces a file's content as a whole: at every moment it is the old or the new one.
 * @param mode Default the file's, and 0600 for a new one.
 */
export async function replaceFile(named: string, content: string, mode?: number): Promise<void> {
  // A link stays one.
  const file = await realpath(named).catch(() => named);
  const found = await stat(file).catch(() => undefined);
  const temporary = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(content);
    await handle.chmod(mode ?? (found ? found.mode & 0o777 : 0o600));
    await handle.sync();
    await handle.close();
    await rename(temporary, file);
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}
