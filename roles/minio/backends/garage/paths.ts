import { DATA, FOLDER, OPT, S3_LEAF } from "../../paths.ts";

export const ACCOUNT = "garage";
export const PROGRAM = `${OPT}/garage`;
export const CONF = `${FOLDER}/garage.toml`;
/** Who has it is a node of the cluster. */
export const RPC_SECRET = `${FOLDER}/rpc.secret`;
export const ADMIN_TOKEN = `${FOLDER}/admin.token`;
/** The admin token as curl reads it: in no command line. */
export const ADMIN_CURL = `${FOLDER}/admin.curl`;
export const META = `${DATA}/meta`;
export const OBJECTS = `${DATA}/data`;

/** Garage has no TLS: HAProxy has it, by a configuration of its own. */
export const TLS_CONF = `${FOLDER}/tls.cfg`;
/** Certificate and key in one file, of the role ca. */
export const TLS_PAIR = `/etc/hawser-tls/${S3_LEAF}/joined.pem`;
