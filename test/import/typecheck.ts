import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** The packages that an installed project has. */
export function linkPackages(folder: string): void {
  mkdirSync(path.join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(ROOT, path.join(folder, "node_modules/hawser"));
  symlinkSync(path.join(ROOT, "node_modules/@types/node"), path.join(folder, "node_modules/@types/node"));
}

/** What the compiler says of a project, as lines. */
export function typeErrorsIn(folder: string): string[] {
  const { stdout } = spawnSync(path.join(ROOT, "node_modules/.bin/tsc"), ["--noEmit", "-p", folder], { encoding: "utf8", cwd: folder });
  return stdout.split("\n").filter((line) => line.includes("error"));
}

/** What the compiler says of these files as a project with the settings that an import writes. */
export function typeErrors(texts: ReadonlyMap<string, string>): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-types-"));
  try {
    for (const [name, text] of texts) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { target: "es2023", module: "nodenext", strict: true, allowImportingTsExtensions: true, noEmit: true, skipLibCheck: true, types: ["node"] }, include: ["playbooks", "roles", "*.ts"] }));
    linkPackages(folder);
    return typeErrorsIn(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
