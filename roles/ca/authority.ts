import { X509Certificate } from "node:crypto";
import { Sh, sh } from "hawser";
import { authorityConfig, BEFORE, STAMP } from "./openssl.ts";
import { AUTHORITY, generationFolder } from "./paths.ts";
import type { Vars } from "./vars.ts";

/** Key and certificate of a CA, as they are kept. */
export interface Pair {
  readonly key: string;
  readonly certificate: string;
}

type Made = Pick<Vars, "name" | "generation" | "days" | "permitted">;

export const subjectOf = ({ name, generation }: Pick<Vars, "name" | "generation">): string => `/CN=${name} CA ${generation}`;

/** Under another name first: a CA that is there is whole. */
const begin = ({ generation }: Made): Sh => Sh.lines(
  Sh.raw("umask 077"),
  sh`d=${generationFolder(generation)}`,
  Sh.raw(`D=$d.new
export D
[ ! -e "$d" ] || { echo "$d is there without a whole key and certificate: put them back, or move it away" >&2; exit 1; }
rm -rf "$D"
mkdir "$D" "$D/certs"
: >"$D/index.txt"`),
);

const done = Sh.raw(`sync
mv "$D" "$d"`);

/** Makes a CA on the host. Its key is in no argument and does not leave the host. */
export function makeAuthority(made: Made): Sh {
  const config = authorityConfig(made.permitted);
  return Sh.lines(
    begin(made),
    Sh.raw(`openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$D/key.pem"
openssl rand -hex 16 >"$D/serial"
now=$(date +%s)`),
    sh`ends=$((now + ${made.days * 86_400}))`,
    STAMP,
    sh`openssl req -new -sha256 -key "$D/key.pem" -subj ${subjectOf(made)} -config /dev/stdin -out "$D/request.pem"`.stdin(config),
    sh`openssl ca -batch -notext -selfsign -keyfile "$D/key.pem" -config /dev/stdin -startdate "$(stamp $((now - ${BEFORE})))" -enddate "$(stamp $ends)" -in "$D/request.pem" -out "$D/cert.pem" 2>"$D/said" || { cat "$D/said" >&2; exit 1; }`.stdin(config),
    Sh.raw(`echo $ends >"$D/ends"
rm -f "$D/said" "$D/request.pem"`),
    done,
  );
}

/** Exits 0 when a CA's key and certificate are there. */
export const isWhole = (generation: number): Sh => sh`[ -s ${`${generationFolder(generation)}/key.pem`} ] && [ -s ${`${generationFolder(generation)}/cert.pem`} ]`;

/** Before key and certificate of a CA that was kept are put back, each by a command's standard input. */
export const beginRestore = (made: Made): Sh => Sh.lines(begin(made), Sh.raw(`openssl rand -hex 16 >"$D/serial"`));

/** Where they are put until both are there. */
export const restoring = ({ generation }: Pick<Vars, "generation">): string => `${generationFolder(generation)}.new`;

export function endRestore(made: Made, certificate: string): Sh {
  return Sh.lines(
    sh`d=${generationFolder(made.generation)}`,
    Sh.raw(`D=$d.new
[ "$(openssl pkey -in "$D/key.pem" -pubout)" = "$(openssl x509 -in "$D/cert.pem" -noout -pubkey)" ] || { echo 'what is kept is no pair' >&2; exit 1; }`),
    sh`echo ${Math.floor(Date.parse(new X509Certificate(certificate).validTo) / 1000)} >"$D/ends"`,
    done,
  );
}

/** What the host has of CAs: `generation N`, `kept N`, `active N`, `issued HOST`, `ending` and `expired`, one a line. */
export const lookAtAuthority = ({ leaf_days }: Pick<Vars, "leaf_days">): Sh => sh`cd ${AUTHORITY} 2>/dev/null || exit 0
for g in [0-9]*; do
if [ -s "$g/cert.pem" ] && [ -s "$g/key.pem" ]; then echo "generation $g"; fi
if [ -e "$g/kept" ]; then echo "kept $g"; fi
done
if [ -d issued ]; then ls issued | sed 's/^/issued /'; fi
[ -s active ] || exit 0
a=$(cat active)
echo "active $a"
[ -s "$a/ends" ] || exit 0
l=$(($(cat "$a/ends") - $(date +%s)))
if [ "$l" -lt ${leaf_days * 86_400} ]; then echo ending; fi
if [ "$l" -le 0 ]; then echo expired; fi`;

export interface Seen {
  readonly generations: readonly number[];
  readonly kept: readonly number[];
  /** The generation that signs; undefined where there is no CA. */
  readonly active: number | undefined;
  /** Hosts that were given certificates. */
  readonly issued: readonly string[];
  /** The one that signs ends before what it signs now would. */
  readonly ending: boolean;
  /** It has ended, and with it all that it signed. */
  readonly expired: boolean;
}

export function parseSeen(out: string): Seen {
  const lines = out.split("\n");
  const of = (word: string): string[] => lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const [active] = of("active").map(Number);
  return { generations: of("generation").map(Number).filter(Number.isInteger), kept: of("kept").map(Number), active, issued: of("issued"), ending: lines.includes("ending"), expired: lines.includes("expired") };
}

/** The certificate of a generation. */
export interface Trusted {
  readonly generation: number;
  readonly pem: string;
}

/** All CAs that are to be trusted, the one that signs first: `generation N` and its certificate, one after the other. */
export const TRUSTED = sh`cd ${AUTHORITY} 2>/dev/null && [ -s active ] || { echo 'there is no CA on this host yet: run the playbook on it too' >&2; exit 1; }
a=$(cat active)
echo "generation $a"
cat "$a/cert.pem" || exit 1
for g in [0-9]*; do if [ "$g" != "$a" ] && [ -s "$g/cert.pem" ] && [ "\${g%.new}" = "$g" ]; then echo "generation $g"; cat "$g/cert.pem"; fi; done`;

export function parseTrusted(out: string): Trusted[] {
  return out.split(/^generation /m).slice(1).map((part) => {
    const [number = "", ...lines] = part.split("\n");
    return { generation: Number(number), pem: `${lines.join("\n").trim()}\n` };
  });
}
