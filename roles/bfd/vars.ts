import { z } from "hawser";
import { gatewaySchema } from "hawser/roles/gre/gateway";

/** Milliseconds and misses after which a silent peer counts as gone. */
const PROFILES = { wan: { interval: 300, multiplier: 3 }, lossy: { interval: 500, multiplier: 5 } } as const;

const interval = z.number().int().min(50).max(10_000);

export const schema = z.strictObject({
  gateway: gatewaySchema.describe("This end, as `gatewayOf(host)` gives it."),
  profile: z.enum(["wan", "lossy"]).default("wan").describe("How fast a silent peer counts as gone: `wan` after 3 misses of 300 ms (0.9 s), `lossy` after 5 of 500 ms (2.5 s), for a path that loses packets now and then."),
  interval_ms: interval.optional().describe("Milliseconds between packets, in place of the profile's. Both ends take the longer of what they offer and want."),
  multiplier: z.number().int().min(2).max(50).optional().describe("Missed packets after which the peer counts as gone, in place of the profile's."),
  announce: z.array(z.cidrv4()).default([]).describe("Addresses that this gateway announces while it holds them, such as the VIP of role keepalived. Each has to be on a link of the host; others are never announced."),
  router_id: z.ipv4().optional().describe("What BGP knows this router by. Default: the gateway's own address."),
  when_down: z.enum(["refuse", "tunnel"]).default("refuse").describe("What happens to packets for a region while its tunnel is down: `refuse` tells their senders at once, so that they take the backup path; `tunnel` leaves them the static routes of role gre, and they time out."),
  detect_max_ms: z.number().positive().default(1200).describe("`verify`: the longest that BFD may take to notice a dead peer, in milliseconds."),
  repository: z.boolean().default(true).describe("EL 8 and 9: FRR comes from the distribution. False where another repository has it, as CentOS 7 needs."),
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30 and has no FRR of its own: bring a repository, and say `repository: false`."),
});

export type Vars = z.output<typeof schema>;

/** What BFD is told: milliseconds and misses. */
export function timing({ profile, interval_ms, multiplier }: Vars): { readonly interval: number; readonly multiplier: number } {
  return { interval: interval_ms ?? PROFILES[profile].interval, multiplier: multiplier ?? PROFILES[profile].multiplier };
}
