import { artifact, z, type HostView } from "hawser";

const port = z.number().int().min(1).max(65535);

export const schema = z.strictObject({
  public_address: z.ipv4().describe("Where the other members reach this one. The quorum does not use the tunnel, whose end would part it. Default in playbooks/network.ts: the host var of the same name."),
  private_address: z.ipv4().optional().describe("The host's own address where a cloud translates the public one. Default in playbooks/network.ts: the host var of the same name."),
  round_trip_ms: z.number().int().min(1).max(1000).default(100).describe("The longest round trip between two members, in milliseconds, measured and rounded up. A heartbeat is sent that often, and a leader counts as gone after ten of them; the shortest lease follows from that. The same on every member."),
  peer_port: port.default(2380).describe("Port on which members talk to one another. The same on every member."),
  client_port: port.default(2379).describe("Port on which clients are served. The same on every member."),
  token: z.string().regex(/^[\w.-]{1,64}$/).default("hawser").describe("Tells this cluster from others that members might reach by mistake. The same on every member."),
  certificate_days: z.number().int().min(60).max(3650).default(3650).describe("Days for which this member's certificate is made; it is renewed 30 days before its end."),
  artifact: artifact.optional().describe("A release of etcd 3.4 or later as a tar.gz with its sha256, for systems that package none: Ubuntu 22.04 (3.3) and EL. Default: the distribution's packages."),
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30."),
});

export type Vars = z.output<typeof schema>;

/** Milliseconds: etcd's guide asks for a heartbeat of about a round trip, and an election of at least ten. Its own defaults are the least. */
export function timing({ round_trip_ms }: Pick<Vars, "round_trip_ms">): { readonly heartbeat: number; readonly election: number } {
  const heartbeat = Math.max(100, round_trip_ms);
  return { heartbeat, election: 10 * heartbeat };
}

/** The addresses of a host as its inventory has them, for `use(etcd, (host) => ({ ...memberOf(host), ...host.vars(etcd) }))`. */
export function memberOf(host: HostView): { public_address: string; private_address?: string } {
  const { public_address, private_address } = host.inventory;
  return { public_address: public_address as string, ...(private_address !== undefined && { private_address: private_address as string }) };
}

/** Seconds: etcd gives no shorter lease than one and a half elections (lessor.go, minLeaseTTL), and a lease has to outlive one election. */
export const shortestLease = (vars: Pick<Vars, "round_trip_ms">): number => Math.ceil((timing(vars).election * 3) / 2 / 1000) + 2;
