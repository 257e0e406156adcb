import { constraintOf } from "./names.ts";

/** What a certificate may be used for. */
export type Usage = "server" | "client" | "both";

const EXTENDED: Readonly<Record<Usage, string>> = { server: "serverAuth", client: "clientAuth", both: "serverAuth, clientAuth" };

/** For `openssl req` and `openssl ca`, whose folder is in the environment variable D. OpenSSL 1.0.2 takes no extensions as arguments. */
const BASE = `[req]
distinguished_name = dn
[dn]
[ca]
default_ca = own
[own]
database = $ENV::D/index.txt
serial = $ENV::D/serial
new_certs_dir = $ENV::D/certs
certificate = $ENV::D/cert.pem
private_key = $ENV::D/key.pem
default_md = sha256
policy = names
unique_subject = no
x509_extensions = wanted
[names]
commonName = supplied
[wanted]
subjectKeyIdentifier = hash
`;

/** Of a CA that signs no other CA, and nothing outside of what it is held to. */
export const authorityConfig = (permitted: readonly string[]): string => `${BASE}basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
${permitted.length > 0 ? `nameConstraints = critical, ${permitted.map((range) => `permitted;${constraintOf(range)}`).join(", ")}\n` : ""}`;

/** The names are those that the controller wants: what a request asks for is not looked at. */
export const leafConfig = (names: readonly string[], usage: Usage): string => `${BASE}authorityKeyIdentifier = keyid
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = ${EXTENDED[usage]}
subjectAltName = ${names.join(",")}
`;

/** Begins an hour ago, for hosts whose clocks are behind. */
export const BEFORE = 3600;

/** Shell that makes a time as OpenSSL wants it from seconds since 1970; GNU's and busybox's date know @. */
export const STAMP = `stamp() { date -u -d "@$1" +%Y%m%d%H%M%SZ; }`;
