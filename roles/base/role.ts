import { defineRole, Sh, UsageError, z, type Facts, type Member, type ResourceNode, type Tasks } from "hawser";
import { assertHost } from "./health.ts";

const hostName = z.string().regex(/^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/, "a host name or an address");

const schema = z.strictObject({
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30, and points its package manager at the archives (vault.centos.org, and EPEL's). Without it such a host is refused."),
  address: z.ipv4().optional().describe("The address under which the other hosts know this one in /etc/hosts. Default: the one that the controller connects to."),
  packages: z.array(z.string()).default([]).describe("Packages beside those that every host gets: CA certificates, curl, iproute, openssl and the time zones."),
  timezone: z.string().regex(/^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+)*$/).default("Etc/UTC").describe("A name of the time zone database. One for all regions, or their logs cannot be read side by side."),
  ntp: z
    .strictObject({
      servers: z.array(hostName).default([]).describe("Time servers, e.g. `metadata.google.internal` on GCP, `time1.tencentyun.com` on Tencent Cloud."),
      pools: z.array(hostName).default(["pool.ntp.org"]).describe("Names that stand for many servers each."),
    })
    .refine(({ servers, pools }) => servers.length + pools.length > 0, "name a server or a pool")
    .prefault({})
    .describe("Where chrony gets the time. In a container, which cannot set its clock, chrony only measures."),
  sysctl: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .default({ "net.ipv4.tcp_keepalive_time": 300, "net.ipv4.tcp_keepalive_intvl": 30, "net.ipv4.tcp_keepalive_probes": 5 })
    .describe("Kernel settings, now and after the next boot. The default keeps quiet connections between the regions alive: clouds forget them after ten minutes."),
});

type Vars = z.output<typeof schema>;

interface Context {
  readonly t: Tasks;
  readonly vars: Vars;
  readonly facts: Facts;
}

export const base = defineRole(import.meta, {
  name: "base",
  summary: "What every host needs: the time, a few packages, kernel settings, and the names of the other hosts.",
  vars: schema,
  tasks({ t, vars, facts, host, peers }) {
    const cx: Context = { t, vars, facts };
    if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`base serves Debian, Ubuntu and EL with systemd; ${host.name} is ${facts.os.name || "something else"}`);
    const repositories = eolRepositories(cx, host.name);
    for (const peer of peers) t.hostsEntry(addressOf(peer), [peer.host.name]);
    const packages = t.package([...new Set([...basePackages(facts), ...vars.packages])], { needs: repositories });
    t.symlink("/etc/localtime", `/usr/share/zoneinfo/${vars.timezone}`, { force: true, needs: [packages] });
    for (const [key, value] of Object.entries(vars.sysctl)) t.sysctl(key, value);
    timeSync(cx, repositories);
  },
  verify({ v, vars, facts, peers }) {
    assertHost(v, { family: facts.family, sysctl: vars.sysctl, names: peers.map((peer) => ({ name: peer.host.name, address: addressOf(peer) })) });
  },
});

function basePackages(facts: Facts): readonly string[] {
  return ["ca-certificates", "curl", facts.family === "debian" ? "iproute2" : "iproute", "openssl", "tzdata"];
}

/** @throws UsageError when the peer is known by a name only: /etc/hosts needs an address. */
function addressOf({ host, vars }: Member<typeof schema, Record<never, never>>): string {
  const address = vars.address ?? host.address;
  if (!z.ipv4().safeParse(address).success) throw new UsageError(`base.address is needed for ${host.name}: ${address} is no IPv4 address`);
  return address;
}

/** CentOS 7 left its mirrors. @throws UsageError when it is not allowed. */
function eolRepositories({ t, vars, facts }: Context, host: string): readonly ResourceNode[] {
  if (facts.family !== "el" || facts.os.major !== 7) return [];
  if (!vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "base.allow_eol: true, if it has to be" });
  return [t.template("/etc/yum.repos.d/CentOS-Base.repo", "centos-7.repo.ejs", {}), t.template("/etc/yum.repos.d/hawser-epel.repo", "epel-7.repo.ejs", {})];
}

/** Where a clock belongs to somebody else. */
const CONTAINERS = new Set(["systemd-nspawn", "lxc", "lxc-libvirt", "docker", "podman", "openvz", "rkt", "container-other"]);

function timeSync({ t, vars, facts }: Context, repositories: readonly ResourceNode[]): void {
  const debian = facts.family === "debian";
  const unit = debian ? "chrony" : "chronyd";
  const timesyncd = t.service("systemd-timesyncd", { state: "stopped", enabled: false });
  // On Debian and Ubuntu there can be one keeper of the time: chrony takes the others' place.
  const chrony = t.package("chrony", { needs: [...repositories, timesyncd], ...(debian && { allowRemoval: true }) });
  const restart = t.handler("restart chrony", Sh.raw(`systemctl restart ${unit}`));
  const file = debian ? "/etc/chrony/chrony.conf" : "/etc/chrony.conf";
  const paths = { keys: debian ? "/etc/chrony/chrony.keys" : "/etc/chrony.keys", drift: debian ? "/var/lib/chrony/chrony.drift" : "/var/lib/chrony/drift" };
  const conf = t.template(file, "chrony.conf.ejs", { servers: vars.ntp.servers, pools: vars.ntp.pools, ...paths }, { mode: "0644", needs: [chrony], notify: restart });
  const needs = [chrony, conf];
  if (CONTAINERS.has(facts.virtualisation)) needs.push([t.unit(unit, { dropIn: "hawser-container", content: measureOnly(debian), notify: restart, needs: [chrony] })]);
  t.service(unit, { state: "running", enabled: true, needs });
}

/** `-x` leaves the clock alone, and the unit must not be skipped for lack of the right to set it. */
function measureOnly(debian: boolean): string {
  return `[Unit]
ConditionCapability=

[Service]
ExecStart=
ExecStart=${debian ? "!/usr/sbin/chronyd -x $DAEMON_OPTS" : "/usr/sbin/chronyd -x $OPTIONS"}
`;
}
