import { sh, Sh, type ResourceNode, type Tasks } from "hawser";

export const FOLDER = "/etc/hawser/backup-path";
/** Key and certificate in one file, as HAProxy reads them. */
export const OWN = `${FOLDER}/own.pem`;
export const CERTIFICATE = `${FOLDER}/own.crt`;

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n/;

/** A key that is made on the host and stays there; its certificate is what the peers hold on to, and is offered to them. They ask for SERVICE.HOST. */
export function declareCertificate(t: Tasks, host: string, days: number, needs: readonly ResourceNode[]): { readonly own: ResourceNode; readonly text: ReturnType<typeof t.read<string>> } {
  const own = t.task("key and certificate", { check: isThere(host), apply: make(host, days), summary: "make on the host", absent: "while-needs-absent", needs });
  return { own, text: t.read("certificate", { probe: sh`cat ${CERTIFICATE}`, parse: certificateOf, needs: [own] }) };
}

function certificateOf(out: string): string {
  const found = PEM.exec(out)?.[0];
  if (found === undefined) throw new Error("it is no certificate");
  return found;
}

const isThere = (host: string): Sh =>
  Sh.lines(
    Sh.raw("command -v openssl >/dev/null || exit 127"),
    sh`[ -s ${OWN} ] && [ -s ${CERTIFICATE} ] || exit 1`,
    // 30 days.
    sh`openssl x509 -in ${CERTIFICATE} -noout -checkend 2592000 >/dev/null || exit 1`,
    sh`openssl x509 -in ${CERTIFICATE} -noout -text | grep -qF ${`DNS:*.${host}`} || exit 1`,
    sh`[ "$(openssl x509 -in ${CERTIFICATE} -noout -pubkey)" = "$(openssl pkey -in ${OWN} -pubout)" ] || exit 1`,
    sh`[ "$(stat -c %a ${OWN})" = 600 ]`,
  );

function make(host: string, days: number): Sh {
  // By standard input, since OpenSSL 1.0.2 knows no -addext.
  const config = `[req]
distinguished_name = dn
prompt = no
x509_extensions = v3
[dn]
CN = ${host.slice(0, 64)}
[v3]
subjectAltName = DNS:${host},DNS:*.${host}
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
extendedKeyUsage = serverAuth, clientAuth
`;
  return Sh.lines(
    Sh.raw("umask 077"),
    sh`openssl ecparam -name prime256v1 -genkey -noout -out ${`${OWN}.new`}`,
    sh`openssl req -new -x509 -sha256 -days ${days} -key ${`${OWN}.new`} -config /dev/stdin -out ${`${CERTIFICATE}.new`}`.stdin(config),
    sh`cat ${`${CERTIFICATE}.new`} >> ${`${OWN}.new`}`,
    sh`mv -f ${`${OWN}.new`} ${OWN}`,
    sh`mv -f ${`${CERTIFICATE}.new`} ${CERTIFICATE}`,
  );
}
