import { sh, type Observed, type Sh } from "hawser";

/** A look at one thing of several: what it printed, behind a line `== NAME CODE`. `partsOf` reads them. */
export const part = (name: string, command: Sh): Sh => sh`c=0; a=$( ${command} 2>&1) || c=$?; printf '== %s %s\n%s\n' ${name} "$c" "$a"`;

export type Parts = ReadonlyMap<string, { readonly out: string; readonly code: number }>;

export function partsOf({ out }: Pick<Observed, "out">): Parts {
  const parts = new Map<string, { out: string; code: number }>();
  for (const text of `\n${out}`.split("\n== ").slice(1)) {
    const end = text.indexOf("\n");
    const [name = "", code = "1"] = text.slice(0, end === -1 ? undefined : end).split(" ");
    parts.set(name, { out: end === -1 ? "" : text.slice(end + 1), code: Number(code) });
  }
  return parts;
}
