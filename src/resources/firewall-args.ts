import { isIP } from "node:net";
import { z } from "zod";

/** An address with or without a prefix. */
const network = z.string().refine((text) => {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = address.includes("%") ? 0 : isIP(address);
  return family !== 0 && rest.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128)));
}, "an IPv4 or IPv6 address, with or without /prefix");

const interfaceName = z.string().regex(/^[A-Za-z0-9_][\w.@-]{0,14}\+?$/, "the name of an interface; a `+` at the end stands for anything");

const portNumber = z.number().int().min(1).max(65535);
const portRange = z.string().refine((text) => {
  const [, first = "", last = ""] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  return first !== "" && Number(first) >= 1 && Number(first) < Number(last) && Number(last) <= 65535;
}, "a port, or a range such as `8000-8010`");
const port = z.union([portNumber, portRange]).transform(String);

const oneOrMore = <T extends z.ZodType>(schema: T) => z.union([schema.transform((value) => [value]), z.array(schema).min(1)]);

/** What iptables takes in one rule; a range counts twice. */
const MOST_PORTS = 15;

export const ruleArgs = z
  .strictObject({
    /** Names the rule on the host, also in listings of the firewall. */
    name: z.string().regex(/^\w[\w.-]{0,39}$/, "letters, digits, dots, hyphens and underscores, 40 at most"),
    /**
     * `auto`: a table of hawser's own, by nft or else iptables, and in ufw or firewalld's default zone too where one of them
     * is at work and the rule accepts. The others: that one alone. `iptables-legacy` is the plain iptables where that is the
     * only one.
     */
    backend: z.enum(["auto", "nftables", "iptables-legacy", "firewalld", "ufw"]).default("auto"),
    /** Which packets it is about: those for the host, through it, or of its own. */
    chain: z.enum(["input", "forward", "output"]).default("input"),
    /** Default: every protocol. */
    protocol: z.enum(["tcp", "udp", "icmp", "icmpv6", "gre", "esp", "ah", "vrrp", "ospf", "sctp"]).optional(),
    /** Destination ports: `22`, `"8000-8010"`, or a list of them; with tcp, udp and sctp. */
    port: oneOrMore(port).optional(),
    /** Where a packet comes from: an address, a network, or a list of them. Default: anywhere. */
    source: oneOrMore(network).optional(),
    /** Where it goes to. Default: anywhere. */
    destination: oneOrMore(network).optional(),
    /** Through which interface a packet comes. */
    in: interfaceName.optional(),
    /** Through which interface a packet goes. */
    out: interfaceName.optional(),
    /** The first rule that matches decides. What it accepts may still be dropped by a table that somebody else wrote. */
    action: z.enum(["accept", "drop", "reject"]),
    /** Default: both, or the one of the addresses. */
    family: z.union([z.literal(4), z.literal(6)]).optional(),
    /** `none`: packets that came, or will go, outside of IPsec; `required`: those inside. */
    ipsec: z.enum(["none", "required"]).optional(),
    /** A further match in the words of the tool: `{ nft: "ct state new", iptables: "-m conntrack --ctstate NEW" }`. Only tools that it is given for are used. */
    raw: z
      .strictObject({
        nft: z.string().regex(/^[ -~]+$/, "one line of plain text").regex(/^[^;#\\]+$/, "one match, without `;`, `#` and `\\`").optional(),
        iptables: z.string().regex(/^[ -~]+$/, "one line of plain text").regex(/^[^'"\\]+$/, "words between blanks, without quotes and `\\`").optional(),
      })
      .optional(),
    /** Rules of one chain and tool stand in this order, and by name where it is the same. ufw has an order of its own. */
    position: z.number().int().min(0).max(999).default(500),
    state: z.enum(["present", "absent"]).default("present"),
  })
  .check(({ value, issues }) => {
    const complain = (message: string) => void issues.push({ code: "custom", message, input: value });
    if (value.port !== undefined && !["tcp", "udp", "sctp"].includes(value.protocol ?? "")) complain("ports go with protocol tcp, udp or sctp");
    if ((value.port ?? []).reduce((sum, text) => sum + (text.includes("-") ? 2 : 1), 0) > MOST_PORTS) complain(`at most ${MOST_PORTS} ports in one rule, a range counts twice: make two rules`);
    if (value.in !== undefined && value.chain === "output") complain("what goes out came in nowhere: use `out`");
    if (value.out !== undefined && value.chain === "input") complain("what comes in goes out nowhere: use `in`");
    const given = new Set([...(value.source ?? []), ...(value.destination ?? [])].map(familyOf));
    if (given.size > 1) complain("addresses of both families need a rule for each");
    const family = value.family ?? [...given][0];
    if (value.family !== undefined && given.size === 1 && !given.has(value.family)) complain(`the addresses are not IPv${value.family}`);
    if (value.protocol === "icmp" && family === 6) complain("icmp is IPv4's: use icmpv6");
    if (value.protocol === "icmpv6" && family === 4) complain("icmpv6 is IPv6's: use icmp");
  });

export type Rule = z.output<typeof ruleArgs>;

function familyOf(text: string): 4 | 6 {
  return text.includes(":") ? 6 : 4;
}

/** The families of packets that a rule is for. */
export function familiesOf({ family, source, destination, protocol }: Rule): readonly (4 | 6)[] {
  const address = source?.[0] ?? destination?.[0];
  if (family !== undefined) return [family];
  if (address !== undefined) return [familyOf(address)];
  if (protocol === "icmp" || protocol === "icmpv6") return [protocol === "icmp" ? 4 : 6];
  return [4, 6];
}
