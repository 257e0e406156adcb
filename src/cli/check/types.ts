import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Problem } from "./problem.ts";

/** The nearest folder upwards with a package.json, else the folder itself. */
export function projectRoot(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, "package.json"))) return folder;
    if (folder === path.dirname(folder)) return from;
  }
}

/** What the project's own TypeScript says about it. */
export function typeProblems(root: string): Problem[] {
  const config = path.join(root, "tsconfig.json");
  const missing = (file: string, message: string, hint: string): Problem[] => [{ file, line: 1, column: 1, severity: "error", rule: "types", message, hint }];
  if (!existsSync(config)) return missing(root, "there is no tsconfig.json, so no types can be checked", "hawser init --force adds one; --no-types checks the rest");
  const compiler = compilerOf(root);
  if (compiler === undefined) return missing(path.join(root, "package.json"), "TypeScript is not installed in this project, so no types can be checked", "npm install --save-dev typescript @types/node; --no-types checks the rest");
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "--noEmit", "--pretty", "false", "-p", config], { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  const found = parseTsc(stdout, root);
  if (status === 0 || found.length > 0) return found;
  return missing(config, `tsc ended with ${status}: ${(stderr || stdout).trim().split("\n")[0] ?? ""}`, "run npx tsc by hand");
}

function compilerOf(root: string): string | undefined {
  try {
    const manifest = createRequire(path.join(root, "package.json")).resolve("typescript/package.json");
    const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin: { tsc: string } };
    return path.join(path.dirname(manifest), bin.tsc);
  } catch {
    return undefined;
  }
}

/** Lines as `file(line,column): error TS2322: message`; what is indented below belongs to the message. */
export function parseTsc(text: string, root: string): Problem[] {
  const found: { file: string; line: number; column: number; message: string }[] = [];
  for (const line of text.split("\n")) {
    const [, file, at, column, code, message] = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/.exec(line) ?? [];
    const last = found.at(-1);
    if (file !== undefined) found.push({ file: path.resolve(root, file), line: Number(at), column: Number(column), message: `${message} (${code})` });
    else if (/^\s+\S/.test(line) && last) last.message += `\n${line}`;
    else if (/^error TS\d+: /.test(line)) found.push({ file: path.join(root, "tsconfig.json"), line: 1, column: 1, message: line.replace(/^error (TS\d+): (.*)$/, "$2 ($1)") });
  }
  return found.map((each) => ({ ...each, severity: "error", rule: "types" }));
}
