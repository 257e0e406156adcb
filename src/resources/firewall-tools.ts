import { PlanError } from "./contract.ts";
import { familiesOf, type Rule } from "./firewall-args.ts";
import type { Firewall } from "./firewall-look.ts";
import { directRules, iptablesWords, nftText, richRules, UFW_PROTOCOLS, ufwRules } from "./firewall-text.ts";

/** What holds a part of a rule: hawser's own table or chains, or firewalld (by one of two ways) or ufw. */
export type Tool = "nft" | "ipt" | "rich" | "direct" | "ufw";

/** @throws PlanError where the host has nothing that can hold the rule */
export function toolsOf(rule: Rule, seen: Firewall): readonly Tool[] {
  const missing = (what: string, why: string) => new PlanError(`${what} cannot hold the rule ${rule.name}: ${why}`, "name what brings it in `needs`, its package and its service; or choose another backend");
  if (rule.backend === "auto") return autoTools(rule, seen, missing);
  if (rule.backend === "nftables") {
    if (!seen.nft) throw missing("nftables", "the host has no nft, or its kernel no nf_tables");
    return ["nft"];
  }
  if (rule.backend === "iptables-legacy") {
    if (!seen.iptables) throw missing("iptables", "the host has none");
    if (seen.firewalld) throw missing("iptables", "firewalld flushes it with every reload");
    return ["ipt"];
  }
  if (rule.backend === "firewalld") {
    if (!seen.firewalld) throw missing("firewalld", "it does not run");
    return [seen.firewalld === "iptables" ? "direct" : "rich"];
  }
  if (!seen.ufw) throw missing("ufw", "it is not there or not enabled");
  return ["ufw"];
}

/**
 * A packet passes only when every table accepts it, and the first one that drops it ends it. So our own table holds all
 * rules in their order, and what it accepts must be opened too in firewalld or ufw while one of them is at work.
 */
function autoTools(rule: Rule, seen: Firewall, missing: (what: string, why: string) => PlanError): readonly Tool[] {
  // It flushes all chains with every reload, ours too, and its direct rules stand before its own.
  if (seen.firewalld === "iptables") return ["direct"];
  const nft = seen.nft && (rule.raw === undefined || rule.raw.nft !== undefined);
  if (seen.firewalld && !nft) return ["rich"];
  if (!nft && !seen.iptables) throw missing("the host", seen.nft ? "raw has no text for nft, and there is no iptables" : "neither nft nor iptables works on it");
  const own: Tool = nft ? "nft" : "ipt";
  if (rule.action !== "accept") return [own];
  // Firewalld leaves alone what goes out.
  if (seen.firewalld) return rule.chain === "output" ? [own] : [own, "rich"];
  return seen.ufw ? [own, "ufw"] : [own];
}

/** What stands in the file of rules for it. @throws PlanError where the tool has no words for it */
export function textsOf(rule: Rule, tool: Tool): string[] {
  const { raw, chain, protocol } = rule;
  const cannot = (who: string, why: string) => new PlanError(`${who} cannot hold the rule ${rule.name}: ${why}`, "leave that out, or name another backend; firewalld and ufw may drop what only nftables accepts");
  if (tool === "nft") {
    if (raw && raw.nft === undefined) throw cannot("nftables", "raw has no text for nft");
    return [`${chain} ${nftText(rule)}`];
  }
  if (tool === "rich") {
    if (chain !== "input" || rule.in !== undefined || raw || rule.ipsec) throw cannot("firewalld", "its rich rules are for input, and know no interface, no ipsec and no raw match");
    return richRules(rule);
  }
  if (tool === "ufw") {
    if (raw || rule.ipsec) throw cannot("ufw", "it knows neither ipsec nor raw matches");
    if (!UFW_PROTOCOLS.includes(protocol)) throw cannot("ufw", `it does not know ${protocol} in all its versions`);
    return ufwRules(rule);
  }
  if (raw && raw.iptables === undefined) throw cannot("iptables", "raw has no text for iptables");
  return tool === "direct" ? directRules(rule) : familiesOf(rule).map((family) => `${family} -A HAWSER-${chain.toUpperCase()} ${iptablesWords(rule).join(" ")}`);
}
