import { defineResource, late, PlanError, Sh, sh, z, type Prediction } from "hawser";
import { foreseen } from "../foreseen.ts";
import { now } from "../late.ts";
import { answered, ask, tell } from "./admin.ts";
import { changesOf, foreignTo, layoutSchema, type Layout, type Node, type RoleChange } from "./layout.ts";

const args = z.strictObject({
  admin_port: z.number(),
  rpc_port: z.number(),
  /** All hosts of the role. */
  nodes: late(z.custom<readonly Node[]>((value) => Array.isArray(value) || typeof value === "object")),
  /** Nothing is on this host yet. */
  fresh: z.boolean(),
});

/** Nodes tell one another of the layout every ten seconds: one that comes to a cluster must know its layout before it proposes another. */
const HEARD_OF_WITHIN_S = 15;

/** Each node has heard of the others; they find one another by themselves then, and remember. */
export const garageNodes = defineResource({
  kind: "garage-nodes",
  summary: "Nodes that a Garage cluster knows.",
  args,
  key: () => "cluster",
  claims: () => [{ target: "garage-nodes" }],
  probe: ({ admin_port: port }) => sh`s=$(${ask(port, "GetClusterStatus")}) || exit 3
printf '%s\n' "$s" | sed -n 's/^ *"id": "\\([0-9a-f]*\\)".*/\\1/p'`,
  plan({ admin_port: port, rpc_port, nodes }, seen) {
    const known = answered(seen).split("\n");
    const missing = now<readonly Node[]>(nodes).filter(({ id }) => !known.includes(id));
    if (missing.length === 0) return undefined;
    const peers = JSON.stringify(missing.map(({ id, address }) => `${id}@${address}:${rpc_port}`));
    return {
      summary: `connect ${missing.map(({ host }) => host).join(", ")}`,
      apply: Sh.lines(
        sh`a=$(printf '%s' ${peers} | ${tell(port, "ConnectClusterNodes")})`,
        sh`case $a in *'"success": false'*) printf '%s\n' "$a" >&2; exit 1 ;; esac`,
        sh`n=0; while ${ask(port, "GetClusterLayout")} | grep -q '"version": 0,' && [ "$n" -lt ${HEARD_OF_WITHIN_S} ]; do n=$((n + 1)); sleep 1; done`,
      ),
    };
  },
  predict(given, seen, upstream, context): Prediction {
    return foreseen("Garage", seen, upstream, given.fresh && "connect", () => this.plan(given, seen, context));
  },
});

/** Which node has what: zone, capacity, and the host's name as its tag. */
export const garageLayout = defineResource({
  kind: "garage-layout",
  summary: "The layout of a Garage cluster.",
  args,
  key: () => "cluster",
  claims: () => [{ target: "garage-layout" }],
  probe: ({ admin_port: port }) => ask(port, "GetClusterLayout"),
  plan({ admin_port: port, nodes }, seen) {
    const layout = layoutSchema.parse(JSON.parse(answered(seen)));
    const all = now<readonly Node[]>(nodes);
    const changes = changesOf(all, layout);
    if (changes.length === 0) return undefined;
    const foreign = foreignTo(changes, layout);
    if (foreign.length > 0) throw new PlanError(`somebody has prepared changes of the layout, of ${foreign.map((id) => id.slice(0, 16)).join(", ")}, and not applied them`, "garage layout show; garage layout apply, or garage layout revert; and run again");
    return { summary: changes.map((change) => said(change, all)).join(", "), apply: applying(port, changes, layout) };
  },
  predict(given, seen, upstream, context): Prediction {
    return foreseen("Garage", seen, upstream, given.fresh && "lay out", () => this.plan(given, seen, context));
  },
});

const said = (change: RoleChange, nodes: readonly Node[]): string => ("remove" in change ? `remove ${change.id.slice(0, 16)}` : `${nodes.find(({ id }) => id === change.id)?.host ?? change.id} in ${change.zone}`);

/** Prepared and applied. A node that is gone for good acknowledges nothing: the others go on without it. */
function applying(port: number, changes: readonly RoleChange[], { version }: Layout): Sh {
  const post = (call: string, body: object): Sh => sh`printf '%s' ${JSON.stringify(body)} | ${tell(port, call)} >/dev/null`;
  return Sh.lines(
    post("UpdateClusterLayout", { roles: changes }),
    post("ApplyClusterLayout", { version: version + 1 }),
    changes.some((change) => "remove" in change) && post("ClusterLayoutSkipDeadNodes", { version: version + 1, allowMissingData: false }),
  );
}
