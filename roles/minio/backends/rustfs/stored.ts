import { sh, type Sh } from "hawser";
import { CANARY_KEY, S3_TLS, SIGNER } from "../../paths.ts";
import { s3Of, type Site } from "../../sites.ts";
import { CANARY_NAME } from "../../vars.ts";
import { TELLER } from "./paths.ts";

/** A drill's objects, by the names that S3 lists. */
export function stored(own: Site): { readonly read: Sh; readonly clean: Sh } {
  const bucket = `${s3Of(own)}/${CANARY_NAME}`;
  const ask = (method: string, path: string): Sh => sh`sh ${TELLER} ${SIGNER} ${CANARY_KEY} ${S3_TLS.trusted} ${method} ${`${bucket}${path}`}`;
  // A list has a thousand names at the most; the next one begins where it ended.
  const names = sh`after=; while :; do
list=$(${ask("GET", "?list-type=2&prefix=drill%2F")}"$prefix\${after:+&start-after=drill%2F$after}") || exit 1
names=$(printf '%s' "$list" | grep -o '<Key>[^<]*' | sed 's|^<Key>drill/||')
[ -z "$names" ] || printf '%s\n' "$names"
case $list in *'<IsTruncated>true<'*) after=$(printf '%s\n' "$names" | tail -n 1) ;; *) break ;; esac
done`;
  return { read: names, clean: sh`( ${names} ) | while read -r name; do ${ask("DELETE", "/drill/")}"$name" || :; done` };
}
