import { readFile } from "node:fs/promises";
import type { LoadContext } from "./load-context.ts";
import { fileTrouble } from "./private-file.ts";
import { decryptFile, isEncrypted } from "./secrets.ts";
import type { Tree } from "./tree.ts";
import { parseYaml } from "./yaml.ts";

/**
 * Reads and parses one inventory file, decrypting a wholly encrypted one. Problems go to `load`.
 * @returns undefined when there is nothing to go on with.
 */
export async function readSource(load: LoadContext, path: string, base: string = load.root): Promise<Tree | undefined> {
  const file = load.show(path);
  const start = { file, line: 1, column: 1 };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    load.problem(start, fileTrouble(error, "the file"));
    return undefined;
  }
  if (!isEncrypted(text)) return await parseYaml(load, { file, text, base });
  if (load.sealed) return { kind: "mapping", place: start, entries: new Map() };
  try {
    return await parseYaml(load, { file, text: await decryptFile(load, text), base, secret: true });
  } catch (error) {
    load.problem(start, error instanceof Error ? error.message : "the file cannot be decrypted");
    return undefined;
  }
}
