import { defineRole, fact, Sh, sh, UsageError, z, type Facts, type ResourceNode, type Tasks } from "hawser";
import { FIREWALL, firewallPackages, type Firewall } from "hawser/roles/base/firewall";
import { arm, confirm, type Guarded } from "./confirm.ts";
import { assertTunnels, weaknesses } from "./health.ts";
import { CLEAR_RULES, CONF, FOLDER, SCRIPT } from "./paths.ts";
import { declareNative, PLATFORM_PROBE, type Platform } from "./platform.ts";
import { refuse, tunnelsOf, type Tunnel } from "./tunnels.ts";
import { schema, type Vars } from "./vars.ts";

/** Read by all roles of the tunnel: forwarding, replies that come by another way than the route back, and no redirects by strangers. */
const SYSCTLS: Readonly<Record<string, number>> = {
  "net.ipv4.ip_forward": 1,
  "net.ipv4.conf.all.rp_filter": 2,
  "net.ipv4.conf.default.rp_filter": 2,
  "net.ipv4.conf.all.accept_redirects": 0,
  "net.ipv4.conf.default.accept_redirects": 0,
};

export const gre = defineRole(import.meta, {
  name: "gre",
  summary: "GRE tunnels between the regions' gateways, there after a reboot, and never a packet of them in the clear.",
  vars: schema,
  facts: () => ({
    platform: fact(PLATFORM_PROBE, z.enum(["netplan", "networkd", "ifcfg", "unit"])),
    firewall: FIREWALL,
  }),
  validate({ vars, host, peers }) {
    refuse({ host, vars }, peers);
  },
  tasks({ t, vars, facts, host, peers }) {
    refuseSystem(facts, vars, host.name);
    const tunnels = tunnelsOf({ host, vars }, peers);
    for (const weakness of weaknesses({ host, vars }, peers, tunnels)) t.warn(weakness);
    const packages = t.package(packagesFor(facts, facts.firewall));
    const module = t.kernelModule("ip_gre");
    for (const [key, value] of Object.entries(SYSCTLS)) t.sysctl(key, value);
    t.directory(FOLDER, { mode: "0755", parents: true });
    const script = t.file(SCRIPT, { source: "links.sh", mode: "0644" });
    const unit = t.template("/etc/systemd/system/hawser-gre.service", "hawser-gre.service.ejs", { script: SCRIPT }, { mode: "0644", notify: t.handler("read units", sh`systemctl daemon-reload`) });
    t.flush();
    const guarded = guardedOf(vars, tunnels, facts.platform);
    const armed = arm(t, guarded, [packages, [script]]);
    const rules = declareRules(t, tunnels, [...packages, armed]);
    const native = declareNative(t, facts.platform, { facts, vars, tunnels });
    const conf = t.file(CONF, { content: confOf(vars, tunnels), mode: "0644" });
    t.flush();
    const live = t.task("tunnels", {
      check: check(vars, tunnels),
      apply: sh`sh ${SCRIPT} up`,
      summary: tunnels.map(({ name }) => name).join(", "),
      needs: [packages, module, script, conf, ...native],
      absent: "while-needs-absent",
    });
    // What is not confirmed is not there after a reboot either.
    const confirmed = confirm(t, guarded, [armed, ...rules, live]);
    t.service("hawser-gre", { enabled: true, state: "running", needs: [unit, live, confirmed] });
  },
  verify({ v, vars, host, peers }) {
    const tunnels = tunnelsOf({ host, vars }, peers);
    assertTunnels(v, vars, tunnels);
    for (const weakness of weaknesses({ host, vars }, peers, tunnels)) v.warn(weakness);
  },
});

/** Before the tunnels are up: without policies of IPsec, GRE would leave unencrypted, and be taken from anybody who says to be the peer. */
function declareRules(t: Tasks, tunnels: readonly Tunnel[], needs: readonly ResourceNode[]): readonly ResourceNode[] {
  const peers = [...new Set(tunnels.map(({ far }) => far))];
  const clear = { protocol: "gre", action: "drop", ipsec: "none", position: 100, needs } as const;
  return [
    t.firewallRule(CLEAR_RULES[0], { ...clear, chain: "input", source: peers }),
    t.firewallRule(CLEAR_RULES[1], { ...clear, chain: "output", destination: peers }),
    t.firewallRule("gre-in", { chain: "input", protocol: "gre", source: peers, action: "accept", needs }),
  ];
}

function guardedOf(vars: Vars, tunnels: readonly Tunnel[], platform: Platform): Guarded {
  return {
    what: [confOf(vars, tunnels), ...CLEAR_RULES].join("\n"),
    settled: check(vars, tunnels),
    names: tunnels.map(({ name }) => name),
    conf: CONF,
    script: SCRIPT,
    rules: CLEAR_RULES,
    platform,
    within: vars.confirm_within,
  };
}

/** What links.sh reads. */
function confOf(vars: Vars, tunnels: readonly Tunnel[]): string {
  const lines = tunnels.flatMap(({ name, own, far, mtu, local, prefix, mss, routes, source }) => [`link ${name} ${own} ${far} ${vars.ttl} ${mtu} ${local}/${prefix} ${mss}`, ...routes.map(({ network, metric }) => `route ${name} ${network} ${metric} ${source ?? "-"}`)]);
  return ["# Managed by hawser: what links.sh makes", ...lines, ""].join("\n");
}

/** By what shall be, not by the file on the host: a check is right before that has changed. */
const check = (vars: Vars, tunnels: readonly Tunnel[]): Sh => sh`[ -e ${SCRIPT} ] || exit 1
printf '%s' ${confOf(vars, tunnels)} | sh ${SCRIPT} check /dev/stdin`;

function packagesFor(facts: Facts, firewall: Firewall): readonly string[] {
  const debian = facts.family === "debian";
  return [debian ? "iproute2" : "iproute", debian ? "iputils-ping" : "iputils", ...firewallPackages(facts, firewall)];
}

/** @throws UsageError for a host that the role does not serve */
function refuseSystem(facts: Facts, vars: Vars, host: string): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`gre serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family === "el" && facts.os.major === 7 && !vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "gre.allow_eol: true, if it has to be" });
}
