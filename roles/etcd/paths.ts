/** Not in /etc/hawser, which is closed to all but root: etcd runs as a user of its own. */
export const FOLDER = "/etc/hawser-etcd";
export const ENVIRONMENT = `${FOLDER}/etcd.env`;
export const KEY = `${FOLDER}/own.key`;
export const CERTIFICATE = `${FOLDER}/own.crt`;
/** Certificates of all members: who is in it may talk to this one. */
export const TRUSTED = `${FOLDER}/members.crt`;
/** What shell scripts on the host read to be clients of the quorum. */
export const CLIENT = `${FOLDER}/client.conf`;
export const DATA = "/var/lib/hawser-etcd";
/** What a member that joins a running cluster is told by it. */
export const JOINED = `${DATA}/join.env`;
export const UNIT = "hawser-etcd";
/** Where an artifact is unpacked. */
export const OPT = "/opt/hawser-etcd";
