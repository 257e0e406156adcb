import { homedir } from "node:os";
import path from "node:path";

/** What is kept of artifacts on the controller: `${XDG_CACHE_HOME:-~/.cache}/hawser/artifacts`. Safe to delete. */
export function artifactsFolder(): string {
  return path.join(process.env["XDG_CACHE_HOME"] || path.join(homedir(), ".cache"), "hawser", "artifacts");
}

/** Where an artifact is kept, once it was fetched. By its sha256: what two roles or two versions of a project use is there once. */
export function cachedFile(sha256: string): string {
  return path.join(artifactsFolder(), "sha256", sha256);
}
