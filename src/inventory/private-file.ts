import { readFile, stat } from "node:fs/promises";

/**
 * Reads a file that holds a secret, which nobody but its owner may be able to reach.
 * @throws Error when it cannot be read, is not a file, is not UTF-8, or its mode grants anything to group or others.
 */
export async function readPrivateFile(path: string, shown: string): Promise<string> {
  try {
    const { mode } = await statFile(path);
    if ((mode & 0o077) !== 0) {
      throw new Error(`${shown} has mode 0${(mode & 0o777).toString(8)}, so others can reach the secret in it; run: chmod 600 ${shown}`);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    throw new Error(fileTrouble(error, shown), { cause: error });
  }
}

async function statFile(path: string): Promise<{ readonly mode: number }> {
  const found = await stat(path);
  if (!found.isFile()) throw new Error(`${path} is not a file`);
  return found;
}

/** Why a file could not be read, in words. */
export function fileTrouble(error: unknown, shown: string): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return `${shown} does not exist`;
  if (code === "EACCES") return `${shown} may not be read by this user`;
  if (code === "EISDIR") return `${shown} is a directory`;
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return `${shown} is not UTF-8 text`;
  return error instanceof Error ? error.message : `${shown} cannot be read`;
}
