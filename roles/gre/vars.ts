import { z } from "hawser";
import { espProposals } from "./esp.ts";
import { gatewaySchema } from "./gateway.ts";

/** What IPv4 and TCP take of a packet. */
export const TCP_HEADERS = 40;
/** Fits under the MTU of every cloud with every proposal. */
export const DEFAULT_MTU = 1360;

export const schema = z.strictObject({
  gateway: gatewaySchema.describe("This end, as `gatewayOf(host)` gives it."),
  mtu: z.number().int().min(576).max(9000).optional().describe("MTU of the tunnels, in octets. Each tunnel gets the smaller of both ends' and of what fits into `underlay_mtu` with `esp_proposals`. Default: 1360, which fits everywhere."),
  mss: z.number().int().min(500).max(8960).optional().describe("The largest TCP segment that is let through a tunnel, in octets: connections that cross it are told so when they begin, since not every host hears of a smaller MTU on the way. Default: the tunnel's MTU less 40."),
  underlay_mtu: z.number().int().min(640).max(9216).default(1460).describe("MTU of the network between the regions, in octets; the smaller of both ends' counts. The default is that of a GCP VPC."),
  esp_proposals: espProposals.describe("What role strongswan agrees on; how much of a packet it takes follows from it. Say the same there."),
  ttl: z.number().int().min(1).max(255).default(255).describe("Hops that the outer packets may take."),
  metric: z.number().int().min(1).max(65535).default(500).describe("Rank of the static routes to the other regions' networks. The kernel sees it added to 4211081216, which FRR reads as distance 251: every route of FRR wins while there is one."),
  confirm_within: z.number().int().min(10).max(600).default(60).describe("Seconds in which the controller must reach the host by a new connection after rules or routes were changed; else the host takes the change back by itself."),
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30."),
  rtt_max_ms: z.number().positive().default(100).describe("`verify`: longest mean round trip through a tunnel, in milliseconds. Light alone takes 138 ms from Los Angeles to Singapore and back: measure, and set 1.3 times that."),
  loss_max_percent: z.number().min(0).max(100).default(0.1).describe("`verify`: the share of lost packets that is allowed, in percent."),
});

export type Vars = z.output<typeof schema>;
