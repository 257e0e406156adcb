import { secret, z, type HostView } from "hawser";
import { DEFAULT_POOL } from "hawser/roles/keepalived/swarm";
import { duration, objectName, serviceSchema } from "./service-vars.ts";

const mtu = z.number().int().min(576).max(9000);
const url = z.url({ protocol: /^https?$/ });

const network = z.strictObject({
  mtu: mtu.optional().describe("Of the network that carries it, in octets; containers get 50 less, which VXLAN takes. Default: `mtu`."),
  subnet: z.cidrv4().optional().describe("Its addresses. Default: taken from `default_addr_pool`."),
  internal: z.boolean().default(false).describe("Without a way out."),
  attachable: z.boolean().default(false).describe("Containers that are no tasks may join it."),
  labels: z.record(z.string(), z.string()).default({}).describe("Labels."),
});

const config = z.union([z.strictObject({ content: z.string().describe("Its text.") }), z.strictObject({ file: z.string().min(1).describe("A file on the controller.") })]);
const secretOf = z.strictObject({ content: secret.describe("A secret, behind `!age`, `!env`, …") });

const objects = {
  networks: z.record(objectName, network).default({}).describe("Overlay networks, by name."),
  configs: z.record(objectName, config).default({}).describe("Configs, by name. Docker cannot change one, so each content gets a name of its own, and the ones before go when no service uses them."),
  secrets: z.record(objectName, secretOf).default({}).describe("Secrets, by name; they change as configs do. They reach the host by standard input alone."),
  services: z.record(objectName, serviceSchema).default({}).describe("Services, by name, in the words of Compose."),
};

export const stackSchema = z.strictObject(objects);
export type Stack = z.output<typeof stackSchema>;

const poolBase = z.strictObject({ base: z.cidrv4().describe("Networks are cut out of it."), size: z.number().int().min(8).max(30).describe("Their prefix length.") });

export const schema = z.strictObject({
  role: z.enum(["manager", "worker"]).default("worker").describe("Managers hold the cluster's state; a majority of them must reach one another. A change of it promotes or demotes."),
  availability: z.enum(["active", "pause", "drain"]).default("active").describe("Whether the node gets tasks. Default in playbooks/swarm.ts: `drain` for hosts of the group `witness`."),
  state: z.enum(["joined", "left"]).default("joined").describe("`left` drains the node, demotes it, and takes it out of the cluster."),
  labels: z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), z.string()).default({}).describe("Labels of the node beside `region`, which is the host's."),
  private_address: z.ipv4().optional().describe("The host's address inside the tunnel. Default in playbooks/swarm.ts: the host var of the same name."),
  public_address: z.ipv4().optional().describe("Where other regions reach it without the tunnel. Default in playbooks/swarm.ts: the host var of the same name."),
  advertise_addr: z.ipv4().optional().describe("Where other nodes reach this one. Default: `private_address` where every node has one, else `public_address` on all of them: a witness outside of the tunnel is reached by that alone, and what goes there is encrypted by Swarm itself."),
  data_path_addr: z.ipv4().optional().describe("Where the containers' traffic (VXLAN, in the clear) goes. Default: `private_address`, which the tunnel encrypts, else `public_address`."),
  data_path_port: z.number().int().min(1024).max(49151).default(4790).describe("UDP port of VXLAN; only the first `docker swarm init` can choose it. The same on every node."),
  ha: z.boolean().default(false).describe("Says that the loss of any one place must leave a majority: refused with fewer than three managers in three places. The same on every node."),
  entry: z.string().optional().describe("The manager on which what belongs to the whole cluster is looked at and changed. Name another one while that is down. Default: the first manager of the inventory. The same on every node."),
  default_addr_pool: z
    .union([z.cidrv4(), z.array(z.cidrv4()).min(1)])
    .default(DEFAULT_POOL)
    .transform((pool) => [pool].flat())
    .describe("Where overlay networks get their addresses; only the first `docker swarm init` can choose it. Docker's own default, 10.0.0.0/8, would swallow private networks and an address that moves. The same on every node."),
  default_addr_pool_mask_length: z.number().int().min(8).max(29).default(24).describe("Prefix length of each network. The same on every node."),
  default_address_pools: z.array(poolBase).min(1).default([{ base: "172.20.0.0/14", size: 24 }]).describe("Where networks of one host (docker0, docker_gwbridge) get their addresses: `default-address-pools` of daemon.json."),
  reserved: z.array(z.cidrv4()).default([]).describe("Networks that no pool may overlap. Default in playbooks/swarm.ts: the address that moves (role keepalived) and the host's private network."),
  mtu: mtu.default(1360).describe("Of what carries the containers' traffic, in octets: the tunnel's. Overlay networks get it, ingress too, and containers 50 less. The same on every node."),
  forward_interfaces: z.array(z.string().regex(/^[A-Za-z0-9_][\w.@-]{0,14}\+?$/, "the name of an interface")).default(["gre1"]).describe("Interfaces whose forwarded traffic Docker's rules must let through, in and out: it drops what it does not know."),
  package: z.enum(["docker.io", "docker-ce"]).optional().describe("The distribution's engine or Docker's own. Default: docker.io on Debian and Ubuntu, docker-ce on EL."),
  version: z.string().optional().describe("A whole version of the package, or the beginning of one and `*`. Default: what is there, else the newest; on CentOS 7 docker-ce ended at 26.1.4."),
  repository: z
    .strictObject({
      url: url.describe("Of the folder with the distributions."),
      key: z.strictObject({ url: url.describe("Where it is."), sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits in lower case").describe("Of the file.") }).optional().describe("The key that signs it. Default: Docker's own, from `url`."),
    })
    .prefault({ url: "https://download.docker.com/linux" })
    .describe("Where docker-ce comes from; a mirror's URL takes the place of Docker's."),
  daemon: z.record(z.string(), z.json()).default({}).describe("Further keys of daemon.json, in Docker's words, such as `log-driver` or `insecure-registries`. `mtu`, `default-address-pools` and `live-restore` are the role's."),
  task_history_limit: z.number().int().min(0).default(5).describe("Old tasks kept for each slot. The same on every node."),
  dispatcher_heartbeat: duration.default("5s").describe("How often nodes say that they are there; one that is missing three times is down, and its tasks start elsewhere. The same on every node."),
  cert_expiry: duration.default("2160h").describe("For how long the nodes' certificates are good; Swarm renews them by itself. The same on every node."),
  update_timeout: z.number().int().min(30).max(7200).default(600).describe("Seconds that one service may take until it runs as declared, or is back to what it was."),
  prune: z.boolean().default(true).describe("Takes away services, networks, configs and secrets that this role made and that the vars have no more. What others made is left alone. The same on every node."),
  ...objects,
  stacks: z.record(objectName, stackSchema).default({}).describe("The same in groups: names get the stack's name before them, and `docker stack ls` and `docker stack services` know them."),
  ingress: z.strictObject({ mtu: mtu.optional().describe("Default: `mtu`."), subnet: z.cidrv4().optional().describe("Default: taken from `default_addr_pool`.") }).prefault({}).describe("The routing mesh's own network."),
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30."),
});

export type Vars = z.output<typeof schema>;

/** The vars that the whole cluster has, and that therefore are the same on every node. */
export const CLUSTER_WIDE = ["data_path_port", "ha", "entry", "default_addr_pool", "default_addr_pool_mask_length", "mtu", "task_history_limit", "dispatcher_heartbeat", "cert_expiry", "prune", "networks", "configs", "secrets", "services", "stacks", "ingress"] as const satisfies readonly (keyof Vars)[];

/** A node's vars as its inventory says them, for `use(swarm, (host) => ({ ...nodeOf(host), ...host.vars(swarm) }))`. */
export function nodeOf(host: HostView): z.input<typeof schema> {
  const { private_address, public_address, private_cidr, keepalived } = host.inventory;
  const vip = typeof keepalived === "object" && keepalived !== null ? (keepalived as Record<string, unknown>)["vip"] : undefined;
  const reserved = [...(typeof vip === "string" ? [`${vip.replace(/\/32$/, "")}/32`] : []), ...(typeof private_cidr === "string" ? [private_cidr] : [])];
  return {
    reserved,
    ...(private_address !== undefined && { private_address: private_address as string }),
    ...(public_address !== undefined && { public_address: public_address as string }),
    ...(host.groups.includes("witness") && { role: "manager", availability: "drain" }),
  };
}
