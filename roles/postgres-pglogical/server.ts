import { Secret, Sh, sh, UsageError, z, type Facts, type HandlerNode, type Member, type ResourceNode, type Tasks, type Value } from "hawser";
import { certificateOf, pinnedPair } from "hawser/roles/base/certificate";
import type { Layout } from "./layout.ts";
import { confValue, dsnValue, literal, passField, type Psql } from "./sql.ts";
import type { schema, Vars } from "./vars.ts";

export const exported = {
  /** The certificate that this host's server shows, PEM. */
  certificate: z.string(),
  /** Nodes, sets and tables of every database are there. */
  ready: z.string(),
  /** On the seed: it takes the others' changes. */
  listening: z.string(),
};
export type Peer = Member<typeof schema, typeof exported>;

/** What all parts of the role know. */
export interface Context {
  readonly t: Tasks;
  readonly vars: Vars;
  readonly facts: Facts;
  readonly host: string;
  readonly peers: readonly Peer[];
  /** This host's place among all, from 1. */
  readonly place: number;
  readonly layout: Layout;
  readonly psql: Psql;
}

export const tlsFolder = (layout: Layout): string => `${layout.home}/tls`;
export const passFile = (layout: Layout): string => `${layout.home}/.hawser-pgpass`;
const trustOf = (layout: Layout, peer: Peer): string => `${tlsFolder(layout)}/peer-${peer.host.name}.crt`;

/** @throws UsageError when the peer is known by a name only, which nothing here could resolve for sure. */
export function addressOf(peer: Pick<Peer, "vars" | "host">): string {
  const address = peer.vars.address ?? peer.host.address;
  if (!z.ipv4().safeParse(address).success) throw new UsageError(`postgres-pglogical.address is needed for ${peer.host.name}: ${address} is no IPv4 address`);
  return address;
}

/** How this host's server reaches a peer's database. The password is in the password file, never here: pglogical keeps this text in its catalog. */
export function dsnOf(cx: Pick<Context, "layout">, peer: Peer, database: string): string {
  const { vars } = peer;
  const parts = {
    host: peer.host.name,
    hostaddr: addressOf(peer),
    port: String(vars.port),
    dbname: database,
    user: vars.replication_user,
    passfile: passFile(cx.layout),
    sslmode: "verify-full",
    sslrootcert: trustOf(cx.layout, peer),
    connect_timeout: "10",
    keepalives_idle: "30",
    keepalives_interval: "10",
    keepalives_count: "3",
  };
  return Object.entries(parts).map(([key, value]) => `${key}=${dsnValue(value)}`).join(" ");
}

export interface Server {
  /** Running, with its settings in effect once `settled` has run. */
  readonly up: ResourceNode;
  readonly settled: HandlerNode;
}

/** Packages, cluster, certificates, configuration and the running server. */
export function declareServer(cx: Context): Server {
  const { t, vars, layout, facts } = cx;
  const repository = declareRepository(cx);
  const packages = t.package(layout.packages, { needs: repository, ...(facts.family === "debian" && { recommends: false }) });
  const cluster = t.task("cluster", { check: sh`[ -s ${`${layout.data}/PG_VERSION`} ]`, apply: Sh.raw(layout.create), summary: "create", needs: [packages], applyTimeout: 120 });
  const settled = t.handler("put settings into effect", putIntoEffect(cx));
  const own = { owner: "postgres", group: "postgres", needs: [packages, cluster] };
  declareCertificates(cx, own, settled);
  t.file(passFile(layout), { ...own, mode: "0600", content: () => new Secret(cx.peers.map(passLine).join("")) });
  const include = facts.family === "debian" ? [] : [t.directory(`${layout.config}/conf.d`, { ...own, mode: "0700" }), t.line(`${layout.config}/postgresql.conf`, { line: "include_dir = 'conf.d'", match: /^include_dir\b/, needs: own.needs, notify: settled })];
  const conf = t.template(`${layout.config}/conf.d/hawser.conf`, "hawser.conf.ejs", { settings: settingsOf(cx) }, { ...own, needs: [...own.needs, ...include], mode: "0644", notify: settled });
  const hba = t.template(`${layout.config}/pg_hba.conf`, "pg_hba.conf.ejs", { peers: cx.peers.map(hbaOf), clients: vars.clients }, { ...own, mode: "0640", notify: settled });
  const needs = [packages, cluster, conf, hba];
  if (layout.enabledUnit !== layout.unit) t.service(layout.enabledUnit, { enabled: true, needs });
  const up = t.service(layout.unit, { state: "running", ...(layout.enabledUnit === layout.unit && { enabled: true }), timeout: 120, needs });
  return { up, settled };
}

/** @throws UsageError for systems that PGDG does not serve. */
function declareRepository({ t, vars, facts }: Context): readonly ResourceNode[] {
  const debian = facts.os.id === "debian";
  if ((vars.repository ?? (debian ? "distribution" : "pgdg")) === "distribution") return [];
  if (facts.family === "debian") {
    const url = vars.repository_url ?? "https://apt.postgresql.org/pub/repos/apt";
    const key = "/etc/apt/keyrings/hawser-pgdg.asc";
    return [
      t.directory("/etc/apt/keyrings"),
      t.file(key, { source: "pgdg.asc" }),
      t.file("/etc/apt/sources.list.d/hawser-pgdg.list", { content: `deb [signed-by=${key}] ${url} ${facts.os.codename}-pgdg main\n` }),
    ];
  }
  const el7 = facts.os.major === 7;
  const url = vars.repository_url ?? (el7 ? "https://yum-archive.postgresql.org" : "https://download.postgresql.org/pub/repos/yum");
  const repo = [
    "[hawser-pgdg]",
    `name=PostgreSQL ${vars.version}`,
    `baseurl=${url}/${vars.version}/redhat/rhel-${facts.os.major}-$basearch`,
    "enabled=1",
    "gpgcheck=1",
    `gpgkey=https://download.postgresql.org/pub/repos/yum/keys/PGDG-RPM-GPG-KEY-RHEL${el7 ? "7" : ""}`,
    // Without it the distribution's own module of PostgreSQL hides these packages on EL 8 and newer.
    ...(el7 ? [] : ["module_hotfixes=1"]),
  ];
  return [t.file("/etc/yum.repos.d/hawser-pgdg.repo", { content: `${repo.join("\n")}\n` })];
}

function declareCertificates(cx: Context, own: { owner: string; group: string; needs: readonly (ResourceNode | readonly ResourceNode[])[] }, settled: HandlerNode): void {
  const { t, vars, layout } = cx;
  const folder = tlsFolder(layout);
  const [key, certificate] = [`${folder}/server.key`, `${folder}/server.crt`];
  const there = t.directory(folder, { ...own, mode: "0700" });
  const needs = [...own.needs, there];
  const pair =
    vars.tls.mode === "pinned"
      ? [t.task("key and certificate", { ...pinnedPair({ key, certificate, host: cx.host, names: [`DNS:${cx.host}`], days: vars.tls.days, usage: "serverAuth" }), summary: "make on the host", runAs: "postgres", absent: "while-needs-absent", needs, notify: settled })]
      : [t.file(key, { ...own, mode: "0600", content: vars.tls.private_key, needs, notify: settled }), t.file(certificate, { ...own, mode: "0644", content: vars.tls.certificate, needs, notify: settled })];
  t.export("certificate", t.read("certificate", { probe: sh`cat ${certificate}`, parse: certificateOf, needs: pair }));
  for (const peer of cx.peers) t.file(trustOf(layout, peer), { ...own, mode: "0644", content: rootOf(peer), needs });
}

/** What a peer is checked against: its own certificate, or its authority's. */
const rootOf = (peer: Peer): string | Value<string> => (peer.vars.tls.mode === "ca" ? peer.vars.tls.ca : peer.exports.certificate);

function passLine({ host, vars }: Peer): string {
  return `${[host.name, String(vars.port), "*", vars.replication_user, vars.replication_password.reveal()].map(passField).join(":")}\n`;
}

/** The line by which a peer gets in here: it comes from its own address with this host's user. */
const hbaOf = (peer: Peer): Record<string, string> => ({ name: peer.host.name, databases: peer.vars.databases.map((each) => each.name).join(","), user: peer.vars.replication_user, address: addressOf(peer) });

function settingsOf({ vars, layout }: Pick<Context, "vars" | "layout">): readonly (readonly [string, string])[] {
  const folder = tlsFolder(layout);
  const own: Record<string, string | number | boolean> = {
    port: vars.port,
    listen_addresses: vars.listen_addresses.join(","),
    wal_level: "logical",
    shared_preload_libraries: "pglogical",
    track_commit_timestamp: true,
    "pglogical.conflict_resolution": vars.conflict_resolution,
    max_replication_slots: vars.max_replication_slots,
    max_wal_senders: vars.max_wal_senders,
    max_worker_processes: vars.max_worker_processes,
    max_slot_wal_keep_size: vars.max_slot_wal_keep_size,
    password_encryption: "scram-sha-256",
    ssl: true,
    ssl_cert_file: `${folder}/server.crt`,
    ssl_key_file: `${folder}/server.key`,
    ssl_min_protocol_version: "TLSv1.2",
  };
  return Object.entries({ ...own, ...vars.settings }).map(([name, value]) => [name, typeof value === "string" ? confValue(value) : typeof value === "boolean" ? (value ? "on" : "off") : String(value)]);
}

/** Names that the role sets, as SQL: what stands elsewhere for one of them would win over hawser.conf. */
const settingNames = (cx: Context): string => settingsOf(cx).map(([name]) => literal(name)).join(", ");

/** Reloads, and restarts only when a setting asks for it. A server that does not run reads its settings when it starts. */
function putIntoEffect({ layout, psql }: Pick<Context, "layout" | "psql">): Sh {
  const ask = (sql: string): Sh => psql.asRoot().run("postgres", sql);
  return Sh.lines(
    sh`u=${layout.unit} n=0`,
    Sh.raw('systemctl is-active -q "$u" || exit 0'),
    sh`before=$(${ask("select pg_conf_load_time()")})`,
    Sh.raw('systemctl reload "$u"'),
    // The server reads its files a moment after it is told to.
    sh`until [ "$(${ask("select pg_conf_load_time()")})" != "$before" ] || [ "$n" -ge 50 ]; do n=$((n + 1)); sleep 0.2; done`,
    sh`if [ "$(${ask("select count(*) from pg_settings where pending_restart")})" != 0 ]; then`,
    Sh.raw('systemctl restart "$u"'),
    sh`n=0; until ${ask("select 1")} >/dev/null 2>&1; do n=$((n + 1)); if [ "$n" -ge 150 ]; then echo "$u does not answer after its restart" >&2; exit 1; fi; sleep 0.2; done`,
    "fi",
  );
}

/** Takes out what ALTER SYSTEM set for a name that the role sets. */
export function declareOverrides(cx: Context, { up, settled }: Server): void {
  const { t, psql } = cx;
  const names = settingNames(cx);
  const found = `from pg_file_settings where name in (${names}) and sourcefile like '%/postgresql.auto.conf'`;
  t.task("no other values by ALTER SYSTEM", {
    check: psql.holds("postgres", `select not exists (select ${found})`),
    apply: psql.quiet("postgres", `select distinct format('alter system reset %s', name) ${found} \\gexec\n`),
    summary: "reset",
    runAs: "postgres",
    absent: "while-needs-absent",
    needs: [up],
    notify: settled,
  });
}
