import { defineRole, Sh, sh, UsageError, z, type Facts, type ResourceNode, type Tasks } from "hawser";
import { refuseGateways } from "hawser/roles/gre/gateway";
import { declareCertificate, FOLDER, OWN } from "./certificate.ts";
import { assertPaths, SOCKET, STATE } from "./health.ts";
import { schema, type Vars } from "./vars.ts";
import { listenersOf, refuse, regionsOf, type Region } from "./ways.ts";

const CONF = "/etc/haproxy/haproxy.cfg";
/** Names the service in a request that comes by the public way. */
const HEADER = "x-hawser-service";
const TRUSTED = `${FOLDER}/peers.crt`;

export const backupPath = defineRole(import.meta, {
  name: "backup-path",
  summary: "The other regions' services on every gateway: through the tunnel, and by a public proxy with mutual TLS while that is down.",
  vars: schema,
  exports: { certificate: z.string() },
  validate({ vars, host, peers }) {
    refuseGateways(host, vars.gateway, peers.map((peer) => ({ host: peer.host, gateway: peer.vars.gateway })));
    refuse({ host, vars }, peers);
  },
  listens: ({ vars, host, peers }) => listenersOf({ host, vars }, peers),
  tasks({ t, vars, facts, host, peers }) {
    refuseSystem(facts, vars, host.name);
    const regions = regionsOf({ host, vars }, peers);
    const far = peers.filter((peer) => peer.vars.gateway.region !== vars.gateway.region);
    const addresses = [...new Set(far.map((peer) => peer.vars.gateway.public_address))];
    t.firewallRule("backup-path", { chain: "input", protocol: "tcp", port: vars.port, source: addresses, action: "accept" });
    const packages = t.package([vars.package, "socat", "openssl"]);
    const allowed = facts.family === "el" ? [allow(t, packages)] : [];
    const folder = t.directory(FOLDER, { mode: "0700", parents: true });
    const certificate = declareCertificate(t, host.name, vars.certificate_days, [...packages, folder]);
    t.export("certificate", certificate.text);

    const restart = t.handler("restart the watchers", Sh.lines(sh`systemctl daemon-reload`, ...regions.map(({ name }) => sh`systemctl try-restart ${`hawser-path@${name}`}`)));
    // A reload keeps the connections of the old process until they end.
    const reload = t.handler("reload haproxy", sh`systemctl reload-or-restart haproxy`);
    const trusted = far.map((peer) => t.file(`${FOLDER}/${peer.host.name}.crt`, { content: peer.exports.certificate, mode: "0644", needs: [folder], notify: reload }));
    const together = t.task("certificates of the peers", { ...joined(far.map((peer) => `${FOLDER}/${peer.host.name}.crt`)), summary: far.map((peer) => peer.host.name).join(", "), needs: trusted.length > 0 ? trusted : [folder], notify: reload, predict: "runs" });
    const conf = t.template(CONF, "haproxy.cfg.ejs", proxyOf(host.name, vars, regions, addresses), { mode: "0644", validate: (file) => sh`haproxy -c -q -f ${file}`, needs: [...packages, certificate.own, together], notify: reload });
    const service = t.service("haproxy", { state: "running", enabled: true, needs: [conf, ...allowed] });

    const script = t.file(`${FOLDER}/path.sh`, { source: "path.sh", mode: "0644", needs: [folder], notify: restart });
    const unit = t.file("/etc/systemd/system/hawser-path@.service", { source: "hawser-path@.service", mode: "0644", notify: restart });
    const metrics = t.directory(vars.textfile_directory, { mode: "0755", parents: true });
    const confs = regions.map((region) => t.template(`${FOLDER}/${region.name}.conf`, "path.conf.ejs", watchedOf(vars, region), { mode: "0644", needs: [folder], notify: restart }));
    t.flush();
    for (const [i, { name }] of regions.entries()) t.service(`hawser-path@${name}`, { state: "running", enabled: true, needs: [service, script, unit, metrics, ...confs.slice(i, i + 1)] });
  },
  verify({ v, vars, host, peers }) {
    assertPaths(v, regionsOf({ host, vars }, peers));
  },
  drill({ d, vars, host, peers }) {
    for (const region of regionsOf({ host, vars }, peers)) {
      d.path(`to ${region.name}`, { to: region.name, file: `${STATE}/${region.name}`, healthy: "tunnel", holdFile: `${STATE}/${region.name}.return` });
      for (const { name, mode, port, check = "/" } of region.ways) if (mode === "http") d.traffic(name, { to: region.name, address: vars.listen, port, path: check });
    }
  },
});

/** What HAProxy trusts is one file of all. */
function joined(files: readonly string[]): { check: Sh; apply: Sh } {
  const all = sh`cat ${files}`;
  return { check: sh`[ -e ${TRUSTED} ] || exit 1
${all} 2>/dev/null | cmp -s - ${TRUSTED}`, apply: sh`${all} > ${`${TRUSTED}.new`} && chmod 644 ${`${TRUSTED}.new`} && mv -f ${`${TRUSTED}.new`} ${TRUSTED}` };
}

const proxyOf = (host: string, vars: Vars, regions: readonly Region[], peers: readonly string[]) => ({
  host,
  header: HEADER,
  socket: SOCKET,
  folder: FOLDER,
  own: OWN,
  trusted: TRUSTED,
  peers,
  ways: regions.flatMap(({ ways }) => ways),
  services: Object.entries(vars.services).map(([name, { mode, targets }]) => ({ name, mode, targets })),
  port: vars.port,
  listen: vars.listen,
  metrics: vars.metrics,
  maxConnections: vars.max_connections,
  publicRequests: vars.public_requests,
  connectMs: vars.connect_ms,
  unansweredMs: vars.unanswered_ms,
  idleS: vars.idle_s,
  extra: vars.extra,
});

function watchedOf(vars: Vars, { name, networks, ways }: Region) {
  const servers = (some: Region["ways"]): string[] => some.flatMap((way) => way.targets.map((_target, i) => `${way.name}/tunnel-${i + 1}`));
  return {
    region: name,
    // As `ip route` prints a network of one address.
    networks: networks.map((network) => network.replace(/\/32$/, "")),
    servers: servers(ways),
    tcpServers: servers(ways.filter(({ mode }) => mode === "tcp")),
    targets: [...new Set(ways.flatMap(({ targets }) => targets))],
    returnAfter: vars.return_after,
    socket: SOCKET,
    metric: `${vars.textfile_directory}/hawser-path-${name}.prom`,
  };
}

/** SELinux lets HAProxy talk to a few ports of the web alone. */
const allow = (t: Tasks, needs: readonly ResourceNode[]): ResourceNode =>
  t.task("SELinux lets HAProxy connect", { check: sh`! selinuxenabled 2>/dev/null || getsebool haproxy_connect_any | grep -q 'on$'`, apply: sh`setsebool -P haproxy_connect_any on`, summary: "haproxy_connect_any", needs });

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`backup-path serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  // HAProxy 2.4 is the first one that does all of it: requests asked again (2.0), the kernel's keep-alive by server (2.4).
  if (vars.package === "haproxy" && facts.family === "el" && facts.os.major < 9) throw new UsageError(`backup-path needs HAProxy 2.4, and that of ${facts.os.name} (${host}) is older`, { hint: "declare a repository that has a newer one before this role, and say backup-path.package" });
}
