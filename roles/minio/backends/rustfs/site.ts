import { sh, type HandlerNode, type ResourceNode } from "hawser";
import { declareAnswering, declareCanary, declareTools, signerKey, startCanary } from "../../canary.ts";
import { pairOf } from "../../keys.ts";
import { DATA, GATEWAY, S3_TLS, UNITS } from "../../paths.ts";
import { declareProgram } from "../../program.ts";
import { s3Of, type Site } from "../../sites.ts";
import { bucketsOf, CANARY_NAME, usersOf } from "../../vars.ts";
import { rolling, sharedByAll, type SiteInput } from "../backend.ts";
import { admin } from "./admin.ts";
import { rustfsBucket } from "./bucket.ts";
import { ACCOUNT, ADMIN_KEY, OBJECTS, PROGRAM, ROOT_ACCESS, ROOT_SECRET, TLS, USERS } from "./paths.ts";
import { rustfsReplication } from "./replication.ts";
import { ROOT, rootAccess, rootSecret, usersText } from "./root.ts";
import { rustfsLeavers, rustfsUser } from "./user.ts";

/** The server, then what the first host tells it for all sites, and the health check. */
export function declareSite(cx: SiteInput): void {
  const { t, own } = cx;
  const units = t.handler("read units", sh`systemctl daemon-reload`);
  const tools = declareTools(t, cx.before);
  let services: readonly ResourceNode[] = [];
  rolling(cx, () => {
    services = declareService(cx, { tools, units });
  });
  // The id that this store has, and no other that was here before.
  const node = t.read("site", { probe: sh`${admin(s3Of(own), "GET", "site-replication/metainfo")} | grep -o '"deploymentID":"[^"]*"' | head -n 1 | cut -d '"' -f 4 | grep .`, parse: (out) => out.trim(), needs: services });
  t.export("node", node);
  const { keys } = sharedByAll(cx, () => declareShared(cx, services));
  const canary = declareCanary({ ...cx, account: ACCOUNT, keys, tools, units });
  t.flush();
  declareAnswering(t, own, services);
  startCanary(t, [...services, ...canary.slice(-1)]);
}

function declareService(cx: SiteInput, { tools, units }: { readonly tools: readonly ResourceNode[]; readonly units: HandlerNode }): readonly ResourceNode[] {
  const { t, own, keys, before } = cx;
  const { vars } = own;
  const restart = t.handler(`restart ${GATEWAY}`, restarting(own));
  const folders = [DATA, OBJECTS].map((path) => t.directory(path, { mode: "0700", owner: ACCOUNT, group: ACCOUNT, needs: before }));
  const program = declareProgram(t, vars, "rustfs", { needs: before, notify: [restart] });
  const shown = t.directory(TLS, { mode: "0755", needs: before });
  // RustFS looks at what they hold every few seconds.
  const links = [["rustfs_cert.pem", S3_TLS.certificate], ["rustfs_key.pem", S3_TLS.key], ["ca.crt", S3_TLS.trusted]].map(([name = "", target = ""]) => t.symlink(`${TLS}/${name}`, target, { needs: [shown] }));
  const secret = { owner: ACCOUNT, group: ACCOUNT, mode: "0400", needs: before, notify: restart } as const;
  t.file(ROOT_ACCESS, { ...secret, content: keys.map(rootAccess) });
  t.file(ROOT_SECRET, { ...secret, content: keys.map(rootSecret) });
  const closed = { owner: "root", group: "root", mode: "0600", needs: before } as const;
  t.file(ADMIN_KEY, { ...closed, content: keys.map((all) => signerKey(all, ROOT)) });
  t.file(USERS, { ...closed, content: keys.map((all) => usersText(all, usersOf(vars).map(({ name }) => name))) });
  const unit = t.template(`${UNITS}/${GATEWAY}.service`, "rustfs.service.ejs", { account: ACCOUNT, data: DATA, program: PROGRAM, environment: environmentOf(own) }, { mode: "0644", notify: [units, restart] });
  t.flush();
  // Secrets are not among the needs: a check knows nothing of them before they are made, and a service is as it is whatever they are.
  const service = t.service(GATEWAY, { state: "running", enabled: true, needs: [...folders, program, ...links, unit, units] });
  const answering = t.gate("RustFS answers", { probe: sh`${admin(s3Of(own), "GET", "site-replication/info")} >/dev/null`, within: 90, every: 0.5, needs: [service, ...tools] });
  return [service, answering];
}

/** RustFS takes all that it is told by its environment. */
function environmentOf({ vars }: Site): Readonly<Record<string, string>> {
  return {
    RUSTFS_VOLUMES: OBJECTS,
    RUSTFS_ADDRESS: `${vars.address}:${vars.s3_port}`,
    RUSTFS_ACCESS_KEY_FILE: ROOT_ACCESS,
    RUSTFS_SECRET_KEY_FILE: ROOT_SECRET,
    RUSTFS_REGION: "us-east-1",
    RUSTFS_TLS_PATH: TLS,
    RUSTFS_TLS_RELOAD_ENABLE: "true",
    // The shortest that it takes.
    RUSTFS_TLS_RELOAD_INTERVAL: "5",
    RUSTFS_SCANNER_CYCLE: String(vars.rustfs.scan_every_s),
    RUSTFS_CONSOLE_ENABLE: "false",
    // It asks its makers for newer versions by default.
    RUSTFS_CHECK_UPDATE: "false",
  };
}

/** The next site waits until this one is back. */
const restarting = (own: Site) => sh`systemctl is-active --quiet ${GATEWAY} || exit 0
systemctl restart ${GATEWAY}
n=0; until ${admin(s3Of(own), "GET", "site-replication/info")} >/dev/null 2>&1; do
  n=$((n + 1)); [ "$n" -lt 60 ] || { journalctl -u ${GATEWAY} -n 20 --no-pager >&2; exit 1; }; sleep 1
done`;

/** Replication, buckets and users: RustFS tells the other sites. */
function declareShared({ t, own, sites, keys, data }: SiteInput, services: readonly ResourceNode[]): readonly ResourceNode[] {
  const { vars } = own;
  const common = { endpoint: s3Of(own), fresh: data === "no" };
  const asSite = (each: Site) => ({ name: each.host.name, endpoint: s3Of(each) });
  const replication = t.add(
    rustfsReplication,
    { own: asSite(own), sites: sites.map(asSite), identified: () => sites.map((site) => ({ ...asSite(site), id: site.exports.node.get() })), root: keys.map((all) => pairOf(all, ROOT)), fresh: common.fresh },
    { needs: [...services] },
  );
  const needs = [...services, replication];
  const buckets = bucketsOf(vars).map((bucket) => t.add(rustfsBucket, { ...common, bucket, versions_days: bucket.name === CANARY_NAME ? 1 : vars.rustfs.versions_days }, { needs }));
  const users = usersOf(vars).map((user) => t.add(rustfsUser, { ...common, user, pair: keys.map((all) => pairOf(all, user.name)) }, { needs: [...needs, ...buckets] }));
  return [replication, ...buckets, ...users, t.add(rustfsLeavers, { ...common, users: [...usersOf(vars)], keys }, { needs: [...needs, ...users] })];
}
