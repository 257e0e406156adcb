import { defineRole, fact, lane, Sh, sh, use, yamlText, z, type HandlerNode, type ResourceNode, type Tasks } from "hawser";
import { FIREWALL, firewallPackages } from "hawser/roles/base/firewall";
import { ca } from "hawser/roles/ca";
import { leafFact } from "hawser/roles/ca/leaf";
import { bootstrapOf, watchedOf } from "./bootstrap.ts";
import { assertMesh } from "./health.ts";
import { declareIdentity } from "./identity.ts";
import { addressesOf, weaknesses, type End } from "./mesh.ts";
import { ACCOUNT, BOOTSTRAP, CONFIG, FOLDER, HEADING, NAME, SETTINGS, SUPERVISOR, UNIT, XDS } from "./paths.ts";
import { declareProgram, declareTools, programOf } from "./program.ts";
import { portsOf, refuse, refuseSystem } from "./refuse.ts";
import { schema, type Vars } from "./vars.ts";

/** What one end does not take, the others shall not get. */
const oneAtATime = lane("envoy", 1);

export const envoy = defineRole(import.meta, {
  name: "envoy",
  summary: "A mesh for gRPC: each host's Envoy finds a service in its own region, else through the tunnel, else over public addresses, with mutual TLS.",
  vars: schema,
  dependsOn: [use(ca)],
  facts: () => ({
    firewall: FIREWALL,
    tls: leafFact(NAME),
    running: fact(sh`if systemctl is-active --quiet ${UNIT}; then echo yes; else echo no; fi`, z.enum(["yes", "no"])),
  }),
  validate({ vars, host, peers }) {
    refuse({ host, vars }, peers);
  },
  listens: ({ vars }) => portsOf(vars),
  tasks({ t, vars, facts, host, peers, from }) {
    const own = { host, vars };
    refuseSystem(facts, vars, host.name);
    for (const weakness of weaknesses(own, peers)) t.warn(weakness);
    declareFirewall(t, vars, peers, t.package(firewallPackages(facts, facts.firewall)));
    const tools = declareTools(t, facts);
    const folder = t.directory(FOLDER, { mode: "0755", parents: true });
    const read = t.handler("read units", sh`systemctl daemon-reload`);

    t.block("envoy", facts.running === "yes" ? { lane: oneAtATime } : {}, () => {
      // A program that cannot take over from the one that runs, as between some versions, is restarted.
      const hot = t.handler("hot restart", sh`systemctl is-active --quiet ${UNIT} || exit 0
if sh ${SUPERVISOR} fits; then systemctl reload ${UNIT} || { journalctl -u ${UNIT} -n 50 -o cat --no-pager | grep -v '^{' | tail -n 10 >&2; exit 1; }
else systemctl restart ${UNIT}; fi`);
      const cold = t.handler("restart", sh`systemctl is-active --quiet ${UNIT} || exit 0
systemctl restart ${UNIT}`);
      const program = declareProgram(t, vars, facts, tools, hot);
      const identity = declareIdentity({ t, host, from }, facts.tls, { needs: [...tools], notify: hot });
      const config = declareConfig(t, own, peers, [...program, folder, ...identity], hot);
      const settings = t.template(SETTINGS, "supervise.conf.ejs", settingsOf(vars), { mode: "0644", needs: [folder], notify: hot });
      const supervisor = t.file(SUPERVISOR, { source: "supervise.sh", mode: "0644", needs: [folder], notify: cold });
      const unit = t.template(`/etc/systemd/system/${UNIT}.service`, "hawser-envoy.service.ejs", unitOf(vars), { mode: "0644", notify: [read, cold] });
      const service = t.service(UNIT, { state: "running", enabled: true, needs: [...config, settings, supervisor, unit, read] });
      t.flush();
      t.gate("envoy is ready", { probe: ready(vars), within: 60, every: 0.5, needs: [service, hot, cold] });
    });
  },
  verify({ v, vars, host, peers }) {
    assertMesh(v, { host, vars }, peers);
    for (const weakness of weaknesses({ host, vars }, peers)) v.warn(weakness);
  },
});

const ready = ({ admin_port }: Vars): Sh => sh`[ "$(curl -s --max-time 2 ${`http://127.0.0.1:${admin_port}/ready`})" = LIVE ]`;

/** The peers alone come to the mesh's port, and clients where there are any. */
function declareFirewall(t: Tasks, vars: Vars, peers: readonly End[], needs: readonly ResourceNode[]): void {
  const source = [...new Set(peers.flatMap(addressesOf))];
  if (source.length > 0) {
    t.firewallRule("envoy", { protocol: "tcp", port: vars.mesh_port, source, action: "accept", needs });
    t.firewallRule("envoy-others", { protocol: "tcp", port: vars.mesh_port, action: "drop", position: 900, needs });
  }
  const ports = Object.values(vars.services).map(({ port }) => port);
  if (vars.clients.length > 0 && ports.length > 0) t.firewallRule("envoy-clients", { protocol: "tcp", port: ports, source: vars.clients, action: "accept", needs });
}

/** Nothing that Envoy would not start with takes the place of what it runs with. */
function declareConfig(t: Tasks, own: End, peers: readonly End[], needs: readonly ResourceNode[], hot: HandlerNode): readonly ResourceNode[] {
  const watched = own.vars.xds === "filesystem" ? watchedOf(own, peers) : undefined;
  const whole = t.file(CONFIG, { content: yamlText(bootstrapOf(own, peers), HEADING), mode: "0644", validate: (file) => validated(own.vars, file), needs, ...(!watched && { notify: hot }) });
  if (!watched) return [whole];
  const folder = t.directory(XDS, { mode: "0755", needs });
  const files = watched.files.map(([name, content]) => t.file(`${XDS}/${name}`, { content: yamlText(content, HEADING), mode: "0644", needs: [whole, folder] }));
  return [whole, ...files, t.file(BOOTSTRAP, { content: yamlText(watched.bootstrap, HEADING), mode: "0644", validate: (file) => validated(own.vars, file), needs: [whole, ...files], notify: hot })];
}

/** Envoy tells YAML by the name's end, which a file that is still to be put in place does not have. */
const validated = (vars: Vars, file: string): Sh => sh`d=$(mktemp -d)
trap 'rm -rf "$d"' EXIT
cp ${file} "$d/envoy.yaml"
${programOf(vars)} --mode validate --log-level error -c "$d/envoy.yaml" >/dev/null`;

/** Seconds until a peer's health checks have seen that this end leaves. */
function leaveSeconds({ services }: Vars): number {
  const each = Object.values(services).map(({ health_check: { interval_s, timeout_s, unhealthy_threshold } }) => (interval_s + timeout_s) * unhealthy_threshold);
  return Math.ceil(Math.max(1, ...each));
}

const settingsOf = (vars: Vars) => ({
  program: programOf(vars),
  bootstrap: vars.xds === "filesystem" ? BOOTSTRAP : CONFIG,
  adminPort: vars.admin_port,
  baseId: vars.base_id,
  drain: vars.drain_time_s,
  parentShutdown: vars.parent_shutdown_time_s,
  leave: leaveSeconds(vars),
  logLevel: vars.log_level,
  concurrency: vars.concurrency ?? "",
  run: `/run/${UNIT}`,
});

const unitOf = (vars: Vars) => ({
  account: ACCOUNT,
  runtime: UNIT,
  supervisor: SUPERVISOR,
  stopSeconds: leaveSeconds(vars) + vars.drain_time_s + 15,
  // A hot restart waits for the one before it to be over.
  reloadSeconds: vars.parent_shutdown_time_s + 120,
});
