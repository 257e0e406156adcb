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

/** A secret as it lies on the host, in a file that swanctl includes; its hash stands beside it, for the peers to compare. */
export interface SecretText {
  readonly hash: string;
  /** SHA-256 of `shown`. */
  readonly sum: string;
  /** For both ids, the one that charon shows: what fits both best. */
  readonly shown: Secret;
  /** For the peer's id alone: accepted from the peer, and shown only where there is no other. */
  readonly accepted: Secret;
}

/** @param ids this end's public address and the peer's */
export function secretText(link: string, [own, far]: readonly [own: string, far: string], psk: Secret): SecretText {
  const bytes = decode(psk.reveal());
  const hash = createHash("sha256").update(`${link} `).update(bytes).digest("hex");
  const text = (name: string, ids: readonly string[]) => new Secret(["# Managed by hawser", `# hash ${hash}`, "secrets {", `  ${name} {`, ...ids.map((id, i) => `    id-${i + 1} = ${id}`), `    secret = "0s${bytes.toString("base64")}"`, "  }", "}", ""].join("\n"));
  const shown = text(`ike-${link}`, [own, far]);
  return { hash, sum: createHash("sha256").update(shown.reveal()).digest("hex"), shown, accepted: text(`ike-${link}-${hash}`, [far]) };
}
