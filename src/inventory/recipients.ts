import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { UsageError } from "../errors/index.ts";

/** The names that a list of public keys may have; the first is the usual one. */
export const RECIPIENTS_FILES = ["recipients.txt", ".age-recipients", "age.recipients"] as const;

const HINT = "put the age public keys of those who may read it there, one a line (hawser secrets keygen makes a pair)";

export interface Recipients {
  /** Public keys, in the order of the file. */
  readonly keys: readonly string[];
  /** Where they stand. */
  readonly file: string;
}

/**
 * Reads the public keys in an inventory's folder: one a line, `#` begins a comment.
 * @returns undefined when there is no such file.
 * @throws UsageError with file and line for what is no public key, when there is none, or when two of the files exist.
 */
export async function readRecipients(folder: string): Promise<Recipients | undefined> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  const [name, second] = RECIPIENTS_FILES.filter((candidate) => names.includes(candidate));
  if (name === undefined) return undefined;
  if (second !== undefined) throw new UsageError(`${folder} has both ${name} and ${second}`, { hint: "keep one list, so that everything is encrypted for the same people" });
  const file = path.join(folder, name);
  const lines = (await readFile(file, "utf8")).split(/\r?\n/).map((line) => line.replace(/#.*/, "").trim());
  const odd = lines.findIndex((line) => line !== "" && !isPublicKey(line));
  if (odd >= 0) throw new UsageError(`"${lines[odd]}" is not an age public key`, { source: { file, line: odd + 1, column: 1 }, hint: "a public key begins with age1" });
  const keys = [...new Set(lines.filter((line) => line !== ""))];
  if (keys.length === 0) throw new UsageError(`${file} names no recipient`, { hint: HINT });
  return { keys, file };
}

/** @throws UsageError also when there is no such file. @param whose What has nobody to be encrypted for. */
export async function needRecipients(folder: string, whose: string): Promise<Recipients> {
  const found = await readRecipients(folder);
  if (found === undefined) throw new UsageError(`${whose} has nobody to be kept for: ${path.join(folder, RECIPIENTS_FILES[0])} does not exist`, { hint: HINT });
  return found;
}

/** By its form: whether it is one is seen when something is encrypted for it. */
export function isPublicKey(text: string): boolean {
  return /^age1[a-z0-9]+$/.test(text);
}
