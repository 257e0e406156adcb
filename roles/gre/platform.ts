import type { Facts, HandlerNode, ResourceNode, Tasks } from "hawser";
import { sh, Sh } from "hawser";
import type { Tunnel } from "./tunnels.ts";
import type { Vars } from "./vars.ts";

/** Who makes a host's network at boot. `unit`: nobody who knows GRE; then it is our own unit alone. */
export type Platform = "netplan" | "networkd" | "ifcfg" | "unit";

/** Prints the platform. netplan is there on hosts that do not use it; ifcfg is asked for on EL 7 only, where NetworkManager knows no GRE. */
export const PLATFORM_PROBE: Sh = Sh.raw(`p=unit
if [ -d /run/systemd/system ] && systemctl -q is-active systemd-networkd.service; then p=networkd; fi
if [ "$p" = networkd ] && command -v netplan >/dev/null 2>&1 && ls /etc/netplan/*.yaml >/dev/null 2>&1; then p=netplan; fi
if [ "$p" = unit ] && [ -x /etc/sysconfig/network-scripts/ifup-tunnel ] && systemctl -q is-enabled network.service 2>/dev/null; then p=ifcfg; fi
echo "$p"`);

const NETPLAN = "/etc/netplan/90-hawser-gre.yaml";
const NETWORKD = "/etc/systemd/network";
const IFCFG = "/etc/sysconfig/network-scripts";

/** Shell patterns of all files that may be written here; taken back together. */
export const NATIVE_FILES: readonly string[] = [NETPLAN, `${NETWORKD}/90-hawser-gre*.netdev`, `${NETWORKD}/90-hawser-gre*.network`, `${IFCFG}/ifcfg-gre[0-9]*`, `${IFCFG}/route-gre[0-9]*`];

/** Makes the network's own program read its files; it touches only what differs. */
export const RELOADS: Readonly<Record<Platform, Sh | undefined>> = {
  netplan: Sh.raw("netplan generate && networkctl reload"),
  networkd: Sh.raw("networkctl reload"),
  ifcfg: undefined,
  unit: undefined,
};

/** Native files, so that the tunnels come with the network at boot and its program does not take them for foreign. */
export function declareNative(t: Tasks, platform: Platform, { facts, vars, tunnels }: { readonly facts: Facts; readonly vars: Vars; readonly tunnels: readonly Tunnel[] }): readonly ResourceNode[] {
  const reload = RELOADS[platform];
  const notify: { notify?: HandlerNode } = reload === undefined ? {} : { notify: t.handler("read the network's files", reload) };
  const made: ResourceNode[] = [];
  if (platform === "netplan") made.push(t.template(NETPLAN, "netplan.yaml.ejs", { tunnels, ttl: vars.ttl }, { mode: "0600", ...notify }));
  if (platform === "networkd") for (const tunnel of tunnels) made.push(...networkd(t, tunnel, vars, notify));
  if (platform === "ifcfg") for (const tunnel of tunnels) made.push(t.template(`${IFCFG}/ifcfg-${tunnel.name}`, "ifcfg.ejs", { tunnel, ttl: vars.ttl }, { mode: "0644" }), t.template(`${IFCFG}/route-${tunnel.name}`, "ifcfg-route.ejs", { tunnel }, { mode: "0644" }));
  if (facts.family === "el" && platform !== "ifcfg") made.push(t.template("/etc/NetworkManager/conf.d/90-hawser-gre.conf", "networkmanager.conf.ejs", {}, { mode: "0644" }));
  made.push(declareNoneOfOld(t, platform, tunnels, notify));
  return made;
}

function networkd(t: Tasks, tunnel: Tunnel, vars: Vars, notify: { notify?: HandlerNode }): readonly ResourceNode[] {
  const options = { mode: "0644", ...notify };
  return [
    t.template(`${NETWORKD}/90-hawser-${tunnel.name}.netdev`, "networkd.netdev.ejs", { tunnel, ttl: vars.ttl }, options),
    t.template(`${NETWORKD}/90-hawser-${tunnel.name}.network`, "networkd.network.ejs", { tunnel }, options),
  ];
}

/** Files of tunnels that are no more, and of a platform that the host has left. */
function declareNoneOfOld(t: Tasks, platform: Platform, tunnels: readonly Tunnel[], notify: { notify?: HandlerNode }): ResourceNode {
  const wanted = tunnels.flatMap(({ name }) => (platform === "netplan" ? [NETPLAN] : platform === "networkd" ? [`${NETWORKD}/90-hawser-${name}.netdev`, `${NETWORKD}/90-hawser-${name}.network`] : platform === "ifcfg" ? [`${IFCFG}/ifcfg-${name}`, `${IFCFG}/route-${name}`] : []));
  const [netplan = "", ...rest] = NATIVE_FILES;
  // Others' tunnels may be called gre7 in ifcfg: ours say so in their first line.
  const old = Sh.lines(
    sh`w=${` ${wanted.join(" ")} `}`,
    Sh.raw(`for f in ${[netplan, ...rest].join(" ")}; do
if [ -e "$f" ] && head -n 1 "$f" | grep -q '^# Managed by hawser'; then case $w in *" $f "*) ;; *) printf '%s\\n' "$f" ;; esac; fi
done`),
  );
  return t.task("no tunnels of old at boot", { check: sh`[ -z "$(${old})" ]`, apply: sh`${old} | while read -r f; do rm -f "$f"; done`, summary: "remove", ...notify });
}
