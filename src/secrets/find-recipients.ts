import { existsSync } from "node:fs";
import path from "node:path";
import { UsageError } from "../errors/index.ts";
import { isPublicKey, readRecipients, RECIPIENTS_FILES, type Recipients } from "../inventory/recipients.ts";

/** What the folder of an inventory, or of a whole repository, holds: no list above it is meant for the files below. */
const TOPS = ["hosts.yml", "hosts.yaml", "hosts", ".git"];

/**
 * Whom a file's secrets are encrypted for: the nearest list in its folder or above, up to its inventory's folder.
 * @param folder Where the file lies, or will.
 * @param fallback The folder of an inventory, asked when there is none on the way.
 * @throws UsageError when there is no list, or a bad one
 */
export async function findRecipients(folder: string, fallback: string): Promise<Recipients> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const found = await readRecipients(at);
    if (found) return found;
    if (at === path.dirname(at) || TOPS.some((name) => existsSync(path.join(at, name)))) break;
  }
  const found = await readRecipients(fallback);
  if (found) return found;
  throw new UsageError(`there is nobody to encrypt for: neither ${folder} nor ${fallback} has a ${RECIPIENTS_FILES[0]}`, {
    hint: `put the age public keys of those who may read it there, one a line, or give --recipient age1…; hawser secrets keygen makes a pair of keys`,
  });
}

/** Checks public keys of the command line. @throws UsageError */
export function givenRecipients(keys: readonly string[]): readonly string[] {
  const odd = keys.find((key) => !isPublicKey(key));
  if (odd !== undefined) throw new UsageError(odd.startsWith("AGE-SECRET-KEY-") ? "--recipient takes a public key; this is an identity, and is now in your shell's history" : `--recipient "${odd}" is not an age public key`, { hint: "a public key begins with age1" });
  return [...new Set(keys)];
}
