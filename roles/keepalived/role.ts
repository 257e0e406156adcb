import { defineRole, sh, UsageError, type Facts, type HandlerNode, type ResourceNode, type Tasks } from "hawser";
import { CLIENT } from "hawser/roles/etcd/paths";
import { linksOf } from "hawser/roles/gre/gateway";
import { assertHolder } from "./health.ts";
import { declareMover } from "./mover.ts";
import { confOf, FOLDER, isPreferred, markOf, reachOf, RUN, UNIT, weaknesses } from "./plan.ts";
import { refuse, type End } from "./refuse.ts";
import { priorityOf, schema, type Vars } from "./vars.ts";

const CONF = "/etc/keepalived/keepalived.conf";
const SCRIPTS = ["address.sh", "check-lease.sh", "check-reach.sh", "lease.sh", "notify.sh"] as const;

export const keepalived = defineRole(import.meta, {
  name: "keepalived",
  summary: "An address that moves between the gateways and is never on two: keepalived moves it, a lease of the quorum says who may have it, and the kernel takes it away when the lease ends.",
  vars: schema,
  validate({ vars, host, peers }) {
    refuse({ host, vars }, peers);
  },
  tasks({ t, vars, facts, host, peers }) {
    refuseSystem(facts, vars, host.name);
    const own = { host, vars };
    for (const weakness of weaknesses(own, peers)) t.warn(weakness);
    if (peers.length > 0) t.firewallRule("vrrp", { chain: "input", protocol: "vrrp", source: peers.map((peer) => peer.vars.gateway.address), action: "accept" });
    const packages = t.package(["keepalived", "bash", "openssl", ...(["gcp", "tencent"].includes(vars.mover) ? ["curl"] : []), facts.family === "debian" ? "iputils-ping" : "iputils"]);
    const folder = t.directory(FOLDER, { mode: "0700", parents: true });
    const units = t.handler("read units", sh`systemctl daemon-reload`);
    const restart = t.handler("restart the lease's daemon", sh`systemctl try-restart ${UNIT}`);
    const reload = t.handler("reload keepalived", sh`systemctl is-active --quiet keepalived || exit 0
systemctl reload keepalived`);
    const scripts = SCRIPTS.map((name) => t.file(`${FOLDER}/${name}`, { source: name, mode: "0700", needs: [folder], ...(["lease.sh", "address.sh"].includes(name) && { notify: restart }) }));
    const conf = t.template(`${FOLDER}/vip.conf`, "vip.conf.ejs", confOf(own, peers), { mode: "0600", needs: [folder], notify: restart });
    const mover = declareMover(t, vars, host.name, peers.map((peer) => peer.host.name), [folder]);
    const unit = t.template(`/etc/systemd/system/${UNIT}.service`, "hawser-vip.service.ejs", { vip: vars.vip, folder: FOLDER, client: CLIENT }, { mode: "0644", notify: [units, restart] });
    const needs = [...packages, ...scripts, ...mover, conf, unit, units];
    // A state folder from the first moment, also where no daemon makes it.
    const runs = t.file("/etc/tmpfiles.d/hawser-vip.conf", { content: `# Managed by hawser: role keepalived\nd ${RUN} 0755 root root -\n`, mode: "0644" });
    const state = t.task("state folder", { check: sh`[ -d ${RUN} ]`, apply: sh`systemd-tmpfiles --create /etc/tmpfiles.d/hawser-vip.conf`, summary: "make", needs: [runs] });
    const daemon = declareDaemon(t, vars, [...needs, state]);
    const keeper = t.template(CONF, "keepalived.conf.ejs", keepalivedOf(own, peers, facts), { mode: "0644", needs: [...packages, ...scripts], notify: reload, ...(!isOld(facts) && { validate: (file: string) => sh`keepalived -t -f ${file}` }) });
    // The distributions' units leave it dead: the host would never be a spare again.
    const revive = t.unit("keepalived", { dropIn: "hawser", content: "# Managed by hawser: role keepalived\n[Unit]\nStartLimitIntervalSec=0\n\n[Service]\nRestart=on-failure\nRestartSec=1s\n", needs: packages });
    t.flush();
    t.service("keepalived", { state: "running", enabled: true, needs: [keeper, daemon, revive] });
  },
  verify({ v, vars, host, peers }) {
    const own = { host, vars };
    assertHolder(v, own, peers);
    for (const weakness of weaknesses(own, peers)) v.warn(weakness);
  },
  drill({ d, vars }) {
    d.address("vip", vars.vip);
  },
});

function declareDaemon(t: Tasks, vars: Vars, needs: readonly (ResourceNode | HandlerNode)[]): ResourceNode {
  if (vars.witness === undefined) return t.service(UNIT, { state: "stopped", enabled: false, needs });
  return t.service(UNIT, { state: "running", enabled: true, needs });
}

/** keepalived 1.3 of EL 7 checks no configuration and watches no files. */
const isOld = (facts: Facts): boolean => facts.family === "el" && facts.os.major === 7;

function keepalivedOf(own: End, peers: readonly End[], facts: Facts) {
  const { vars, host } = own;
  const links = linksOf({ ...vars.gateway, host: host.name }, peers.map((peer) => ({ ...peer.vars.gateway, host: peer.host.name })));
  return {
    host: host.name,
    mode: vars.witness === undefined ? "static" : "lease",
    preferred: isPreferred(own, peers),
    trackFile: !isOld(facts),
    // Only version 3 knows parts of a second.
    version: Number.isInteger(vars.advert_int) ? 2 : 3,
    interface: links[0]?.name ?? "lo",
    folder: FOLDER,
    run: RUN,
    vrid: vars.virtual_router_id,
    priority: priorityOf(vars),
    advert: vars.advert_int,
    address: vars.gateway.address,
    peers: peers.map((peer) => peer.vars.gateway.address),
    mark: markOf(vars),
    vip: vars.vip,
    interfaces: vars.track_interfaces,
    reach: reachOf(own, peers),
    checks: Object.entries(vars.checks).map(([name, check]) => ({ name, ...check })),
  };
}

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`keepalived serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (isOld(facts) && !vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "keepalived.allow_eol: true, if it has to be" });
}
