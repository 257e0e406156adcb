import { randomUUID } from "node:crypto";
import { defineRole, play, Sh, sh, use, z, type Play, type Use } from "hawser";
import { readNodeId } from "../cluster.ts";
import { assertNode } from "../health.ts";
import { entryOf, managersOf, objectsOf, speakerFor } from "../layout.ts";
import { awaitEmpty } from "../leave.ts";
import { awaitService } from "../service-kind.ts";
import { nodeOf, schema } from "../vars.ts";
import { swarm } from "../role.ts";

/** Where it is written down that a node has had its turn; on a manager, and on the node what was done. */
const FOLDER = "/var/lib/hawser-swarm";

const migrationVars = schema.extend({
  turn: z.string().regex(/^[\w-]+$/).describe("Names this migration: what has been done in it is not done again."),
  within: z.number().int().positive().default(300).describe("Seconds that tasks may take to leave, and the cluster to be whole again."),
  whole: z.boolean().default(true).describe("Services must run as declared without the node, before anything is done to it."),
});

/** Services that do not run as declared, a line each. Global ones want no task on a drained node. */
const SHORT = Sh.raw(`docker service ls --format '{{.Name}} {{.Replicas}}' | while read -r name count _; do [ "\${count%/*}" = "\${count#*/}" ] || echo "$name runs $count"; done`);

/** Until all services run as declared and all nodes are there. */
const awaitWhole = (within: number, why: string): Sh => sh`end=$(($(date +%s) + ${within}))
while s=$(${SHORT}; docker node ls --format '{{.Hostname}} {{.Status}}' | grep -v ' Ready$'); [ -n "$s" ]; do
  if [ "$(date +%s)" -ge $end ]; then { echo ${why}; echo "$s"; } >&2; exit 1; fi
  sleep 1
done`;

/** The tasks go elsewhere, and the cluster is whole without the node. */
export const swarmDrain = defineRole(import.meta, {
  name: "swarm-drain",
  summary: "Takes a node's tasks away before something is done to it, when the cluster is whole and stays so without it.",
  vars: migrationVars,
  tasks({ t, vars, host, members }) {
    const { turn, within, whole } = vars;
    if (vars.availability === "drain" || vars.state === "left") return;
    const id = readNodeId(t, []);
    const marker = `${FOLDER}/${turn}-${host.name}`;
    const managers = managersOf(members).length;
    const quorum = Math.floor(managers / 2) + 1;
    t.on(speakerFor(host.name, members).host.name, () =>
      t.task(`drain ${host.name}`, {
        check: sh`[ -e ${marker} ]`,
        apply: Sh.lines(
          awaitWhole(within, "the cluster is not whole, so no node is taken from it:"),
          // Alone it can only be away for a while; with two the other one is frozen for as long.
          vars.role === "manager" && managers > 2 && sh`r=$(docker node ls --format '{{.ManagerStatus}}' | grep -cE 'Leader|Reachable' || :)
[ $((r - 1)) -ge ${quorum} ] || { echo "only $r of "${managers}" managers answer: without this one there is no majority" >&2; exit 1; }`,
          "(",
          sh`drained=
undo() { if [ -n "$drained" ]; then docker node update --availability ${vars.availability} ${id} >/dev/null; fi; }
trap undo EXIT
drained=yes
docker node update --availability drain ${id} >/dev/null`,
          awaitEmpty(id, within),
          whole && awaitWhole(within, "without the node these services are not whole, so it gets its tasks back:"),
          sh`mkdir -p ${FOLDER}
touch ${marker}
drained=`,
          ")",
        ),
        summary: "drain, and wait until its tasks run elsewhere",
      }),
    );
  },
});

/** The node gets tasks again, and the next one's turn comes when the cluster is whole. */
export const swarmActivate = defineRole(import.meta, {
  name: "swarm-activate",
  summary: "Gives a node back to its Swarm, and waits until the cluster is whole.",
  vars: migrationVars,
  tasks({ t, vars, host, members }) {
    if (vars.availability === "drain" || vars.state === "left") return;
    const marker = `${FOLDER}/${vars.turn}-${host.name}`;
    const back = t.gate("the engine is back", { probe: Sh.raw(`[ "$(docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null)" = active ]`), within: vars.within });
    const id = readNodeId(t, [back]);
    t.on(speakerFor(host.name, members).host.name, () =>
      t.task(`activate ${host.name}`, {
        check: sh`[ -e ${`${marker}.done`} ]`,
        apply: Sh.lines(
          sh`docker node update --availability ${vars.availability} ${id} >/dev/null`,
          awaitWhole(vars.within, "the node is back, and the cluster is not whole:"),
          sh`touch ${`${marker}.done`}
find ${FOLDER} -type f -mtime +1 -exec rm -f {} +`,
        ),
        summary: `${vars.availability}, and wait until the cluster is whole`,
      }),
    );
  },
  verify({ v, vars, host, members }) {
    assertNode(v, { host, vars }, members);
  },
});

/** What `act` says, once: a command, or a reboot. */
export const swarmAct = defineRole(import.meta, {
  name: "swarm-act",
  summary: "Does something to a drained node once: a shell command, or a reboot.",
  vars: z.strictObject({ turn: z.string(), act: z.string().min(1).describe("A shell command, or `reboot`.") }),
  tasks({ t, vars: { turn, act } }) {
    const [done, reboot] = [`${FOLDER}/${turn}-act`, `${FOLDER}/reboot`];
    const check = sh`[ -e ${done} ]`;
    const reboots = act === "reboot";
    const acted = t.task("act", { check, apply: Sh.lines(sh`mkdir -p ${FOLDER}`, reboots ? sh`touch ${reboot}` : sh`sh -ec ${act}`, sh`touch ${done}`), summary: reboots ? "ask for a reboot" : "run the command" });
    if (reboots) t.reboot("act", { marker: reboot, needs: [acted] });
  },
});

export interface Migration {
  /** Default: the group `swarm`. */
  readonly hosts?: string;
  /** What is done to a node while it has no tasks. */
  readonly roles: (turn: string) => readonly Use[];
  /** Seconds that tasks may take to leave, and the cluster to be whole again. Default 300. */
  readonly within?: number;
  /** Services must run as declared without the node. Default true. */
  readonly whole?: boolean;
}

/**
 * One node after the other: drained, worked on, given back, each when the cluster is whole. The first failure ends it, with that node
 * drained if it was worked on already.
 * @example playbook(import.meta, [migration({ roles: () => [use(kernel)] })])
 */
export function migration({ hosts = "swarm", roles, within, whole }: Migration): Play {
  const turn = randomUUID();
  const extra = { turn, ...(within !== undefined && { within }), ...(whole !== undefined && { whole }) };
  return play({
    name: "migrate",
    hosts,
    serial: 1,
    maxFailures: 0,
    gate: { verify: true, within: within ?? 300 },
    roles: [use(swarmDrain, (host) => ({ ...nodeOf(host), ...host.vars(swarm), ...extra })), ...roles(turn), use(swarmActivate, (host) => ({ ...nodeOf(host), ...host.vars(swarm), ...extra }))],
  });
}

const mode = z.looseObject({ Replicated: z.looseObject({ Replicas: z.number() }).optional() });
const replicasOf = (spec: Readonly<Record<string, unknown>>): number => mode.parse(spec["Mode"]).Replicated?.Replicas ?? 0;

/** Swarm moves no task to a new node by itself; a forced update does, one task at a time. */
export const swarmWork = defineRole(import.meta, {
  name: "swarm-work",
  summary: "Gives a node without tasks some, by starting services of two tasks or more anew, task by task.",
  vars: schema,
  tasks({ t, vars, host, members }) {
    if (vars.availability !== "active" || vars.state === "left") return;
    const services = objectsOf(entryOf(members).vars, () => "").services.filter(({ spec }) => replicasOf(spec) > 1).map(({ name }) => name);
    if (services.length === 0) return;
    const id = readNodeId(t, []);
    t.on(speakerFor(host.name, members).host.name, () =>
      t.task(`work for ${host.name}`, {
        check: sh`[ -n "$(docker service ps --quiet --filter desired-state=running --filter node=${id} ${services})" ]`,
        // Stop-first, with the others at work meanwhile: a task that is still there would count where it is to go, and all would end on the new node.
        apply: Sh.lines(...services.flatMap((name) => [sh`o=$(docker service inspect --format '{{.Spec.UpdateConfig.Order}}' ${name})
docker service update --force --update-order stop-first --detach --no-resolve-image ${name} >/dev/null`, awaitService(name, vars.update_timeout), sh`docker service update --update-order "$o" --detach --no-resolve-image ${name} >/dev/null`])),
        summary: `start ${services.join(", ")} anew, task by task`,
      }),
    );
  },
});
