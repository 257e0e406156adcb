import { UsageError } from "../errors/index.ts";
import type { Facts } from "./facts.ts";

/** Shared by all recordings; each system changes what is its own. */
const COMMON: Omit<Facts, "family" | "os" | "systemdVersion" | "packageManager" | "selinux" | "commands"> = {
  hostname: "node-1",
  init: "systemd",
  kernel: { release: "6.1.0-18-cloud-amd64", machine: "x86_64", modules: new Set(["ip_gre", "tun", "xfrm_user", "overlay", "br_netfilter", "nf_tables"]) },
  memoryMb: 4096,
  cpus: 2,
  addresses: [
    { interface: "eth0", address: "10.0.0.11", prefix: 24, family: 4 },
    { interface: "eth0", address: "fe80::4001:aff:fe00:b", prefix: 64, family: 6 },
  ],
  defaultRoute: { gateway: "10.0.0.1", interface: "eth0", source: "10.0.0.11" },
  virtualisation: "kvm",
  bootId: "4f7c1c1e-8a55-4b0f-9a63-5d2b1f0c7e11",
};

const RECORDED = {
  "debian-12": {
    ...COMMON,
    family: "debian",
    os: { id: "debian", version: "12", major: 12, codename: "bookworm", name: "Debian GNU/Linux 12 (bookworm)" },
    systemdVersion: 252,
    packageManager: "apt",
    selinux: "disabled",
    commands: new Set(["nft", "runuser", "su", "wget", "tar", "gzip", "xz", "bzip2", "crontab", "timedatectl", "hostnamectl"]),
  },
  "ubuntu-22.04": {
    ...COMMON,
    family: "debian",
    os: { id: "ubuntu", version: "22.04", major: 22, codename: "jammy", name: "Ubuntu 22.04.4 LTS" },
    kernel: { ...COMMON.kernel, release: "6.5.0-1016-gcp" },
    systemdVersion: 249,
    packageManager: "apt",
    selinux: "disabled",
    commands: new Set([
      "nft", "iptables", "iptables-legacy", "ufw", "runuser", "su", "getfacl", "needrestart", "curl", "wget", "tar", "unzip", "xz", "zstd", "bzip2",
      "crontab", "timedatectl", "hostnamectl", "busybox",
    ]),
  },
  "el-9": {
    ...COMMON,
    family: "el",
    os: { id: "rocky", version: "9.3", major: 9, codename: "", name: "Rocky Linux 9.3 (Blue Onyx)" },
    kernel: { ...COMMON.kernel, release: "5.14.0-362.24.1.el9_3.x86_64" },
    systemdVersion: 252,
    packageManager: "dnf",
    selinux: "enforcing",
    commands: new Set([
      "nft", "iptables", "firewall-cmd", "runuser", "su", "getfacl", "getfattr", "restorecon", "curl", "tar", "gzip", "xz", "zstd", "crontab", "timedatectl", "hostnamectl",
    ]),
  },
  "centos-7": {
    ...COMMON,
    family: "el",
    os: { id: "centos", version: "7", major: 7, codename: "", name: "CentOS Linux 7 (Core)" },
    kernel: { ...COMMON.kernel, release: "3.10.0-1160.119.1.el7.x86_64" },
    systemdVersion: 219,
    packageManager: "yum",
    selinux: "permissive",
    commands: new Set([
      "iptables", "firewall-cmd", "runuser", "su", "getfacl", "getfattr", "restorecon", "curl", "wget", "tar", "gzip", "xz", "bzip2", "crontab", "timedatectl", "hostnamectl",
    ]),
  },
} as const satisfies Record<string, Facts>;

export type RecordedName = keyof typeof RECORDED;

export const RECORDED_NAMES = Object.keys(RECORDED) as readonly RecordedName[];

/** Facts as `hawser record HOST` prints them: lists where facts have sets. */
export type Recording = Readonly<Record<string, unknown>>;

/**
 * Facts of a typical host, or those that `hawser record HOST` has printed, for tests of roles without a host.
 * @param from The name of a system, or a recording that was read from its file.
 * @param changes Replaces top-level fields.
 * @throws UsageError for what is no recording
 * @example recorded("centos-7", { selinux: "enforcing" })
 * @example recorded(JSON.parse(readFileSync(new URL("la-1.facts.json", import.meta.url), "utf8")))
 */
export function recorded(from: RecordedName | Recording, changes: Partial<Facts> = {}): Facts {
  return { ...(typeof from === "string" ? RECORDED[from] : read(from)), ...changes };
}

function read(recording: Recording): Facts {
  const missing = Object.keys(RECORDED["debian-12"]).filter((name) => !(name in recording) && name !== "defaultRoute");
  if (missing.length > 0) throw new UsageError(`this is no recording of a host: it has no ${missing.slice(0, 3).join(", ")}`, { hint: "hawser record HOST > HOST.facts.json" });
  const { kernel, commands, ...rest } = recording as unknown as Facts & { readonly commands: Iterable<string>; readonly kernel: Facts["kernel"] & { readonly modules: Iterable<string> } };
  return { ...rest, defaultRoute: rest.defaultRoute, kernel: { ...kernel, modules: new Set(kernel.modules) }, commands: new Set(commands) };
}
