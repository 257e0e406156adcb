import { defineRole, fact, Sh, sh, UsageError, use, z } from "hawser";
import { base } from "hawser/roles/base";
import { declareDatabase, declareSequencesAgain, declareUsers, type Declared } from "./databases.ts";
import { assertReplication, drillWrites } from "./health.ts";
import { dataFolders, layoutOf } from "./layout.ts";
import { replicated } from "./replicated.ts";
import { declareSubscriptions } from "./replication.ts";
import { subscriptionTo } from "./rows.ts";
import { declareOverrides, declareServer, exported, type Context, type Peer, type Server } from "./server.ts";
import { literal, Psql, tableName, whenThere } from "./sql.ts";
import { schema, type Vars } from "./vars.ts";

export const postgresPglogical = defineRole(import.meta, {
  name: "postgres-pglogical",
  summary: "PostgreSQL in two regions that both write: pglogical both ways, over TLS that checks the peer.",
  vars: schema,
  // Clocks in step, by which the later of two changes wins, and openssl.
  dependsOn: [use(base)],
  exports: exported,
  facts: ({ vars }) => ({ server: fact(stateOf(dataFolders(vars.version)), z.enum(["absent", "stopped", "running"])) }),
  listens: ({ vars }) => vars.listen_addresses.map((address) => ({ port: vars.port, protocol: "tcp", what: "PostgreSQL", var: ["port"], ...(address !== "*" && { address }) })),
  tasks({ t, vars, facts, host, members, peers }) {
    const layout = layoutOf(facts.family, vars.version);
    const place = members.findIndex((member) => member.host.name === host.name) + 1;
    const cx = { t, vars, facts, host: host.name, peers, place, layout, psql: new Psql([`${layout.bin}/psql`], vars.port) } satisfies Context;
    refuse(cx);
    const server = declareServer(cx);
    if (facts.server !== "stopped") return declareInside(cx, server);
    // What a stopped server holds is known to nobody before it runs.
    const answers = t.read("the server answers", { probe: cx.psql.run("postgres", "select 'yes'"), runAs: "postgres", needs: [server.up] });
    t.given("databases", answers, () => declareInside(cx, server));
  },
  verify({ v, vars, host, peers, facts }) {
    assertReplication(v, { vars, host, peers, facts });
  },
  drill({ d, vars }) {
    const [database] = vars.databases;
    if (database) d.writes(`rows of ${database.name}`, drillWrites(vars, database.name));
  },
});

/** Whether there is a cluster, and whether it runs; the files say so before anything is installed. */
function stateOf(folders: readonly string[]): Sh {
  return Sh.lines(
    "s=absent",
    sh`for d in ${folders}; do if [ -s "$d/PG_VERSION" ]; then s=stopped; p=$(head -n 1 "$d/postmaster.pid" 2>/dev/null) && kill -0 "$p" 2>/dev/null && s=running; break; fi; done`,
    'echo "$s"',
  );
}

function declareInside(cx: Context & { readonly facts: { readonly server: string } }, server: Server): void {
  const { t, vars, psql } = cx;
  // A cluster that is yet to be made has none.
  if (cx.facts.server !== "absent") declareOverrides(cx, server);
  const users = declareUsers(cx, server);
  const databases = vars.databases.map((database) => declareDatabase(cx, database, [server.up, server.settled, ...users]));
  const offered = databases.flatMap((each) => each.offered);
  t.export("ready", t.read("offered to the peers", { probe: all(databases, (each) => psql.holds(each.database.name, readySql(cx, each))), runAs: "postgres", needs: offered }));
  const isSeed = vars.seed === cx.host;
  const streams = new Map(databases.map((each) => [each, declareSubscriptions(cx, each, isSeed, (peer) => awaited(peer, vars.seed))]));
  if (isSeed) t.export("listening", t.read("subscribed to the peers", { probe: all(databases, (each) => psql.holds(each.database.name, listeningSql(cx))), runAs: "postgres", needs: [...streams.values()].flat() }));
  else for (const [{ database }, needs] of streams) declareSequencesAgain(cx, database, needs);
}

/** Every peer has its tables in the set; and the seed listens before anybody takes its rows, so that nothing written since is lost. */
function awaited(peer: Peer, seed: string): Record<string, Peer["exports"]["ready"]> {
  return { ready: peer.exports.ready, ...(peer.host.name === seed && { listening: peer.exports.listening }) };
}

const all = (databases: readonly Declared[], condition: (each: Declared) => Sh): Sh => Sh.lines(...databases.map((each) => sh`(${condition(each)}) || exit 1`), "echo yes");

function readySql({ host }: Context, { database }: Declared): string {
  const tables = replicated(database).map((table) => literal(tableName(table)));
  return whenThere(
    "pglogical.tables",
    `exists (select from pglogical.local_node join pglogical.node using (node_id) where node_name = ${literal(host)}) and (select count(*) = ${tables.length} from pglogical.tables where set_name = 'default' and relid = any (array[${tables.map((table) => `to_regclass(${table})`).join(", ")}]::regclass[]))`,
  );
}

const listeningSql = ({ peers }: Context): string => whenThere("pglogical.subscription", `(select count(*) = ${peers.length} from pglogical.subscription where sub_enabled and sub_name in (${peers.map((peer) => literal(subscriptionTo(peer.host.name))).join(", ")}))`);

/** @throws UsageError for what cannot work, before any host is changed. */
function refuse({ vars, facts, host, peers, layout }: Context): void {
  if (facts.family === "other" || facts.init !== "systemd") throw new UsageError(`postgres-pglogical serves Debian, Ubuntu and EL with systemd; ${host} is ${facts.os.name || "something else"}`);
  if (facts.family === "el" && facts.os.major === 7) {
    if (!vars.allow_eol) throw new UsageError(`${host} is ${facts.os.name}, whose support ended on 2024-06-30`, { hint: "postgres-pglogical.allow_eol: true, if it has to be" });
    if (vars.version > 15) throw new UsageError(`PostgreSQL ${vars.version} was never built for EL 7; 15 is the newest (${host})`);
  }
  if (peers.length > 1) throw new UsageError("postgres-pglogical joins two hosts; more were never tried", { hint: "the group in the play has more than two hosts" });
  if (![host, ...peers.map((peer) => peer.host.name)].includes(vars.seed)) throw new UsageError(`postgres-pglogical.seed names ${vars.seed}, which does not use the role`);
  for (const peer of peers) for (const name of SAME) refuseDifferent(name, { host, vars }, peer);
  const offsets = peers.map((peer) => peer.vars.identity_offset);
  if (vars.identity_offset !== undefined && offsets.includes(vars.identity_offset)) throw new UsageError(`postgres-pglogical.identity_offset is ${vars.identity_offset} on two hosts`);
  if (vars.tls.mode === "pinned" && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host)) throw new UsageError(`${host} cannot stand in a certificate: a host's name has letters, digits, dots and dashes`, { hint: `or bring certificates of your own: tls.mode ca (${layout.home}/tls)` });
}

/** What must be alike on all hosts. */
const SAME = ["seed", "databases", "identity_increment", "version", "conflict_resolution"] as const satisfies readonly (keyof Vars)[];

function refuseDifferent(name: (typeof SAME)[number], own: { readonly host: string; readonly vars: Vars }, peer: Peer): void {
  // Secrets print as a placeholder in JSON, so that they may differ.
  if (JSON.stringify(own.vars[name]) !== JSON.stringify(peer.vars[name])) throw new UsageError(`postgres-pglogical.${name} differs between ${own.host} and ${peer.host.name}`, { hint: "set it once, for a group that holds both" });
}

