import { createHash } from "node:crypto";
import { sh, type Sh } from "hawser";
import type { Trusted } from "./authority.ts";
import { leafPaths, LEAVES } from "./paths.ts";
import { RENEWED_BEFORE } from "./vars.ts";

/** A certificate of a host as its own record has it, and whether its files are still what was recorded. */
export interface LeafState {
  /** Digest of what was asked for: names, usage, files. */
  readonly spec: string | undefined;
  /** Of the CA that signed it. */
  readonly generation: number | undefined;
  /** Generations that are trusted, with the beginning of each certificate's digest: `1:0a1b2c3d4e5f6071`. */
  readonly trusts: readonly string[];
  /** SHA-256 of the certificate's file. */
  readonly certificate: string | undefined;
  /** Mode, owner and group of the key, as they shall be. */
  readonly mode: string | undefined;
  /** The key's, as they are. */
  readonly key: string | undefined;
  /** Files are as they were written. */
  readonly whole: boolean;
  /** It is good for 30 days more. */
  readonly lasting: boolean;
  /** It is good today. */
  readonly valid: boolean;
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export const trustOf = ({ generation, pem }: Trusted): string => `${generation}:${sha256(pem).slice(0, 16)}`;

/** Prints the record of a certificate, and what the host can say of its files without anybody else. */
export function lookAt(name: string): Sh {
  const { folder } = leafPaths(name);
  return sh`cd ${folder} 2>/dev/null && [ -s record ] || exit 0
sed '/^sums$/,$d' record
if sed '1,/^sums$/d' record | sha256sum -c >/dev/null 2>&1; then echo whole; fi
if openssl x509 -in cert.pem -noout -checkend ${RENEWED_BEFORE} >/dev/null 2>&1; then echo lasting; fi
if openssl x509 -in cert.pem -noout -checkend 0 >/dev/null 2>&1; then echo valid; fi
stat -c 'key %a %U %G' key.pem 2>/dev/null || :`;
}

export function parseState(out: string): LeafState {
  const lines = out.split("\n");
  const of = (word: string): string | undefined => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
  const generation = of("generation");
  return {
    spec: of("spec"),
    generation: generation === undefined ? undefined : Number(generation),
    trusts: of("trusts")?.split(" ") ?? [],
    certificate: of("certificate"),
    mode: of("mode"),
    key: of("key"),
    whole: lines.includes("whole"),
    lasting: lines.includes("lasting"),
    valid: lines.includes("valid"),
  };
}

/** Exits 0 when the host has a certificate as asked for, whoever signed it, that is good for 30 days more. */
export const sound = (name: string, spec: string): Sh => sh`(cd ${leafPaths(name).folder} 2>/dev/null && grep -qxF ${`spec ${spec}`} record 2>/dev/null && sed '1,/^sums$/d' record | sha256sum -c >/dev/null 2>&1 && openssl x509 -in cert.pem -noout -checkend ${RENEWED_BEFORE} >/dev/null 2>&1)`;

/** What a host tells the CA of one of its certificates. */
export interface Told {
  readonly name: string;
  readonly generation: number;
  readonly trusts: readonly string[];
}

/**
 * `NAME GENERATION TRUSTS…`, a certificate a line, of all that the host has. While a handler is owed, a service may not have read its
 * files, so that the host counts as one that trusts nothing yet.
 */
export const TELL = sh`if [ -n "$(ls /var/lib/hawser/pending 2>/dev/null)" ]; then echo 'handlers 0'; fi
for f in ${LEAVES}/*/record; do
[ -s "$f" ] || continue
n=\${f%/record}
echo "\${n##*/} $(sed -n 's/^generation //p' "$f") $(sed -n 's/^trusts //p' "$f")"
done`;

export const parseTold = (out: string): Told[] => out.split("\n").filter((line) => line.trim() !== "").map((line) => {
  const [name = "", generation = "", ...trusts] = line.trim().split(" ");
  return { name, generation: Number(generation), trusts };
});

/** Whether all of a host's certificates are used with the CA of a generation among those that are trusted. */
export const allTrust = (told: readonly Told[], generation: number): boolean => told.every(({ trusts }) => trusts.some((each) => each.startsWith(`${generation}:`)));
