import { sh, Sh, type Facts, type Verifier } from "hawser";

/** What a host is asked for, whatever else runs on it. */
export interface Healthy {
  readonly family: Facts["family"];
  readonly sysctl: Readonly<Record<string, string | number>>;
  /** The other hosts, by the name that this one knows them by. */
  readonly names: readonly { readonly name: string; readonly address: string }[];
}

/** The time, the names and the kernel's settings, as they are now. */
export function assertHost(v: Verifier, { family, sysctl, names }: Healthy): void {
  const unit = family === "debian" ? "chrony" : "chronyd";
  v.assert("keeper of the time", { probe: sh`systemctl is-active ${unit} || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: `journalctl -u ${unit}` });
  v.assert("names that lead elsewhere", {
    probe: Sh.lines("n=0", ...names.map(({ name, address }) => sh`getent ahostsv4 ${name} | grep -q ${`^${address.replaceAll(".", String.raw`\.`)} `} || n=$((n + 1))`), 'echo "$n"'),
    value: ({ out }) => Number(out),
    unit: "names",
    limit: { equals: 0 },
    hint: "/etc/hosts has something else, or something is asked before it: /etc/nsswitch.conf",
  });
  v.assert("kernel settings that differ", {
    probe: Sh.lines("n=0", ...Object.entries(sysctl).map(([key, value]) => sh`[ "$(sysctl -n ${key} 2>/dev/null | tr -s '[:space:]' ' ' | sed 's/ $//')" = ${String(value).trim().replaceAll(/\s+/g, " ")} ] || n=$((n + 1))`), 'echo "$n"'),
    value: ({ out }) => Number(out),
    unit: "settings",
    limit: { equals: 0 },
    hint: "something else sets them: grep -r . /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d",
  });
}
