import { createHash } from "node:crypto";
import { quote } from "../shell/index.ts";
import { familiesOf, type Rule } from "./firewall-args.ts";

/** Protocol numbers of IANA: not every tool and /etc/protocols knows every name. */
const NUMBERS = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58, gre: 47, esp: 50, ah: 51, vrrp: 112, ospf: 89, sctp: 132 } as const;

/** What firewalld calls a priority: below 0 is before all else in a zone. */
const BEFORE_ALL = -1000;

type Part = string | false | undefined;
const words = (parts: readonly Part[]): string => parts.filter((part) => typeof part === "string").join(" ");
const set = (values: readonly string[]): string => (values.length === 1 ? values[0] ?? "" : `{ ${values.join(", ")} }`);

/** The rule as nft reads it. One table serves both families. */
export function nftText(rule: Rule): string {
  const families = familiesOf(rule);
  const ip = families[0] === 6 ? "ip6" : "ip";
  const wildcard = (name: string) => `"${name.replace(/\+$/, "*")}"`;
  const missing = rule.ipsec === "none" ? "missing" : "exists";
  return words([
    families.length === 1 && !rule.source && !rule.destination && `meta nfproto ipv${families[0]}`,
    rule.in && `iifname ${wildcard(rule.in)}`,
    rule.out && `oifname ${wildcard(rule.out)}`,
    rule.source && `${ip} saddr ${set(rule.source)}`,
    rule.destination && `${ip} daddr ${set(rule.destination)}`,
    rule.protocol && !rule.port && `meta l4proto ${NUMBERS[rule.protocol]}`,
    rule.port && `${rule.protocol} dport ${set(rule.port)}`,
    rule.ipsec && (rule.chain === "output" ? `rt ipsec ${missing}` : `meta secpath ${missing}`),
    rule.raw?.nft,
    `counter ${rule.action} comment "${rule.name}"`,
  ]);
}

/** The words of the rule as iptables reads them, without the chain. */
export function iptablesWords(rule: Rule): string[] {
  return words([
    rule.in && `-i ${rule.in}`,
    rule.out && `-o ${rule.out}`,
    rule.source && `-s ${rule.source.join(",")}`,
    rule.destination && `-d ${rule.destination.join(",")}`,
    rule.protocol && `-p ${NUMBERS[rule.protocol]}`,
    rule.port && `-m multiport --dports ${rule.port.join(",").replaceAll("-", ":")}`,
    rule.ipsec && `-m policy --dir ${rule.chain === "output" ? "out" : "in"} --pol ${rule.ipsec === "none" ? "none" : "ipsec"}`,
    rule.raw?.iptables,
    `-m comment --comment ${rule.name}`,
    `-j ${rule.action.toUpperCase()}`,
  ])
    .split(" ")
    .filter((word) => word !== "");
}

/** As firewalld itself prints them, for its listing is compared. Each names one address and one port. */
export function richRules(rule: Rule): string[] {
  const [family, ...more] = familiesOf(rule);
  const protocol = rule.protocol && `protocol value="${NUMBERS[rule.protocol]}"`;
  return pairs(rule, undefined).flatMap(([source, destination]) =>
    (rule.port?.map((port) => `port port="${port}" protocol="${rule.protocol}"`) ?? [protocol]).map((element) =>
      words([
        `rule priority="${BEFORE_ALL + rule.position}"`,
        more.length === 0 && `family="ipv${family}"`,
        source && `source address="${source}"`,
        destination && `destination address="${destination}"`,
        element,
        rule.action,
      ]),
    ),
  );
}

/** Protocols that ufw knows in all its versions. */
export const UFW_PROTOCOLS: readonly (string | undefined)[] = ["tcp", "udp", "esp", "ah", "gre", undefined];

/** `FAMILIES HEX WORDS`: in which of its files ufw keeps the rule, the comment as it stands there, and the shell words after `ufw`. */
export function ufwRules(rule: Rule): string[] {
  const families = familiesOf(rule);
  const route = rule.chain === "forward";
  const any = families.length === 2 ? "any" : families[0] === 6 ? "::/0" : "0.0.0.0/0";
  const way = words([rule.in ? `in on ${rule.in}` : rule.chain === "input" && "in", rule.out ? `out on ${rule.out}` : rule.chain === "output" && "out"]);
  return pairs(rule, any).map(([source, destination]) => {
    const text = words([
      route && "route",
      { accept: "allow", drop: "deny", reject: "reject" }[rule.action],
      way !== "" && way,
      rule.protocol && `proto ${rule.protocol}`,
      `from ${source} to ${destination}`,
      rule.port && `port ${rule.port.join(",").replaceAll("-", ":")}`,
    ]);
    // Every one has a comment of its own, by which it is found again.
    const comment = `${rule.name}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
    return `${families.join("")} ${Buffer.from(comment).toString("hex")} ${text} comment ${comment}`;
  });
}

/** The words in the order and the quoting in which firewalld lists them. */
export function directRules(rule: Rule): string[] {
  const text = iptablesWords(rule).map(quote).join(" ");
  return familiesOf(rule).map((family) => `ipv${family} filter ${rule.chain.toUpperCase()} ${rule.position} ${text}`);
}

/** Every source with every destination. */
function pairs(rule: Rule, any: string | undefined): (readonly [string | undefined, string | undefined])[] {
  return (rule.source ?? [any]).flatMap((source) => (rule.destination ?? [any]).map((destination) => [source, destination] as const));
}
