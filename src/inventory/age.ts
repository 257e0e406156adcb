import { readPrivateFile } from "./private-file.ts";

/** Where the age identity is looked for when HAWSER_AGE_IDENTITY names none. */
export const DEFAULT_IDENTITY = "~/.config/hawser/age.txt";

/**
 * Decrypts armored age text with the identities in a file.
 * @param shown The file's name for messages.
 * @throws Error when the file is not private, holds no identity, or none of its identities fits.
 */
export async function decryptAge(text: string, identityFile: string, shown: string): Promise<string> {
  const lines = (await readPrivateFile(identityFile, shown)).split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => line.startsWith("AGE-SECRET-KEY-"));
  if (identities.length === 0) throw new Error(`${shown} holds no age identity (a line that starts with AGE-SECRET-KEY-)`);
  // Loaded here: its cryptography takes long to load, and most runs need none of it.
  const { armor, Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  try {
    for (const identity of identities) decrypter.addIdentity(identity);
    return await decrypter.decrypt(armor.decode(text.trim()), "text");
  } catch (error) {
    throw new Error(`age cannot decrypt this with ${shown}: ${error instanceof Error ? error.message : "unknown reason"}`, { cause: error });
  }
}
