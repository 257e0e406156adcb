import { createHash } from "node:crypto";
import { Secret, Sh, sh, type HandlerNode, type ResourceNode } from "hawser";
import { replicated, CANARY } from "./replicated.ts";
import { sendAgain } from "./rows.ts";
import type { Context, Server } from "./server.ts";
import { ident, literal, saltFor, scramVerifier, tableName, whenThere } from "./sql.ts";
import type { Database } from "./vars.ts";

/** An array of the tables that are there. */
const regclasses = (tables: readonly string[]): string => `array[${tables.map((table) => `to_regclass(${literal(tableName(table))})`).join(", ")}]::regclass[]`;

/** The user that peers connect as, and the owners. */
export function declareUsers(cx: Context, { up, settled }: Server): readonly ResourceNode[] {
  const owners = [...new Map(cx.vars.databases.map((database) => [database.owner, database.owner_password])).entries()];
  return [replicationUser(cx, up, settled), ...owners.map(([owner, password]) => declareUser(cx, up, { name: owner, password, attributes: password ? "login" : "nologin", also: "true", more: "" }))];
}

/**
 * Since the fix releases of 2026 a user who streams may only use output plugins that are listed, and pglogical's is not; it is allowed
 * for this user alone. Older servers do not know the setting.
 */
function replicationUser(cx: Context, up: ResourceNode, settled: HandlerNode): ResourceNode {
  const { replication_user: user, replication_password: password } = cx.vars;
  const known = "exists (select from pg_settings where name = 'output_plugin_libraries')";
  const also = `r.rolreplication and not r.rolsuper and (not ${known} or exists (select from pg_db_role_setting x, unnest(x.setconfig) line where x.setrole = r.oid and x.setdatabase = 0 and line like 'output_plugin_libraries=%pglogical_output%'))`;
  const more = `select ${known} as known \\gset\n\\if :known\nalter role ${ident(user)} set output_plugin_libraries = 'pglogical_output';\n\\endif\n`;
  return declareUser(cx, up, { name: user, password, attributes: "login replication nosuperuser", also, more, needs: [settled] });
}

interface User {
  readonly name: string;
  readonly password: Secret | undefined;
  readonly attributes: string;
  /** Further condition on the row `r` of pg_authid. */
  readonly also: string;
  /** Further SQL. */
  readonly more: string;
  readonly needs?: readonly HandlerNode[];
}

function declareUser({ t, psql, host }: Context, up: ResourceNode, { name, password, attributes, also, more, needs = [] }: User): ResourceNode {
  const verifier = password && scramVerifier(password.reveal(), saltFor(host, name));
  const right = verifier === undefined ? "not r.rolcanlogin" : `r.rolcanlogin and r.rolpassword = ${literal(verifier)}`;
  const hidden = (sql: string): string | Secret => (verifier === undefined ? sql : new Secret(sql));
  return t.task(`user ${name}`, {
    check: psql.holds("postgres", hidden(`select exists (select from pg_authid r where r.rolname = ${literal(name)} and ${right} and ${also})`)),
    apply: psql.quiet(
      "postgres",
      hidden(`select not exists (select from pg_roles where rolname = ${literal(name)}) as missing \\gset
\\if :missing
create role ${ident(name)};
\\endif
alter role ${ident(name)} ${attributes} password ${verifier === undefined ? "null" : literal(verifier)};
${more}`),
    ),
    runAs: "postgres",
    absent: "while-needs-absent",
    needs: [up, ...needs],
  });
}

export interface Declared {
  readonly database: Database;
  /** Its node, and its tables in the set that peers subscribe to. */
  readonly offered: readonly ResourceNode[];
}

/** A database with its tables, and all that peers need in order to subscribe to it. */
export function declareDatabase(cx: Context, database: Database, before: readonly (ResourceNode | HandlerNode)[]): Declared {
  const { t, psql, vars, layout } = cx;
  const { name } = database;
  const common = { runAs: "postgres", absent: "while-needs-absent" } as const;
  const made = t.task(`database ${name}`, {
    ...common,
    check: psql.holds("postgres", `select exists (select from pg_database where datname = ${literal(name)} and datdba = to_regrole(${literal(ident(database.owner))}))`),
    apply: psql.quiet(
      "postgres",
      `select not exists (select from pg_database where datname = ${literal(name)}) as missing \\gset
\\if :missing
create database ${ident(name)} owner ${ident(database.owner)} encoding 'UTF8' lc_collate ${literal(database.locale)} lc_ctype ${literal(database.locale)} template template0;
\\endif
alter database ${ident(name)} owner to ${ident(database.owner)};
`,
    ),
    needs: before,
  });
  const extension = t.task(`extension pglogical in ${name}`, {
    ...common,
    check: psql.holds(name, "select exists (select from pg_extension where extname = 'pglogical')"),
    apply: psql.quiet(name, "create extension if not exists pglogical;"),
    needs: [made, ...before],
  });
  const tables = t.task(`tables of ${name}`, { ...common, ...schemaOf(cx, database), summary: "run the schema", needs: [made] });
  const grants = t.task(`rights of ${vars.replication_user} in ${name}`, { ...common, ...grantsOf(cx, database), summary: "grant", needs: [extension, tables] });
  const identity = t.task(`sequences of ${name}`, { ...common, ...identityOf(cx, database), needs: [tables] });
  const node = t.task(`node of ${name}`, {
    ...common,
    check: psql.holds(name, whenThere("pglogical.local_node", `exists (select from pglogical.local_node join pglogical.node using (node_id) where node_name = ${literal(cx.host)})`)),
    apply: psql.quiet(name, `select pglogical.create_node(${literal(cx.host)}, ${literal(`host=${layout.socket} port=${vars.port} dbname=${name}`)});`),
    needs: [extension],
  });
  const offered = replicated(database).map((table) => t.task(`table ${name}.${table} replicates`, { ...common, ...offer(cx, database, table), summary: "add to the set", needs: [node, tables], applyTimeout: 600 }));
  return { database, offered: [node, grants, identity, ...offered] };
}

/** The schema runs as the owner; what ran is noted by its hash, and a table that is gone makes it run again. */
function schemaOf({ psql, vars }: Context, database: Database) {
  const hash = createHash("sha256").update(database.schema).digest("hex");
  const noted = `select exists (select from hawser.applied where what = 'schema' and sha256 = ${literal(hash)})`;
  const there = database.tables.map((table) => `to_regclass(${literal(tableName(table))}) is not null`).join(" and ");
  return {
    check: psql.holds(database.name, whenThere("hawser.applied", `to_regclass('hawser.canary') is not null and ${there} and (${noted})`)),
    apply: psql.quiet(
      database.name,
      `begin;
create schema if not exists hawser;
create table if not exists hawser.applied (what text primary key, sha256 text not null);
create table if not exists ${CANARY} (host text primary key, token text not null, written timestamptz not null default clock_timestamp());
grant usage on schema hawser to ${ident(vars.replication_user)};
set local role ${ident(database.owner)};
${database.schema}
;
reset role;
insert into hawser.applied values ('schema', ${literal(hash)}) on conflict (what) do update set sha256 = excluded.sha256;
commit;
`,
    ),
  };
}

function grantsOf({ psql, vars }: Context, database: Database) {
  const user = vars.replication_user;
  const tables = replicated(database).map(tableName);
  const schemas = [...new Set(tables.map((table) => table.slice(0, table.indexOf('".') + 1)))];
  const rights = [
    ...tables.map((table) => `coalesce(has_table_privilege(${literal(user)}, to_regclass(${literal(table)}), 'select'), false)`),
    `has_table_privilege(${literal(user)}, 'pglogical.tables', 'select')`,
    "has_schema_privilege(" + literal(user) + ", 'pglogical', 'usage')",
    ...schemas.map((schema) => `has_schema_privilege(${literal(user)}, ${literal(schema.slice(1, -1).replaceAll('""', '"'))}, 'usage')`),
  ];
  return {
    check: psql.holds(database.name, whenThere("pglogical.tables", rights.join(" and "))),
    apply: psql.quiet(
      database.name,
      `grant usage on schema pglogical, ${schemas.join(", ")} to ${ident(user)};
grant select on pglogical.tables, ${tables.join(", ")} to ${ident(user)};
`,
    ),
  };
}

/**
 * Sequences that columns of the tables own, with the number that comes next and the highest number of this host's own
 * class that stands in the column at or above it: such a one would be given out a second time.
 */
function sequences(tables: readonly string[], increment: number, offset: number): string {
  return `with owned as (
  select s.oid, n.nspname, s.relname, d.refobjid as tab, a.attname
  from pg_depend d
  join pg_class s on s.oid = d.objid and s.relkind = 'S'
  join pg_namespace n on n.oid = s.relnamespace
  join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjid = any (${regclasses(tables)})
), counted as (
  select o.*, q.increment_by, q.start_value, coalesce(q.last_value + q.increment_by, q.start_value) as next
  from owned o join pg_sequences q on q.schemaname = o.nspname and q.sequencename = o.relname
), judged as (
  select c.*, (xpath('/row/top/text()', query_to_xml(format('select max(%1$I) as top from %2$s where %1$I >= %3$s and %1$I %% ${increment} = ${offset % increment}', attname, tab::regclass, next), false, true, '')))[1]::text::bigint as top
  from counted c
)`;
}

function identityOf(cx: Context, database: Database) {
  const { psql, vars } = cx;
  const [increment, offset] = [vars.identity_increment, vars.identity_offset ?? cx.place];
  const wrong = `increment_by <> ${increment} or mod(next, ${increment}) <> ${offset % increment} or top is not null`;
  const first = "greatest(next, coalesce(top + 1, next))";
  const all = sequences(database.tables, increment, offset);
  return {
    check: psql.holds(database.name, `${all} select not exists (select from judged where ${wrong})`),
    apply: psql.quiet(
      database.name,
      `${all}, mended as (select nspname, relname, ${first} + mod(mod(${offset} - ${first}, ${increment}) + ${increment}, ${increment}) as value from judged where ${wrong})
select format('alter sequence %I.%I increment by ${increment} start with %s restart with %s', nspname, relname, value, value) from mended \\gexec
`,
    ),
    summary: `count ${offset}, ${offset + increment}, …`,
  };
}

/** Declared again once the seed's rows are there, which may hold numbers of this host's class. */
export function declareSequencesAgain(cx: Context, database: Database, needs: readonly ResourceNode[]): ResourceNode {
  const again = identityOf(cx, database);
  // A look of its own, by a text of its own: what the first one saw says nothing about the rows that came since.
  return cx.t.task(`sequences of ${database.name} after the copy`, { ...again, check: Sh.lines(": after the copy", again.check), runAs: "postgres", absent: "while-needs-absent", needs });
}

/** Every table of the database that cannot replicate is named at once. */
function offer(cx: Context, database: Database, table: string) {
  const { psql } = cx;
  const mine = literal(tableName(table));
  const all = replicated(database).map((each) => literal(tableName(each))).join(", ");
  const keyless = `(select string_agg(name, ', ') from unnest(array[${all}]) name where to_regclass(name) is not null and not exists (select from pg_index where indrelid = to_regclass(name) and indisprimary))`;
  const offered = `exists (select from pglogical.tables where set_name = 'default' and relid = to_regclass(${mine}))`;
  return {
    check: Sh.lines(
      sh`r=$(${psql.run(database.name, whenThere("pglogical.tables", `coalesce(${keyless}, ${offered}::text)`))}) || exit 2`,
      Sh.raw(`case $r in true) ;; f | false) exit 1 ;; *) echo "a table without a primary key cannot replicate: $r" >&2; exit 3 ;; esac`),
    ),
    apply: Sh.lines(
      ...cx.peers.map((peer) => sendAgain(cx, peer, database, table)),
      psql.quiet(database.name, `select pglogical.replication_set_add_table('default', ${mine}, false) where not exists (select from pglogical.tables where set_name = 'default' and relid = ${mine}::regclass);`),
    ),
  };
}
