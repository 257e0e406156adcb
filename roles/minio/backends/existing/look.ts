import { sh, type Sh } from "hawser";
import { mc } from "./mc.ts";

/** A look at one thing of several, as `partsOf` reads them. */
export const look = (name: string, ...words: readonly string[]): Sh => sh`c=0; a=$( ${mc(...words)} 2>&1) || c=$?; printf '== %s %s\n%s\n' ${name} "$c" "$a"`;
