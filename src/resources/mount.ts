import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import { path } from "./args.ts";
import { NEW_FILE, type Attributes } from "./attributes.ts";
import { defineResource, PlanError, type Change, type Observed } from "./contract.ts";
import type { Facts } from "./facts.ts";
import { STAT } from "./look.ts";
import { replaceFile } from "./write.ts";

const FSTAB = "/etc/fstab";

const word = z.string().regex(/^[^\r\n\0]+$/, "one line");

const args = z
  .strictObject({
    /** The mount point. Made when it is mounted and not there. */
    path,
    /** A device, `UUID=…`, `host:/export`, or the folder of a bind mount. */
    source: word.optional(),
    /** `ext4`, `nfs`, `tmpfs`, or `none` for a bind mount. */
    fstype: z.string().regex(/^[\w.,-]+$/, "not a file system's name").optional(),
    /** As in mount(8), separated by commas. */
    options: z
      .string()
      .regex(/^[^\s]+$/, "options are separated by commas, without blanks")
      .refine((options) => !/(^|,)(password|pass)=/.test(options), "fstab is readable for everybody; put the password into a credentials file")
      .default("defaults"),
    /** Whether dump(8) saves it: 1, or 0 for no. */
    dump: z.number().int().nonnegative().default(0),
    /** The order of file system checks at boot; 0 is none. */
    pass: z.number().int().nonnegative().default(0),
    /** `mounted`: in fstab and mounted. `present`: in fstab. `unmounted`: not mounted, fstab left alone. `absent`: neither. */
    state: z.enum(["mounted", "present", "unmounted", "absent"]).default("mounted"),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    const declares = value.state === "mounted" || value.state === "present";
    if (declares && (value.source === undefined || value.fstype === undefined)) complain("give source and fstype");
    if (value.path === "/" && !declares) complain("the root file system is never unmounted");
  });

type Args = z.output<typeof args>;

export const mount = defineResource({
  kind: "mount",
  summary: "A mount point: its line in /etc/fstab, and whether it is mounted. Options of what is mounted are set when the line changes, and not compared.",
  args,
  key: (args) => args.path,
  claims: (args) => [{ target: `file:${FSTAB}`, part: `mount:${args.path}` }, { target: `mount:${args.path}` }],
  probe: look,
  plan(args, seen, { facts }): Change | undefined {
    const found = parse(seen);
    const entry = args.state === "mounted" || args.state === "present" ? entryOf(args) : undefined;
    const editsFstab = args.state !== "unmounted" && (found.entries.length > 1 || found.entries[0] !== entry);
    const unmounts = found.mounted && (args.state === "unmounted" || args.state === "absent");
    const mounts = args.state === "mounted" && (!found.mounted || editsFstab);
    if (!editsFstab && !unmounts && !mounts) return undefined;
    const fstab = editsFstab && Sh.lines(edit(args.path, entry, found.attributes, facts), facts.init === "systemd" && "systemctl daemon-reload");
    const steps = [editsFstab && "fstab", unmounts && "unmount", mounts && (found.mounted ? "remount" : "mount")].filter((step) => step !== false);
    const entries = editsFstab ? [entry].filter((line) => line !== undefined) : found.entries;
    return {
      summary: steps.join(", "),
      ...(editsFstab && { diff: [`--- ${FSTAB}`, `+++ ${FSTAB}`, ...found.entries.map((line) => `-${line}`), ...(entry === undefined ? [] : [`+${entry}`])].join("\n") }),
      apply: Sh.lines(unmounts && sh`umount ${args.path}`, fstab, mounts && mountNow(args.path, found, entry ?? "")),
      after: print({ attributes: editsFstab ? found.attributes ?? NEW_FILE : found.attributes, entries, mounted: mounts || (found.mounted && !unmounts) }),
    };
  },
});

interface Found {
  /** Of /etc/fstab; undefined when there is none. */
  readonly attributes: Attributes | undefined;
  /** Its lines for the mount point, with one blank between fields. */
  readonly entries: readonly string[];
  readonly mounted: boolean;
}

/** Reads fstab and mountinfo line by line in the shell: no forks, and findmnt may be missing. */
function look({ path }: Args): Sh {
  return Sh.lines(
    sh`p=${FSTAB} m=${escape(path)}`,
    STAT,
    Sh.raw(`if [ -f "$p" ]; then
o '' && printf 'fstab %s\\n' "$o" || exit
while read -r a b c d e f g || [ -n "$a" ]; do
case $a in '#'*) continue ;; esac
if [ "$b" = "$m" ]; then printf 'entry %s\\n' "$a $b $c \${d:-defaults} \${e:-0} \${f:-0}\${g:+ $g}"; fi
done <"$p"
fi
r='not mounted'
while read -r a b c d e f; do
if [ "$e" = "$m" ]; then r=mounted; fi
done </proc/self/mountinfo
echo "$r"`),
  );
}

function parse(seen: Observed): Found {
  const lines = seen.out.split("\n");
  if (seen.code !== 0 || !/^(not )?mounted$/m.test(seen.out)) throw new PlanError(`cannot look at mounts: ${seen.err.trim()}`, "/proc must be mounted");
  const [mode, owner, group] = lines.find((line) => line.startsWith("fstab "))?.slice(6).split(":") ?? [];
  return {
    attributes: mode === undefined || owner === undefined || group === undefined ? undefined : { mode: mode.padStart(4, "0"), owner, group },
    entries: lines.filter((line) => line.startsWith("entry ")).map((line) => line.slice(6)),
    mounted: lines.includes("mounted"),
  };
}

function print({ attributes, entries, mounted }: Found): Observed {
  const head = attributes && `fstab ${Number.parseInt(attributes.mode, 8).toString(8)}:${attributes.owner}:${attributes.group}`;
  const lines = [...(head === undefined ? [] : [head]), ...entries.map((entry) => `entry ${entry}`), mounted ? "mounted" : "not mounted"];
  return { out: `${lines.join("\n")}\n`, err: "", code: 0 };
}

function entryOf({ source = "", path, fstype = "", options, dump, pass }: Args): string {
  return `${escape(source)} ${escape(path)} ${fstype} ${options} ${dump} ${pass}`;
}

/** As fstab and mountinfo write blanks, tabs and backslashes. */
function escape(text: string): string {
  return text.replaceAll("\\", "\\134").replaceAll(" ", "\\040").replaceAll("\t", "\\011");
}

/** Rewrites fstab on the host, where lines of other mount points may have changed since the look. */
function edit(path: string, entry: string | undefined, attributes: Attributes | undefined, facts: Facts): Sh {
  const fill = Sh.lines(
    sh`n=${entry ?? ""}`,
    attributes && sh`m=${escape(path)}`,
    attributes && Sh.raw(`set -f
while IFS= read -r l || [ -n "$l" ]; do
# shellcheck disable=SC2086
set -- $l
case \${1-} in '#'*) set -- ;; esac
if [ "\${2-}" != "$m" ]; then printf '%s\\n' "$l"
elif [ -n "$n" ]; then printf '%s\\n' "$n"; n=
fi
done <"$f" >"$t"
set +f`),
    Sh.raw(`if [ -n "$n" ]; then printf '%s\\n' "$n" >>"$t"; fi`),
  );
  return replaceFile({ path: FSTAB, look: attributes ? { kind: "file", ...attributes } : { kind: "absent", ...NEW_FILE }, wanted: {}, facts }, fill);
}

function mountNow(path: string, found: Found, entry: string): Sh {
  if (!found.mounted) return Sh.lines(sh`[ -e ${path} ] || (umask 022; mkdir -p ${path})`, sh`mount ${path}`);
  const [source, , fstype, options = ""] = entry.split(" ");
  const [oldSource, , oldFstype] = found.entries[0]?.split(" ") ?? [];
  // busybox's mount does not look into fstab here, and passes on what only boot scripts understand.
  const live = options.split(",").filter((option) => !/^(defaults|auto|noauto|nofail|_netdev|users?|nouser|x-.*)$/.test(option));
  // Only options can be changed under what is mounted.
  return source === oldSource && fstype === oldFstype ? sh`mount -o ${["remount", ...live].join(",")} ${path}` : Sh.lines(sh`umount ${path}`, sh`mount ${path}`);
}
