import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { killCgroup } from "./cgroup.ts";
import { inCgroup } from "./detached.ts";
import { withLock } from "./lock.ts";
import { cacheDirectory } from "./paths.ts";
import { recipeFor } from "./recipe.ts";
import { run } from "./run.ts";
import { controllerSources, sourceLine, type AptSources } from "./sources.ts";
import type { LabImage, OnProgress } from "./types.ts";

/**
 * The base root file system of a flavour, built by mmdebstrap if this recipe has not been built here yet.
 *
 * It is built under a temporary name and renamed, so a folder with the final name is always whole.
 * @returns its folder, to be used read-only
 */
export async function ensureImage(image: LabImage, onProgress: OnProgress): Promise<string> {
  const sources = await controllerSources();
  const directory = join(cacheDirectory(), imageName(image, sources));
  if (existsSync(directory)) return directory;
  const waiting = (): void => onProgress({ message: `waiting for another process that builds the ${image} image` });
  return withLock(`image ${directory}`, () => build(image, directory, sources, onProgress), waiting);
}

/** The folder's name carries a hash of everything that decides what is inside. */
export function imageName(image: LabImage, sources: AptSources): string {
  const { packages, script } = recipeFor(image);
  const inputs = JSON.stringify([mmdebstrapArgv("", packages, "", sources), script]);
  return `${image}-${shortHash(inputs)}`;
}

const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

async function build(image: LabImage, directory: string, sources: AptSources, onProgress: OnProgress): Promise<string> {
  if (existsSync(directory)) return directory;
  for (const warning of sources.warnings) onProgress({ message: warning });
  onProgress({ message: `building the ${image} image (once; about a minute)` });
  const cache = cacheDirectory();
  await mkdir(cache, { recursive: true });
  // A build whose controller was killed goes on alone; it must not write into this one.
  const cgroup = `hawser/_build-${shortHash(directory)}`;
  await killCgroup(cgroup);
  const building = `${directory}.building`;
  const hook = `${building}.hook`;
  await rm(building, { recursive: true, force: true });
  const { packages, script } = recipeFor(image);
  await writeFile(hook, `#!/bin/sh\n${script}`, { mode: 0o755 });
  // In a mount namespace of its own: what it mounts goes with it, however it ends, and is never there to be deleted through.
  const argv = await inCgroup(cgroup, ["unshare", "--mount", ...mmdebstrapArgv(building, packages, hook, sources)]);
  await run(argv, { hint: "check that `apt-get update` works on this machine" });
  await killCgroup(cgroup);
  await rm(hook);
  await rename(building, directory);
  return directory;
}

/** Man pages, documentation and translations are half of a small system and no test reads them. */
export function mmdebstrapArgv(target: string, packages: readonly string[], hook: string, sources: AptSources): string[] {
  const excluded = ["/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*"];
  const codename = sources.used.map(({ suite }) => suite).reduce((a, b) => (b.length < a.length ? b : a));
  return [
    "mmdebstrap",
    "--quiet",
    "--mode=root",
    "--variant=minbase",
    "--format=directory",
    "--skip=cleanup/apt/lists",
    '--aptopt=Acquire::Languages "none"',
    ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`),
    `--include=${packages.join(",")}`,
    `--customize-hook=${hook}`,
    codename,
    target,
    ...sources.used.map((source) => sourceLine(source)),
  ];
}
