import { existsSync } from "node:fs";
import { quote } from "../shell/quote.ts";
import { ownAddress } from "./host-files.ts";
import { bridgeOf, hostNamespace, labNamespace, macOf, wireOf } from "./names.ts";
import { namespaceFile } from "./network.ts";
import { hostPaths } from "./paths.ts";
import { subnetOf } from "./spec.ts";
import type { LabHost } from "./types.ts";

/** The exit status by which systemd-nspawn asks to be started again, as the guest rebooted (EXIT_FORCE_RESTART). */
const REBOOT = 133;

/** Beyond nspawn's own set: networks, locked memory (vault), bpf (a container engine). Never the clock, modules or raw I/O. */
const CAPABILITIES = ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN", "CAP_IPC_LOCK", "CAP_BPF", "CAP_SYSLOG"];

/** The systemd-nspawn command that boots one host once. */
export function nspawnArgv(lab: string, host: LabHost): string[] {
  const { root, docker } = hostPaths(lab, host.name);
  return [
    "systemd-nspawn",
    "--quiet",
    "--boot",
    "--keep-unit",
    "--register=no",
    "--console=pipe",
    `--directory=${root}`,
    `--machine=${lab}-${host.name}`,
    `--hostname=${host.name}`,
    `--network-namespace-path=${namespaceFile(hostNamespace(lab, host.name))}`,
    `--capability=${CAPABILITIES.join(",")}`,
    "--system-call-filter=@keyring bpf",
    "--link-journal=no",
    "--resolv-conf=off",
    "--timezone=off",
    // An overlay cannot be a container engine's store, as overlays do not nest; a plain folder can.
    `--bind=${docker}:/var/lib/docker`,
    ...(existsSync("/dev/net/tun") ? ["--bind=/dev/net/tun"] : []),
  ];
}

/**
 * The script that owns one host's processes: it makes the host's network anew for every boot (as a real reboot does),
 * boots it, and boots it again for as long as it asks to reboot.
 */
export function supervisorScript(lab: string, host: LabHost): string {
  const [namespace, router] = [hostNamespace(lab, host.name), labNamespace(lab)];
  const wire = wireOf(host.address);
  return `#!/bin/sh
# Boots the lab host ${host.name}; written by hawser.
set -eu
while :; do
  if [ -e ${namespaceFile(namespace)} ]; then ip netns delete ${namespace}; fi
  ip -n ${router} link delete ${wire} 2>/dev/null || :
  ip netns add ${namespace}
  ip -n ${router} -batch - <<'END'
${wireCommands(lab, host).join("\n")}
END
  ip -n ${namespace} -batch - <<'END'
${addressCommands(host).join("\n")}
END
  status=0
  SYSTEMD_NSPAWN_API_VFS_WRITABLE=network ${nspawnArgv(lab, host).map((word) => quote(word)).join(" ")} || status=$?
  [ "$status" = ${REBOOT} ] || exit "$status"
  echo "--- reboot ---"
done
`;
}

function wireCommands(lab: string, { name, address }: LabHost): string[] {
  const wire = wireOf(address);
  const peer = `name eth0 address ${macOf("host", address)} netns ${hostNamespace(lab, name)}`;
  return [
    `link add ${wire} address ${macOf("wire", address)} type veth peer ${peer}`,
    `link set ${wire} master ${bridgeOf(address)} up`,
  ];
}

function addressCommands(host: LabHost): string[] {
  const address = ownAddress(host);
  return [
    "link set lo up",
    `addr add ${address}/24 dev eth0`,
    "link set eth0 up",
    `route add default via ${subnetOf(address)}.1`,
  ];
}
