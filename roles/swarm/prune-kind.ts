import { defineResource, Sh, sh, z } from "hawser";
import { MANAGED } from "./api.ts";
import { clusterKind } from "./kind.ts";
import type { Cluster } from "./seen.ts";
import { serviceDrift } from "./service-kind.ts";

const args = z.strictObject({
  services: z.array(z.looseObject({ name: z.string(), spec: z.record(z.string(), z.unknown()) })),
  networks: z.array(z.string()),
  /** The versioned names that the vars want. */
  data: z.array(z.string()),
  /** What nobody wants any more is left where it is. */
  keepServices: z.boolean(),
});

const references = z.looseObject({ TaskTemplate: z.looseObject({ ContainerSpec: z.looseObject({ Secrets: z.array(z.looseObject({ SecretName: z.string() })).nullish(), Configs: z.array(z.looseObject({ ConfigName: z.string() })).nullish() }) }) });

function dataOf(spec: unknown): string[] {
  const parsed = references.safeParse(spec);
  if (!parsed.success) return [];
  const { Secrets, Configs } = parsed.data.TaskTemplate.ContainerSpec;
  return [...(Secrets ?? []).map(({ SecretName }) => SecretName), ...(Configs ?? []).map(({ ConfigName }) => ConfigName)];
}

/** What services refer to after this run: with the version before, to which an operator may go back. */
function usedAfter({ services: wanted }: z.output<typeof args>, cluster: Cluster, gone: ReadonlySet<string>): Set<string> {
  return new Set(
    cluster.services.flatMap(({ Spec, Previous }) => {
      const own = wanted.find(({ name }) => name === Spec["Name"]);
      if (gone.has(String(Spec["Name"]))) return [];
      const changes = own !== undefined && serviceDrift(own.spec, Spec, cluster).length > 0;
      return changes ? [...dataOf(own.spec), ...dataOf(Spec)] : [...dataOf(Spec), ...dataOf(Previous)];
    }),
  );
}

/** Takes away what this role made in the cluster and nobody wants any more. */
export const swarmPrune = defineResource({
  kind: "swarm-prune",
  summary: "What hawser made in a Swarm and that its vars have no more.",
  args,
  key: () => "leftovers",
  claims: () => [{ target: "swarm-prune" }],
  ...clusterKind<z.output<typeof args>>({
    absent: () => "nothing",
    plan(wanted, cluster) {
      const mine = (labels: unknown): boolean => typeof labels === "object" && labels !== null && MANAGED in labels;
      const services = wanted.keepServices ? [] : cluster.services.filter(({ Spec }) => mine(Spec["Labels"]) && !wanted.services.some(({ name }) => name === Spec["Name"])).map(({ Spec }) => String(Spec["Name"]));
      const networks = wanted.keepServices ? [] : cluster.networks.filter(({ Ingress, Labels, Name }) => !Ingress && mine(Labels) && !wanted.networks.includes(Name)).map(({ Name }) => Name);
      const used = usedAfter(wanted, cluster, new Set(services));
      const old = (all: Cluster["secrets"]): string[] => all.filter(({ Labels, Name }) => mine(Labels) && !wanted.data.includes(Name) && !used.has(Name)).map(({ Name }) => Name);
      const [secrets, configs] = [old(cluster.secrets), old(cluster.configs)];
      const parts = [["service", services], ["secret", secrets], ["config", configs], ["network", networks]] as const;
      const said = parts.flatMap(([kind, names]) => names.map((name) => `${kind} ${name}`));
      if (said.length === 0) return undefined;
      // A network is free a moment after the last task on it.
      const apply = parts.flatMap(([kind, names]) => names.map((name) => (kind === "network" ? retried(name) : sh`docker ${kind} rm ${name} >/dev/null`)));
      return { summary: `remove ${said.join(", ")}`, apply: Sh.lines(...apply) };
    },
  }),
});

const retried = (name: string): Sh => sh`n=0
until e=$(docker network rm ${name} 2>&1 >/dev/null); do
  n=$((n + 1)); [ $n -lt 60 ] || { echo "$e" >&2; exit 1; }
  sleep 1
done`;
