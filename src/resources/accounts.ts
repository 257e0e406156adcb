import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import type { Observed } from "./contract.ts";

/** As useradd and groupadd take it. */
export const accountName = z.string().regex(/^[a-z_][a-z0-9_-]{0,30}\$?$/i, "not a user or group name");
export const idNumber = z.number().int().nonnegative();

/** The fields of /etc/passwd without the password: name, uid, gid, comment, home, shell. */
type PasswdField = "u" | "g" | "c" | "h" | "s";

/** Sets the wanted variables to the fields of a user's line in /etc/passwd, read by the shell itself; `$n` is `$me` only when there is such a user. */
export function readPasswd(name: string, wanted: readonly PasswdField[]): Sh {
  const fields = (["u", "g", "c", "h", "s"] as const).map((field) => (wanted.includes(field) ? field : "_"));
  return Sh.lines(sh`me=${name}`, Sh.raw(`n=''
while IFS=: read -r n _ ${fields.join(" ")}; do if [ "$n" = "$me" ]; then break; fi; done </etc/passwd`));
}

/** Lines of `word rest`, as the probes here print them. */
export class Lines {
  readonly #lines: readonly string[];

  constructor(seen: Pick<Observed, "out">) {
    this.#lines = seen.out.split("\n");
  }

  has(line: string): boolean {
    return this.#lines.includes(line);
  }

  /** What follows each `word`. */
  all(word: string): string[] {
    return this.#lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  }

  get(word: string): string | undefined {
    return this.all(word)[0];
  }
}

/** A folder of the system that may be missing, readable by everybody whatever the umask. */
export function systemFolder(path: string): Sh {
  return sh`(umask 022; mkdir -p ${path})`;
}

export function printed(lines: readonly (string | false | undefined)[]): Observed {
  return { out: lines.filter((line) => typeof line === "string").map((line) => `${line}\n`).join(""), err: "", code: 0 };
}
