/** Not in /etc/hawser, which is closed to all but root: Envoy runs as a user of its own. */
export const FOLDER = "/etc/hawser-envoy";
/** All of the configuration, as one bootstrap. With `xds: filesystem` it is what is validated, and BOOTSTRAP what is run. */
export const CONFIG = `${FOLDER}/envoy.yaml`;
export const BOOTSTRAP = `${FOLDER}/bootstrap.yaml`;
/** Listeners, clusters and endpoints, one file each, for `xds: filesystem`. */
export const XDS = `${FOLDER}/xds`;
/** What the CA knows the certificate by. */
export const NAME = "envoy";
export const KEY = `/etc/hawser-tls/${NAME}/key.pem`;
export const CERTIFICATE = `/etc/hawser-tls/${NAME}/cert.pem`;
/** The CA; two of them while one takes the other's place. */
export const TRUSTED = `/etc/hawser-tls/${NAME}/trusted.pem`;
export const SUPERVISOR = `${FOLDER}/supervise.sh`;
/** What the supervisor starts Envoy with. */
export const SETTINGS = `${FOLDER}/supervise.conf`;
export const UNIT = "hawser-envoy";
/** Where the metrics are, if the vars say nothing else. */
export const METRICS = "127.0.0.1:9902";
/** Who Envoy runs as. */
export const ACCOUNT = "envoy";
/** Where an artifact lies. */
export const OPT = "/opt/hawser-envoy";
/** Above every file that is generated. */
export const HEADING = "Managed by hawser: role envoy. Changes made here are undone by the next run.";
