import { fact, Sh, z, type Facts } from "hawser";

/** Where a system keeps strongSwan. */
export interface Layout {
  readonly packages: readonly string[];
  /** Folder of swanctl.conf and conf.d. */
  readonly swanctl: string;
  /** Folder whose files strongswan.conf includes. */
  readonly settings: string;
  /** The unit that runs charon for swanctl. */
  readonly unit: string;
  /** The one that runs it for ipsec.conf, on the same ports. */
  readonly starter: string;
}

/** What is on the host already counts for more than what its system usually has. */
export const found = fact(Sh.raw(`for f in /etc/swanctl /etc/strongswan/swanctl; do if [ -d "$f" ]; then echo "$f"; fi; done
for u in strongswan-swanctl strongswan; do for d in /usr/lib/systemd/system /lib/systemd/system; do if [ -e "$d/$u.service" ] && grep -q charon-systemd "$d/$u.service"; then echo "unit $u"; break; fi; done; done`), z.string());

export function layoutOf(facts: Facts, found: string, epel: boolean): Layout {
  const el = facts.family === "el";
  const lines = found.split("\n");
  const swanctl = lines.find((line) => line.startsWith("/")) ?? (el ? "/etc/strongswan/swanctl" : "/etc/swanctl");
  const unit = lines.find((line) => line.startsWith("unit "))?.slice(5);
  // EPEL 7's strongswan.service reads ipsec.conf; since 8 it is charon-systemd, as on Debian.
  const old = el && facts.os.major === 7;
  return {
    packages: el ? [...(epel ? ["epel-release"] : []), "strongswan"] : ["strongswan-swanctl", "charon-systemd", "libstrongswan-standard-plugins"],
    swanctl,
    settings: swanctl === "/etc/swanctl" ? "/etc/strongswan.d" : "/etc/strongswan/strongswan.d",
    unit: unit ?? (old ? "strongswan-swanctl" : "strongswan"),
    starter: old ? "strongswan" : "strongswan-starter",
  };
}
