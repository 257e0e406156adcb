import { fact, Sh, z, type Facts } from "hawser";

export type Firewall = "nft" | "iptables" | "none";

/** What the host's kernel and commands can do. */
export const FIREWALL = fact(Sh.raw("if command -v nft >/dev/null 2>&1 && nft -c add table inet hawser 2>/dev/null; then echo nft; elif command -v iptables-legacy >/dev/null 2>&1 || command -v iptables >/dev/null 2>&1; then echo iptables; else echo none; fi"), z.enum(["nft", "iptables", "none"]));

/** What makes rules possible on a host that has neither tool. */
export function firewallPackages(facts: Facts, firewall: Firewall): readonly string[] {
  if (firewall !== "none") return [];
  // User-Mode Linux has nf_tables without its families; CentOS 7 is older than nftables' table inet.
  return facts.virtualisation === "uml" || (facts.family !== "debian" && facts.os.major === 7) ? ["iptables"] : ["nftables"];
}
