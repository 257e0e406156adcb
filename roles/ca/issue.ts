import { defineResource, late, PlanError, sh, Sh, Value, z, type Observed } from "hawser";
import { BEFORE, leafConfig, STAMP } from "./openssl.ts";
import { ACTIVE, AUTHORITY, issuedFolder } from "./paths.ts";
import { sha256 } from "./record.ts";
import { RENEWED_BEFORE } from "./vars.ts";

/** A certificate, and the generation of the CA that signed it. */
export interface Issued {
  readonly generation: number;
  readonly pem: string;
}

const args = z.strictObject({
  /** Whose it is. */
  host: z.string(),
  /** The service that it is for. */
  name: z.string(),
  /** All that it is good for: `DNS:…`, `IP:…`, `URI:…`. */
  names: z.array(z.string()).min(1),
  usage: z.enum(["server", "client", "both"]),
  /** Digest of what was asked for. */
  spec: z.string(),
  days: z.number(),
  /** A certificate request of the host's key, as PEM. */
  request: late(z.string()),
  /** Waited for: the CA is there. */
  ready: late(z.unknown()),
});

type Args = z.output<typeof args>;

/** What a host asks for, signed on the CA's host. What it may have comes from the controller; its request gives the key alone. */
export const certificateIssued = defineResource({
  kind: "certificate-issued",
  summary: "A certificate that the CA of this host has signed for a host.",
  args,
  key: ({ host, name }) => `${host}/${name}`,
  claims: ({ host, name }) => [{ target: `certificate:${host}/${name}` }],
  probe: ({ host, name }) => sh`cd ${issuedFolder(host, name)} 2>/dev/null && [ -s record ] && [ -s cert.pem ] || exit 0
cat record
[ -s ${ACTIVE} ] && echo "active $(cat ${ACTIVE})"
if openssl x509 -in cert.pem -noout -checkend ${RENEWED_BEFORE} >/dev/null 2>&1; then echo lasting; fi`,
  plan(args, seen) {
    const why = lacks(args, seen);
    return why === undefined ? undefined : { summary: why, apply: signing(args) };
  },
  predict: () => ({ outcome: "would-change", change: { summary: "sign" } }),
});

/** Why it is to be signed, if so. */
function lacks({ spec, request }: Args, seen: Observed): string | undefined {
  if (seen.code !== 0) throw new PlanError(`cannot look at what was issued: ${seen.err.trim()}`);
  const lines = seen.out.split("\n");
  const of = (word: string): string | undefined => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
  if (of("spec") === undefined) return "sign";
  if (of("spec") !== spec) return "sign: it is asked for otherwise now";
  if (of("request") !== sha256(now(request))) return "sign: another key";
  if (!lines.includes("lasting")) return "sign: the former one is near its end";
  return of("generation") === of("active") ? undefined : `sign by generation ${of("active") ?? ""}`;
}

/** A late argument. @throws ValuePending while it is not known */
export function now<T>(given: unknown): T {
  return (given instanceof Value ? given.get() : given) as T;
}

function signing({ host, name, names, usage, spec, days, request }: Args): Sh {
  const asked = now<string>(request);
  return Sh.lines(
    sh`umask 077
w=${issuedFolder(host, name)}
[ -s ${ACTIVE} ] || { echo 'there is no CA on this host yet' >&2; exit 1; }
g=$(cat ${ACTIVE})
D=${AUTHORITY}/$g`,
    Sh.raw(`export D
mkdir -p "$w"`),
    sh`printf '%s' ${asked} >"$w/request.pem"`,
    // OpenSSL 1.0.2 exits 0 whatever it finds.
    Sh.raw(`case $(openssl req -in "$w/request.pem" -noout -verify -config /dev/null 2>&1) in *OK*) ;; *) echo 'the request is not signed by its own key' >&2; exit 1 ;; esac
openssl rand -hex 16 >"$D/serial"
now=$(date +%s) ends=$(cat "$D/ends")
[ "$now" -lt "$ends" ] || { echo "the CA of generation $g has ended: count ca.generation up" >&2; exit 1; }`),
    sh`until=$((now + ${days * 86_400}))`,
    Sh.raw(`[ "$until" -le "$ends" ] || until=$ends`),
    STAMP,
    sh`openssl ca -batch -notext -config /dev/stdin -subj ${`/CN=${host.slice(0, 64)}`} -startdate "$(stamp $((now - ${BEFORE})))" -enddate "$(stamp $until)" -in "$w/request.pem" -out "$w/cert.pem.new" 2>"$w/said" || { cat "$w/said" >&2; exit 1; }`.stdin(leafConfig(names, usage)),
    sh`printf '%s\n' ${`spec ${spec}`} "generation $g" ${`request ${sha256(asked)}`} >"$w/record.new"`,
    Sh.raw(`rm -f "$w/said" "$w/record"
mv -f "$w/cert.pem.new" "$w/cert.pem"
mv -f "$w/record.new" "$w/record"`),
  );
}

/** The generation, and the certificate behind it. */
export const issuedText = (host: string, name: string): Sh => sh`cd ${issuedFolder(host, name)} && sed -n 's/^generation //p' record && cat cert.pem`;

export function parseIssued(out: string): Issued {
  const [generation = "", ...lines] = out.split("\n");
  return { generation: Number(generation), pem: `${lines.join("\n").trim()}\n` };
}
