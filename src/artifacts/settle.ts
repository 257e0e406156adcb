import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { Artifact } from "../dsl/artifact.ts";
import { cachedFile } from "./cache.ts";
import { sumOf } from "./sums.ts";

/** What is wrong with an artifact's file. */
export interface Flaw {
  /** The key of the artifact that is wrong, or undefined for the whole of it. */
  readonly key?: "file" | "sha256";
  readonly message: string;
  readonly hint?: string;
}

/**
 * Makes a path absolute: `~/` is the home of whoever runs hawser, and another relative one begins at `folder`.
 * @param mirror Of the host; the artifact's own is stronger.
 */
export function place(artifact: Artifact, folder: () => string, mirror: string | undefined): void {
  const { localFile } = artifact;
  if (localFile === undefined) artifact.mirror ??= mirror;
  else artifact.localFile = localFile.startsWith("~/") ? path.join(homedir(), localFile.slice(2)) : path.isAbsolute(localFile) ? localFile : path.resolve(folder(), localFile);
}

/** Compares the file on the controller, or the one in its cache, with the sha256. A cached one is what hosts will get. */
export function settle(artifact: Artifact): Flaw | undefined {
  if (artifact.localFile !== undefined) return badFile(artifact.localFile, artifact.sha256);
  const cached = cachedFile(artifact.sha256);
  if (!existsSync(cached)) return undefined;
  const bad = badFile(cached, artifact.sha256);
  if (bad) return { message: `in the cache, ${bad.message}`, hint: "hawser artifacts fetch fetches it anew" };
  artifact.localFile = cached;
  return undefined;
}

/** Why a file is not what it should be. */
export function badFile(file: string, sha256: string): Flaw | undefined {
  let sum;
  try {
    sum = sumOf(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { key: "file", message: code === "ENOENT" ? `there is no file ${file}` : code === "EISDIR" ? `${file} is a folder` : `${file} cannot be read: ${message}` };
  }
  return sum === sha256 ? undefined : { key: "sha256", message: `${file} has the sha256 ${sum}, not ${sha256}`, hint: "is it the file that is meant, and complete? Compare with what its makers publish" };
}
