import type { Tunnel } from "../dsl/drill-plan.ts";

/** What a host's own firewall drops for a drill. */
export type Drop =
  /** A tunnel's packets, both ways. */
  | { readonly kind: "tunnels"; readonly tunnels: readonly Pick<Tunnel, "address" | "traffic">[] }
  /** Everything but what the host says to itself and to `friends` (IPv4 addresses), and the controller's ssh. */
  | { readonly kind: "isolate"; readonly friends: readonly string[] };

/** The table of nftables, and what the chains of iptables begin with. Nobody else's rules are touched. */
export const TABLE = "hawser_drill";
/** In front of connection tracking (-300) and of everybody's filters, so that what stands in the way of neither counts. */
const PRIORITY = -350;

/**
 * Rules as text for `nft -f`; `$client` and `$port` are the controller's address and sshd's port, filled in by the shell on the host,
 * which also says in `$family` whether that is `ip` or `ip6`.
 */
export function nftRules(drop: Drop): string {
  const chain = (hook: "input" | "output" | "forward", rules: readonly string[]): string => `  chain ${hook} {\n    type filter hook ${hook} priority ${PRIORITY}; policy accept;\n${rules.map((rule) => `    ${rule}\n`).join("")}  }\n`;
  const chains = drop.kind === "tunnels" ? (["input", "output"] as const).map((hook) => chain(hook, drop.tunnels.flatMap((tunnel) => tunnelRules(hook, tunnel)))) : isolation(drop.friends).map(([hook, rules]) => chain(hook, rules));
  return `table inet ${TABLE} {\n${chains.join("")}}\n`;
}

function tunnelRules(hook: "input" | "output", { address, traffic }: Pick<Tunnel, "address" | "traffic">): string[] {
  const match = `ip ${hook === "input" ? "saddr" : "daddr"} ${address}`;
  return traffic.flatMap((text) => {
    const [protocol, port] = text.split(":");
    // Behind an address translation one of the two ports is another one.
    return port === undefined ? [`${match} ip protocol ${protocol} drop`] : ["sport", "dport"].map((side) => `${match} ${protocol} ${side} ${port} drop`);
  });
}

function isolation(friends: readonly string[]): ["input" | "output" | "forward", string[]][] {
  const among = (side: string): string[] => (friends.length === 0 ? [] : [`ip ${side} { ${friends.join(", ")} } accept`]);
  return [
    ["input", ["iif lo accept", "$family saddr $client tcp dport $port accept", ...among("saddr"), "drop"]],
    ["output", ["oif lo accept", "$family daddr $client tcp sport $port accept", ...among("daddr"), "drop"]],
    ["forward", ["drop"]],
  ];
}

export type Hook = "INPUT" | "OUTPUT" | "FORWARD";

/** One rule of iptables. */
export interface Rule {
  readonly hook: Hook;
  readonly rule: string;
  /** `both`: of IPv4 and IPv6; `client`: of the family that the controller comes by. */
  readonly family: "ip" | "both" | "client";
}

/** The same for hosts without nftables. */
export function iptablesRules(drop: Drop): Rule[] {
  if (drop.kind === "tunnels") return drop.tunnels.flatMap((tunnel) => (["INPUT", "OUTPUT"] as const).flatMap((hook) => tunnelArguments(hook, tunnel).map((rule): Rule => ({ hook, rule, family: "ip" }))));
  const way = (hook: "INPUT" | "OUTPUT"): Rule[] => {
    const [link, address, port] = hook === "INPUT" ? ["-i", "-s", "--dport"] : ["-o", "-d", "--sport"];
    return [
      { hook, rule: `${link} lo -j ACCEPT`, family: "both" },
      { hook, rule: `${address} "$client" -p tcp ${port} "$port" -j ACCEPT`, family: "client" },
      ...drop.friends.map((friend): Rule => ({ hook, rule: `${address} ${friend} -j ACCEPT`, family: "ip" })),
      { hook, rule: "-j DROP", family: "both" },
    ];
  };
  return [...way("INPUT"), ...way("OUTPUT"), { hook: "FORWARD", rule: "-j DROP", family: "both" }];
}

function tunnelArguments(hook: "INPUT" | "OUTPUT", { address, traffic }: Pick<Tunnel, "address" | "traffic">): string[] {
  return traffic.flatMap((text) => {
    const [protocol, port] = text.split(":");
    const match = `${hook === "INPUT" ? "-s" : "-d"} ${address} -p ${protocol}`;
    return port === undefined ? [`${match} -j DROP`] : ["--sport", "--dport"].map((side) => `${match} ${side} ${port} -j DROP`);
  });
}
