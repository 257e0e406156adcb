import { randomBytes } from "node:crypto";

/** A secret that is found however it is written: its marks survive every quoting, and their encodings are needles of their own. */
export interface Canary {
  readonly secret: string;
  readonly needles: readonly string[];
}

const mark = (): string => `Cn${randomBytes(9).toString("hex")}`;

/** One line, with everything in it that quoting changes. */
export function lineCanary(): Canary {
  const own = mark();
  return { secret: `${own}'x"q$HOME&%\\ end`, needles: around(own) };
}

/** Several lines, as of a key, each with a mark of its own. */
export function blockCanary(): Canary {
  const marks = Array.from({ length: 5 }, mark);
  return { secret: `${marks.map((own) => `${own}/+${randomBytes(18).toString("base64")}`).join("\n")}\n`, needles: marks.flatMap(around) };
}

/** A crypt(3) hash of nothing in particular. */
export function hashCanary(): Canary {
  const own = mark();
  return { secret: `$6$saltsalt$${own.padEnd(86, "x")}`, needles: around(own) };
}

/** With what every P-256 key begins, as PKCS #8 in PEM: hosts make some themselves, which nobody knows before. */
export const KEY_NEEDLES = around("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg");

/** A mark of 20 octets or more, and what base64 and hex make of it wherever it stands. */
export function around(own: string): string[] {
  const base64 = [0, 1, 2].map((before) => Buffer.from(" ".repeat(before) + own).toString("base64").slice(4, 24));
  const hex = Buffer.from(own).toString("hex");
  return [own, ...base64, hex, hex.toUpperCase()];
}
