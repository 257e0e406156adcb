import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { killCgroup } from "./cgroup.ts";
import { inCgroup } from "./detached.ts";
import { ensureImage } from "./image.ts";
import { withLock } from "./lock.ts";
import { cacheDirectory } from "./paths.ts";
import { run } from "./run.ts";
import { UML_INIT } from "./uml.ts";
import type { LabImage, OnProgress } from "./types.ts";
import { kernelVersion, umlKernel } from "./uml-kernel.ts";

/** Units that have nothing to do in such a host and cost a slow kernel seconds. */
const MASKED = [
  "systemd-udev-trigger.service systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket",
  "systemd-hwdb-update.service systemd-pstore.service systemd-random-seed.service systemd-binfmt.service",
  "systemd-remount-fs.service systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-journal-catalog-update.service",
  "e2scrub_reap.service systemd-update-done.service systemd-tmpfiles-setup-dev.service systemd-ask-password-wall.path systemd-ask-password-console.path",
  "kmod-static-nodes.service modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service",
  "modprobe@fuse.service modprobe@loop.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount",
  "sys-kernel-tracing.mount sys-fs-fuse-connections.mount sys-kernel-config.mount proc-sys-fs-binfmt_misc.automount",
].flatMap((line) => line.split(" "));

/**
 * Turns the root of a base image (the first argument, writable) into one for a kernel of its own, whose version is the second,
 * and that into the disk that the third names.
 *
 * What runs before systemd unpacks the host's own files on its first boot, and sets its address. The disk has room for 8 GB, and holes
 * where there is nothing. Its journal makes a power cut what it is on a server.
 */
const SCRIPT = `set -eu
root=$1 version=$2 disk=$3 modules=$4
put() { mkdir -p "$root\${1%/*}" && cat >"$root$1"; }
mkdir -p "$root/lib/modules"
cp -a "$modules/$version" "$root/lib/modules/"
chroot "$root" depmod "$version"
for unit in ${MASKED.join(" ")}; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
put ${UML_INIT} <<'END'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
[ -s /etc/machine-id ] || { tar -x -C / -f /dev/ubdb && sync; }
ip link set lo up
ip link set vec0 name eth0
ip addr add "$lab_address" dev eth0
ip link set eth0 up
ip route add default via "$lab_gateway"
unset lab_address lab_gateway
exec /sbin/init
END
chmod 755 "$root${UML_INIT}"
mke2fs -q -t ext4 -m 0 -i 65536 -J size=16 -d "$root" "$disk" 8G
`;

/**
 * The disk image of a flavour for User-Mode Linux: a base image's root file system with the guest kernel's modules. Built
 * under a temporary name and renamed, so a file with the final name is always whole.
 * @returns its path, to be used read-only
 */
export async function ensureUmlImage(image: LabImage, onProgress: OnProgress): Promise<string> {
  const base = await ensureImage(image, onProgress);
  const version = kernelVersion();
  const hash = createHash("sha256").update(JSON.stringify([basename(base), version, SCRIPT])).digest("hex").slice(0, 12);
  const disk = join(cacheDirectory(), `uml-${image}-${hash}.ext4`);
  if (existsSync(disk)) return disk;
  const waiting = (): void => onProgress({ message: `waiting for another process that builds the ${image} disk` });
  return withLock(`image ${disk}`, () => build(image, base, version, disk, onProgress), waiting);
}

async function build(image: LabImage, base: string, version: string, disk: string, onProgress: OnProgress): Promise<string> {
  if (existsSync(disk)) return disk;
  onProgress({ message: `building the ${image} disk for User-Mode Linux (once; some seconds)` });
  // A build whose controller was killed goes on alone; it must not write into this one.
  const cgroup = `hawser/_build-${basename(disk)}`;
  await killCgroup(cgroup);
  const scratch = `${disk}.building`;
  await rm(scratch, { recursive: true, force: true });
  for (const folder of ["upper", "work", "root"]) await mkdir(join(scratch, folder), { recursive: true, mode: 0o755 });
  const overlay = `lowerdir=${base},upperdir=${scratch}/upper,workdir=${scratch}/work`;
  const script = `mount -t overlay hawser-lab -o "$1" "$2"; shift; ${SCRIPT}`;
  // In a mount namespace of its own: the overlay goes with it, however it ends.
  await run(await inCgroup(cgroup, ["unshare", "--mount", "sh", "-euc", script, "sh", overlay, join(scratch, "root"), version, join(scratch, "disk"), umlKernel().modules]));
  await killCgroup(cgroup);
  await rename(join(scratch, "disk"), disk);
  await rm(scratch, { recursive: true });
  return disk;
}
