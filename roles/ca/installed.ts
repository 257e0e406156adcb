import { defineResource, late, PlanError, sh, Sh, z } from "hawser";
import { trustOf, lookAt, parseState, sha256, type LeafState } from "./record.ts";
import type { Trusted } from "./authority.ts";
import { now, type Issued } from "./issue.ts";
import { leafPaths } from "./paths.ts";

const args = z.strictObject({
  /** The service that it is for. */
  name: z.string(),
  /** Digest of what was asked for. */
  spec: z.string(),
  /** Mode, owner and group of the key: `640 root consul`. */
  mode: z.string(),
  /** Certificate and key in one file, too. */
  joined: z.boolean(),
  /** Signed for a key of this host; absent where nothing has to be asked of the CA. */
  issued: late(z.custom<Issued>((value) => typeof value === "object")).optional(),
  /** All CAs that are to be trusted. */
  trusted: late(z.custom<readonly Trusted[]>((value) => Array.isArray(value))).optional(),
});

type Args = z.output<typeof args>;

/** The generation of a CA that the operator has: nothing is asked of it. */
export const OWN = 0;

/** Key, certificate and trusted CAs of a service, put in place together once they fit one another. */
export const certificateInstalled = defineResource({
  kind: "certificate",
  summary: "A service's key, its certificate, and the CAs that it trusts.",
  args,
  key: ({ name }) => name,
  claims: ({ name }) => [{ target: `certificate:${name}` }],
  probe: ({ name }) => lookAt(name),
  plan(args, seen) {
    if (seen.code !== 0) throw new PlanError(`cannot look at it: ${seen.err.trim()}`);
    const state = parseState(seen.out);
    if (args.issued === undefined || args.trusted === undefined) {
      if (isWanted(args, state)) return undefined;
      throw new PlanError("it was changed after this run had asked for its facts", "run again");
    }
    const [issued, trusted] = [now<Issued>(args.issued), now<readonly Trusted[]>(args.trusted)];
    const why = differs(args, state, issued, trusted);
    return why === undefined ? undefined : { summary: why, apply: install(args, issued, trusted) };
  },
  predict(args, seen, upstream, context) {
    if (parseState(seen.out).spec === undefined) return { outcome: "would-change", change: { summary: "put in place" } };
    // Another key, or another certificate of it; a folder whose mode is mended asks for neither.
    if (upstream.some(({ kind, outcome }) => kind !== "directory" && outcome === "would-change")) return { outcome: "would-change", change: { summary: "renew" } };
    const change = this.plan(args, seen, context);
    return change ? { outcome: "would-change", change } : { outcome: "ok" };
  },
});

/** Whether what the host has needs nobody else. */
export const isWanted = ({ spec, mode }: Pick<Args, "spec" | "mode">, state: LeafState): boolean => state.spec === spec && state.whole && state.lasting && state.mode === mode && state.key === mode;

function differs(args: Args, state: LeafState, issued: Issued, trusted: readonly Trusted[]): string | undefined {
  if (state.spec === undefined) return "put in place";
  if (!state.whole) return "put in place again: its files were changed";
  if (state.certificate !== sha256(issued.pem)) return state.generation === issued.generation ? "renew" : `renew: signed by generation ${issued.generation}`;
  const trusts = trusted.map(trustOf);
  if (state.trusts.join(" ") !== trusts.join(" ")) return `trust ${trusts.length === 1 ? "generation" : "generations"} ${trusted.map(({ generation }) => generation).join(" and ")}`;
  return isWanted(args, state) ? undefined : `key ${state.key ?? "absent"} -> ${args.mode}`;
}

function install({ name, spec, mode, joined }: Args, issued: Issued, trusted: readonly Trusted[]): Sh {
  const { folder } = leafPaths(name);
  const [bits = "600", owner = "root", group = "root"] = mode.split(" ");
  const files = ["cert.pem", "key.pem", "trusted.pem", ...(joined ? ["joined.pem"] : [])];
  return Sh.lines(
    sh`umask 077
cd ${folder}
printf '%s' ${issued.pem} >cert.pem.new
printf '%s' ${trusted.map(({ pem }) => pem).join("")} >trusted.pem.new`,
    Sh.raw(`if [ -s next.pem ]; then cp next.pem key.pem.new; else cp key.pem key.pem.new; fi
[ "$(openssl pkey -in key.pem.new -pubout)" = "$(openssl x509 -in cert.pem.new -noout -pubkey)" ] || { echo 'the certificate is not of the key that lies here' >&2; exit 1; }
v=$(openssl verify -CAfile trusted.pem.new -untrusted cert.pem.new cert.pem.new 2>&1) || :
case $v in *': OK') ;; *) echo "the certificate is of no CA that is trusted: $v" >&2; exit 1 ;; esac`),
    joined && "cat cert.pem.new key.pem.new >joined.pem.new",
    sh`for f in key.pem ${joined ? ["joined.pem"] : []}; do chown ${`${owner}:${group}`} "$f.new"; chmod ${bits} "$f.new"; done
chmod 644 cert.pem.new trusted.pem.new
rm -f record`,
    sh`for f in ${files}; do mv -f "$f.new" "$f"; done`,
    !joined && "rm -f joined.pem",
    Sh.raw(`if [ -s next-request.pem ]; then mv -f next-request.pem request.pem; fi
rm -f next.pem`),
    sh`{ printf '%s\n' ${`spec ${spec}`} ${`generation ${issued.generation}`} ${`trusts ${trusted.map(trustOf).join(" ")}`} ${`certificate ${sha256(issued.pem)}`} ${`mode ${mode}`} sums; sha256sum ${[...files, ...(issued.generation === OWN ? [] : ["request.pem"])]}; } >record.new`,
    Sh.raw("mv -f record.new record"),
  );
}
