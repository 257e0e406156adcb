import { Sh, sh } from "../shell/index.ts";

/** What Ansible's `stat` says of a path. */
export interface Stat {
  readonly exists: boolean;
  readonly isdir: boolean;
  readonly isreg: boolean;
  readonly islnk: boolean;
  /** Four octal digits; '' where nothing is. */
  readonly mode: string;
  /** Bytes; 0 where nothing is. */
  readonly size: number;
  readonly pw_name: string;
  readonly gr_name: string;
}

/** Looks at a path, for `t.read`. A symlink is looked at itself. */
export function stat(path: string): { readonly probe: Sh; readonly parse: (out: string) => Stat } {
  return {
    probe: sh`if [ -e ${path} ] || [ -L ${path} ]; then stat -c '%F|%a|%s|%U|%G' ${path}; else echo absent; fi`,
    parse(out) {
      const [kind = "", mode = "", size = "0", owner = "", group = ""] = out.trim().split("|");
      const exists = kind !== "absent";
      return { exists, isdir: kind === "directory", isreg: kind.startsWith("regular"), islnk: kind === "symbolic link", mode: exists ? mode.padStart(4, "0") : "", size: Number(size), pw_name: owner, gr_name: group };
    },
  };
}

/** What a command printed. */
export interface Output {
  readonly rc: number;
  /** Without the line breaks at its end. */
  readonly stdout: string;
  readonly stdout_lines: readonly string[];
}

/**
 * Runs a command that only reads, for `t.read`: a check runs it, too.
 * @param anyCode Whether an exit code other than 0 is an answer, too, as with `failed_when: false`.
 */
export function output(command: Sh, { anyCode = false }: { readonly anyCode?: boolean } = {}): { readonly probe: Sh; readonly parse: (out: string) => Output } {
  return {
    probe: Sh.lines("rc=0", "out=$(", command, Sh.raw(`) || rc=$?\n${anyCode ? "" : '[ "$rc" = 0 ] || exit "$rc"\n'}printf '%s\\n%s' "$rc" "$out"`)),
    parse(out) {
      const at = out.indexOf("\n");
      const stdout = out.slice(at + 1).replace(/\n+$/, "");
      return { rc: Number(out.slice(0, at)), stdout, stdout_lines: stdout === "" ? [] : stdout.split("\n") };
    },
  };
}

/** A check that nobody has written yet: it fails, and says what it stands for. */
export const unchecked = (from: string): Sh => sh`echo ${`${from}: say how one sees that this is done: a check that exits 0 then, and 1 else`} >&2; exit 2`;

/** Takes a job that Ansible wrote into a user's crontab out of it, for `t.task`. */
export function outOfCrontab(user: string, name: string): { readonly check: Sh; readonly apply: Sh } {
  const mark = `#Ansible: ${name}`;
  const found = sh`crontab -l -u ${user} 2>/dev/null | grep -qxF ${mark}`;
  return {
    check: sh`! ${found}`,
    apply: sh`crontab -l -u ${user} | mark=${mark} awk '$0 == ENVIRON["mark"] { skip = 1; next } skip { skip = 0; next } { print }' | crontab -u ${user} -`,
  };
}
