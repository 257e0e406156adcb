import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import type { LocalFile } from "../resources/args.ts";
import { LOOK_LIMIT } from "../resources/look.ts";

const CHUNK = 1024 * 1024;

/** Hashes of big files by path, size and time, since a file is declared anew for every host and play. */
const hashes = new Map<string, string>();

/** A file's bytes, or of one that hosts compare by its hash no more than that. @throws what node:fs throws */
export function readLocalFile(path: string): Buffer | LocalFile {
  const file = openSync(path, "r");
  try {
    const { size, mtimeMs } = fstatSync(file);
    if (size <= LOOK_LIMIT) return readFileSync(file);
    const key = `${path}\0${size}\0${mtimeMs}`;
    const sha256 = hashes.get(key) ?? hash(file);
    hashes.set(key, sha256);
    return { localFile: path, size, sha256 };
  } finally {
    closeSync(file);
  }
}

function hash(file: number): string {
  const sum = createHash("sha256");
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) sum.update(chunk.subarray(0, size));
  return sum.digest("hex");
}
