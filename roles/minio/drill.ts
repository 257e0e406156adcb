import { Sh, sh, type DrillPlan } from "hawser";
import { CANARY_KEY, SIGNER, TELLER } from "./paths.ts";
import { s3Of, trustedOf, type Site } from "./sites.ts";
import { CANARY_NAME } from "./vars.ts";

/** Objects that are written to this region's S3 while something is broken, and looked for in every region's afterwards. */
export function declareWrites(d: DrillPlan, own: Site): void {
  const bucket = `${s3Of(own)}/${CANARY_NAME}`;
  const ask = (method: string, path: string): Sh => sh`sh ${TELLER} ${SIGNER} ${CANARY_KEY} ${trustedOf(own)} ${method} ${`${bucket}${path}`}`;
  // A list has a thousand names at the most; the next one begins where it ended.
  const read = sh`after=; while :; do
list=$(${ask("GET", "?list-type=2&prefix=drill%2F")}"$prefix\${after:+&start-after=drill%2F$after}") || exit 1
names=$(printf '%s' "$list" | grep -o '<Key>[^<]*' | sed 's|^<Key>drill/||')
[ -z "$names" ] || printf '%s\n' "$names"
case $list in *'<IsTruncated>true<'*) after=$(printf '%s\n' "$names" | tail -n 1) ;; *) break ;; esac
done`;
  d.writes("objects", {
    write: Sh.lines(
      sh`f=$(mktemp) && echo "$key" >"$f"`,
      sh`a=$(timeout 5 sh ${SIGNER} ${CANARY_KEY} ${trustedOf(own)} PUT ${`${bucket}/drill/`}"$key" "$f") || :`,
      sh`rm -f "$f"
case $a in '200 '*) ;; *) exit 1 ;; esac`,
    ),
    read,
    clean: sh`( ${read} ) | while read -r name; do ${ask("DELETE", "/drill/")}"$name" || :; done`,
  });
}
