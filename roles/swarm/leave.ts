import { defineResource, late, Sh, sh, Value, z, type Late, type Tasks } from "hawser";
import { readNodeId } from "./cluster.ts";
import { clusterKind } from "./kind.ts";
import type { End } from "./layout.ts";
import { awaitRole } from "./node-kind.ts";
import type { Cluster } from "./seen.ts";

const args = z.strictObject({
  /** The host's name in the inventory, and the one that it gives itself. */
  name: z.string(),
  hostname: z.string(),
  id: late(z.string()),
  /** `empty` takes its tasks and its vote; `forget` takes what is left of it from the managers' list. */
  step: z.enum(["empty", "forget"]),
});

type Args = z.output<typeof args>;
const now = (value: Late<string>): string => (value instanceof Value ? value.get() : typeof value === "function" ? value() : value);

/** Seconds in which the tasks of a drained node must have ended. */
const EMPTY_WITHIN = 300;

/** A node that is to leave, as the managers see it. */
const leavingNode = defineResource({
  kind: "swarm-leaving",
  summary: "A node that leaves its Swarm.",
  args,
  key: ({ name, step }) => `${step} ${name}`,
  claims: () => [],
  ...clusterKind<Args>({
    absent: () => "nothing",
    plan({ step, ...node }, cluster) {
      const found = nodeOf(node, cluster);
      if (!found) return undefined;
      if (step === "forget") return { summary: "remove from the managers' list", apply: sh`docker node rm --force ${found.ID}` };
      if (found.Spec.Availability === "drain" && found.Spec.Role === "worker") return undefined;
      return { summary: found.Spec.Role === "manager" ? "drain, demote" : "drain", apply: Sh.lines(sh`docker node update --availability drain ${found.ID} >/dev/null`, awaitEmpty(found.ID, EMPTY_WITHIN), found.Spec.Role === "manager" && sh`docker node demote ${found.ID} >/dev/null`, found.Spec.Role === "manager" && awaitRole(found.ID, "worker")) };
    },
  }),
});

/** By its id; one that left and was not forgotten has none any more, and is down. */
function nodeOf({ id, hostname }: Omit<Args, "step">, { nodes }: Cluster): Cluster["nodes"][number] | undefined {
  const own = now(id);
  return nodes.find((node) => (own === "" ? node.Hostname === hostname && node.State === "down" : node.ID === own));
}

/** Until no task of the node runs. */
export const awaitEmpty = (id: string | Value<string>, within: number): Sh => sh`end=$(($(date +%s) + ${within}))
while t=$(docker node ps --filter desired-state=running --format '{{.Name}}: {{.CurrentState}}' ${id}; docker node ps --filter desired-state=shutdown --format '{{.Name}}: {{.CurrentState}}' ${id} | grep ': Running'); [ -n "$t" ]; do
  if [ "$(date +%s)" -ge $end ]; then { echo ${`tasks are left after ${within} s:`}; echo "$t"; } >&2; exit 1; fi
  sleep 1
done`;

/** Out of the cluster: the tasks go elsewhere first, then the vote, then the node. The engine stays. */
export function declareLeave(t: Tasks, { host }: End, speaker: string, hostname: string): void {
  const id = readNodeId(t, []);
  const node = { name: host.name, hostname, id };
  t.on(speaker, () => t.add(leavingNode, { ...node, step: "empty" }));
  const left = t.task("leave the cluster", { check: Sh.raw(`[ "$(docker info --format '{{.Swarm.LocalNodeState}}')" = inactive ]`), apply: sh`docker swarm leave`, summary: "leave" });
  t.on(speaker, () => t.add(leavingNode, { ...node, step: "forget" }, { needs: [left] }));
}
