import { quote } from "../shell/quote.ts";
import { ownAddress } from "./host-files.ts";
import { bridgeOf, labNamespace, macOf, wireOf } from "./names.ts";
import { namespaceFile } from "./network.ts";
import { hostPaths } from "./paths.ts";
import { subnetOf } from "./spec.ts";
import type { LabHost } from "./types.ts";
import { umlKernel } from "./uml-kernel.ts";

/** For all that the shipped playbooks bring together. Pages that the host never touches cost nothing. */
const MEMORY = "1536M";
/** A host whose kernel waits for this machine's other work misses what is due within a second, and its peers take it for dead. */
const NICE = -5;
/** What the guest's kernel says last before it ends, when it was asked to reboot (`noreboot` makes it end). */
const RESTART = "reboot: Restarting system";
/** In the image: what runs before systemd (see uml-image.ts). */
export const UML_INIT = "/usr/lib/hawser-lab/init";

/** The User-Mode Linux command that boots one host once, on its own disk. */
export function umlArgv(lab: string, host: LabHost): string[] {
  const { directory, cow, base, files } = hostPaths(lab, host.name);
  const own = ownAddress(host);
  return [
    ...umlKernel().start,
    `umid=${host.name}`,
    `uml_dir=${directory}/`,
    `mem=${MEMORY}`,
    "noreboot",
    `ubd0=${cow},${base}`,
    `ubd1r=${files}`,
    "root=/dev/ubda",
    "rootflags=noinit_itable",
    "rw",
    `init=${UML_INIT}`,
    "con0=fd:0,fd:1",
    "con=null",
    "ssl=null",
    "quiet",
    "net.ifnames=0",
    `vec0:transport=tap,ifname=${wireOf(host.address)},depth=64,gro=1,mac=${macOf("host", host.address)}`,
    `lab_address=${own}/24`,
    `lab_gateway=${subnetOf(own)}.1`,
  ];
}

/** Numbers hosts so that neighbours, in a region or over regions, get different processors. */
const turnOf = ({ address }: LabHost): number => address.split(".").slice(2).reduce((sum, part) => sum + Number(part), 0);

/** The script that owns one host's processes: it makes its network card, boots it, and does both again when it reboots. */
export function umlSupervisorScript(lab: string, host: LabHost): string {
  const router = labNamespace(lab);
  const wire = wireOf(host.address);
  return `#!/bin/sh
# Boots the lab host ${host.name}; written by hawser.
set -eu
console=${quote(hostPaths(lab, host.name).console)}
# On one processor: the kernel and its processes take turns, and a turn that changes the processor costs four times as much.
pin=''
cpu=$((${turnOf(host)} % $(nproc)))
if taskset -c "$cpu" true 2>/dev/null; then pin="taskset -c $cpu"; fi
restarts() { grep -c ${quote(RESTART)} "$console" || true; }
while :; do
  ip -n ${router} link delete ${wire} 2>/dev/null || :
  ip -n ${router} -batch - <<'END'
tuntap add name ${wire} mode tap
link set ${wire} address ${macOf("wire", host.address)} master ${bridgeOf(host.address)} up
END
  before=$(restarts)
  nsenter --net=${namespaceFile(router)} nice -n ${NICE} $pin ${umlArgv(lab, host).map((word) => quote(word)).join(" ")} || true
  [ "$(restarts)" -gt "$before" ] || exit 0
  echo "--- reboot ---"
done
`;
}
