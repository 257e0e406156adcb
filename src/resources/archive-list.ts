import { Sh } from "../shell/index.ts";

export type Format = "tar" | "tar.gz" | "tar.xz" | "tar.zst" | "tar.bz2" | "zip";

/** What unpacks each format, and the package that has it. */
const TOOLS: Record<Format, { command: string; from: string; cat: string }> = {
  tar: { command: "tar", from: "tar", cat: "cat" },
  "tar.gz": { command: "gzip", from: "gzip", cat: "gzip -dc" },
  "tar.xz": { command: "xz", from: "xz-utils or xz", cat: "xz -dc" },
  "tar.zst": { command: "zstd", from: "zstd", cat: "zstd -dcq" },
  "tar.bz2": { command: "bzip2", from: "bzip2", cat: "bzip2 -dc" },
  zip: { command: "unzip", from: "unzip", cat: "" },
};

/**
 * Reads a listing, one member a line, and fails with the first member that could be written outside the folder: an absolute
 * name, one with `..`, a link out of the folder, or a member below a link. `f` columns stand before the name; `strip` parts
 * of a name are left out, so that a relative link has that much less to climb.
 */
const CHECK = `
function bad(why) { print "the archive is refused: " name " " why; failed = 1; exit 1 }
function cut(mark,   k) {
  if (!(k = index(name, mark))) return ""
  target = substr(name, k + length(mark)); name = substr(name, 1, k - 1)
}
function climbs(p, depth,   n, a, i) {
  n = split(p, a, "/")
  for (i = 1; i <= n; i++) {
    if (a[i] == "..") { if (--depth < 0) return 1 }
    else if (a[i] != "" && a[i] != ".") depth++
  }
  return 0
}
{
  type = f ? substr($0, 1, 1) : "-"
  name = $0
  target = ""
  for (i = 0; i < f; i++) sub(/^ *[^ ]+ +/, "", name)
  if (type == "h") cut(" link to ")
  else if (f) cut(" -> ")
  if (name ~ /^\\//) bad("has an absolute name")
  if (name ~ /(^|\\/)\\.\\.(\\/|$)/) bad("leads out of the folder")
  if (target ~ /^\\//) bad("is a link to " target)
  while (sub(/^\\.\\//, "", name));
  sub(/\\/+$/, "", name)
  if (type == "l") {
    rest = target
    while (sub(/^\\.\\.?\\//, "", rest));
    if (rest != ".." && rest ~ /(^|\\/)\\.\\.(\\/|$)/) bad("is a link through folders: " target)
    base = name
    if (!sub(/\\/[^\\/]*$/, "", base)) base = ""
    if (climbs(base "/" target, -strip)) bad("is a link out of the folder: " target)
    links[name] = 1
  } else if (target ~ /(^|\\/)\\.\\.(\\/|$)/) bad("is a link out of the folder: " target)
  names[NR] = name
}
END {
  if (failed) exit 1
  for (i = 1; i <= NR; i++) {
    name = p = names[i]
    while (sub(/\\/[^\\/]*$/, "", p)) if (p in links) bad("is below the link " p)
  }
}`;

/** Defines `unpacked`, which prints the tar in `"$t"`, and fails where a member could be written outside the folder. */
export function refuseEscapes(format: Format, strip: number): Sh {
  const { command, from, cat } = TOOLS[format];
  const check = (list: string, columns: number) => `${list} | awk -v f=${columns} -v strip=${strip} '${CHECK}' >&2`;
  return Sh.lines(
    `command -v ${command} >/dev/null || { echo '${command} is not there: install ${from}' >&2; exit 1; }`,
    format !== "zip" && `unpacked() { ${cat} "$t"; }`,
    // unzip -l: length, date and time before the name, between two lines of dashes.
    format === "zip" ? check(`unzip -l "$t" | awk '/^ *-+ /{ inside = !inside; next } inside { sub(/^ *[^ ]+ +[^ ]+ +[^ ]+ +/, ""); print }'`, 0) : check("unpacked | tar -tvf -", 5),
  );
}
