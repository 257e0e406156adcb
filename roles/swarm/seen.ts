import { PlanError, z, type Observed } from "hawser";

const labels = z.record(z.string(), z.string()).nullish().transform((value) => value ?? {});
const json = z.record(z.string(), z.unknown());

const named = z.looseObject({ ID: z.string(), Name: z.string(), Labels: labels });
const node = z.looseObject({
  ID: z.string(),
  Hostname: z.string(),
  State: z.string(),
  Spec: z.looseObject({ Role: z.string(), Availability: z.string(), Labels: labels }),
});
const network = named.extend({
  Driver: z.string(),
  Ingress: z.boolean(),
  Internal: z.boolean(),
  Attachable: z.boolean(),
  Options: labels,
  Config: z.array(z.looseObject({ Subnet: z.string().optional() })).nullish().transform((value) => value ?? []),
});
const service = z.looseObject({ ID: z.string(), Spec: json, Previous: json.nullish() });
const swarm = z.looseObject({ ID: z.string(), Spec: json.optional() });

const SCHEMAS = { node, network, config: named, secret: named, service } as const;

/** What the cluster has, as one manager tells it. */
export interface Cluster {
  readonly id: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly nodes: readonly z.output<typeof node>[];
  readonly networks: readonly z.output<typeof network>[];
  readonly configs: readonly z.output<typeof named>[];
  readonly secrets: readonly z.output<typeof named>[];
  readonly services: readonly z.output<typeof service>[];
}

/** @throws PlanError when the host is no manager, or says what this role cannot read */
export function clusterOf(seen: Observed): Cluster {
  if (seen.code !== 0) throw new PlanError(`Docker says: ${seen.err.trim().split("\n")[0] ?? "nothing"}`, "is the engine running, and does a majority of the managers answer? docker info");
  const lines = seen.out.split("\n").filter((line) => line !== "");
  const all = <K extends keyof typeof SCHEMAS>(kind: K): z.output<(typeof SCHEMAS)[K]>[] => lines.filter((line) => line.startsWith(`${kind} `)).map((line) => SCHEMAS[kind].parse(JSON.parse(line.slice(kind.length + 1))) as z.output<(typeof SCHEMAS)[K]>);
  const own = lines.find((line) => line.startsWith("swarm "));
  if (own === undefined) throw new PlanError("the host is no manager of a cluster", "docker info says in which state it is");
  const { ID, Spec = {} } = swarm.parse(JSON.parse(own.slice(6)));
  return { id: ID, spec: Spec, nodes: all("node"), networks: all("network"), configs: all("config"), secrets: all("secret"), services: all("service") };
}
