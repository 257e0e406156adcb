import { readFile } from "node:fs/promises";
import type { LoadContext } from "./load-context.ts";
import { fileTrouble } from "./private-file.ts";
import { decryptFile, isEncrypted } from "./secrets.ts";
import type { Tree } from "./tree.ts";
import { parseYaml } from "./yaml.ts";

/** The text of an inventory file. */
export interface SourceText {
  readonly text: string;
  /** True when it was encrypted as a whole. */
  readonly secret: boolean;
  /** True when it is encrypted, and stays so: the text is then empty. */
  readonly sealed: boolean;
}

/** Reads one inventory file, decrypting a wholly encrypted one. Problems go to `load`. @returns undefined when there is none. */
export async function readText(load: LoadContext, path: string): Promise<SourceText | undefined> {
  const start = { file: load.show(path), line: 1, column: 1 };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    load.problem(start, fileTrouble(error, "the file"));
    return undefined;
  }
  if (!isEncrypted(text)) return { text, secret: false, sealed: false };
  if (load.sealed) return { text: "", secret: true, sealed: true };
  try {
    return { text: await decryptFile(load, text), secret: true, sealed: false };
  } catch (error) {
    load.problem(start, error instanceof Error ? error.message : "the file cannot be decrypted");
    return undefined;
  }
}

/**
 * Reads and parses one file of YAML, decrypting a wholly encrypted one. Problems go to `load`.
 * @returns undefined when there is nothing to go on with.
 */
export async function readSource(load: LoadContext, path: string, base: string = load.root): Promise<Tree | undefined> {
  const found = await readText(load, path);
  return found === undefined ? undefined : await parseSource(load, path, found, base);
}

/** Parses what `readText` has read. A file that stays closed counts as empty. */
export async function parseSource(load: LoadContext, path: string, { text, secret, sealed }: SourceText, base: string = load.root): Promise<Tree | undefined> {
  const file = load.show(path);
  if (sealed) return { kind: "mapping", place: { file, line: 1, column: 1 }, entries: new Map() };
  return await parseYaml(load, { file, text, base, secret });
}
