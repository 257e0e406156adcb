import { createHash, randomBytes } from "node:crypto";
import { Secret } from "hawser";

/** As many as the longest key that is made from it. */
export const MIN_BYTES = 32;

/** A PSK in strongSwan's words is bytes behind 0s or 0x, and the text itself otherwise. */
function decode(text: string): Buffer {
  if (/^0s[A-Za-z0-9+/]+={0,2}$/.test(text)) return Buffer.from(text.slice(2), "base64");
  if (/^0x(?:[0-9a-fA-F]{2})+$/.test(text)) return Buffer.from(text.slice(2), "hex");
  return Buffer.from(text);
}

/** How many bytes it has. Inventories that are only looked at hold secrets that cannot be opened; those count as long enough. */
export function bytesOf(psk: Secret): number {
  try {
    return decode(psk.reveal()).length;
  } catch {
    return MIN_BYTES;
  }
}

/** Whether two PSKs are the same bytes. Secrets that cannot be opened are not compared. */
export function differ(one: Secret, other: Secret): boolean {
  try {
    return !decode(one.reveal()).equals(decode(other.reveal()));
  } catch {
    return false;
  }
}

/** A new PSK, made here so that it does not depend on what randomness a young host has. */
export const newPsk = (): string => `0s${randomBytes(MIN_BYTES).toString("base64")}`;

/**
 * The file with a link's secret. It is the same on both ends, to the byte, so that they can compare by a hash.
 * @param ids both public addresses
 */
export function secretsFile(link: string, ids: readonly string[], psk: Secret): Secret {
  const [first = "", second = ""] = [...ids].sort();
  return new Secret(`# Managed by hawser\nsecrets {\n  ike-${link} {\n    id-1 = ${first}\n    id-2 = ${second}\n    secret = "0s${decode(psk.reveal()).toString("base64")}"\n  }\n}\n`);
}

export const hashOf = (text: Secret): string => createHash("sha256").update(text.reveal()).digest("hex");
