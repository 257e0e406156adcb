import { Sh, sh } from "hawser";
import { replicated } from "./replicated.ts";
import { addressOf, dsnOf, type Context, type Peer } from "./server.ts";
import { literal, tableName } from "./sql.ts";
import type { Database } from "./vars.ts";

/** Marks what is taken from a peer, so that it is not sent back: subscriptions forward nothing that has an origin. */
const ORIGIN = "hawser";
const WITH_ORIGIN = [
  `select pg_replication_origin_create('${ORIGIN}') where not exists (select from pg_replication_origin where roname = '${ORIGIN}');`,
  `select pg_replication_origin_session_setup('${ORIGIN}');`,
];

export const subscriptionTo = (host: string): string => host.replaceAll(/[^a-z0-9_]/g, "_");

/** The slot by which a peer takes the changes of this database, while it does. */
const slotOf = (cx: Context, peer: Peer): string =>
  `select s.slot_name from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid where s.database = current_database() and r.application_name = ${literal(subscriptionTo(cx.host))} and r.client_addr = ${literal(addressOf(peer))}`;

/**
 * Lines of SQL for psql, where `{c}`, `{a}`, `{b}` and `{k}` stand for a table's columns, plain and of the tables `a` and
 * `b`, and for the condition that both have the same key. The shell learns those from the catalog.
 */
function say(index: number, ...lines: readonly string[]): Sh {
  const args: string[] = [];
  const format = lines.map((line) => `${line.replaceAll("\\", "\\\\").replaceAll("%", "%%")}\\n`).join("").replaceAll(/\{([cabk])\}/g, (_, name: string) => {
    args.push(`"$${name}${index}"`);
    return "%s";
  });
  return sh`printf ${format} ${Sh.raw(args.join(" "))}`;
}

interface Table {
  readonly index: number;
  readonly name: string;
}

const numbered = (tables: readonly string[]): readonly Table[] => tables.map((name, index) => ({ index, name: tableName(name) }));

/** Shell variables with a table's columns and key. Generated columns are left out: nobody can insert them. */
function learn({ psql }: Context, database: Database, { index, name }: Table): Sh {
  const columns = (prefix: string): string => `select string_agg(${prefix}quote_ident(attname), ', ' order by attnum) from pg_attribute where attrelid = ${literal(name)}::regclass and attnum > 0 and not attisdropped and attgenerated = ''`;
  const key = `select string_agg(format('a.%1$I = b.%1$I', attname), ' and ') from pg_index join pg_attribute on attrelid = indrelid and attnum = any (indkey) where indrelid = ${literal(name)}::regclass and indisprimary`;
  const set = (variable: string, sql: string): Sh => sh`${Sh.raw(`${variable}${index}`)}=$(${psql.run(database.name, sql)})`;
  return Sh.lines(set("c", columns("")), set("a", columns("'a.' || ")), set("b", columns("'b.' || ")), set("k", key));
}

/** The peer's rows of a table as a temporary table `theirs<index>`. A peer that cannot be read ends the transaction. */
function fetchTheirs(cx: Context, peer: Peer, database: Database, { index, name }: Table): Sh {
  const remote = sh`${`${cx.layout.bin}/psql`} -XAtq -v ON_ERROR_STOP=1 -d ${dsnOf(cx, peer, database.name)}`;
  return Sh.lines(
    say(index, `create temp table theirs${index} on commit drop as select {c} from ${name} with no data;`, `copy theirs${index} from stdin;`),
    sh`if ${say(index, `copy (select {c} from ${name}) to stdout;`)} | ${remote}; then f=; else f=1; fi`,
    say(index, "\\."),
    sh`if [ -n "$f" ]; then ${say(index, `do 'begin raise exception ''the rows of ${peer.host.name} cannot be read''; end';`)}; fi`,
  );
}

const different = "row({a})::text is distinct from row({b})::text";

/** Ends the transaction when there are rows that nobody may choose between. `alone` says whose rows may not stand alone. */
function judge({ index, name }: Table, peer: Peer, alone: "ours" | "theirs" | "neither"): Sh {
  return say(
    index,
    "do $judge$ declare differ bigint; ours bigint; theirs bigint; begin",
    `select count(*) into differ from ${name} a join theirs${index} b on {k} where ${different};`,
    `select count(*) into ours from ${name} a where not exists (select from theirs${index} b where {k});`,
    `select count(*) into theirs from theirs${index} b where not exists (select from ${name} a where {k});`,
    `if differ > 0 or (${alone === "ours"} and ours > 0) or (${alone === "theirs"} and theirs > 0) then`,
    `raise exception '% against ${peer.host.name}: % rows are only here, % only there, % differ; see existing_rows', ${literal(name)}, ours, theirs, differ;`,
    "end if; end $judge$;",
  );
}

const takeMissing = ({ index, name }: Table): Sh => say(index, `insert into ${name} ({c}) overriding system value select {c} from theirs${index} b where not exists (select from ${name} a where {k});`);

const takeAll = (table: Table): Sh =>
  Sh.lines(
    say(table.index, `delete from ${table.name} a where not exists (select from theirs${table.index} b where {k});`, `delete from ${table.name} a using theirs${table.index} b where {k} and ${different};`),
    takeMissing(table),
  );

/** One transaction in which nothing else writes the tables, the streams' workers included. */
function exclusively(cx: Context, database: Database, tables: readonly Table[], before: readonly string[], body: Sh): Sh {
  const script = Sh.lines(say(0, "begin;", "set local client_min_messages = warning;", "set local session_replication_role = replica;", ...before, `lock table ${tables.map(({ name }) => name).join(", ")} in share row exclusive mode;`), body, say(0, "commit;"));
  return sh`{ ${script}
} | ${sh`${`${cx.layout.bin}/psql`} -XAtq -v ON_ERROR_STOP=1 -p ${cx.vars.port} -d ${database.name} >/dev/null`}`;
}

/**
 * Brings this host's rows in line with a peer's after a subscription to it was made, which brings only later changes.
 *
 * While the peer takes our changes, it has every change of ours once it has caught up, so its rows are the newest there
 * are and are taken over: added, replaced, removed. Otherwise the two never met: then `existing_rows` decides.
 */
export function takeRows(cx: Context, peer: Peer, database: Database, { seed }: { readonly seed: boolean }): Sh {
  const tables = numbered(replicated(database));
  const caughtUp = say(
    0,
    "do $wait$ declare target pg_lsn := pg_current_wal_insert_lsn(); begin",
    "for i in 1..450 loop",
    `if exists (select from pg_replication_slots where slot_name = (${slotOf(cx, peer)}) and confirmed_flush_lsn >= target) then return; end if;`,
    "perform pg_sleep(0.1);",
    `end loop; raise exception '${peer.host.name} does not keep up with the changes made here'; end $wait$;`,
  );
  const take = (...body: readonly Sh[]): Sh => exclusively(cx, database, tables, WITH_ORIGIN, Sh.lines(...body));
  const theirs = tables.map((table) => fetchTheirs(cx, peer, database, table));
  return Sh.lines(
    ...tables.map((table) => learn(cx, database, table)),
    sh`if [ -n "$(${cx.psql.run(database.name, slotOf(cx, peer))})" ]; then`,
    take(caughtUp, ...theirs, ...tables.map(takeAll)),
    "else",
    firstMeeting(),
    "fi",
  );

  function firstMeeting(): Sh {
    const { existing_rows: rows } = cx.vars;
    if (rows === "discard") return seed ? Sh.raw(":") : take(...theirs, ...tables.map(takeAll));
    if (!seed) return take(...theirs, ...tables.map((table) => judge(table, peer, "ours")), ...tables.map(takeMissing));
    return take(...theirs, ...tables.map((table) => judge(table, peer, rows === "merge" ? "neither" : "theirs")), ...tables.map(takeMissing));
  }
}

/**
 * Sends a table's rows that a peer lacks or has differently once more, after the table was out of the set for a while:
 * deleted and inserted in one transaction, so that here nothing changes and the peer gets them by its subscription.
 */
export function sendAgain(cx: Context, peer: Peer, database: Database, table: string): Sh {
  const [one] = numbered([table]) as [Table];
  const unknown = say(
    0,
    "do $judge$ declare there bigint; begin",
    `select count(*) into there from theirs0 b where not exists (select from ${one.name} a where {k});`,
    `if there > 0 then raise exception '% against ${peer.host.name}: % rows are only there; delete them there or bring them here', ${literal(one.name)}, there; end if;`,
    "end $judge$;",
  );
  const again = say(
    0,
    `create temp table again on commit drop as select {a} from ${one.name} a left join theirs0 b on {k} where ${different};`,
    `delete from ${one.name} a using again b where {k};`,
    `insert into ${one.name} ({c}) overriding system value select {c} from again;`,
  );
  const theirs = fetchTheirs(cx, peer, database, one);
  const add = cx.psql.quiet(database.name, `select pglogical.replication_set_add_table('default', ${literal(one.name)}, false) where not exists (select from pglogical.tables where set_name = 'default' and relid = ${literal(one.name)}::regclass);`);
  return Sh.lines(
    sh`if [ -n "$(${cx.psql.run(database.name, slotOf(cx, peer))})" ]; then`,
    learn(cx, database, one),
    // Rows that are on their way from the peer arrive within moments.
    sh`n=0; until ${exclusively(cx, database, [one], [], Sh.lines(theirs, unknown))} 2>/dev/null; do n=$((n + 1)); [ "$n" -lt 5 ] || break; sleep 1; done`,
    exclusively(cx, database, [one], [], Sh.lines(theirs, unknown)),
    add,
    exclusively(cx, database, [one], [], Sh.lines(theirs, unknown, again)),
    "fi",
  );
}
