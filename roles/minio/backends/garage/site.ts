import { sh, UsageError, type HandlerNode, type ResourceNode, type Tasks } from "hawser";
import { declareAnswering, declareCanary, startCanary } from "../../canary.ts";
import { pairOf } from "../../keys.ts";
import { DATA, GATEWAY, TLS_UNIT, UNITS } from "../../paths.ts";
import { declareProgram } from "../../program.ts";
import { bucketsOf, usersOf } from "../../vars.ts";
import { rolling, sharedByAll, type SiteInput } from "../backend.ts";
import { ask } from "./admin.ts";
import { garageBucket } from "./bucket.ts";
import { garageLayout, garageNodes } from "./cluster.ts";
import { garageKey, garageLeavers } from "./key.ts";
import type { Node } from "./layout.ts";
import { ACCOUNT, ADMIN_CURL, ADMIN_TOKEN, CONF, META, OBJECTS, PROGRAM, RPC_SECRET, TLS_CONF, TLS_PAIR } from "./paths.ts";
import { adminCurl, adminToken, rpcSecret } from "./secrets.ts";
import { factorOf, zoneOf } from "./zones.ts";

const GB = 1_000_000_000;
const LOOPBACK = "127.0.0.1";

/** The node, then what is of the whole cluster, which the first host does for all, and the health check. */
export function declareSite(cx: SiteInput): void {
  const { t, own } = cx;
  refuseFactor(cx);
  const units = t.handler("read units", sh`systemctl daemon-reload`);
  let services: readonly ResourceNode[] = [];
  rolling(cx, () => {
    services = declareServices(cx, units);
  });
  const node = t.read("node", { probe: sh`od -An -v -tx1 ${`${META}/node_key.pub`} | tr -d ' \n'`, needs: services });
  t.export("node", node);
  const { keys } = sharedByAll(cx, () => declareCluster(cx, services));
  const canary = declareCanary({ ...cx, account: ACCOUNT, keys, units });
  t.flush();
  declareAnswering(t, own, services);
  startCanary(t, [...services, ...canary.slice(-1)]);
}

/** @throws UsageError where the cluster was made with another number of copies: Garage would not start */
function refuseFactor({ own, sites, data }: SiteInput): void {
  const factor = factorOf(own, sites);
  if (data === "no" || Number(data) === factor) return;
  throw new UsageError(`the cluster of ${own.host.name} was made with ${data} copies, and minio.garage.replication_factor is ${factor} now`, {
    source: own.host.at("minio", "garage", "replication_factor"),
    hint: `replication_factor: ${data} keeps the cluster as it is; roles/minio/README.md says how it gets another`,
  });
}

/** Garage, and HAProxy before it. */
function declareServices(cx: SiteInput, units: HandlerNode): readonly ResourceNode[] {
  const { t, own, sites, keys, before } = cx;
  const { vars } = own;
  const { rpc_port, local_port, admin_port, consistency_mode, rpc_timeout_s } = vars.garage;
  const restart = t.handler(`restart ${GATEWAY}`, restarting(admin_port));
  const reload = t.handler(`reload ${TLS_UNIT}`, sh`systemctl try-reload-or-restart ${TLS_UNIT}`);
  const folders = [DATA, META, OBJECTS].map((path) => t.directory(path, { mode: "0700", owner: ACCOUNT, group: ACCOUNT, needs: before }));
  const program = declareProgram(t, vars, "garage", { needs: before, notify: [restart] });
  const secret = { owner: ACCOUNT, group: ACCOUNT, mode: "0600", needs: before, notify: restart } as const;
  t.file(RPC_SECRET, { ...secret, content: keys.map(rpcSecret) });
  t.file(ADMIN_TOKEN, { ...secret, content: keys.map(adminToken) });
  t.file(ADMIN_CURL, { owner: "root", group: "root", mode: "0600", content: keys.map(adminCurl), needs: before });
  const conf = t.template(
    CONF,
    "garage.toml.ejs",
    { meta: META, objects: OBJECTS, factor: factorOf(own, sites), mode: consistency_mode, rpc: `${vars.address}:${rpc_port}`, rpcSecret: RPC_SECRET, timeout: rpc_timeout_s * 1000, s3: `${LOOPBACK}:${local_port}`, admin: `${LOOPBACK}:${admin_port}`, adminToken: ADMIN_TOKEN },
    { mode: "0644", needs: before, notify: restart },
  );
  const unit = t.template(`${UNITS}/${GATEWAY}.service`, "garage.service.ejs", { account: ACCOUNT, data: DATA, program: PROGRAM, conf: CONF }, { mode: "0644", notify: [units, restart] });
  const tls = t.template(TLS_CONF, "tls.cfg.ejs", { listen: `${vars.address}:${vars.s3_port}`, pair: TLS_PAIR, s3: `${LOOPBACK}:${local_port}` }, { mode: "0644", validate: (file) => sh`haproxy -c -q -f ${file}`, needs: before, notify: reload });
  const tlsUnit = t.template(`${UNITS}/${TLS_UNIT}.service`, "tls.service.ejs", { account: ACCOUNT, conf: TLS_CONF, after: `${GATEWAY}.service` }, { mode: "0644", notify: [units, reload] });
  const allowed = cx.facts.family === "el" ? [allow(t, before)] : [];
  t.flush();
  // Secrets are not among the needs: a check knows nothing of them before they are made, and a service is as it is whatever they are.
  const node = t.service(GATEWAY, { state: "running", enabled: true, needs: [...folders, program, conf, unit, units] });
  const front = t.service(TLS_UNIT, { state: "running", enabled: true, needs: [tls, tlsUnit, units, ...allowed] });
  const answering = t.gate("Garage answers", { probe: sh`${ask(admin_port, "GetClusterHealth")} >/dev/null`, within: 60, every: 0.5, needs: [node] });
  return [node, front, answering];
}

/** SELinux lets HAProxy have a few ports of the web alone. */
const allow = (t: Tasks, needs: readonly ResourceNode[]): ResourceNode =>
  t.task("SELinux lets HAProxy connect", { check: sh`! selinuxenabled 2>/dev/null || getsebool haproxy_connect_any | grep -q 'on$'`, apply: sh`setsebool -P haproxy_connect_any on`, summary: "haproxy_connect_any", needs });

/** A node that restarts while another one is away takes the quorum along: the next one waits until this one is back. */
const restarting = (port: number) => sh`systemctl is-active --quiet ${GATEWAY} || exit 0
systemctl restart ${GATEWAY}
n=0; until h=$(${ask(port, "GetClusterHealth")} 2>/dev/null) && printf '%s' "$h" | grep -Eq '"status": "healthy"|"partitions": 0,'; do
  n=$((n + 1)); [ "$n" -lt 60 ] || { echo "the cluster is not whole: $h" >&2; exit 1; }; sleep 1
done`;

/** Nodes, layout, buckets and users. */
function declareCluster(cx: SiteInput, services: readonly ResourceNode[]): readonly ResourceNode[] {
  const { t, own: { vars }, sites, keys } = cx;
  const { admin_port, rpc_port } = vars.garage;
  const common = { admin_port, fresh: cx.data === "no" };
  const nodes = () => sites.map(({ host, vars: theirs, exports }): Node => ({ id: exports.node.get(), host: host.name, address: theirs.address, zone: zoneOf({ host, vars: theirs }), capacity: theirs.garage.capacity_gb * GB }));
  const users = usersOf(vars);
  const known = t.add(garageNodes, { ...common, rpc_port, nodes }, { needs: [...services] });
  const layout = t.add(garageLayout, { ...common, rpc_port, nodes }, { needs: [...services, known] });
  const needs = [...services, layout];
  t.gate("the cluster has its copies", { probe: sh`${ask(admin_port, "GetClusterHealth")} | grep -Eq '"status": "(healthy|degraded)"'`, within: 60, every: 0.5, needs });
  const imported = users.map(({ name, admin }) => t.add(garageKey, { ...common, user: name, admin, given: vars.users.find((user) => user.name === name)?.access_key, pair: keys.map((all) => pairOf(all, name)) }, { needs }));
  const buckets = bucketsOf(vars).map((bucket) => t.add(garageBucket, { ...common, bucket, users: [...users], keys }, { needs: [...needs, ...imported] }));
  return [known, layout, ...imported, ...buckets, t.add(garageLeavers, { ...common, users: users.map(({ name }) => name), keys }, { needs: [...needs, ...imported] })];
}
