import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const BIN = `${ROOT}bin/hawser.mjs`;

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder of a test with files in it, removed at its end, in which `import … from "hawser"` works. */
export function project(t: { after: (fn: () => void) => void }, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hawser-cli-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(`${folder}/node_modules`);
  symlinkSync(ROOT, `${folder}/node_modules/hawser`);
  writeAll(folder, { "package.json": '{"type":"module"}', ...files });
  return folder;
}

export function writeAll(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
}

/** Starts the program as a user would, without colours. */
export function start(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [BIN, ...args], { cwd, env: { ...process.env, NO_COLOR: "1", ...env }, stdio: "pipe" });
}

/** Runs the program to its end. */
export async function hawser(cwd: string, args: readonly string[], { input = "", env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<Said> {
  const child = start(cwd, args, env);
  child.stdin.on("error", () => {}); // it may end before it has read everything
  child.stdin.end(input);
  return await ended(child);
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Said> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

/** An inventory whose hosts are this machine, as the user of the test. */
export const LOCAL = "web: { hosts: { web-1: , web-22: } }\ndata: { hosts: { db: } }\nall: { vars: { ssh: { kind: local } } }\n";
