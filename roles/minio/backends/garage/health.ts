import { z, type Measured, type Observed, type Verifier } from "hawser";
import { assertDisk, assertRunning } from "../../health.ts";
import { GATEWAY, TLS_UNIT } from "../../paths.ts";
import type { Site } from "../../sites.ts";
import { ask } from "./admin.ts";
import { layoutSchema } from "./layout.ts";

const health = z.object({ storageNodes: z.number(), storageNodesUp: z.number(), partitions: z.number(), partitionsQuorum: z.number(), partitionsAllOk: z.number() });
const status = z.object({ nodes: z.array(z.object({ isUp: z.boolean(), role: z.object({ tags: z.array(z.string()) }).nullish() })) });
const history = z.object({ currentVersion: z.number(), minAck: z.number() });

/** The services, and the cluster as this node sees it. */
export function assertCluster(v: Verifier, own: Site, sites: readonly Site[]): void {
  const { admin_port: port } = own.vars.garage;
  const names = sites.map(({ host }) => host.name);
  assertRunning(v, "Garage", GATEWAY);
  assertRunning(v, "TLS before S3", TLS_UNIT);
  for (const { host } of sites.filter(({ host: { name } }) => name !== own.host.name)) {
    v.assert(`RPC to ${host.name}`, { probe: ask(port, "GetClusterStatus"), value: of(status, ({ nodes }) => (nodes.some(({ isUp, role }) => isUp && role?.tags.includes(host.name)) ? "up" : "down")), limit: { equals: "up" }, link: host.name, hint: `journalctl -u ${GATEWAY} there; is port ${own.vars.garage.rpc_port} of ${host.name} open to this host, and has it the same rpc.secret?` });
  }
  const count = (name: string, call: string, value: (seen: Observed) => Measured | undefined, hint: string): void => v.assert(name, { probe: ask(port, call), value, limit: { max: 0 }, hint });
  count("nodes out of reach", "GetClusterHealth", of(health, ({ storageNodes, storageNodesUp }) => storageNodes - storageNodesUp), "garage status says which");
  count("partitions without a quorum", "GetClusterHealth", of(health, ({ partitions, partitionsQuorum }) => (partitions === 0 ? undefined : partitions - partitionsQuorum)), "what is in them cannot be written: bring the nodes back");
  count("partitions that lack a copy", "GetClusterHealth", of(health, ({ partitions, partitionsAllOk }) => (partitions === 0 ? undefined : partitions - partitionsAllOk)), "one more node may be lost at the most");
  count("layout changes that are not applied", "GetClusterLayout", of(layoutSchema, ({ stagedRoleChanges }) => stagedRoleChanges.length), "garage layout show; garage layout apply, or garage layout revert");
  count("nodes that are not in the inventory", "GetClusterLayout", of(layoutSchema, ({ roles }) => roles.filter(({ tags }) => !names.some((name) => tags.includes(name))).length), "roles/minio/README.md says how a host leaves a cluster");
  count("layout versions that a node lacks", "GetClusterLayoutHistory", of(history, ({ currentVersion, minAck }) => currentVersion - minAck), "garage layout history says which node; one that is gone for good is passed over by garage layout skip-dead-nodes");
  assertDisk(v, own.vars.min_free_percent);
}

/** Of what the admin API printed; nothing where it did not answer. */
function of<S extends z.ZodType>(schema: S, pick: (answer: z.output<S>) => Measured | undefined): (seen: Observed) => Measured | undefined {
  return ({ out }) => (out.trim() === "" ? undefined : pick(schema.parse(JSON.parse(out))));
}
