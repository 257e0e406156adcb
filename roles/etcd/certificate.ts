import { sh, Sh, type ResourceNode, type Tasks } from "hawser";
import { CERTIFICATE, KEY } from "./paths.ts";

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/;

export interface Identity {
  readonly host: string;
  /** Every address that members and clients connect to, or are seen to come from: etcd compares both with the certificate. */
  readonly addresses: readonly string[];
  readonly days: number;
}

/** A key that is made on the host and stays there; its certificate is what the members hold on to, and is offered to them. */
export function declareCertificate(t: Tasks, identity: Identity, needs: readonly ResourceNode[]): { readonly own: ResourceNode; readonly text: ReturnType<typeof t.read<string>> } {
  const own = t.task("key and certificate", { check: isThere(identity), apply: make(identity), summary: "make on the host", absent: "while-needs-absent", needs });
  return { own, text: t.read("certificate", { probe: sh`cat ${CERTIFICATE}`, parse: certificateOf, needs: [own] }) };
}

function certificateOf(out: string): string {
  const found = PEM.exec(out)?.[0];
  if (found === undefined) throw new Error("it is no certificate");
  return found;
}

const isThere = ({ addresses }: Identity): Sh =>
  Sh.lines(
    Sh.raw("command -v openssl >/dev/null || exit 127"),
    sh`[ -s ${KEY} ] && [ -s ${CERTIFICATE} ] || exit 1`,
    // 30 days.
    sh`openssl x509 -in ${CERTIFICATE} -noout -checkend 2592000 >/dev/null || exit 1`,
    sh`names=$(openssl x509 -in ${CERTIFICATE} -noout -text)`,
    sh`for a in ${addresses}; do case $names in *"IP Address:$a"[!0-9]*) ;; *) exit 1 ;; esac; done`,
    sh`[ "$(openssl x509 -in ${CERTIFICATE} -noout -pubkey)" = "$(openssl pkey -in ${KEY} -pubout)" ] || exit 1`,
    sh`[ "$(stat -c '%a %G' ${KEY})" = '640 etcd' ]`,
  );

function make({ host, addresses, days }: Identity): Sh {
  // By standard input, since OpenSSL 1.0.2 knows no -addext. It signs no others: who has a member's key is that member alone.
  const config = `[req]
distinguished_name = dn
prompt = no
x509_extensions = v3
[dn]
CN = ${host.slice(0, 64)}
[v3]
subjectAltName = ${[`DNS:${host}`, "DNS:localhost", ...addresses.map((address) => `IP:${address}`)].join(",")}
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
`;
  return Sh.lines(
    Sh.raw("umask 077"),
    sh`openssl ecparam -name prime256v1 -genkey -noout -out ${`${KEY}.new`}`,
    sh`openssl req -new -x509 -sha256 -days ${days} -key ${`${KEY}.new`} -config /dev/stdin -out ${`${CERTIFICATE}.new`}`.stdin(config),
    sh`chgrp etcd ${`${KEY}.new`}
chmod 640 ${`${KEY}.new`}
chmod 644 ${`${CERTIFICATE}.new`}`,
    sh`mv -f ${`${KEY}.new`} ${KEY}`,
    sh`mv -f ${`${CERTIFICATE}.new`} ${CERTIFICATE}`,
  );
}
