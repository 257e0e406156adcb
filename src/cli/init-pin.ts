import { existsSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** hawser's own package.json. */
export const OWN_PACKAGE = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as Manifest;

/**
 * How a project in `folder` depends on the hawser that runs now: on the same clone or tarball by its path, on the same commit of a
 * git repository, or on the same version.
 */
export function hawserSpec(folder: string): string {
  const packages = path.dirname(ROOT);
  if (path.basename(packages) !== "node_modules") return `file:${relative(folder, ROOT)}`;
  const resolved = resolvedBy(packages);
  if (resolved?.startsWith("git")) return resolved;
  if (resolved?.startsWith("file:")) return `file:${relative(folder, path.resolve(path.dirname(packages), resolved.slice("file:".length)))}`;
  return OWN_PACKAGE.version;
}

/** Where npm says that it has hawser from. */
function resolvedBy(packages: string): string | undefined {
  const lock = path.join(packages, ".package-lock.json");
  if (!existsSync(lock)) return undefined;
  const { packages: all = {} } = JSON.parse(readFileSync(lock, "utf8")) as { packages?: Record<string, { resolved?: string }> };
  return all["node_modules/hawser"]?.resolved;
}

/** The folder may not exist yet; what exists of it may be reached by a link. */
function relative(folder: string, to: string): string {
  let above = folder;
  while (!existsSync(above)) above = path.dirname(above);
  return path.relative(path.join(realpathSync(above), path.relative(above, folder)), to);
}
