import { createHash } from "node:crypto";
import { recipeFor } from "./recipe.ts";
import type { LabImage } from "./types.ts";

/** What `docker build` is given: a Dockerfile and the files it copies. */
export interface BuildContext {
  readonly tag: string;
  readonly files: Readonly<Record<string, string>>;
}

/**
 * PID 1 for a moment: an engine mounts cgroups and all sysctls read-only, systemd needs its own cgroups, and roles set
 * their own network's sysctls. The boot id is the machine's, which would hide a reboot.
 */
const INIT = `#!/bin/sh
set -eu
for cgroup in $(awk '$5 ~ "^/sys/fs/cgroup" { print $5 }' /proc/self/mountinfo); do mount -o remount,bind,rw "$cgroup"; done
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,rw /proc/sys/net
cat /proc/sys/kernel/random/uuid >/run/boot_id
mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
exec /sbin/init
`;

/**
 * The same recipe as for nspawn on another base, less what init.sh does here and the lab's package cache; packages that the base has already are not asked for, so a machine
 * without a registry can import a root file system of its own.
 * @param base the default needs a registry
 */
export function buildContext(image: LabImage, base = "debian:12"): BuildContext {
  const { packages, script } = recipeFor(image);
  const names = [...packages, "mount"].join(" ");
  const dockerfile = `FROM ${base}
ENV container=docker
RUN rm -f /etc/apt/apt.conf.d/01hawser-lab /usr/sbin/policy-rc.d; \\
  dpkg --status ${names} >/dev/null 2>&1 || \\
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends ${names}; }
COPY setup.sh init.sh /usr/lib/hawser-lab/
RUN sh /usr/lib/hawser-lab/setup.sh / && rm -f /etc/apt/apt.conf.d/01hawser-lab && \\
  ln -sf /dev/null /etc/systemd/system/hawser-lab-cgroups.service
STOPSIGNAL SIGRTMIN+3
CMD ["/bin/sh", "/usr/lib/hawser-lab/init.sh"]
`;
  const files = { Dockerfile: dockerfile, "setup.sh": script, "init.sh": INIT };
  const hash = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 12);
  return { tag: `hawser-lab-${image}:${hash}`, files };
}
