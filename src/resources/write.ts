import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Secret, Sh, sh } from "../shell/index.ts";
import { isLocalFile, type LocalFile } from "./args.ts";
import { attributesAfter, narrowest, relabel, type Attributes, type WantedAttributes } from "./attributes.ts";
import type { Upload } from "./contract.ts";
import type { Facts } from "./facts.ts";
import type { Look } from "./look.ts";

export { attributesAfter };

/** Bigger contents are uploaded instead of standing in the script. Bytes. */
export const INLINE_LIMIT = 256 * 1024;

/** Smaller contents are not worth a process that unpacks them. Bytes. */
const SHRINKS_FROM = 4096;

export interface WriteTarget {
  /** Where the file really is: not a symlink. */
  readonly path: string;
  /** What is there now. An existing file keeps its mode, owner, ACL, SELinux label and extended attributes. */
  readonly look: Pick<Look, "kind" | keyof Attributes>;
  readonly wanted: WantedAttributes;
  readonly facts: Facts;
  /** Runs on the finished temporary file; its failure keeps the old file. */
  readonly validate?: ((file: string) => Sh) | undefined;
}

/** Commands that fill the temporary file `"$t"`, and what must be on the host before they run. */
export function fillWith(content: Buffer | LocalFile, sensitive: boolean, path: string, facts: Facts): { fill: Sh; uploads?: readonly Upload[] } {
  if (isLocalFile(content)) return fillFrom({ content: { localFile: content.localFile }, sha256: content.sha256, path, from: content.localFile });
  if (content.length === 0) return { fill: Sh.raw("") };
  if (content.length > INLINE_LIMIT) return fillFrom({ content, sha256: createHash("sha256").update(content).digest("hex"), path, from: `what ${path} is to hold` });
  const small = content.length > SHRINKS_FROM && facts.commands.has("gzip") ? gzipSync(content, { level: 9 }) : content;
  // Of a secret the compressed form is one as well, and no redactor knows it.
  const gzip = !sensitive && small.length < content.length * 0.7;
  const text = (gzip ? small : content).toString("base64");
  return { fill: Sh.lines((gzip ? sh`base64 -d | gzip -dc >"$t"` : sh`base64 -d >"$t"`).stdin(sensitive ? new Secret(text) : text), complete(content.length)) };
}

/** busybox's base64 says nothing when the disk is full. The size stands apart, so that the rest is the same text for every file. */
function complete(size: number): Sh {
  return Sh.raw(`n=${size}
s=$(stat -c %s "$t"); [ "$s" = "$n" ] || { echo "only $s of $n bytes of $t were written: No space left on device?" >&2; exit 1; }`);
}

interface Staging {
  readonly content: Upload["content"];
  readonly sha256: string;
  /** The target: two targets never share an upload. */
  readonly path: string;
  /** What is sent, for a message. */
  readonly from: string;
}

/** Commands that fill `"$t"` from an upload and check it. */
export function fillFrom({ content, sha256, path, from }: Staging): { fill: Sh; uploads: readonly Upload[] } {
  const name = createHash("sha256").update(`${path}\0${sha256}`).digest("hex").slice(0, 32);
  return { fill: Sh.lines(Sh.raw(`cat ${staged(name)} >"$t"`), verify("$t", from, sha256)), uploads: [{ name, content }] };
}

/** Where the engine puts an upload, as a shell word. */
export const staged = (name: string): string => `"\${hw_state:?}"/stage/${name}`;

/** Compares a file's sha256; `name` says in the message what it should be. */
export function verify(file: string, name: string, sha256: string): Sh {
  return Sh.lines(Sh.raw(`s=$(sha256sum <"${file}")`), sh`if [ "\${s%% *}" != ${sha256} ]; then echo ${`the sha256 of ${name} is not ${sha256} but `}"\${s%% *}" >&2; exit 1; fi`);
}

/** The temporary file's name: beside the target, hidden, and with the target's ending, because validators look at it. */
export function temporaryPath(path: string): string {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  // A file name has at most 255 bytes.
  const short = Buffer.byteLength(name) <= 200 ? name : `${createHash("sha256").update(name).digest("hex").slice(0, 16)}${/\.\w{1,10}$/.exec(name)?.[0] ?? ""}`;
  return `${path.slice(0, slash)}/.hawser-${short}`;
}

/**
 * Replaces a file atomically: a temporary file in the same folder, complete, on disk and with its final attributes, is
 * renamed over the target. TMPDIR is never used. Whatever fails, the old file stays and the temporary one goes.
 *
 * The order keeps the content from ever being readable more widely than in the end: attributes are copied while the file
 * is empty, and it is open to its owner alone until that is the final one. The owner is set after the last write, because
 * in a folder like /tmp the kernel lets not even root write to other users' files (fs.protected_regular).
 *
 * Hard links of the old file keep the old content.
 */
export function replaceFile(target: WriteTarget, fill: Sh): Sh {
  const { path, look, wanted, facts, validate } = target;
  const exists = look.kind === "file";
  const after = attributesAfter(look, wanted);
  const temporary = temporaryPath(path);
  const owner = exists ? `${after.owner}:${after.group}` : ownerWord(wanted);
  return Sh.lines(
    openTemporary(path),
    exists && keepAttributes(facts),
    // After a cp of attributes, and where a default ACL of the folder has overruled the umask.
    Sh.raw(`chmod 600 "$t"`),
    fill,
    // conv=fsync is in coreutils of 2003 and in busybox; `sync FILE` came with coreutils 8.24, after CentOS 7.
    Sh.raw(`dd if=/dev/null of="$t" conv=notrunc,fsync 2>/dev/null || { echo "cannot flush $t to disk" >&2; exit 1; }`),
    owner !== undefined && sh`chown ${owner} "$t"`,
    sh`chmod ${after.mode} "$t"`,
    // A subshell, so that an exit in it cannot skip the rename; outside of any condition, so that set -e holds in it.
    validate && Sh.lines("(", validate(temporary), ")"),
    exists ? renameOrOverwrite(look.mode, after) : Sh.raw(`mv -f "$t" "$f"`),
    exists ? undefined : relabel(Sh.raw('"$f"'), facts),
    "trap - EXIT HUP INT TERM",
  );
}

/** Sets `f`, `t` and the folder `d`, and makes `"$t"` a new, empty file that only its owner may read. */
export function openTemporary(path: string): Sh {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  return Sh.lines(
    sh`f=${path} t=${temporaryPath(path)} d=${folder}`,
    Sh.raw(`[ -d "$d" ] || { echo "the folder $d does not exist" >&2; exit 1; }
trap 'rm -f "$t" "$t.old"' EXIT
trap 'exit 1' HUP INT TERM
if [ -e "$t" ] || [ -L "$t" ]; then rm -f "$t"; fi
set -C
: >"$t"
set +C`),
  );
}

function ownerWord({ owner, group }: WantedAttributes): string | undefined {
  if (owner === undefined && group === undefined) return undefined;
  return group === undefined ? owner : `${owner ?? ""}:${group}`;
}

/** GNU cp takes the ACL, the SELinux label and extended attributes along; elsewhere getfacl saves at least the ACL. */
function keepAttributes(facts: Facts): Sh {
  const otherwise = facts.commands.has("getfacl") ? `{ getfacl -cp "$f" | setfacl --set-file=- "$t"; } 2>/dev/null || :` : ":";
  return Sh.raw(`cp --attributes-only --preserve=all --no-preserve=ownership "$f" "$t" 2>/dev/null || ${otherwise}`);
}

/**
 * A single file that is a mount of its own (container runtimes do that to /etc/hosts and /etc/resolv.conf) cannot be
 * renamed over: EBUSY. It is overwritten, with a copy of the old content at hand for the case that it does not fit.
 */
function renameOrOverwrite(mode: string, after: Attributes): Sh {
  const narrow = narrowest(mode, after.mode);
  return Sh.lines(
    Sh.raw(`if ! e=$(mv -f "$t" "$f" 2>&1); then
m=$(printf '%s' "$f" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g')
grep -qF " $m " /proc/self/mountinfo || { printf '%s\\n' "$e" >&2; exit 1; }
echo "$f is a mount of its own: overwritten in place, not atomically" >&2
cat "$f" >"$t.old"`),
    narrow !== mode && sh`chmod ${narrow} "$f"`,
    Sh.raw(`cat "$t" >"$f" || { cat "$t.old" >"$f"; exit 1; }`),
    sh`chown ${`${after.owner}:${after.group}`} "$f"`,
    sh`chmod ${after.mode} "$f"`,
    Sh.raw(`rm -f "$t" "$t.old"\nfi`),
  );
}
