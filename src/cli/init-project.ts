import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../errors/index.ts";
import { OWN_PACKAGE, hawserSpec } from "./init-pin.ts";

export interface Made {
  /** Paths from the project's folder. */
  readonly written: readonly string[];
  /** What was there already, with other content or the same. */
  readonly left: readonly string[];
  /** What a package.json that was there already lacks. */
  readonly needs: readonly string[];
}

const SCAFFOLD = fileURLToPath(new URL("scaffold", import.meta.url));
/** npm leaves a .gitignore out of a package, so it has another name there. */
const NAMES: ReadonlyMap<string, string> = new Map([["gitignore", ".gitignore"]]);
/** A lab's name is part of a link's name, and Linux allows those 15 characters. */
const LAB_NAME_MAX = 12;

/**
 * Writes a new project. Nothing that is there is ever overwritten, and nothing stays of an attempt that failed.
 * @throws UsageError when the folder has files and `force` is not given
 */
export function initProject(folder: string, { force }: { readonly force: boolean }): Made {
  const root = path.resolve(folder);
  const there = existsSync(root);
  if (there && !statSync(root).isDirectory()) throw new UsageError(`${folder} is a file`, { hint: "name a folder" });
  const others = there ? readdirSync(root).filter((name) => name !== ".git") : [];
  if (others.length > 0 && !force) {
    throw new UsageError(`${folder === "." ? "this folder" : folder} is not empty: ${others.slice(0, 3).join(", ")}${others.length > 3 ? ` and ${others.length - 3} more` : ""}`, { hint: "name a new folder, or --force, which adds what is missing and overwrites nothing" });
  }
  const files = scaffold(root);
  const left = [...files.keys()].filter((name) => existsSync(path.join(root, name)));
  const written = [...files.keys()].filter((name) => !left.includes(name));
  const needs = left.includes("package.json") ? lacks(root, files.get("package.json") as string) : [];
  writeAll(root, written.map((name) => [name, files.get(name) as string]));
  return { written, left, needs };
}

/** Every file of a new project, with its text. */
function scaffold(root: string): Map<string, string> {
  const name = path.basename(root).toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-").replaceAll(/^-+|-+$/g, "") || "servers";
  const lab = name.slice(0, LAB_NAME_MAX).replace(/-+$/, "");
  const words: readonly (readonly [string, string])[] = [["PROJECT", name], ["LAB", lab], ["SUBNET", subnetOf(root)]];
  const texts = filesBelow(SCAFFOLD).map((file) => {
    const to = path.join(path.dirname(file), NAMES.get(path.basename(file)) ?? path.basename(file));
    return [to, words.reduce((text, [word, by]) => text.replaceAll(word, by), readFileSync(path.join(SCAFFOLD, file), "utf8"))] as const;
  });
  return new Map<string, string>([["package.json", packageJson(root, name)] as const, ...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function packageJson(root: string, name: string): string {
  const pinned = (dependency: string): string => OWN_PACKAGE.devDependencies[dependency] ?? OWN_PACKAGE.dependencies[dependency] ?? "*";
  const content = {
    name,
    private: true,
    type: "module",
    scripts: { test: "hawser check && node --import tsx --test roles/*/*.test.ts" },
    dependencies: { hawser: hawserSpec(root) },
    devDependencies: Object.fromEntries(["@types/node", "tsx", "typescript"].map((dependency) => [dependency, pinned(dependency)])),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** A network for the lab's hosts that another project on this machine hardly has: one of 250 in the half of 198.18.0.0/15 that nothing else uses. */
function subnetOf(root: string): string {
  let sum = 0;
  for (const byte of Buffer.from(root)) sum = (sum * 31 + byte) % 250;
  return `198.19.${sum + 1}`;
}

function filesBelow(folder: string, inner = ""): string[] {
  return readdirSync(path.join(folder, inner), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesBelow(folder, path.join(inner, entry.name)) : [path.join(inner, entry.name)]));
}

/** @throws what writing throws, once all that was written is gone again */
function writeAll(root: string, files: readonly (readonly [name: string, text: string])[]): void {
  const made: string[] = [];
  try {
    for (const [name, text] of files) {
      const file = path.join(root, name);
      const folder = mkdirSync(path.dirname(file), { recursive: true });
      if (folder !== undefined) made.push(folder);
      writeFileSync(file, text, { flag: "wx" });
      made.push(file);
    }
  } catch (error) {
    for (const each of made.reverse()) rmSync(each, { recursive: true, force: true });
    throw new UsageError(`the project could not be written: ${(error as Error).message}`, { cause: error });
  }
}

/** What a package.json of the user's own needs beside what it has. */
function lacks(root: string, wanted: string): string[] {
  const ours = JSON.parse(wanted) as Package;
  let theirs: Package;
  try {
    theirs = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Package;
  } catch (error) {
    throw new UsageError(`package.json cannot be read: ${(error as Error).message}`, { source: { file: path.join(root, "package.json"), line: 1, column: 1 } });
  }
  const has = { ...theirs.dependencies, ...theirs.devDependencies };
  const missing = Object.entries({ ...ours.dependencies, ...ours.devDependencies }).filter(([name]) => !(name in has));
  return [...(theirs.type === "module" ? [] : ['"type": "module"']), ...(missing.length === 0 ? [] : [`npm install --save-exact ${missing.map(([name, spec]) => `${name}@${spec}`).join(" ")}`])];
}

interface Package {
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
