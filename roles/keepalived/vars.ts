import { secret, z } from "hawser";
import { gatewaySchema } from "hawser/roles/gre/gateway";

const word = z.string().regex(/^[\w.-]{1,128}$/, "letters, digits, dots, dashes and underscores");
const url = z.url({ protocol: /^https?$/ });

const check = z.strictObject({
  command: z.string().regex(/^\/[^"\n]*$/, "a program by its whole path, with arguments, without double quotes").describe("Exits 0 while the host is fit to have the address."),
  every: z.number().int().min(1).max(3600).default(2).describe("Seconds between two runs."),
  fall: z.number().int().min(1).max(100).default(2).describe("Failures after which the host counts as unfit."),
  rise: z.number().int().min(1).max(100).default(2).describe("Successes after which it counts as fit again."),
});

export const schema = z.strictObject({
  gateway: gatewaySchema.describe("This end, as `gatewayOf(host)` gives it."),
  vip: z
    .string()
    .transform((text) => text.replace(/\/32$/, ""))
    .pipe(z.ipv4())
    .describe("The address that moves, with or without /32. The same on every gateway."),
  witness: z.ipv4().optional().describe("Public address of the third place that is in the quorum (role etcd). Without one no gateway takes over by itself: the preferred one has the address."),
  priority: z.number().int().min(1).max(254).optional().describe("Who goes first when nobody has the address, as at the first start: the highest. Whoever has it keeps it (nopreempt). Each gateway has a number of its own. Default: 101 less the gateway's id."),
  virtual_router_id: z.number().int().min(1).max(255).default(51).describe("Tells this address's VRRP from others'. The same on every gateway."),
  advert_int: z.number().min(0.1).max(10).default(0.2).describe("Seconds between adverts. A host with the lease takes the address after three of them were missed. The same on every gateway."),
  state: z.enum(["MASTER", "BACKUP"]).default("BACKUP").describe("What the host would start as. MASTER is taken for a wish to be preferred, which `priority` says: every gateway starts as BACKUP."),
  track_interfaces: z.array(z.string().regex(/^[\w.-]{1,15}$/)).default([]).describe("Interfaces that must be up, such as gre1. One that is down makes the host unfit; a path that is cut leaves it up."),
  checks: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,20}$/, "lower-case letters, digits and dashes"), check).default({}).describe("What must be well on the host for it to have the address, by name. A holder that is unfit gives the lease back."),
  lease_ttl: z.number().int().min(4).max(60).default(5).describe("Seconds after which a holder that is gone has lost the lease. It uses it for one second less. At least three halves of an election of etcd (role etcd, round_trip_ms). The same on every gateway."),
  round_trip_ms: z.number().int().min(1).max(1000).default(100).describe("As in role etcd: the longest round trip between two members of the quorum, in milliseconds."),
  mover: z.enum(["bgp", "gcp", "tencent", "dns", "none"]).default("bgp").describe("What leads packets to the holder. `bgp`: FRR announces the address while the host has it (role bfd, `announce`). `gcp`, `tencent`, `dns`: a script asks for it. `none`: something else does."),
  gcp: z
    .strictObject({
      project: word.describe("The project of the network."),
      network: word.default("default").describe("The VPC network that gets the route."),
      zone: word.describe("This instance's zone."),
      instance: word.describe("This instance's name; it must be allowed to forward packets (canIpForward)."),
      metadata: url.default("http://metadata.google.internal").describe("Where the instance gets its token."),
      api: url.default("https://compute.googleapis.com").describe("Where the API is."),
    })
    .optional()
    .describe("Mover gcp: the VPC network gets a route for the address whose next hop is this instance, and those of the other gateways are deleted. The instance's own service account asks; it needs compute.routes.* and compute.networks.updatePolicy."),
  tencent: z
    .strictObject({
      secret_id: word.describe("Id of the API key."),
      secret_key: secret.describe("The API key; it may call HaVipAssociateAddressIp and HaVipDisassociateAddressIp of vpc."),
      region: word.describe("The region of the HAVIP, such as ap-singapore."),
      havip: word.describe("This gateway's HAVIP."),
      address: z.ipv4().describe("The elastic address, the same on every gateway."),
      api: url.default("https://vpc.tencentcloudapi.com").describe("Where the API is."),
    })
    .optional()
    .describe("Mover tencent: the elastic address is bound to this gateway's HAVIP."),
  dns: z
    .strictObject({
      server: z.ipv4().describe("The zone's primary name server."),
      zone: word.describe("The zone."),
      name: word.describe("The whole name that moves."),
      ttl: z.number().int().min(1).max(86_400).default(30).describe("Seconds for which others may keep the answer."),
      address: z.ipv4().describe("What the name stands for while this gateway has the address: usually its public one."),
      key_name: word.describe("Name of the TSIG key."),
      key: secret.describe("The TSIG key, in base64."),
      algorithm: z.enum(["hmac-sha256", "hmac-sha512"]).default("hmac-sha256").describe("The TSIG key's algorithm."),
    })
    .optional()
    .describe("Mover dns: a name gets this gateway's address, by an update of RFC 2136 that is signed by TSIG. Clients keep the old one for its TTL."),
  swarm_pools: z.array(z.cidrv4()).optional().describe("Address pools of Docker Swarm on these hosts. Default in playbooks/network.ts: those of role swarm, where the host has it."),
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30."),
});

export type Vars = z.output<typeof schema>;

/** The lower the gateway's id, the earlier its turn, unless the inventory says otherwise. */
export const priorityOf = ({ priority, gateway }: Vars): number => priority ?? Math.max(1, 101 - gateway.id);
