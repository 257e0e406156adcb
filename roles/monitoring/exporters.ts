import { sh, type HandlerNode, type ResourceNode } from "hawser";
import { UNIT } from "hawser/roles/etcd/paths";
import { certificatesOf, CONF, FOLDER, SCRIPT } from "./paths.ts";
import { defaults, install, unitOf, type Context } from "./programs.ts";
import { isLoopback, linksAt, PORTS, shownOf, type End, type Shown } from "./targets.ts";
import type { Program, Vars, Watch } from "./vars.ts";

/** Seconds between two runs of the script that asks what no exporter knows. */
const TIERS = { fast: 5, slow: 30 } as const;
export const TIER_NAMES = Object.keys(TIERS) as (keyof typeof TIERS)[];

interface Daemon {
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What its configuration and data need, beside the program. */
  readonly needs?: (installed: readonly ResourceNode[]) => readonly (ResourceNode | HandlerNode)[];
}

/** A program that runs with arguments, started again when they change. */
export function declareDaemon(cx: Context, program: Program, { args, environment, needs }: Daemon): ResourceNode {
  const { t } = cx;
  const unit = unitOf(program);
  const installed = install(cx, program);
  const restart = t.handler(`restart ${unit}`, sh`systemctl is-active --quiet ${unit} || exit 0
systemctl restart ${unit}`);
  const conf = t.file(`/etc/default/${unit}`, { content: defaults(args, environment), mode: "0644", needs: installed, notify: restart });
  return t.service(unit, { state: "running", enabled: true, needs: [...installed, conf, ...(needs?.(installed) ?? [])] });
}

/** What every host has: node_exporter, the script beside it, and the exporters of what runs there. */
export function declareExporters(cx: Context, own: End, peers: readonly End[]): void {
  const { t, vars } = cx;
  const { watch } = vars;
  const textfiles = (installed: readonly ResourceNode[]) => t.directory(vars.textfile_directory, { mode: "0755", parents: true, needs: installed });
  let folder: ResourceNode | undefined;
  declareDaemon(cx, "node_exporter", { args: [`--web.listen-address=${vars.address}:${PORTS.node}`, `--collector.textfile.directory=${vars.textfile_directory}`], needs: (installed) => [(folder = textfiles(installed))] });
  declareScript(cx, own, peers, folder === undefined ? [] : [folder]);
  if (watch.gateway !== undefined && vars.frr_exporter) declareFrr(cx);
  if (watch.postgres !== undefined && vars.postgres_exporter) declarePostgres(cx, watch.postgres);
  for (const shown of shownOf(vars)) if (isLoopback(shown.place)) declareForwarder(cx, shown);
}

/** BGP by the daemon's own socket. It would ask for BFD by a vtysh for each scrape, which the script does once for all; ospfd does not run. */
function declareFrr(cx: Context): void {
  declareDaemon(cx, "frr_exporter", { args: [`--web.listen-address=${cx.vars.address}:${PORTS.frr}`, "--no-collector.bfd", "--no-collector.ospf"] });
}

/** The states of tunnels, address, databases and managers, written to files that node_exporter reads. */
function declareScript({ t, facts }: Context, own: End, peers: readonly End[], needs: readonly ResourceNode[]): void {
  const folder = t.directory(FOLDER, { mode: "0700", parents: true });
  const script = t.file(SCRIPT, { source: "collect.sh", mode: "0644", needs: [folder] });
  const conf = t.template(CONF, "collect.conf.ejs", watchedBy(own, peers, facts.family === "el"), { mode: "0644", needs: [folder] });
  for (const tier of TIER_NAMES) {
    const service = `[Unit]\nDescription=Metrics of hawser (${tier})\n\n[Service]\nType=oneshot\nExecStart=/bin/sh ${SCRIPT} ${tier}\nTimeoutStartSec=25\n# Each run would be three lines of the journal.\nLogLevelMax=notice\n`;
    t.timer(`hawser-metrics-${tier}`, { onBoot: `${TIERS[tier]}s`, every: `${TIERS[tier]}s`, accuracy: "100ms", service, needs: [script, conf, ...needs] });
  }
}

function watchedBy(own: End, peers: readonly End[], el: boolean) {
  const { vars } = own;
  const { watch } = vars;
  return {
    textfiles: vars.textfile_directory,
    links: linksAt(own, peers),
    vip: watch.vip ?? "",
    units: unitsOf(vars),
    databases: watch.postgres?.databases ?? [],
    pgBin: watch.postgres === undefined ? "" : el ? `/usr/pgsql-${watch.postgres.version}/bin` : `/usr/lib/postgresql/${watch.postgres.version}/bin`,
    pgPort: watch.postgres?.port ?? 5432,
    swarm: watch.swarm ? "yes" : "",
    etcd: watch.etcd ? "yes" : "",
    certificates: certificatesOf(vars),
  };
}

/** Units whose end is an alert. That of strongSwan has another name on each system, and shows by its SAs. */
function unitsOf({ watch, server, grafana }: Vars): readonly string[] {
  return [
    ...(watch.gateway === undefined ? [] : ["frr"]),
    ...(watch.vip === undefined ? [] : ["keepalived"]),
    ...(watch.backup_path ? ["haproxy"] : []),
    ...(watch.etcd ? [UNIT] : []),
    ...(watch.swarm ? ["docker"] : []),
    ...watch.units,
    ...(server ? [unitOf("prometheus"), unitOf("alertmanager"), unitOf("blackbox_exporter")] : []),
    ...(server && grafana !== undefined ? ["grafana-server"] : []),
  ];
}

/** The exporter comes by the server's socket, as the user that it runs as: there is no password. */
function declarePostgres(cx: Context, { port }: NonNullable<Watch["postgres"]>): void {
  const { t } = cx;
  const ask = (sql: string) => sh`psql -XAtq -v ON_ERROR_STOP=1 -p ${port} -d postgres -c ${sql}`;
  const environment = { DATA_SOURCE_NAME: `host=/var/run/postgresql port=${port} user=prometheus dbname=postgres sslmode=disable` };
  declareDaemon(cx, "postgres_exporter", {
    args: [`--web.listen-address=${cx.vars.address}:${PORTS.postgres}`],
    environment,
    needs: (installed) => [
      t.task("user of the exporter in PostgreSQL", {
        check: sh`[ "$(${ask("select count(*) from pg_roles where rolname = 'prometheus' and pg_has_role(oid, 'pg_monitor', 'member')")})" = 1 ]`,
        apply: ask("do $$ begin if not exists (select from pg_roles where rolname = 'prometheus') then create role prometheus login; end if; grant pg_monitor to prometheus; end $$"),
        summary: "make",
        runAs: "postgres",
        needs: installed,
      }),
    ],
  });
}

/** What a program shows on loopback, systemd's own forwarder shows to the monitors. */
function declareForwarder({ t, vars }: Context, { job, what, place }: Shown): void {
  const name = `hawser-${job}-metrics`;
  const unit = t.unit(name, { content: `[Unit]\nDescription=Metrics of ${what} for the monitors\nRequires=${name}.socket\nAfter=${name}.socket\n\n[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd ${place}\nDynamicUser=true\nPrivateTmp=true\n` });
  const socket = t.unit(`${name}.socket`, { content: `[Unit]\nDescription=Metrics of ${what} for the monitors\n\n[Socket]\nListenStream=${vars.address}:${PORTS[job]}\n# The address may come after systemd has begun.\nFreeBind=true\n\n[Install]\nWantedBy=sockets.target\n` });
  t.service(`${name}.socket`, { state: "running", enabled: true, needs: [unit, socket] });
}
