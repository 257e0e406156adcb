import type { Observed } from "./contract.ts";
import { formatLook, LOOK_LIMIT, lookAt, type Look } from "./look.ts";

const [, ...REST] = lookAt("/").render().split("\n");
const BODY = REST.join("\n");

/** The path, as a shell word, of a look that is `lookAt`'s; undefined for any other. */
export function lookedAt(text: string): string | undefined {
  const end = text.indexOf("\n");
  return text.startsWith("p=") && text.slice(end + 1) === BODY ? text.slice(2, end) : undefined;
}

/**
 * Defines `hw_f PATH...`, which looks at many paths with three processes where `lookAt` takes three for each: hosts are slow
 * at making them. It prints `I absent` or `I file|directory SIZE:MODE:OWNER:GROUP` for the path number I, an empty line, and the
 * contents of all files in that order as one base64.
 *
 * What has to be looked at by itself it leaves in `hw_u`: symlinks, devices, big files, owners without a name; all, when
 * something went away in the middle. `hw_o LOOK TEXT I` looks at those.
 */
export const LOOK_MANY = `hw_f() {
  hw_u= hw_x= hw_i=0
  for hw_q do
    shift
    if [ -L "$hw_q" ]; then hw_u="$hw_u $hw_i"
    elif [ -f "$hw_q" ] || [ -d "$hw_q" ]; then set -- "$@" "$hw_q"; hw_x="$hw_x$hw_i "
    elif [ -e "$hw_q" ]; then hw_u="$hw_u $hw_i"
    else echo "$hw_i absent"; fi
    hw_i=$((hw_i + 1))
  done
  if [ $# -gt 0 ]; then
    hw_y=$(stat -Lc '%s:%a:%U:%G' "$@" 2>/dev/null 9>&-)
    hw_i=0
    set -f; IFS='
'
    for hw_q in $hw_y; do hw_i=$((hw_i + 1)); done
    if [ "$hw_i" -ne $# ]; then hw_u=all; shift $#; hw_y=; fi
    for hw_q in $hw_y; do
      hw_i=\${hw_x%% *} hw_x=\${hw_x#* } hw_d=$1
      shift
      case $hw_q in
      *UNKNOWN*) hw_u="$hw_u $hw_i" ;;
      *) if [ -d "$hw_d" ]; then echo "$hw_i directory $hw_q"
        elif [ "\${hw_q%%:*}" -gt ${LOOK_LIMIT} ]; then hw_u="$hw_u $hw_i"
        else
          echo "$hw_i file $hw_q"
          if [ -s "$hw_d" ]; then set -- "$@" "$hw_d"; fi
        fi ;;
      esac
    done
    set +f; unset IFS
    echo
    [ $# -eq 0 ] || cat "$@" 2>/dev/null 9>&- | base64 9>&-
  fi
}
hw_o() { if [ "$hw_u" = all ]; then hw_p "$1" "$2"; else case "$hw_u " in *" $3 "*) hw_p "$1" "$2" ;; esac; fi; }
`;

/**
 * What `hw_f` printed, as what `lookAt` would have printed for each path, by number. Those that are missing are looked at by
 * themselves: a file that changed while it was read leaves none of the files.
 */
export function readMany(out: string): ReadonlyMap<number, Observed> {
  const [head = "", body = ""] = out.split(/(?:^|\n)\n/, 2);
  const bytes = Buffer.from(body, "base64");
  const seen = new Map<number, Observed>();
  const files: { readonly index: number; readonly look: Look }[] = [];
  for (const line of head.split("\n")) {
    const [number = "", kind = "", attributes = ""] = line.split(" ");
    const [size = "0", mode = "0", owner = "", group = ""] = attributes.split(":");
    const look: Look = { kind: kind as Look["kind"], link: undefined, mode, owner, group, size: Number(size), content: undefined, sha256: undefined };
    if (kind === "file") files.push({ index: Number(number), look });
    else if (kind !== "") seen.set(Number(number), formatLook(look));
  }
  if (files.reduce((sum, { look }) => sum + look.size, 0) !== bytes.length) return seen;
  let at = 0;
  for (const { index, look } of files) {
    seen.set(index, formatLook({ ...look, content: bytes.subarray(at, at + look.size) }));
    at += look.size;
  }
  return seen;
}
