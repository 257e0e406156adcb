import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, rename } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { cachedFile } from "./cache.ts";

/**
 * Where this process puts what arrives of an artifact. What another one has left there, killed or interrupted, is taken over; what
 * one that still runs is fetching stays its own.
 */
export async function partOf(sha256: string): Promise<string> {
  const folder = path.dirname(cachedFile(sha256));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = path.join(folder, `${sha256}.${process.pid}.part`);
  for (const name of await readdir(folder)) {
    const pid = new RegExp(`^${sha256}\\.(\\d+)\\.part$`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    // Whoever comes second finds nothing, and begins anew.
    if (await rename(path.join(folder, name), own).then(() => true, () => false)) return own;
  }
  return own;
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The sha256 of what is on disk, without blocking others. */
export async function hashOf(file: string): Promise<string> {
  const sum = createHash("sha256");
  await pipeline(createReadStream(file), sum);
  return sum.digest("hex");
}
