import { z } from "zod";
import { now, Sh, sh } from "../shell/index.ts";
import { late, path } from "./args.ts";
import { defineResource, PlanError, type Change, type Observed } from "./contract.ts";

/**
 * systemd applies the files in the order of their names, whatever their folder, and the last one wins. Clouds ship files
 * such as 60-gce-network-security.conf, and 99-sysctl.conf is /etc/sysctl.conf: ours must come after those.
 */
const FILE = "/etc/sysctl.d/99-zz-hawser.conf";

/** Which module brings a missing key, for those that people meet. */
const MODULES: readonly (readonly [RegExp, string])[] = [
  [/^net\/bridge\//, "br_netfilter"],
  [/^net\/netfilter\/nf_conntrack|^net\/nf_conntrack/, "nf_conntrack"],
  [/^net\/ipv4\/vs\//, "ip_vs"],
  [/^net\/ipv4\/tcp_available_ulp|^net\/mptcp\//, "mptcp"],
  [/^fs\/nfs\/|^sunrpc\//, "sunrpc"],
];

const sysctlValue = z.union([z.string().regex(/^[^\n\0]+$/, "a value is one line"), z.number()]);

const args = z.strictObject({
  /** `net.ipv4.ip_forward`. A dot inside an interface's name is written `/`, or use slashes throughout: `net/ipv4/conf/eth0.1/rp_filter`. */
  key: z.string().regex(/^[\w-]+(?:[./][\w@:-]+)+$/, "not the name of a kernel setting"),
  /** Needed for state present. Several numbers are separated by any white space. */
  value: late(sysctlValue).optional(),
  /** Where it is kept for the next boot. Lines of others in it stay. */
  file: path.default(FILE),
  /** absent takes it out of the file; the live value stays until the next boot. */
  state: z.enum(["present", "absent"]).default("present"),
}).check(({ value, issues }) => {
  if ((value.state === "present") !== (value.value !== undefined)) issues.push({ code: "custom", message: "state present takes a value, state absent takes none", input: value });
});

/** As sysctl.d does: the first separator says which one separates, and the other one stands for itself. */
function procPath(key: string): string {
  const dots = /[./]/.exec(key)?.[0] === ".";
  return dots ? key.replaceAll(/[./]/g, (char) => (char === "." ? "/" : ".")) : key;
}

/** The spelling in the file: with dots, unless a name holds one. */
function fileKey(path: string): string {
  return path.includes(".") ? path : path.replaceAll("/", ".");
}

const normal = (value: string | number): string => String(value).trim().replaceAll(/\s+/g, " ");

interface Seen {
  /** Undefined when the kernel has no such setting. */
  readonly live: string | undefined;
  readonly readOnly: boolean;
  readonly kept: string | undefined;
}

function parse(seen: Observed): Seen {
  const line = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(seen.out)?.[1];
  return { live: line("live"), readOnly: /^read-only$/m.test(seen.out), kept: line("kept") };
}

function printed(seen: Seen): Observed {
  const lines = [seen.live === undefined ? "no-key" : `live ${seen.live}`, seen.readOnly && "read-only", seen.kept === undefined ? false : `kept ${seen.kept}`];
  return { out: lines.filter((line) => typeof line === "string").map((line) => `${line}\n`).join(""), err: "", code: 0 };
}

export const sysctl = defineResource({
  kind: "sysctl",
  summary: "A kernel setting, live and for the next boot.",
  args,
  key: (args) => fileKey(procPath(args.key)),
  claims: (args) => [{ target: `sysctl:${procPath(args.key)}` }, { target: `file:${args.file}`, part: fileKey(procPath(args.key)) }],
  /**
   * One fork: the kernel gives a number in one read only, and dash and busybox read byte by byte. Of several lines of a key
   * in the file the last one counts, as for sysctl itself.
   */
  probe({ key, file }) {
    const proc = procPath(key);
    return Sh.lines(
      sh`p=${`/proc/sys/${proc}`} f=${file}`,
      Sh.raw(`set -f
w() { o=; for i in $1; do o="$o\${o:+ }$i"; done; }
if [ -e "$p" ]; then
w "$(cat "$p" 2>/dev/null)"
printf 'live %s\\n' "$o"
[ -w "$p" ] || echo read-only
else echo no-key; fi
k='' h=''
if [ -r "$f" ]; then while IFS='=' read -r n v || [ -n "$n" ]; do
w "$n"`),
      sh`case \${o#-} in ${proc} | ${proc.replaceAll(/[./]/g, (char) => (char === "/" ? "." : "/"))}) w "$v"; k=$o h=1 ;; esac`,
      Sh.raw(`done <"$f"; fi
[ -z "$h" ] || printf 'kept %s\\n' "$k"`),
    );
  },
  plan(args, observed) {
    const seen = parse(observed);
    const path = procPath(args.key);
    if (args.state === "absent") {
      if (seen.kept === undefined) return undefined;
      return { summary: "forget", diff: `-${fileKey(path)} = ${seen.kept}`, apply: keep(args.file, path, undefined), after: printed({ ...seen, kept: undefined }) };
    }
    const value = normal(now(args.value ?? ""));
    if (seen.live === undefined) throw missing(path);
    if (seen.live === value && seen.kept === value) return undefined;
    if (seen.live !== value && seen.readOnly) throw new PlanError(`${fileKey(path)} cannot be set on this host: it is read-only there`, "in a container the host's own settings apply; set it on the machine below, or run the container with its own writable /proc/sys/net");
    return planPresent(args.file, path, value, seen);
  },
  predict(args, observed, upstream, context) {
    const seen = parse(observed);
    if (args.state === "present" && seen.live === undefined) {
      const unknown = upstream.find((up) => up.outcome === "unknown");
      return unknown ? { outcome: "unknown", cause: `${unknown.id} is unknown` } : { outcome: "would-change", change: { summary: `set to ${normal(now(args.value ?? ""))}` } };
    }
    const change = this.plan(args, observed, context);
    return change ? { outcome: "would-change", change } : { outcome: "ok" };
  },
});

function missing(path: string): PlanError {
  const module = MODULES.find(([pattern]) => pattern.test(path))?.[1];
  const name = /^net\/ipv[46]\/(?:conf|neigh)\/([^/]+)\//.exec(path)?.[1];
  if (module !== undefined) return new PlanError(`the kernel has no setting ${fileKey(path)}`, `\`modprobe ${module}\` brings it: declare a kernel-module resource and name it in \`needs\``);
  if (name !== undefined) return new PlanError(`the kernel has no setting ${fileKey(path)}: there is no interface ${name}`, "name what makes the interface in `needs`");
  return new PlanError(`the kernel has no setting ${fileKey(path)}`, "check its spelling; if a module brings it, declare a kernel-module resource and name it in `needs`");
}

function planPresent(file: string, path: string, value: string, seen: Seen): Change {
  const wrong = seen.live !== value;
  const parts = [wrong && `${seen.live} -> ${value}`, seen.kept !== value && "keep for the next boot"].filter((part) => typeof part === "string");
  const diff = [...(seen.kept === undefined || seen.kept === value ? [] : [`-${fileKey(path)} = ${seen.kept}`]), ...(seen.kept === value ? [] : [`+${fileKey(path)} = ${value}`])];
  return {
    summary: parts.join(", "),
    ...(diff.length > 0 && { diff: diff.join("\n") }),
    // The kernel judges first: a value that it refuses is not kept.
    apply: Sh.lines(wrong && sh`printf '%s\\n' ${value} >${`/proc/sys/${path}`} || { echo ${`the kernel refuses ${fileKey(path)} = ${value}`} >&2; exit 1; }`, seen.kept !== value && keep(file, path, value)),
    after: printed({ live: value, readOnly: seen.readOnly, kept: value }),
  };
}

/** Rewrites the file without the key's old lines, by a rename, so that a boot in the middle finds the old or the new one. */
function keep(file: string, path: string, value: string | undefined): Sh {
  const dotted = path.replaceAll(/[./]/g, (char) => (char === "/" ? "." : "/"));
  return Sh.lines(
    sh`f=${file} t=${`${file}.hawser`}`,
    `rm -f "$t"
if [ -e "$f" ]; then`,
    sh`awk -F= -v a=${path} -v b=${dotted} '{ k = $1; gsub(/^[ \\t]*-?[ \\t]*|[ \\t]+$/, "", k); if (k != a && k != b) print }' "$f" >"$t"`,
    `else printf '%s\\n' '# Managed by hawser, one line for each setting.' >"$t"; fi`,
    value !== undefined && sh`printf '%s\\n' ${`${fileKey(path)} = ${value}`} >>"$t"`,
    `chmod 644 "$t"
mv -f "$t" "$f"`,
  );
}
