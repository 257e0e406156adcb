import { Secret, Sh, sh, z, type ResourceNode, type Tasks, type Value } from "hawser";
import { API } from "./api.ts";
import { advertised, dataPathOf, type End } from "./layout.ts";
import { MTU_OPTION } from "./network-kind.ts";
import { nanoseconds } from "./service-vars.ts";

/** Between managers; Docker knows no other. */
export const MANAGER_PORT = 2377;
/** Between all nodes: who there is, and which task has which address. */
export const GOSSIP_PORT = 7946;

/** What lets hosts into a cluster, as one of its managers tells it. It is never written anywhere. */
export const ticketSchema = z.strictObject({ cluster: z.string(), worker: z.instanceof(Secret), manager: z.instanceof(Secret) });
type Ticket = z.output<typeof ticketSchema>;

const answer = z.looseObject({ ID: z.string(), JoinTokens: z.looseObject({ Worker: z.string(), Manager: z.string() }) });

/** The ticket of a host that is a manager, else one with an empty cluster. A host without an engine that was never in a cluster is in none. */
export function readTicket(t: Tasks, name: string, needs: readonly ResourceNode[]): Value<Ticket> {
  const probe = Sh.lines(API, Sh.raw(`if docker version >/dev/null 2>&1; then api GET /swarm </dev/null 2>/dev/null || echo '{}'
elif [ -s /var/lib/docker/swarm/docker-state.json ]; then exit 1
else echo '{}'; fi`));
  return t.read(name, { probe, parse: ticketOf, needs });
}

export function ticketOf(out: string): Ticket {
  const parsed = answer.safeParse(JSON.parse(out));
  if (!parsed.success) return { cluster: "", worker: new Secret(""), manager: new Secret("") };
  const { ID, JoinTokens } = parsed.data;
  return { cluster: ID, worker: new Secret(JoinTokens.Worker), manager: new Secret(JoinTokens.Manager) };
}

/** Exits 0 on a member, 1 on a host that is in no cluster; else the node is in trouble, and says in which. */
const MEMBER = Sh.raw(`s=$(docker info --format '{{.Swarm.LocalNodeState}}') || exit 127
case $s in active) exit 0 ;; inactive) exit 1 ;; esac
docker info --format 'its node is {{.Swarm.LocalNodeState}}: {{.Swarm.Error}}' >&2
exit 2`);

/** Swarm makes it with an MTU of 1500 where it is missing; it leads containers out, and the tunnel is narrower. */
export function declareBridge(t: Tasks, { vars }: End, needs: readonly ResourceNode[]): ResourceNode {
  const options = { "com.docker.network.bridge.name": "docker_gwbridge", "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true", [MTU_OPTION]: String(vars.mtu) };
  return t.task("docker_gwbridge", {
    check: sh`docker version >/dev/null 2>&1 || exit 127
docker network inspect docker_gwbridge >/dev/null 2>&1`,
    apply: sh`docker network create ${Object.entries(options).flatMap(([key, value]) => ["--opt", `${key}=${value}`])} docker_gwbridge >/dev/null`,
    summary: `create with mtu ${vars.mtu}`,
    absent: "while-needs-absent",
    needs,
  });
}

/** A node with the address on which it listens. */
interface Listening extends End {
  readonly listen: string;
}

/** The entry makes the cluster, unless another manager is in one already: then it joins that. */
export function declareInit(t: Tasks, own: Listening, members: readonly End[], others: readonly { readonly end: End; readonly ticket: Value<Ticket> }[], needs: readonly ResourceNode[]): ResourceNode {
  return t.task("cluster", {
    check: MEMBER,
    uses: Object.fromEntries(others.map(({ end, ticket }) => [end.host.name, ticket])),
    apply: async (tools) => {
      const found = others.flatMap(({ end }) => {
        const ticket = tools.uses[end.host.name] as Ticket;
        return ticket.cluster === "" ? [] : [{ end, ticket }];
      });
      const [first] = found;
      const other = found.find(({ ticket }) => ticket.cluster !== first?.ticket.cluster);
      if (first && other) throw new Error(`${first.end.host.name} is in cluster ${first.ticket.cluster}, and ${other.end.host.name} in ${other.ticket.cluster}: one of them has to leave its own (docker swarm leave --force)`);
      const { code, err } = await tools.sh(first ? join(own, members, first.end, first.ticket) : init(own, members));
      if (code !== 0) throw new Error(err.trim() || `exited ${code}`);
    },
    summary: "make it, or join the one that another manager has",
    absent: "while-needs-absent",
    needs,
  });
}

/** The others join by the entry. */
export function declareJoin(t: Tasks, own: Listening, members: readonly End[], entry: End, ticket: Value<Ticket>, needs: readonly ResourceNode[]): ResourceNode {
  return t.task("cluster", { check: MEMBER, apply: join(own, members, entry, ticket), summary: `join as ${own.vars.role}`, absent: "while-needs-absent", needs });
}

/** It prints a token, which nobody may see. */
function init(own: Listening, members: readonly End[]): Sh {
  const { vars } = own;
  const words = [
    `--advertise-addr=${advertised(own, members)}`,
    `--listen-addr=${own.listen}:${MANAGER_PORT}`,
    `--data-path-addr=${dataPathOf(own, members)}`,
    `--data-path-port=${vars.data_path_port}`,
    ...vars.default_addr_pool.map((pool) => `--default-addr-pool=${pool}`),
    `--default-addr-pool-mask-length=${vars.default_addr_pool_mask_length}`,
    `--availability=${vars.availability}`,
  ];
  return sh`docker swarm init ${words} >/dev/null`;
}

/** Seconds until a host that has joined must be a member: on a slow one the engine answers before it is. */
const JOINED_WITHIN = 120;

/** By the API, since the client would take the token as an argument. */
function join(own: Listening, members: readonly End[], to: End, ticket: Ticket | Value<Ticket>): Sh {
  const body = (given: Ticket): Secret =>
    new Secret(
      JSON.stringify({
        ListenAddr: `${own.listen}:${MANAGER_PORT}`,
        AdvertiseAddr: advertised(own, members),
        DataPathAddr: dataPathOf(own, members),
        RemoteAddrs: [`${advertised(to, members)}:${MANAGER_PORT}`],
        JoinToken: given[own.vars.role].reveal(),
        Availability: own.vars.availability,
      }),
    );
  const fed = Sh.raw("api POST /swarm/join >/dev/null").stdin("map" in ticket ? ticket.map(body) : body(ticket));
  return Sh.lines(API, sh`e=$( { ${fed}; } 2>&1 ) || :
n=0
until [ "$(docker info --format '{{.Swarm.LocalNodeState}}')" = active ]; do
  n=$((n + 1))
  case $e in *'Timeout was reached'* | '') ;; *) n=${JOINED_WITHIN} ;; esac
  [ $n -lt ${JOINED_WITHIN} ] || { echo "$e" >&2; docker info --format '{{.Swarm.Error}}' >&2; exit 1; }
  sleep 1
done`);
}

/** The host's id in the cluster, by which its managers know it; '' where it is in none. */
export const readNodeId = (t: Tasks, needs: readonly ResourceNode[]): Value<string> => t.read("node id", { probe: Sh.raw("docker info --format '{{.Swarm.NodeID}}'"), needs });

/** What only `docker swarm update` changes, for the whole cluster. */
export function declareSettings(t: Tasks, { vars }: End, needs: readonly ResourceNode[]): ResourceNode {
  const { task_history_limit, dispatcher_heartbeat, cert_expiry } = vars;
  const want = `${task_history_limit} ${nanoseconds(dispatcher_heartbeat)} ${nanoseconds(cert_expiry)}`;
  return t.task("settings", {
    check: sh`s=$(docker info --format '{{with .Swarm.Cluster}}{{.Spec.Orchestration.TaskHistoryRetentionLimit}} {{printf "%d" .Spec.Dispatcher.HeartbeatPeriod}} {{printf "%d" .Spec.CAConfig.NodeCertExpiry}}{{end}}') || exit 127
[ "$s" = ${want} ]`,
    apply: sh`docker swarm update --task-history-limit ${task_history_limit} --dispatcher-heartbeat ${dispatcher_heartbeat} --cert-expiry ${cert_expiry} >/dev/null`,
    summary: "of the cluster",
    absent: "while-needs-absent",
    needs,
  });
}
