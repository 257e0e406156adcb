import { sh, type Verifier } from "hawser";
import type { Seen } from "./authority.ts";
import { AUTHORITY, generationFolder, leafPaths, LEAVES } from "./paths.ts";
import type { Vars } from "./vars.ts";

/** Days that a certificate must be good for: a run renews it 30 days before its end. */
const GOOD_FOR = 14;

/** Days left of a certificate, as a number. */
const daysOf = (certificate: string) => ({
  probe: sh`e=$(openssl x509 -in ${certificate} -noout -enddate) && echo $((($(date -d "\${e#*=}" +%s) - $(date +%s)) / 86400))`,
  value: ({ out }: { readonly out: string }) => (out.trim() === "" ? undefined : Number(out)),
  unit: "days",
});

const word = ({ out }: { readonly out: string }): string | undefined => out.trim() || undefined;

const pairOf = (key: string, certificate: string) => ({
  probe: sh`if [ "$(openssl pkey -in ${key} -pubout)" = "$(openssl x509 -in ${certificate} -noout -pubkey)" ]; then echo yes; else echo no; fi`,
  value: word,
  limit: { equals: "yes" },
});

/** That the CA is on one host, which can sign, and that nobody else there can read its key. */
export function assertAuthority(v: Verifier, vars: Vars, { active }: Seen, isHost: boolean): void {
  v.total("hosts that have the CA's key", {
    probe: sh`n=0; for k in ${AUTHORITY}/[0-9]*/key.pem; do if [ -e "$k" ]; then n=1; fi; done; echo $n`,
    value: ({ out }) => Number(out),
    unit: "hosts",
    limit: { equals: 1 },
    hint: `it belongs on ${vars.host ?? ""} alone: remove ${AUTHORITY} from the others`,
  });
  if (!isHost) return;
  const folder = generationFolder(active ?? vars.generation);
  v.assert("days left of the CA", { ...daysOf(`${folder}/cert.pem`), limit: { min: vars.leaf_days }, hint: `what it signs now ends before its ${vars.leaf_days} days are over: count ca.generation up, and run until no change over is told any more` });
  v.assert("key of the CA: mode and owner", { probe: sh`stat -c '%a %U' ${`${folder}/key.pem`} ${AUTHORITY} | tr '\n' ' '`, value: word, limit: { equals: "600 root 700 root" }, hint: "who could read it can sign whatever they want: hawser run closes it again; count ca.generation up if somebody may have" });
  v.assert("key of the CA: that of its certificate", { ...pairOf(`${folder}/key.pem`, `${folder}/cert.pem`), hint: `put ${folder} back from a backup, or count ca.generation up` });
}

/** A certificate of the host: how long it is good, whether those who trust the CA take it, and who reads its key. */
export function assertLeaf(v: Verifier, name: string, { own, generation }: Pick<Vars, "own" | "generation">): void {
  const { folder, key, certificate, trusted } = leafPaths(name);
  v.assert(`${name}: days left`, { ...daysOf(certificate), limit: { min: GOOD_FOR }, hint: "hawser run renews it 30 days before its end" });
  v.assert(`${name}: signed by a CA that is trusted`, {
    // OpenSSL 1.0.2 exits 0 whatever it finds.
    probe: sh`case $(openssl verify -CAfile ${trusted} -untrusted ${certificate} ${certificate} 2>&1) in *': OK') echo yes ;; *) echo no ;; esac`,
    value: word,
    limit: { equals: "yes" },
    hint: `openssl verify -CAfile ${trusted} ${certificate} says why; hawser run puts back what was changed in ${LEAVES}`,
  });
  if (!own) v.assert(`${name}: generation that signed it`, { probe: sh`sed -n 's/^generation //p' ${`${folder}/record`}`, value: ({ out }) => Number(out), limit: { equals: generation }, hint: "the CA changes over: run again, on all hosts, until nothing of it is said any more" });
  v.assert(`${name}: key is that of the certificate`, { ...pairOf(key, certificate), hint: "hawser run makes another pair" });
  v.assert(`${name}: key as declared`, {
    probe: sh`if [ "$(stat -c 'mode %a %U %G' ${key})" = "$(grep '^mode ' ${`${folder}/record`})" ]; then echo yes; else stat -c '%a %U %G' ${key}; fi`,
    value: word,
    limit: { equals: "yes" },
    hint: "mode, owner or group were changed: hawser run puts them back; renew the key if somebody may have read it",
  });
}
