import { DATA, FOLDER, OPT } from "../../paths.ts";

export const ACCOUNT = "rustfs";
export const PROGRAM = `${OPT}/rustfs`;
export const OBJECTS = `${DATA}/objects`;
/** S3's certificate under the names that RustFS looks for. */
export const TLS = `${FOLDER}/tls`;
/** The keys of RustFS' own administrator, as it reads them. */
export const ROOT_ACCESS = `${FOLDER}/root.access`;
export const ROOT_SECRET = `${FOLDER}/root.secret`;
/** The same, for the signer. */
export const ADMIN_KEY = `${FOLDER}/admin.key`;
/** Keys of all users, those that were given too, `USER ACCESS SECRET` one a line. */
export const USERS = `${FOLDER}/users`;
