import { defineResource, late, PlanError, Sh, sh, z, Value, type Late } from "hawser";
import { clusterKind } from "./kind.ts";

const args = z.strictObject({
  /** The host's name in the inventory. */
  name: z.string(),
  /** Its id in the cluster, as the host itself says it; '' where it is in none. */
  id: late(z.string()),
  role: z.enum(["manager", "worker"]),
  availability: z.enum(["active", "pause", "drain"]),
  /** Labels that it has; others are left alone. */
  labels: z.record(z.string(), z.string()),
});

const valueOf = (late: Late<string>): string => (late instanceof Value ? late.get() : typeof late === "function" ? late() : late);

/** Seconds until a manager that was promoted answers, or one that was demoted is out of the quorum. */
const WITHIN = 120;

/** A node as the managers know it: what only they can say of it. */
export const swarmNode = defineResource({
  kind: "swarm-node",
  summary: "A node of a Swarm as its managers know it: role, availability and labels.",
  args,
  key: ({ name }) => name,
  claims: ({ name }) => [{ target: `swarm-node:${name}` }],
  ...clusterKind<z.output<typeof args>>({
    absent: ({ availability, labels }) => ["label", ...Object.entries(labels).map(([key, value]) => `${key}=${value}`), ...(availability === "active" ? [] : [availability])].join(" "),
    plan({ name, id, role, availability, labels }, cluster) {
      const own = valueOf(id);
      const node = cluster.nodes.find(({ ID }) => ID === own);
      if (!node) throw new PlanError(`${name} says that it is node ${own || "of no cluster"}, which cluster ${cluster.id} does not have`, `it was taken out, or belongs to another cluster: docker swarm leave --force on ${name}, and run again`);
      const missing = Object.entries(labels).filter(([key, value]) => node.Spec.Labels[key] !== value);
      const changes = [
        ...(node.Spec.Role === role ? [] : [role === "manager" ? "promote" : "demote"]),
        ...(node.Spec.Availability === availability ? [] : [`${node.Spec.Availability} -> ${availability}`]),
        ...missing.map(([key, value]) => `label ${key}=${value}`),
      ];
      if (changes.length === 0) return undefined;
      const managers = cluster.nodes.filter(({ Spec }) => Spec.Role === "manager").length;
      if (node.Spec.Role === "manager" && role === "worker" && managers === 1) throw new PlanError(`${name} is the only manager, and cannot be demoted`, "promote another one first");
      return {
        summary: changes.join(", "),
        apply: Sh.lines(sh`docker node update --role ${role} --availability ${availability} ${missing.flatMap(([key, value]) => ["--label-add", `${key}=${value}`])} ${own} >/dev/null`, node.Spec.Role !== role && awaitRole(own, role)),
      };
    },
  }),
});

/** Until the quorum has taken it in or let it go. */
export const awaitRole = (id: string, role: "manager" | "worker"): Sh => sh`n=0
until [ "$(docker node inspect --format '{{if .ManagerStatus}}{{.ManagerStatus.Reachability}}{{else}}none{{end}}' ${id})" = ${role === "manager" ? "reachable" : "none"} ]; do
  n=$((n + 1)); [ $n -lt ${WITHIN} ] || { echo ${`the node is no ${role} after ${WITHIN} s`} >&2; exit 1; }
  sleep 1
done`;
