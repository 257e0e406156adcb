/** Not in /etc/hawser, which is closed to all but root: the servers run as users of their own. */
export const FOLDER = "/etc/hawser-objects";
/** What S3 shows to clients, of the role ca: where `leaf` puts it. */
export const S3_LEAF = "objects";
export const S3_TLS = { key: `/etc/hawser-tls/${S3_LEAF}/key.pem`, certificate: `/etc/hawser-tls/${S3_LEAF}/cert.pem`, trusted: `/etc/hawser-tls/${S3_LEAF}/trusted.pem` };
/** The system's CAs and those of MinIO sites that are there already. */
export const EXISTING_TRUSTED = `${FOLDER}/trusted.pem`;
/** Access and secret keys, `USER ACCESS SECRET` one a line. */
export const KEYS = `${FOLDER}/keys`;
export const SIGNER = `${FOLDER}/s3.sh`;
/** Sends a signed request, and prints the answer. */
export const TELLER = `${FOLDER}/tell.sh`;
export const CANARY = `${FOLDER}/canary.sh`;
export const CANARY_CONF = `${FOLDER}/canary.conf`;
/** The canary's own key, for the signer. */
export const CANARY_KEY = `${FOLDER}/canary.key`;
export const DATA = "/var/lib/hawser-objects";
/** Where an artifact is put. */
export const OPT = "/opt/hawser-objects";
/** Where the canary says how long objects took to each site. */
export const RUN = "/run/hawser-objects";
export const UNITS = "/etc/systemd/system";

/** Volumes and their master, on the loopback address alone. */
export const STORE = "hawser-objects-store";
/** S3, and what other sites replicate from. */
export const GATEWAY = "hawser-objects";
export const CANARY_UNIT = "hawser-objects-canary";
/** TLS before a server that has none of its own. */
export const TLS_UNIT = "hawser-objects-tls";

/** What runs on a host, by the var `backend` as the inventory has it. */
export const unitsOf = (backend: unknown): readonly string[] => (backend === "garage" ? [GATEWAY, TLS_UNIT] : backend === "minio-existing" ? [] : backend === "rustfs" ? [GATEWAY] : [STORE, GATEWAY]);
