import { z } from "hawser";

/** What stands in a proposal for ciphers, and what each adds to a packet, in octets: an initialisation vector, an alignment, and for those that check integrity themselves a value for that. */
const CIPHERS: readonly (readonly [pattern: RegExp, vector: number, align: number, check: number | undefined])[] = [
  [/^aes(?:128|192|256)[gc]cm(?:16)?$/, 8, 4, 16],
  [/^chacha20poly1305$/, 8, 4, 16],
  [/^aes(?:128|192|256)(?:ctr)?$/, 16, 16, undefined],
  [/^3des$/, 8, 8, undefined],
];

/** The value for integrity of each hash, in octets. */
const CHECKS: Readonly<Record<string, number>> = { md5: 12, sha1: 12, sha256: 16, sha384: 24, sha512: 32 };

/** Algorithms that are broken or about to be, with the reason. */
const WEAK: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^3des$/, "3des has blocks of 64 bits (Sweet32)"],
  [/^(?:prf)?md5$/, "md5 is broken"],
  [/^(?:prf)?sha1$/, "sha1 is broken for signatures and on its way out"],
  [/^modp(?:768|1024|1536|1024s160)$/, "its Diffie-Hellman group is within reach of precomputation (Logjam); 2048 bits are the least"],
];

const WORD = /^(?:aes(?:128|192|256)(?:[gc]cm(?:16)?|ctr)?|chacha20poly1305|3des|(?:prf)?(?:md5|sha1|sha256|sha384|sha512)|modp(?:768|1024|1024s160|1536|2048|3072|4096|6144|8192)|ecp(?:256|384|521)|curve25519|x25519|curve448|x448)$/;

/** One proposal in strongSwan's words. ipsec.conf ended a list with `!`, which means what swanctl always does. */
export const proposal = z
  .string()
  .transform((text) => text.replace(/!$/, ""))
  .refine((text) => text.split("-").every((word) => WORD.test(word)), "a proposal is algorithms joined by dashes, such as aes256gcm16-prfsha384-ecp384 or aes256-sha256-modp2048")
  .refine((text) => cipherOf(text) !== undefined, "a proposal begins with a cipher: aes256gcm16, aes256, …")
  .refine((text) => cipherOf(text)?.check !== undefined || checkOf(text) !== undefined, "this cipher needs a hash beside it, such as sha256");

/** What protects the packets; the strongest first. The same on both ends of a tunnel. */
export const ESP_PROPOSALS: readonly string[] = ["aes256gcm16-ecp384", "aes256-sha256-modp2048"];

export const espProposals = z.array(proposal).min(1).default([...ESP_PROPOSALS]);

/** Why a proposal is weak, or undefined. */
export function weakness(text: string): string | undefined {
  const words = text.split("-");
  return WEAK.map(([pattern, why]) => (words.some((word) => pattern.test(word)) ? why : undefined)).find((why) => why !== undefined);
}

function cipherOf(text: string): { readonly vector: number; readonly align: number; readonly check: number | undefined } | undefined {
  const [, vector, align, check] = CIPHERS.find(([pattern]) => pattern.test(text.split("-")[0] ?? "")) ?? [];
  return vector === undefined || align === undefined ? undefined : { vector, align, check };
}

const checkOf = (text: string): number | undefined => text.split("-").slice(1).map((word) => CHECKS[word]).find((size) => size !== undefined);

/** IPv4, and the UDP that carries ESP through NAT and past firewalls that know no ESP. */
const OUTER = 20 + 8;
/** SPI and sequence number; padding length and next header; GRE without options. */
const [ESP_HEADER, ESP_TRAILER, GRE] = [8, 2, 4];
/** GRE in plain IPv4. */
export const CLEAR_GRE = 20 + GRE;

/** The largest packet, in octets, that fits into GRE inside ESP inside UDP on a network with this MTU, whichever proposal is agreed on. */
export function largestInside(underlay: number, proposals: readonly string[]): number {
  return Math.min(...proposals.map((text) => {
    const { vector, align, check } = cipherOf(text) ?? { vector: 16, align: 16, check: undefined };
    const sealed = underlay - OUTER - ESP_HEADER - vector - (check ?? checkOf(text) ?? Math.max(...Object.values(CHECKS)));
    return Math.floor(sealed / align) * align - ESP_TRAILER - GRE;
  }));
}
