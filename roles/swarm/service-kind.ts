import { defineResource, sh, Sh, z } from "hawser";
import { API, ascii } from "./api.ts";
import { differences, diffLines, type Difference } from "./compare.ts";
import { clusterKind } from "./kind.ts";
import type { Cluster } from "./seen.ts";
import { idOf } from "./spec.ts";

const args = z.strictObject({
  name: z.string(),
  /** As Docker's API takes it. */
  spec: z.record(z.string(), z.unknown()),
  /** The names of what stands in it by `idOf`. */
  configs: z.array(z.string()),
  secrets: z.array(z.string()),
  /** Seconds. */
  within: z.number().int(),
});

/** Mappings in which what nobody wants is a difference too. */
const WHOLE = new Set(["Mode"]);

type Spec = Readonly<Record<string, unknown>>;
const template = z.looseObject({ TaskTemplate: z.looseObject({ ForceUpdate: z.number().optional(), Networks: z.array(z.looseObject({ Target: z.string() })).nullish() }) });

/** A service's spec with names in the place of ids, as the wanted one has them. */
function named(spec: Spec, { networks }: Cluster): Spec {
  const { TaskTemplate } = template.parse(spec);
  return { ...spec, TaskTemplate: { ...TaskTemplate, Networks: (TaskTemplate.Networks ?? []).map((each) => ({ ...each, Target: networks.find(({ ID }) => ID === each.Target)?.Name ?? each.Target })) } };
}

/** An id belongs to a name, and Docker gives both back. */
function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (key === "SecretID" || key === "ConfigID" ? [] : [[key, withoutIds(each)]])));
}

/** What a service is to have and has not. */
export const serviceDrift = (wanted: Spec, seen: Spec, cluster: Cluster): Difference[] => differences(withoutIds(wanted), withoutIds(named(seen, cluster)), WHOLE);

/** A service, which Docker brings to a new version task by task, and back when the new one does not hold. */
export const swarmService = defineResource({
  kind: "swarm-service",
  summary: "A service of a Swarm.",
  args,
  key: ({ name }) => name,
  claims: ({ name }) => [{ target: `swarm-service:${name}` }],
  ...clusterKind<z.output<typeof args>>({
    absent: () => "create",
    plan({ name, spec, configs, secrets, within }, cluster) {
      const seen = cluster.services.find(({ Spec }) => Spec["Name"] === name);
      const ids = Sh.lines(sh`spec=${ascii(spec)}`, ...[...configs.map((each) => ["config", each] as const), ...secrets.map((each) => ["secret", each] as const)].map(([type, each]) => sh`i=$(docker ${type} inspect --format '{{.ID}}' ${each})
spec=$(printf '%s' "$spec" | sed "s/"${idOf(type, each)}"/$i/")`));
      if (!seen) return { summary: "create", apply: Sh.lines(API, ids, `printf '%s' "$spec" | api POST /services/create >/dev/null`, awaitService(name, within)) };
      const all = serviceDrift(spec, seen.Spec, cluster);
      if (all.length === 0) return undefined;
      const { ForceUpdate = 0 } = template.parse(seen.Spec).TaskTemplate;
      return {
        summary: summaryOf(all),
        diff: diffLines(all),
        // What an operator has forced stays, or each run would start all tasks anew.
        apply: Sh.lines(API, ids, sh`spec=$(printf '%s' "$spec" | sed 's/"TaskTemplate":{/&"ForceUpdate":'${String(ForceUpdate)}',/')
v=$(docker service inspect --format '{{.Version.Index}}' ${name})
printf '%s' "$spec" | api POST /services/${name}/update?version=$v >/dev/null`, awaitService(name, within)),
      };
    },
  }),
});

/** The last word of each path, each once. */
function summaryOf(all: readonly Difference[]): string {
  const words = [...new Set(all.map(({ path }) => path.replace(/^TaskTemplate\.(?:ContainerSpec\.)?/, "").replace(/\[\d+\].*/, "")))];
  return words.length > 4 ? `update ${words.slice(0, 3).join(", ")} and ${words.length - 3} more` : `update ${words.join(", ")}`;
}

/** Until as many tasks run as are wanted and no update is under way; fails with what tasks say when Docker took it back or gave it up. */
export const awaitService = (name: string, within: number): Sh => sh`calm=0 end=$(($(date +%s) + ${within}))
while [ $calm -lt 3 ]; do
  u=$(docker service inspect --format '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}' ${name})
  r=$(docker service ls --format '{{.Name}} {{.Replicas}}' | while read -r s t _; do if [ "$s" = ${name} ]; then echo "$t"; fi; done)
  case $u in
    rollback_completed) why='the new version did not hold, and Docker has brought the one before back' ;;
    paused | rollback_paused) why='Docker has given up half-way' ;;
    *) why= ;;
  esac
  if [ "$(date +%s)" -ge $end ]; then why="after "${String(within)}" s $r tasks run, and the update is \${u:-over}"; fi
  if [ -n "$why" ]; then
    echo ${name}": $why" >&2
    docker service inspect --format '{{if .UpdateStatus}}{{.UpdateStatus.Message}}{{end}}' ${name} >&2
    docker service ps --no-trunc --format '{{.Name}} on {{.Node}}: {{.CurrentState}} {{.Error}}' ${name} | grep -v ': Running' | sort -u | head -n 6 >&2
    exit 1
  fi
  case $u-$r in
    completed-*) if [ "\${r%/*}" = "\${r#*/}" ]; then calm=3; fi ;;
    -*) if [ "\${r%/*}" = "\${r#*/}" ]; then calm=$((calm + 1)); else calm=0; fi ;;
    *) calm=0 ;;
  esac
  if [ $calm -lt 3 ]; then sleep 1; fi
done`;
