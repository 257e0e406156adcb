import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import { path } from "./args.ts";
import { refuseEscapes, type Format } from "./archive-list.ts";
import { relabel } from "./attributes.ts";
import { defineResource, PlanError } from "./contract.ts";
import type { Facts } from "./facts.ts";
import { fetch, fetchArgs } from "./fetch.ts";
import { verify } from "./write.ts";

const FORMATS: readonly (readonly [RegExp, Format])[] = [
  [/\.(tar\.gz|tgz)$/, "tar.gz"],
  [/\.(tar\.xz|txz)$/, "tar.xz"],
  [/\.(tar\.zst|tzst)$/, "tar.zst"],
  [/\.(tar\.bz2|tbz2?)$/, "tar.bz2"],
  [/\.tar$/, "tar"],
  [/\.zip$/, "zip"],
];

const args = z
  .strictObject({
    ...fetchArgs,
    /** The archive, when it is on the host already. */
    source: path.optional(),
    /** The folder to unpack into; it must be there. Files that are in no newer archive stay. */
    into: path,
    /** Names the archive in its folder, for the marker. Default: its file name, which changes with a version in it. */
    name: z.string().regex(/^[\w.+-]+$/, "a name has letters, digits, '.', '+', '-' and '_' only").optional(),
    /** Something that unpacking makes, relative to `into` or absolute; unpacked anew when it is missing. */
    creates: z.string().min(1).optional(),
    /** Leading parts of every member's name that are left out. Not for zip. */
    strip: z.number().int().nonnegative().default(0),
    /** Default: by the file name's ending. */
    format: z.enum(["tar", "tar.gz", "tar.xz", "tar.zst", "tar.bz2", "zip"]).optional(),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    if ([value.url ?? value.localFile, value.source].filter((from) => from !== undefined).length !== 1) complain("give either url or localFile, or source");
    if (formatOf(value) === undefined) complain("give the format: the file name's ending does not tell it");
    if (formatOf(value) === "zip" && value.strip > 0) complain("strip is not for zip, whose tools cannot do it");
  });

type Args = z.output<typeof args>;

export const archive = defineResource({
  kind: "archive",
  summary: "The contents of a tar or zip archive, known by its sha256, in a folder. A marker file there says which archive was unpacked last.",
  args,
  opaque: true,
  key: (args) => `${args.into}:${nameOf(args)}`,
  claims: (args) => [{ target: `archive:${args.into}`, part: nameOf(args) }],
  probe: (args) =>
    Sh.lines(
      sh`m=${markerOf(args)}`,
      Sh.raw(`if [ -f "$m" ]; then read -r s <"$m" || :; echo "archive $s"; else echo absent; fi`),
      args.creates !== undefined && sh`if [ ! -e ${inside(args)} ]; then echo missing; fi`,
    ),
  plan(args, seen, { facts }) {
    if (seen.code !== 0) throw new PlanError(`cannot look at ${markerOf(args)}: ${seen.err.trim()}`);
    const found = /^archive ([0-9a-f]{64})$/m.exec(seen.out)?.[1];
    const missing = /^missing$/m.test(seen.out);
    if (found === args.sha256 && !missing) return undefined;
    const { get, uploads } = obtain(args);
    return {
      summary: found === args.sha256 ? `unpack again: ${args.creates ?? ""} is missing` : found === undefined ? "unpack" : "unpack another version",
      diff: `(sha256 ${found ?? "none"} -> ${args.sha256})`,
      apply: unpack(args, get, facts),
      ...(uploads && { uploads }),
      after: { out: `archive ${args.sha256}\n`, err: "", code: 0 },
    };
  },
});

function fileName({ url, localFile, source }: Pick<Args, "url" | "localFile" | "source">): string {
  const from = source ?? (url === undefined ? localFile : new URL(url).pathname) ?? "";
  return from.slice(from.lastIndexOf("/") + 1);
}

function formatOf(args: Pick<Args, "url" | "localFile" | "source" | "format">): Format | undefined {
  return args.format ?? FORMATS.find(([ending]) => ending.test(fileName(args)))?.[1];
}

function nameOf(args: Args): string {
  return args.name ?? fileName(args).replaceAll(/[^\w.+-]/g, "_");
}

function markerOf(args: Args): string {
  return `${args.into === "/" ? "" : args.into}/.hawser-archive-${nameOf(args)}`;
}

function inside({ creates = "", into }: Args): string {
  return creates.startsWith("/") ? creates : `${into}/${creates}`;
}

/** Commands that leave the archive at `"$t"`, checked. */
function obtain(args: Args): { get: Sh; uploads?: ReturnType<typeof fetch>["uploads"] } {
  if (args.source !== undefined) return { get: Sh.lines(sh`t=${args.source}`, verify("$t", args.source, args.sha256)) };
  const { fill, uploads } = fetch(args, markerOf(args));
  return { get: fill, ...(uploads && { uploads }) };
}

function unpack(args: Args, get: Sh, facts: Facts): Sh {
  const format = formatOf(args) ?? "tar";
  return Sh.lines(
    sh`d=${args.into} m=${markerOf(args)}`,
    sh`[ -d "$d" ] || { echo ${`the folder ${args.into} does not exist`} >&2; exit 1; }`,
    // In the folder itself: where the contents fit, the archive nearly always does, and TMPDIR may be small or noexec.
    Sh.raw(`w=$m.tmp t=$m.tmp/archive
trap 'rm -rf "$w"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$w"
mkdir "$w"`),
    get,
    refuseEscapes(format, args.strip),
    // From here on the contents are neither the old ones nor the new.
    Sh.raw(`rm -f "$m"
umask 022`),
    format === "zip" ? Sh.raw(`unzip -oq "$t" -d "$d"`) : Sh.raw(`unpacked | tar -xo${args.strip > 0 ? ` --strip-components=${args.strip}` : ""} -C "$d" -f -`),
    relabel(Sh.raw('-R "$d"'), facts),
    sh`echo ${args.sha256} >"$w/marker"`,
    Sh.raw(`mv -f "$w/marker" "$m"`),
    args.creates !== undefined && sh`[ -e ${inside(args)} ] || { echo ${`the archive did not make ${args.creates}`} >&2; exit 1; }`,
  );
}
