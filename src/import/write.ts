import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { UsageError } from "../errors/index.ts";
import type { Imported } from "./project.ts";

/**
 * Writes an imported project beside its place and then puts it there, so that it is there whole or not at all.
 * @param hawser The folder of hawser itself, which the project depends on.
 * @throws UsageError when something is in the target already
 */
export function writeProject({ texts, copies }: Imported, into: string, hawser: string): void {
  const target = path.resolve(into);
  refuseTaken(target, into);
  mkdirSync(path.dirname(target), { recursive: true });
  const draft = mkdtempSync(path.join(path.dirname(target), `.${path.basename(target)}-import-`));
  try {
    const place = (name: string): string => {
      const file = path.join(draft, name);
      mkdirSync(path.dirname(file), { recursive: true });
      return file;
    };
    for (const [name, text] of new Map([...texts, ...scaffold(target, hawser)])) writeFileSync(place(name), text);
    for (const [name, from] of copies) copyFileSync(from, place(name));
    if (existsSync(target)) rmdirSync(target);
    renameSync(draft, target);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** @throws UsageError when the target holds anything. */
export function refuseTaken(target: string, shown: string): void {
  if (!existsSync(target)) return;
  if (!statSync(target).isDirectory()) throw new UsageError(`${shown} is a file`, { hint: "name another folder with --into" });
  if (readdirSync(target).length > 0) throw new UsageError(`${shown} is not empty, and an import overwrites nothing`, { hint: "name another folder with --into" });
}

/** What makes a folder a project; the same as in docs/getting-started.md. */
function scaffold(target: string, hawser: string): Map<string, string> {
  const name = path.basename(target).toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-").replace(/^-+/, "") || "servers";
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  return new Map([
    ["package.json", json({ name: name === "hawser" ? "servers" : name, private: true, type: "module", dependencies: { hawser: `file:${path.relative(target, hawser)}` }, devDependencies: { "@types/node": "^20", typescript: "^7" } })],
    ["tsconfig.json", json({ compilerOptions: { target: "es2023", module: "nodenext", strict: true, allowImportingTsExtensions: true, noEmit: true, skipLibCheck: true, types: ["node"] }, include: ["playbooks", "roles", "*.ts"] })],
    [".gitignore", "node_modules/\n"],
  ]);
}
