/** What is known of a host before roles declare, from one fixed probe. Sizes are in MiB. */
export interface Facts {
  readonly hostname: string;
  /** The family decides which package manager and paths apply. */
  readonly family: "debian" | "el" | "other";
  readonly os: {
    /** os-release ID, e.g. `ubuntu`. */
    readonly id: string;
    /** os-release VERSION_ID, e.g. `22.04`. */
    readonly version: string;
    /** The part before the first dot, as a number; 0 when there is none. */
    readonly major: number;
    /** os-release VERSION_CODENAME, '' where there is none (EL). */
    readonly codename: string;
    /** os-release PRETTY_NAME. */
    readonly name: string;
  };
  readonly init: "systemd" | "other";
  /** 0 when init is not systemd. */
  readonly systemdVersion: number;
  readonly kernel: {
    readonly release: string;
    /** `x86_64`, `aarch64`, … as uname prints it. */
    readonly machine: string;
    /** Names of modules that are loaded, built in, or on disk for this kernel, with `_` for `-`. */
    readonly modules: ReadonlySet<string>;
  };
  readonly memoryMb: number;
  readonly cpus: number;
  /** Without loopback; in the kernel's order. */
  readonly addresses: readonly { readonly interface: string; readonly address: string; readonly prefix: number; readonly family: 4 | 6 }[];
  readonly defaultRoute: { readonly gateway: string; readonly interface: string; readonly source: string } | undefined;
  /** As systemd-detect-virt says it: `kvm`, `systemd-nspawn`, `none`, …; '' when it cannot be told. */
  readonly virtualisation: string;
  readonly packageManager: "apt" | "dnf" | "yum" | "none";
  readonly selinux: "enforcing" | "permissive" | "disabled";
  /** Which commands of a fixed list exist, e.g. `nft`, `iptables-legacy`, `firewall-cmd`, `ufw`, `runuser`. */
  readonly commands: ReadonlySet<string>;
  /** Changes with every boot. */
  readonly bootId: string;
}

/** The commands whose presence the facts record. */
export const FACT_COMMANDS = [
  "nft", "iptables", "iptables-legacy", "firewall-cmd", "ufw", "runuser", "su", "getfacl", "getfattr", "restorecon",
  "needrestart", "curl", "wget", "tar", "gzip", "unzip", "xz", "zstd", "bzip2", "crontab", "timedatectl", "hostnamectl", "busybox",
] as const;
