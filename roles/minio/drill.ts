import { Sh, sh, type DrillPlan } from "hawser";
import type { Backend } from "./backends/backend.ts";
import { CANARY_KEY, SIGNER } from "./paths.ts";
import { s3Of, trustedOf, type Site } from "./sites.ts";
import { CANARY_NAME } from "./vars.ts";

/** Objects that are written to this region's S3 while something is broken, and looked for in every region's store afterwards. */
export function declareWrites(d: DrillPlan, own: Site, { stored }: Pick<Backend, "stored">): void {
  d.writes("objects", {
    write: Sh.lines(
      sh`f=$(mktemp) && echo "$key" >"$f"`,
      sh`a=$(timeout 5 sh ${SIGNER} ${CANARY_KEY} ${trustedOf(own)} PUT ${`${s3Of(own)}/${CANARY_NAME}/drill/`}"$key" "$f") || :`,
      sh`rm -f "$f"
case $a in '200 '*) ;; *) exit 1 ;; esac`,
    ),
    ...stored?.(own),
  });
}
