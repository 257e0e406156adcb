/**
 * Obtains the servers that tests run for real: `npm run artifacts [-- NAME…]`. What is there already stays.
 * What cannot be had is said with the reason, and the others are obtained; tests without their server are skipped.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { artifactsFolder } from "../../src/artifacts/cache.ts";
import { sumOf } from "../../src/artifacts/sums.ts";
import { buildCargo } from "./cargo.ts";
import { buildGo } from "./go.ts";
import { builtArtifact, writeIndex } from "./index.ts";
import { run } from "./run.ts";
import { TABLE, type Missing, type Recipe } from "./table.ts";
import { takeFromWheel } from "./wheel.ts";

const names = process.argv.slice(2);
const unknown = names.find((name) => !(name in TABLE));
if (unknown !== undefined) {
  console.error(`there is no artifact ${unknown}; there are: ${Object.keys(TABLE).join(", ")}`);
  process.exit(1);
}
mkdirSync(artifactsFolder(), { recursive: true, mode: 0o700 });
const unlock = await lock();
const failed: string[] = [];
try {
  for (const name of names.length > 0 ? names : Object.keys(TABLE)) {
    const line = await obtained(name).catch((error: unknown) => {
      failed.push(name);
      return `could not be had: ${error instanceof Error ? error.message : String(error)}`;
    });
    console.log(`${name} ${TABLE[name]?.version ?? ""}: ${line}`);
  }
} finally {
  unlock();
}
// Whoever asks for all takes what there is.
if (names.length > 0 && failed.length > 0) process.exitCode = 1;

async function obtained(name: string): Promise<string> {
  const there = builtArtifact(name);
  if (there) return `is there, ${there.file}`;
  const recipe = TABLE[name] as Recipe;
  if (recipe.from.kind === "missing") throw new Error(recipe.from.why);
  const began = performance.now();
  const folder = mkdtempSync(path.join(artifactsFolder(), ".making-"));
  try {
    const program = await programOf(recipe.from, folder, recipe.program);
    const file = `${name}-${recipe.version}.tar.gz`;
    await pack(program, path.join(folder, file));
    renameSync(path.join(folder, file), path.join(artifactsFolder(), file));
    const seconds = Math.round((performance.now() - began) / 1000);
    const sha256 = sumOf(path.join(artifactsFolder(), file));
    writeIndex(name, { version: recipe.version, program: path.basename(program), file, sha256, from: `${nameOf(recipe.from)} ${recipe.from.version}`, seconds });
    return `obtained in ${seconds} s, ${path.join(artifactsFolder(), file)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Obtainable = Exclude<Recipe["from"], Missing>;

async function programOf(from: Obtainable, folder: string, program: string): Promise<string> {
  if (from.kind === "go") return await buildGo(from, folder, program);
  return await (from.kind === "cargo" ? buildCargo(from, folder, program) : takeFromWheel(from, folder));
}

const nameOf = (from: Obtainable): string => (from.kind === "go" ? from.module : from.kind === "cargo" ? from.crate : from.package);

/** Byte for byte the same for the same program, so that its sha256 is as well. */
async function pack(program: string, file: string): Promise<void> {
  await run("tar", ["--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--mode=0755", "-I", "gzip -n -6", "-cf", file, "-C", path.dirname(program), path.basename(program)]);
}

/** One build at a time on this machine. The kernel takes it back when this process ends, however it does. */
async function lock(): Promise<() => void> {
  const child = spawn("flock", [path.join(artifactsFolder(), "lock"), "sh", "-c", "echo locked; exec cat"], { stdio: ["pipe", "pipe", "inherit"] });
  await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => Promise.reject(new Error("flock, of util-linux, is needed")))]);
  return () => child.stdin.end();
}
