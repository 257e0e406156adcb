import { readPrivateFile } from "./private-file.ts";

/** Where the age identity is looked for when HAWSER_AGE_IDENTITY names none. */
export const DEFAULT_IDENTITY = "~/.config/hawser/age.txt";

/** The first line of age's text form. */
export const AGE_HEADER = "-----BEGIN AGE ENCRYPTED FILE-----";

/** True for text that starts as age's text form does. */
export function isAge(text: string): boolean {
  return text.trimStart().startsWith(AGE_HEADER);
}

/**
 * The identities in a file.
 * @param shown The file's name for messages.
 * @throws Error when the file is not private or holds none.
 */
export async function readIdentities(file: string, shown: string): Promise<string[]> {
  const lines = (await readPrivateFile(file, shown)).split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => line.startsWith("AGE-SECRET-KEY-"));
  if (identities.length === 0) throw new Error(`${shown} holds no age identity (a line that starts with AGE-SECRET-KEY-)`);
  return identities;
}

/**
 * Decrypts armored age text with the identities in a file.
 * @param shown The file's name for messages.
 * @throws Error when the file is not private, holds no identity, or none of its identities fits.
 */
export async function decryptAge(text: string, identityFile: string, shown: string): Promise<string> {
  return await decryptWith(text, await readIdentities(identityFile, shown), shown);
}

/** As `decryptAge`, with identities that were read before. */
export async function decryptWith(text: string, identities: readonly string[], shown: string): Promise<string> {
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

/**
 * Encrypts text into age's text form, which ends in a newline.
 * @param recipients Public keys, at least one.
 */
export async function encryptAge(text: string, recipients: readonly string[]): Promise<string> {
  const { armor, Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      throw new Error(`${recipient} is not an age public key: ${error instanceof Error ? error.message : "unknown reason"}`, { cause: error });
    }
  }
  return armor.encode(await encrypter.encrypt(text));
}

/** A new pair of keys. */
export async function newIdentity(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const { generateX25519Identity } = await import("age-encryption");
  const identity = await generateX25519Identity();
  return { identity, recipient: await publicKeyOf(identity) };
}

/** The public key of an identity. */
export async function publicKeyOf(identity: string): Promise<string> {
  const { identityToRecipient } = await import("age-encryption");
  return await identityToRecipient(identity);
}
