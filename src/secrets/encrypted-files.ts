import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { UsageError } from "../errors/index.ts";
import { fileTrouble } from "../inventory/private-file.ts";
import { isSealed } from "./crypt.ts";

const YAML = /\.(?:ya?ml|json)$/;
const SKIPPED = new Set(["node_modules", ".git"]);

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** Reads a file as it stands, with its byte order mark. @throws UsageError */
export async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (error) {
    throw new UsageError(fileTrouble(error, file), { cause: error });
  }
}

/** The files that may hold encrypted text: those named, and below folders those that are encrypted or YAML with an encrypted value. */
export async function encryptedFiles(paths: readonly string[]): Promise<TextFile[]> {
  const found: TextFile[] = [];
  for (const named of paths) {
    const folder = await stat(named).then((it) => it.isDirectory(), (error: unknown) => {
      throw new UsageError(fileTrouble(error, named), { cause: error });
    });
    if (!folder) found.push({ path: named, text: await readText(named) });
    else for (const file of await below(named)) {
      const text = await readFile(file, "utf8").catch(() => "");
      if (isSealed(text) || (mayBeYaml(file) && /!(?:age|vault)\b/.test(text))) found.push({ path: file, text: await readText(file) });
    }
  }
  return found;
}

/** Ansible's files of variables may have no ending. */
function mayBeYaml(file: string): boolean {
  return YAML.test(file) || (path.extname(file) === "" && /(?:^|\/)(?:group|host)_vars\//.test(file));
}

async function below(folder: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) files.push(...(await below(file)));
    else if (entry.isFile()) files.push(file);
  }
  return files;
}
