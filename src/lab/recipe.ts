import { CACHE_ADDRESS, CACHE_PORT } from "./names.ts";
import { EL_PACKAGES, EL_SCRIPT } from "./recipe-el.ts";
import type { LabImage } from "./types.ts";

/** How to build one base image. Its text is hashed into the image's folder name, so an edit here builds anew. */
export interface Recipe {
  readonly packages: readonly string[];
  /** POSIX shell, run on the controller with the new root as `$1`. */
  readonly script: string;
}

/** A server as a provider would hand it over, and what tests of resources look at (ACLs, attributes, capabilities). No Python. */
const PACKAGES = [
  "systemd-sysv dbus udev kmod iproute2 iputils-ping netbase procps less",
  "openssh-server ca-certificates sudo opendoas cron nftables iptables",
  "gnupg xz-utils bzip2 unzip acl attr libcap2-bin",
].flatMap((line) => line.split(" "));

/**
 * apt goes through the lab's cache at an address that is the same for every lab.
 * Host keys are made per host, never shared through an image.
 * The clock is the controller's own and no host may set it, so chrony runs with -x: it measures and leaves it alone.
 * nspawn mounts v1 controllers read-only; they show the host's own cgroups alone, and a container engine writes to them.
 * Timers would start work in the middle of a measurement; there is no terminal for getty.
 */
const COMMON_SCRIPT = `set -eu
root=$1
put() { mkdir -p "$root\${1%/*}" && cat >"$root$1"; }
put /etc/apt/apt.conf.d/01hawser-lab <<END
Acquire::http::Proxy "http://${CACHE_ADDRESS}:${CACHE_PORT}";
Acquire::Languages "none";
END
put /etc/ssh/sshd_config.d/hawser-lab.conf <<END
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
UseDNS no
END
rm -f "$root"/etc/ssh/ssh_host_* "$root/usr/sbin/policy-rc.d" "$root/etc/machine-id" "$root/var/lib/dbus/machine-id"
: >"$root/etc/machine-id"
put /etc/resolv.conf <<END
# Lab hosts have no name server: /etc/hosts names the lab's hosts, and apt goes through the lab's cache.
END
put /etc/systemd/journald.conf.d/hawser-lab.conf <<END
[Journal]
Storage=volatile
RuntimeMaxUse=16M
END
put /etc/systemd/system.conf.d/hawser-lab.conf <<END
[Manager]
DefaultTimeoutStopSec=10s
END
put /etc/systemd/system/chrony.service.d/hawser-lab.conf <<'END'
[Unit]
ConditionCapability=
[Service]
ExecStart=
ExecStart=!/usr/sbin/chronyd -x $DAEMON_OPTS
END
put /etc/systemd/system/hawser-lab-cgroups.service <<'END'
[Unit]
DefaultDependencies=no
Before=sysinit.target
ConditionPathExists=/sys/fs/cgroup/systemd
[Service]
Type=oneshot
ExecStart=/bin/sh -ec 'for d in /sys/fs/cgroup/*/; do mount -o remount,bind,rw $d; done'
[Install]
WantedBy=sysinit.target
END
chroot "$root" systemctl -q enable hawser-lab-cgroups.service
for unit in console-getty.service getty@.service getty.target systemd-networkd-wait-online.service \\
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer logrotate.timer; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
: >"$root/etc/fstab"
mkdir -p -m 700 "$root/root/.ssh"
`;

export function recipeFor(image: LabImage): Recipe {
  if (image === "debian") return { packages: PACKAGES, script: COMMON_SCRIPT };
  return { packages: [...PACKAGES, ...EL_PACKAGES], script: COMMON_SCRIPT + EL_SCRIPT };
}
