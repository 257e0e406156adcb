import type { HostView } from "hawser";
import { linksOf, type Link } from "hawser/roles/gre/gateway";
import type { Vars } from "./vars.ts";

export interface End {
  readonly host: Pick<HostView, "name">;
  readonly vars: Vars;
}

/** Ports of the exporters, as their projects have registered them with Prometheus; Envoy has none there. */
export const PORTS = { node: 9100, haproxy: 9101, blackbox: 9115, postgres: 9187, frr: 9342, envoy: 9902 } as const;
export const BLACKBOX = `127.0.0.1:${PORTS.blackbox}`;

export interface Target {
  /** HOST:PORT, or what blackbox_exporter is to ask. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A scrape_config of Prometheus. */
export interface Job {
  readonly name: string;
  readonly interval?: string;
  readonly scheme?: "http" | "https";
  readonly path?: string;
  /** Asked by blackbox_exporter, as this module. */
  readonly module?: string;
  readonly targets: readonly Target[];
}

export const isLoopback = (place: string): boolean => place.startsWith("127.");

/** The tunnels of a host, as role gre makes them. */
export function linksAt(own: End, peers: readonly End[]): readonly Link[] {
  const { gateway } = own.vars.watch;
  if (gateway === undefined) return [];
  return linksOf({ ...gateway, host: own.host.name }, peers.flatMap(({ host, vars }) => (vars.watch.gateway === undefined ? [] : [{ ...vars.watch.gateway, host: host.name }])));
}

/** What a monitor asks: every member's exporters, the ways to the other regions, and the probes of all. */
export function jobsOf(own: End, members: readonly End[]): readonly Job[] {
  const on = (port: number | ((vars: Vars) => number), which: (member: End) => boolean): Target[] => members.filter(which).map((member) => ({ address: `${member.vars.address}:${typeof port === "number" ? port : port(member.vars)}`, labels: labelsOf(member) }));
  const jobs: Job[] = [
    { name: "node", targets: on(PORTS.node, () => true) },
    { name: "frr", targets: on(PORTS.frr, (member) => member.vars.watch.gateway !== undefined && member.vars.frr_exporter) },
    { name: "postgres", targets: on(PORTS.postgres, (member) => member.vars.watch.postgres !== undefined && member.vars.postgres_exporter) },
    { name: "prometheus", targets: on(({ port }) => port, (member) => member.vars.server) },
    { name: "alertmanager", targets: on(({ alertmanager_port }) => alertmanager_port, (member) => member.vars.server) },
    { name: "link", interval: own.vars.probe_interval, module: "icmp", targets: linkTargets(own, members) },
    ...probeJobs(own, members),
    ...exporterJobs(members),
  ];
  return jobs.filter(({ targets }) => targets.length > 0);
}

/** A program with metrics of its own. Where they are on loopback, a socket of systemd's shows them to the monitors. */
export interface Shown {
  readonly job: "haproxy" | "envoy";
  readonly what: string;
  /** Where it shows them itself, ADDRESS:PORT. */
  readonly place: string;
  readonly path?: string;
}

export const shownOf = ({ watch }: Vars): readonly Shown[] => [
  ...(watch.backup_path ? [{ job: "haproxy", what: "HAProxy", place: watch.haproxy_metrics } as const] : []),
  ...(watch.envoy_metrics === undefined ? [] : [{ job: "envoy", what: "Envoy", place: watch.envoy_metrics, path: "/stats/prometheus" } as const]),
];

const labelsOf = ({ host, vars }: End): Target["labels"] => ({ host: host.name, region: vars.region });

/** Each gateway of another region, through the tunnel and by its public address. */
function linkTargets(own: End, members: readonly End[]): Target[] {
  const peers = members.filter(({ host }) => host.name !== own.host.name);
  const links = new Map(linksAt(own, peers).map((link) => [link.peer.host, link]));
  return peers.flatMap(({ host, vars }) => {
    const { gateway } = vars.watch;
    if (gateway === undefined || vars.region === own.vars.region) return [];
    const link = links.get(host.name);
    const labels = { ...labelsOf(own), peer: host.name, peer_region: vars.region };
    return [
      { address: link?.remote ?? gateway.address, labels: { ...labels, way: "tunnel", ...(link && { link: link.name }) } },
      { address: gateway.public_address, labels: { ...labels, way: "public" } },
    ];
  });
}

/** One job for each module: the same probe of two hosts is asked once. */
function probeJobs(own: End, members: readonly End[]): Job[] {
  const all = members.flatMap(({ vars }) => vars.probes);
  const modules = [...new Set(all.map(({ module }) => module))];
  return modules.map((module) => {
    const targets = new Map(all.filter((each) => each.module === module).map(({ name, target }) => [`${name} ${target}`, { address: target, labels: { ...labelsOf(own), probe: name } }]));
    return { name: `probe-${module}`, module, targets: [...targets.values()] };
  });
}

/** Programs that have metrics themselves: those of the roles, and what else the inventory names. */
function exporterJobs(members: readonly End[]): Job[] {
  const jobs = new Map<string, Job & { targets: Target[] }>();
  for (const member of members) {
    const { vars } = member;
    const shown = shownOf(vars).map(({ job, path, place }) => ({ name: job, ...(path !== undefined && { path }), address: isLoopback(place) ? `${vars.address}:${PORTS[job]}` : place }));
    const further = vars.exporters.map(({ name, port, metrics_path, scheme }) => ({ name, scheme, path: metrics_path, address: `${vars.address}:${port}` }));
    for (const { address, ...asked } of [...shown, ...further]) {
      const job = jobs.get(asked.name) ?? { ...asked, targets: [] };
      job.targets.push({ address, labels: labelsOf(member) });
      jobs.set(asked.name, job);
    }
  }
  return [...jobs.values()];
}
