import { Sh, sh } from "../shell/index.ts";
import { PlanError, type Observed } from "./contract.ts";

/** A bigger file is compared by its sha256 and cannot be edited in parts. Bytes. */
export const LOOK_LIMIT = 1024 * 1024;

/** What is at a path, seen through symlinks. */
export interface Look {
  readonly kind: "absent" | "file" | "directory" | "other";
  /** Where the path really ends when it is a symlink, also when nothing is there; the link's own text when that cannot be told. */
  readonly link: string | undefined;
  /** Four octal digits; with an ACL the middle ones are its mask. */
  readonly mode: string;
  /** A name, or a number when the host has no name for it. */
  readonly owner: string;
  readonly group: string;
  /** Bytes; 0 unless it is a file, and for `lookHash`. */
  readonly size: number;
  /** Undefined unless it is a file of at most LOOK_LIMIT bytes. */
  readonly content: Buffer | undefined;
  /** Of a bigger file, and for `lookHash`; of others the content says it. */
  readonly sha256: string | undefined;
}

/**
 * Defines `o FORMAT`, which sets `o` to what FORMAT gives and mode, owner and group of `"$p"`, through symlinks. It gives
 * names, and a number only where there is no name: a plan knows the name that a chown will give, not its number.
 */
export const STAT = Sh.raw(`o() {
o=$(stat -Lc "$1%a:%U:%G" "$p")
case $o in
*:UNKNOWN:UNKNOWN) o=$(stat -Lc "$1%a:%u:%g" "$p") ;;
*:UNKNOWN:*) o=$(stat -Lc "$1%a:%u:%G" "$p") ;;
*:UNKNOWN) o=$(stat -Lc "$1%a:%U:%g" "$p") ;;
esac
}`);

/**
 * The one look that all kinds share which own a file or a part of it, so that ten edits of one file are one look and each
 * is planned on the result of the one before. Costs no fork when nothing is there, two for a file.
 *
 * The cd is for busybox 1.35, which resolves a dangling relative link from the current directory.
 */
export function lookAt(path: string): Sh {
  return look(path, "%s:", `if [ "\${o%%:*}" -gt ${LOOK_LIMIT} ]; then sha256sum <"$p"; elif [ -s "$p" ]; then base64 <"$p"; fi`);
}

/** A look for kinds that know a file by its sha256: never its content, and no size. */
export function lookHash(path: string): Sh {
  return look(path, "0:", `sha256sum <"$p"`);
}

function look(path: string, size: string, content: string): Sh {
  return Sh.lines(
    sh`p=${path}`,
    STAT,
    `if [ -L "$p" ]; then printf 'link '; cd "\${p%/*}/" && readlink -f "$p" || readlink "$p"; fi
if [ -f "$p" ]; then
o '${size}' && printf 'file %s\\n' "$o" || exit
${content}
elif [ -d "$p" ]; then o && printf 'directory %s\\n' "$o"
elif [ -e "$p" ]; then o && printf 'other %s\\n' "$o"
else echo absent; fi`,
  );
}

/** @throws PlanError when the look itself failed. */
export function parseLook(seen: Observed, path: string): Look {
  const text = /^(?:link (?<link>[^]*?)\n)?(?<kind>absent|file|directory|other)(?: (?<rest>[^\n]*))?\n(?<body>[A-Za-z0-9+/=\n -]*)$/.exec(seen.out);
  if (seen.code !== 0 || text?.groups === undefined) throw new PlanError(`cannot look at ${path}: ${seen.err.trim() || `unexpected output, exit code ${seen.code}`}`, "stat, base64, sha256sum and readlink must be there, and the file readable");
  const { link, rest = "", body = "" } = text.groups;
  const kind = text.groups["kind"] as Look["kind"];
  const fields = rest.split(":");
  const size = kind === "file" ? Number(fields.shift()) : 0;
  const [mode = "0", owner = "", group = ""] = fields;
  const sha256 = /^([0-9a-f]{64})  -\n$/.exec(body)?.[1];
  return {
    kind,
    link,
    mode: mode.padStart(4, "0"),
    owner,
    group,
    size,
    content: kind === "file" && sha256 === undefined ? Buffer.from(body, "base64") : undefined,
    sha256,
  };
}

/** The exact output of `lookAt` for a state, for `Change.after`. */
export function formatLook(look: Look): Observed {
  const link = look.link === undefined ? "" : `link ${look.link}\n`;
  const attributes = `${Number.parseInt(look.mode, 8).toString(8)}:${look.owner}:${look.group}`;
  return { out: link + body(look, attributes), err: "", code: 0 };
}

function body(look: Look, attributes: string): string {
  if (look.kind === "absent") return "absent\n";
  if (look.kind !== "file") return `${look.kind} ${attributes}\n`;
  const head = `file ${look.size}:${attributes}\n`;
  if (look.sha256 !== undefined) return `${head}${look.sha256}  -\n`;
  // base64 of GNU and of busybox both break lines after 76 characters.
  return head + (look.content?.toString("base64") ?? "").replaceAll(/.{1,76}/g, "$&\n");
}
