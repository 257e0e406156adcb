import { PlanError, type Change, type Observed, type Prediction, type Upstream } from "hawser";
import { CLUSTER } from "./api.ts";
import { clusterOf, type Cluster } from "./seen.ts";

/**
 * What the kinds of this role have in common: one look at the whole cluster, of which each takes its part. A change of one leaves the
 * parts of the others as they are (`after`), and scripts compare no more than that there was a look, since others change the cluster
 * too; each apply asks again for what it is about.
 */
export function clusterKind<Args>(spec: { readonly plan: (args: Args, cluster: Cluster) => Change | undefined; readonly absent: (args: Args) => string }) {
  const plan = (args: Args, seen: Observed): Change | undefined => {
    const change = spec.plan(args, clusterOf(seen));
    return change && { ...change, after: seen };
  };
  return {
    compares: "code" as const,
    probe: () => CLUSTER,
    plan,
    predict(args: Args, seen: Observed, upstream: readonly Upstream[]): Prediction {
      try {
        const change = plan(args, seen);
        return change ? { outcome: "would-change", change } : { outcome: "ok" };
      } catch (error) {
        if (!(error instanceof PlanError)) throw error;
        const unknown = upstream.find((up) => up.outcome === "unknown");
        // There is no engine or no cluster yet; what is needed makes both.
        return unknown ? { outcome: "unknown", cause: `${unknown.id} is unknown` } : { outcome: "would-change", change: { summary: spec.absent(args), after: seen } };
      }
    },
  };
}
