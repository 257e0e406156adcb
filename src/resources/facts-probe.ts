import { gunzipSync } from "node:zlib";
import { Sh } from "../shell/index.ts";
import type { Observed } from "./contract.ts";
import { FACT_COMMANDS, type Facts } from "./facts.ts";
import { addressesOf, defaultRouteOf, networkWithoutIproute } from "./facts-network.ts";

/**
 * Prints what `parseFacts` reads: lines of `name value`, and sections that begin with `@name`.
 *
 * Files are read by the shell itself, which costs no fork. The module names of a distribution kernel are 60 to 90 KiB,
 * three more round trips on a fresh connection, so they are packed (to about a quarter) where there is gzip.
 */
export const factsProbe: Sh = Sh.raw(`r() { v=; if [ -r "$2" ]; then IFS= read -r v <"$2"; fi 2>/dev/null; printf '%s %s\\n' "$1" "$v"; }
for f in /etc/os-release /usr/lib/os-release; do
if [ -r "$f" ]; then
while IFS= read -r l || [ -n "$l" ]; do
case $l in ID=* | ID_LIKE=* | VERSION_ID=* | VERSION_CODENAME=* | UBUNTU_CODENAME=* | PRETTY_NAME=*) printf 'os %s\\n' "$l" ;; esac
done <"$f"
break
fi
done
r hostname /proc/sys/kernel/hostname
r memory /proc/meminfo
r cpus /sys/devices/system/cpu/online
r boot /proc/sys/kernel/random/boot_id
r selinux /sys/fs/selinux/enforce
r machine /proc/sys/kernel/arch
[ -n "$v" ] || printf 'machine %s\\n' "$(uname -m)"
r release /proc/sys/kernel/osrelease
c=
for f in apt-get dnf yum ${FACT_COMMANDS.join(" ")}; do if command -v "$f" >/dev/null 2>&1; then c="$c $f"; fi; done
printf 'commands%s\\n' "$c"
if [ -d /run/systemd/system ]; then printf 'systemd '; systemctl --version 2>/dev/null || echo; fi
if command -v systemd-detect-virt >/dev/null 2>&1; then printf 'virt '; systemd-detect-virt 2>/dev/null; fi
if command -v ip >/dev/null 2>&1; then
echo @addresses; ip -o addr show 2>/dev/null
echo @route; ip -4 route show default 2>/dev/null
else
echo @route4; cat /proc/net/route 2>/dev/null
echo @trie; cat /proc/net/fib_trie 2>/dev/null
echo @inet6; cat /proc/net/if_inet6 2>/dev/null
fi
set --
for f in /proc/modules "/lib/modules/$v/modules.builtin" "/lib/modules/$v/modules.dep"; do if [ -r "$f" ]; then set -- "$@" "$f"; fi; done
m() {
if [ $# -gt 0 ]; then awk '{ sub(/:$/, "", $1); sub(/.*\\//, "", $1); sub(/\\.ko.*/, "", $1); print $1 }' "$@"; fi
for f in /sys/module/*; do printf '%s\\n' "\${f##*/}"; done
}
if command -v gzip >/dev/null 2>&1; then echo @packed; m "$@" | gzip -c | base64; else echo @modules; m "$@"; fi
exit 0`);

/** Never throws: what is missing or malformed gets an empty value, 0, `other` or `none`; `cpus` is at least 1. */
export function parseFacts(observed: Observed): Facts {
  const { fields, os, sections } = read(observed.out);
  const id = os.get("ID") ?? "";
  const family = familyOf(id, os.get("ID_LIKE") ?? "");
  const version = os.get("VERSION_ID") ?? "";
  const major = Number(/^\d{1,9}/.exec(version)?.[0] ?? 0);
  const commands = new Set((fields.get("commands") ?? "").split(" ").filter((name) => name !== ""));
  const network = sections.has("addresses")
    ? { addresses: addressesOf(sections.get("addresses") ?? []), route: sections.get("route") ?? [] }
    : networkWithoutIproute(sections.get("route4") ?? [], sections.get("trie") ?? [], sections.get("inet6") ?? []);
  return {
    hostname: fields.get("hostname") ?? "",
    family,
    os: { id, version, major, codename: os.get("VERSION_CODENAME") ?? os.get("UBUNTU_CODENAME") ?? "", name: os.get("PRETTY_NAME") ?? "" },
    init: fields.has("systemd") ? "systemd" : "other",
    systemdVersion: Number(/^systemd (\d{1,9})/.exec(fields.get("systemd") ?? "")?.[1] ?? 0),
    kernel: { release: fields.get("release") ?? "", machine: fields.get("machine") ?? "", modules: modulesOf(sections) },
    // meminfo says kB and means KiB.
    memoryMb: Math.floor(Number(/^MemTotal:\s+(\d{1,15}) kB/.exec(fields.get("memory") ?? "")?.[1] ?? 0) / 1024),
    cpus: cpuCount(fields.get("cpus") ?? ""),
    addresses: network.addresses,
    defaultRoute: defaultRouteOf(network.route, network.addresses),
    virtualisation: fields.get("virt") ?? "",
    packageManager: packageManagerOf(family, major, commands),
    selinux: { "1": "enforcing", "0": "permissive" }[fields.get("selinux") ?? ""] as "enforcing" | "permissive" | undefined ?? "disabled",
    commands: new Set(FACT_COMMANDS.filter((name) => commands.has(name))),
    bootId: fields.get("boot") ?? "",
  };
}

function read(out: string) {
  const fields = new Map<string, string>();
  const os = new Map<string, string>();
  const sections = new Map<string, string[]>();
  let section: string[] | undefined;
  for (const line of out.split("\n")) {
    if (line.startsWith("@")) sections.set(line.slice(1), (section = []));
    else if (section !== undefined) section.push(line);
    else {
      const [, name = "", value = ""] = /^([a-z0-9]+) (.*)$/.exec(line) ?? [];
      const assignment = name === "os" ? /^([A-Z_]+)=(.*)$/.exec(value) : null;
      if (assignment) os.set(assignment[1] ?? "", unquoted(assignment[2] ?? ""));
      // `machine` may come twice: from /proc, which only new kernels have, and from uname.
      else if (name !== "" && name !== "os" && (value !== "" || !fields.has(name))) fields.set(name, value);
    }
  }
  return { fields, os, sections };
}

/** os-release is quoted as for a shell. */
function unquoted(text: string): string {
  const quoted = /^(["'])(.*)\1\s*$/.exec(text);
  if (!quoted) return text.trim();
  return quoted[1] === "'" ? quoted[2] ?? "" : (quoted[2] ?? "").replaceAll(/\\([\\"$`])/g, "$1");
}

function familyOf(id: string, like: string): Facts["family"] {
  const names = [id, ...like.split(/\s+/)];
  if (names.some((name) => name === "debian" || name === "ubuntu")) return "debian";
  return names.some((name) => ["rhel", "centos", "fedora", "rocky", "almalinux", "ol"].includes(name)) ? "el" : "other";
}

/** CentOS 7 may have a dnf from EPEL beside its own yum, without plugins or its configuration. */
function packageManagerOf(family: Facts["family"], major: number, commands: ReadonlySet<string>): Facts["packageManager"] {
  const order = family === "el" ? (major === 7 ? (["yum", "dnf", "apt-get"] as const) : (["dnf", "yum", "apt-get"] as const)) : (["apt-get", "dnf", "yum"] as const);
  const found = order.find((name) => commands.has(name));
  return found === "apt-get" ? "apt" : found ?? "none";
}

/** The kernel's list of online CPUs: `0-3,6`. */
function cpuCount(list: string): number {
  let count = 0;
  for (const part of list.split(",")) {
    const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (first !== "" && Number(last) >= Number(first)) count += Number(last) - Number(first) + 1;
  }
  return Math.max(count, 1);
}

/** A kernel's names are a few hundred KiB at most; more is a mistake, not modules. */
const MODULES_LIMIT = 16 * 1024 * 1024;

function modulesOf(sections: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const packed = sections.get("packed");
  const lines = packed === undefined ? sections.get("modules") ?? [] : unpacked(packed);
  return new Set(lines.filter((name) => /^[\w-]+$/.test(name)).map((name) => name.replaceAll("-", "_")));
}

function unpacked(packed: readonly string[]): string[] {
  try {
    return gunzipSync(Buffer.from(packed.join(""), "base64"), { maxOutputLength: MODULES_LIMIT }).toString().split("\n");
  } catch {
    return [];
  }
}
