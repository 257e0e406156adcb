import { defineResource, PlanError, Sh, sh, z } from "hawser";
import { MANAGED } from "./api.ts";
import { clusterKind } from "./kind.ts";
import type { Cluster } from "./seen.ts";

export const MTU_OPTION = "com.docker.network.driver.mtu";

const args = z.strictObject({
  name: z.string(),
  /** Of the network that carries it. */
  mtu: z.number().int(),
  subnet: z.string().optional(),
  internal: z.boolean().default(false),
  attachable: z.boolean().default(false),
  /** The routing mesh's own. */
  ingress: z.boolean().default(false),
  labels: z.record(z.string(), z.string()).default({}),
});

type Args = z.output<typeof args>;
type Network = Cluster["networks"][number];

/** An overlay network. Docker cannot change one; it is made anew while nothing uses it. */
export const swarmNetwork = defineResource({
  kind: "swarm-network",
  summary: "An overlay network of a Swarm.",
  args,
  key: ({ name }) => name,
  claims: ({ name }) => [{ target: `swarm-network:${name}` }],
  ...clusterKind<Args>({
    absent: (wanted) => (wanted.ingress ? `mtu ${wanted.mtu}` : "create"),
    plan(wanted, cluster) {
      const seen = cluster.networks.find((network) => (wanted.ingress ? network.Ingress : network.Name === wanted.name));
      if (!seen) return { summary: "create", apply: create(wanted) };
      const wrong = differs(wanted, seen);
      if (wrong.length === 0) return undefined;
      const users = usersOf(wanted, seen, cluster);
      if (users.length > 0) throw new PlanError(`network ${wanted.name} has ${wrong.join(", ")}, which Docker cannot change, and ${users.join(", ")} use${users.length === 1 ? "s" : ""} it`, "take it from the services (or their ports, where it is ingress) for one run, and give it back in the next");
      return { summary: wrong.join(", "), apply: Sh.lines(remove(wanted.name), create(wanted)) };
    },
  }),
});

function differs(wanted: Args, seen: Network): string[] {
  const subnet = seen.Config[0]?.Subnet;
  const labels = Object.entries(wanted.labels).filter(([key, value]) => seen.Labels[key] !== value);
  return [
    ...(seen.Driver === "overlay" ? [] : [`driver ${seen.Driver}`]),
    ...(seen.Options[MTU_OPTION] === String(wanted.mtu) ? [] : [`mtu ${seen.Options[MTU_OPTION] ?? "of 1500"} -> ${wanted.mtu}`]),
    ...(wanted.subnet === undefined || wanted.subnet === subnet ? [] : [`subnet ${subnet ?? "unknown"} -> ${wanted.subnet}`]),
    ...(seen.Internal === wanted.internal ? [] : [`internal ${seen.Internal} -> ${wanted.internal}`]),
    ...(seen.Attachable === wanted.attachable ? [] : [`attachable ${seen.Attachable} -> ${wanted.attachable}`]),
    ...labels.map(([key, value]) => `label ${key}=${value}`),
  ];
}

/** Services that are on it; ingress has those that publish a port by it. */
function usersOf({ ingress }: Args, { ID }: Network, { services }: Cluster): string[] {
  const targets = z.looseObject({ Name: z.string(), TaskTemplate: z.looseObject({ Networks: z.array(z.looseObject({ Target: z.string() })).nullish() }), EndpointSpec: z.looseObject({ Ports: z.array(z.looseObject({ PublishMode: z.string().optional() })).nullish() }).nullish() });
  return services.flatMap((service) => {
    const { Name, TaskTemplate, EndpointSpec } = targets.parse(service.Spec);
    const uses = ingress ? EndpointSpec?.Ports?.some(({ PublishMode }) => PublishMode !== "host") : TaskTemplate.Networks?.some(({ Target }) => Target === ID);
    return uses ? [Name] : [];
  });
}

/** `docker network rm` asks back before it takes the routing mesh away. */
const remove = (name: string): Sh => sh`echo y | docker network rm ${name} >/dev/null`;

/** One that was taken away a moment ago may still be in the way. */
function create({ name, mtu, subnet, internal, attachable, ingress, labels }: Args): Sh {
  const all = { ...labels, [MANAGED]: name };
  const words = [
    "--driver=overlay",
    `--opt=${MTU_OPTION}=${mtu}`,
    ...(subnet === undefined ? [] : ["--subnet", subnet]),
    ...(internal ? ["--internal"] : []),
    ...(attachable ? ["--attachable"] : []),
    ...(ingress ? ["--ingress"] : []),
    ...Object.entries(all).flatMap(([key, value]) => ["--label", `${key}=${value}`]),
    name,
  ];
  return sh`n=0
until e=$(docker network create ${words} 2>&1 >/dev/null); do
  n=$((n + 1)); [ $n -lt 30 ] || { echo "$e" >&2; exit 1; }
  sleep 1
done`;
}
