import { PlanError, sh, type Observed, type Sh } from "hawser";
import { S3_TLS, SIGNER, TELLER } from "../../paths.ts";
import { part, partsOf, type Parts } from "../parts.ts";
import { ADMIN_KEY, USERS } from "./paths.ts";

type Method = "GET" | "HEAD" | "PUT" | "DELETE";

/** A request of S3, signed by the administrator, whose answer is printed: 4 where there is no such thing, 3 where RustFS says no, or nothing. */
export const s3 = (endpoint: string, method: Method, path: string): Sh => sh`sh ${TELLER} ${SIGNER} ${ADMIN_KEY} ${S3_TLS.trusted} ${method} ${`${endpoint}${path}`}`;

/** The same, which sends its standard input. */
export const s3Sending = (endpoint: string, path: string): Sh => sh`${s3(endpoint, "PUT", path)} -`;

/** RustFS' own calls. @param call With its query in the order of its names */
const pathOf = (call: string): string => `/rustfs/admin/v3/${call}`;

export const admin = (endpoint: string, method: Method, call: string): Sh => s3(endpoint, method, pathOf(call));
export const adminSending = (endpoint: string, call: string): Sh => s3Sending(endpoint, pathOf(call));

/** Prints whether RustFS takes the user's keys as they are in the file of all users: `right`, or `wrong`. */
export const keysFit = (endpoint: string, user: string): Sh => sh`k=$(sed -n ${`s/^${user} \\([^ ]*\\) \\(.*\\)$/ACCESS='\\1' SECRET='\\2'/p`} ${USERS})
said=$(printf '%s\n' "$k" | sh ${TELLER} ${SIGNER} /dev/stdin ${S3_TLS.trusted} GET ${`${endpoint}/`} 2>&1) && { echo right; exit 0; }
case $said in *SignatureDoesNotMatch* | *InvalidAccessKeyId*) echo wrong ;; *AccessDenied*) echo right ;; *) printf '%s\n' "$said" >&2; exit 3 ;; esac`;

/** A look at several things in RustFS, each of which is there or is not; it ends with 3 where RustFS does not answer. */
export const look = (name: string, command: Sh): Sh => sh`${part(name, command)}
case $c in 0 | 4) ;; *) printf '%s\n' "$a" >&2; exit 3 ;; esac`;

/** What the looks printed. @throws PlanError where RustFS did not answer, or said no */
export function answered(seen: Observed): Parts {
  if (seen.code !== 0) throw new PlanError(`RustFS does not answer: ${seen.err.trim()}`, "journalctl -u hawser-objects");
  return partsOf(seen);
}

/** What a part printed, or nothing where there is no such thing. */
export function there(parts: Parts, name: string): string | undefined {
  const found = parts.get(name);
  return found?.code === 0 ? found.out : undefined;
}
