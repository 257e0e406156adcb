import { sh, Sh, type Verifier } from "hawser";

/** A key and its self-signed certificate, which others hold on to by itself: there is no authority to be had for it. */
export interface PinnedPair {
  /** Where the key lies on the host. */
  readonly key: string;
  readonly certificate: string;
  /** Its common name. */
  readonly host: string;
  /** What it is asked for by, as OpenSSL prints them: `DNS:la-1`, `IP Address:10.0.0.1`. */
  readonly names: readonly string[];
  /** Days for which it is good; 30 days before their end it is made anew. */
  readonly days: number;
  /** Of its connections. */
  readonly usage: "serverAuth" | "serverAuth, clientAuth";
  /** Whether it may sign others, which some programs ask of what they trust. Default: true. */
  readonly signs?: boolean;
  /** The certificate stands in the key's file too, as HAProxy reads them. Default: false. */
  readonly joined?: boolean;
  /** Who reads the key beside its owner. Default: nobody. */
  readonly group?: string;
}

/** 30 days, in seconds. */
const RENEWED_BEFORE = 2_592_000;
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\n/;

/** The arguments of a task that makes the pair on the host, whose key never leaves it. Needs openssl. */
export function pinnedPair(pair: PinnedPair): { readonly check: Sh; readonly apply: Sh } {
  const { key, certificate, names, days, group } = pair;
  const [newKey, newCertificate] = [`${key}.new`, `${certificate}.new`];
  return {
    check: Sh.lines(
      Sh.raw("command -v openssl >/dev/null || exit 127"),
      sh`[ -s ${key} ] && [ -s ${certificate} ] || exit 1`,
      sh`openssl x509 -in ${certificate} -noout -checkend ${RENEWED_BEFORE} >/dev/null || exit 1`,
      sh`names=$(openssl x509 -in ${certificate} -noout -text)`,
      sh`for n in ${names}; do case $names in *"$n"[!0-9A-Za-z.-]*) ;; *) exit 1 ;; esac; done`,
      sh`[ "$(openssl x509 -in ${certificate} -noout -pubkey)" = "$(openssl pkey -in ${key} -pubout)" ] || exit 1`,
      group === undefined ? sh`[ "$(stat -c %a ${key})" = 600 ]` : sh`[ "$(stat -c '%a %G' ${key})" = ${`640 ${group}`} ]`,
    ),
    apply: Sh.lines(
      Sh.raw("umask 077"),
      sh`openssl ecparam -name prime256v1 -genkey -noout -out ${newKey}`,
      // By standard input, since OpenSSL 1.0.2 of CentOS 7 knows no -addext.
      sh`openssl req -new -x509 -sha256 -days ${days} -key ${newKey} -config /dev/stdin -out ${newCertificate}`.stdin(configOf(pair)),
      pair.joined && sh`cat ${newCertificate} >>${newKey}`,
      group !== undefined && sh`chgrp ${group} ${newKey}
chmod 640 ${newKey}`,
      sh`chmod 644 ${newCertificate}`,
      sh`mv -f ${newKey} ${key}`,
      sh`mv -f ${newCertificate} ${certificate}`,
    ),
  };
}

function configOf({ host, names, usage, signs = true }: PinnedPair): string {
  return `[req]
distinguished_name = dn
prompt = no
x509_extensions = v3
[dn]
CN = ${host.slice(0, 64)}
[v3]
subjectAltName = ${names.map((name) => name.replace(/^IP Address:/, "IP:")).join(",")}
basicConstraints = critical, CA:${signs ? "TRUE" : "FALSE"}
keyUsage = critical, digitalSignature${signs ? ", keyCertSign" : ""}
extendedKeyUsage = ${usage}
`;
}

/** Days that a certificate must be good for: a run renews it 30 days before its end. */
const GOOD_FOR = 14;

/** For how long a certificate of the host is good. */
export function assertCertificate(v: Verifier, certificate: string): void {
  v.assert("certificate", {
    probe: sh`e=$(openssl x509 -in ${certificate} -noout -enddate) && echo $((($(date -d "\${e#*=}" +%s) - $(date +%s)) / 86400))`,
    value: ({ out }) => (out.trim() === "" ? undefined : Number(out)),
    unit: "days",
    limit: { min: GOOD_FOR },
    hint: "hawser run renews it 30 days before its end",
  });
}

/** The certificate in what a file printed, with those that follow it. @throws Error when there is none */
export function certificateOf(out: string): string {
  const found = PEM.exec(out)?.[0];
  if (found === undefined) throw new Error("it is no certificate");
  return found;
}
