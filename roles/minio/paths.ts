/** Not in /etc/hawser, which is closed to all but root: SeaweedFS runs as a user of its own. */
export const FOLDER = "/etc/hawser-objects";
export const KEY = `${FOLDER}/own.key`;
export const CERTIFICATE = `${FOLDER}/own.crt`;
/** Certificates of all sites: who is in it may replicate from this one. */
export const TRUSTED = `${FOLDER}/sites.crt`;
/** What S3 shows to clients, of the role ca: where `leaf` puts it. */
export const S3_LEAF = "objects";
export const S3_TLS = { key: `/etc/hawser-tls/${S3_LEAF}/key.pem`, certificate: `/etc/hawser-tls/${S3_LEAF}/cert.pem`, trusted: `/etc/hawser-tls/${S3_LEAF}/trusted.pem` };
/** Where weed looks for its certificates. */
export const SECURITY = `${FOLDER}/security.toml`;
/** Access and secret keys, `USER ACCESS SECRET` one a line. */
export const KEYS = `${FOLDER}/keys`;
/** Users with their keys and rights, as SeaweedFS reads them. */
export const IDENTITIES = `${FOLDER}/identities.json`;
export const SIGNER = `${FOLDER}/s3.sh`;
export const CANARY = `${FOLDER}/canary.sh`;
export const CANARY_CONF = `${FOLDER}/canary.conf`;
/** The canary's own key, for the signer. */
export const CANARY_KEY = `${FOLDER}/canary.key`;
export const DATA = "/var/lib/hawser-objects";
/** Where an artifact is put. */
export const OPT = "/opt/hawser-objects";
export const PROGRAM = `${OPT}/weed`;
/** Where the canary says how long objects took to each site. */
export const RUN = "/run/hawser-objects";
export const ACCOUNT = "seaweedfs";

/** Volumes and their master, on the loopback address alone. */
export const STORE = "hawser-objects-store";
/** Names of objects, S3, and what other sites replicate from. */
export const GATEWAY = "hawser-objects";
export const CANARY_UNIT = "hawser-objects-canary";
/** Forgets old changes. */
export const FORGETTER = "hawser-objects-forget";
/** Takes the changes of another site. */
export const pullerOf = (site: string): string => `hawser-objects-from-${site}`;

/** weed's gRPC port stands so far above the port of HTTP. */
export const GRPC = 10_000;
