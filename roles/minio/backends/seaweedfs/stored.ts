import { sh, type Sh } from "hawser";
import type { Site } from "../../sites.ts";
import { CANARY_NAME } from "../../vars.ts";
import { weedShell } from "./weed.ts";

const FOLDER = `/buckets/${CANARY_NAME}/drill`;

/** A drill's objects, by the names that the filer has. */
export function stored({ vars }: Site): { readonly read: Sh; readonly clean: Sh } {
  const names = sh`${weedShell(vars, sh`echo ${`fs.ls ${FOLDER}`}`)} | grep "^$prefix"`;
  return { read: sh`${names} || :`, clean: weedShell(vars, sh`${names} | sed ${`s|^|fs.rm ${FOLDER}/|`}`) };
}
