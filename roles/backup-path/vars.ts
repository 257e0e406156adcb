import { z } from "hawser";
import { gatewaySchema } from "hawser/roles/gre/gateway";

const port = z.number().int().min(1).max(65535);
/** Names become names in HAProxy and what TLS asks for by SNI. */
const NAME = /^[a-z][a-z0-9-]{0,30}$/;

const target = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$/, "ADDRESS:PORT, such as 10.20.0.21:8080")
  .refine((text) => z.ipv4().safeParse(text.split(":")[0]).success && port.safeParse(Number(text.split(":")[1])).success, "an IPv4 address and a port of 1 to 65535");

const service = z.strictObject({
  port: port.describe("Port on which the other regions' gateways listen for it. Each service of each region has its own."),
  mode: z.enum(["http", "tcp"]).default("http").describe("`http`: requests that may be repeated are repeated on the other path when one dies. `tcp`: connections are closed, so that clients come again; for PostgreSQL, Consul and others."),
  targets: z.array(target).min(1).describe("Where the region serves it: private addresses and ports, reached by the others through the tunnel and by this region's gateways for those who come the public way."),
  check: z.string().regex(/^\/[^\s"\\]*$/, "a path, such as /healthz").optional().describe("http: a path that answers 2xx or 3xx while the service is well. Default: a connection is enough."),
});

export const schema = z.strictObject({
  gateway: gatewaySchema.describe("This end, as `gatewayOf(host)` gives it."),
  services: z.record(z.string().regex(NAME, "lower-case letters, digits and dashes, a letter first"), service).default({}).describe("What this region serves to the others, by name. Set it for the region: its gateways say the same."),
  listen: z.ipv4().default("127.0.0.1").describe("Address on which this gateway listens for those who want the other regions' services: loopback, or a private address of its own."),
  port: port.default(8443).describe("Public port on which the other regions' gateways are taken in, by TLS with a certificate of theirs."),
  return_after: z.number().int().min(0).max(86_400).default(60).describe("Seconds for which the tunnel must have been up without a break before traffic returns to it."),
  unanswered_ms: z.number().int().min(500).max(60_000).default(1500).describe("Milliseconds after which a connection through the tunnel is given up when nothing of what was sent is acknowledged (TCP_USER_TIMEOUT). It finds what is stuck on a dead path where the kernel cannot close connections on demand."),
  connect_ms: z.number().int().min(200).max(60_000).default(1500).describe("Milliseconds for a connection to be made."),
  idle_s: z.number().int().min(1).max(86_400).default(300).describe("Seconds for which a client, or a service with a request, may say nothing."),
  max_connections: z.number().int().min(100).max(1_000_000).default(20_000).describe("Connections that clients may have at once."),
  public_requests: z.number().int().min(8).max(100_000).default(256).describe("http: requests that may be under way at once over the public address of one gateway; others wait their turn, for up to 4 s. It keeps those that waited when the tunnel died from making as many handshakes of TLS in one moment."),
  certificate_days: z.number().int().min(60).max(3650).default(3650).describe("Days for which this gateway's certificate is made; it is renewed 30 days before its end."),
  metrics: z.string().regex(/^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$/).default("127.0.0.1:8405").describe("Where HAProxy shows its metrics to Prometheus, at /metrics."),
  textfile_directory: z.string().regex(/^\/[\w./-]+$/).default("/var/lib/prometheus/node-exporter").describe("Where node_exporter reads metrics from files: the active path is one."),
  package: z.string().regex(/^[\w.+-]+$/).default("haproxy").describe("The package that brings HAProxy 2.4 or newer. EL 7 and 8 have an older one: declare a repository with a newer one before this role, and name its package here."),
  extra: z.string().default("").describe("Sections of your own, put at the end of haproxy.cfg as they are."),
});

export type Vars = z.output<typeof schema>;
export type Service = z.output<typeof service>;
