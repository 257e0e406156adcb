import { readFile } from "node:fs/promises";
import { parse, type Line } from "ssh-config";
import { UsageError } from "../errors/index.ts";
import { tilde } from "./paths.ts";
import { includedFiles } from "./ssh-config-include.ts";

/** One line of an ssh client configuration. */
export interface ConfigLine {
  /** In lower case. */
  readonly keyword: string;
  /** What follows, with quotes taken away; keywords that take a list have one word each. */
  readonly words: readonly string[];
  /** `file:line`, for messages. */
  readonly at: string;
  /** What belongs to a Host, a Match or an Include. */
  readonly inside: readonly ConfigLine[];
}

/** OpenSSH's limit on nested Include (READCONF_MAX_DEPTH). */
const MAX_DEPTH = 16;

/**
 * Reads an ssh client configuration and what it includes. A missing file is empty.
 * @throws UsageError
 */
export async function readSshConfig(file: string, depth = 0): Promise<readonly ConfigLine[]> {
  if (depth > MAX_DEPTH) throw new UsageError(`${tilde(file)}: Include is nested deeper than ${MAX_DEPTH}`);
  let lines: readonly Line[];
  try {
    lines = parse(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new UsageError(`cannot read ${tilde(file)}: ${(error as Error).message}`, { cause: error });
  }
  let at = 1;
  const read = async (some: readonly Line[]): Promise<ConfigLine[]> => {
    const found: ConfigLine[] = [];
    for (const line of some) {
      at += breaks(line.before);
      const place = `${tilde(file)}:${at}`;
      if ("param" in line) {
        const words = typeof line.value === "string" ? [line.value] : line.value.map(({ val }) => val);
        // The parser would take the next line for the value.
        if (/\n/.test(line.param + line.separator) || words.every((word) => word === "")) throw new UsageError(`${place}: nothing follows ${line.param.split(/\s/)[0]}`);
        at += breaks(line.after);
        const keyword = line.param.toLowerCase();
        const inside = keyword === "include" ? await included(words, depth) : "config" in line ? await read(line.config) : [];
        found.push({ keyword, words, at: place, inside });
      } else {
        at += breaks(line.after);
      }
    }
    return found;
  };
  return await read(lines);
}

async function included(words: readonly string[], depth: number): Promise<ConfigLine[]> {
  const lines: ConfigLine[] = [];
  for (const file of await includedFiles(words)) lines.push(...(await readSshConfig(file, depth + 1)));
  return lines;
}

function breaks(text: string): number {
  return text.split("\n").length - 1;
}
