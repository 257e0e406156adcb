import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { expandHome } from "./paths.ts";

/** The files that an Include names, each pattern's in lexical order; relative ones are in ~/.ssh. */
export async function includedFiles(words: readonly string[]): Promise<string[]> {
  const found = await Promise.all(words.map((word) => expand(word.startsWith("~") || isAbsolute(word) ? expandHome(word) : join(homedir(), ".ssh", word))));
  return found.flat();
}

/** Wildcards as of glob(7): `*`, `?` and `[...]`, in any part of the path. */
async function expand(path: string): Promise<string[]> {
  let found = ["/"];
  for (const part of path.split("/").filter(Boolean)) {
    const wanted = /[*?[]/.test(part) ? wildcard(part) : undefined;
    const next = found.map(async (folder) => {
      if (!wanted) return [join(folder, part)];
      const names = await readdir(folder).catch(() => []);
      return names.filter((name) => wanted.test(name) && (part.startsWith(".") || !name.startsWith("."))).sort().map((name) => join(folder, name));
    });
    found = (await Promise.all(next)).flat();
  }
  return found;
}

function wildcard(part: string): RegExp {
  const source = part.replaceAll(/\[(!?)([^\]]+)\]|[*?]|[.+^${}()|[\]\\]/g, (all, not: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${not ? "^" : ""}${set.replaceAll(/[\\^[]/g, "\\$&")}]`;
    return all === "*" ? ".*" : all === "?" ? "." : `\\${all}`;
  });
  return new RegExp(`^${source}$`);
}
