import { createHash } from "node:crypto";
import { Sh, sh, type ResourceNode, type Value } from "hawser";
import type { Declared } from "./databases.ts";
import { replicated } from "./replicated.ts";
import { subscriptionTo, takeRows } from "./rows.ts";
import { dsnOf, type Context, type Peer } from "./server.ts";
import { literal, tableName, whenThere } from "./sql.ts";
import type { Database } from "./vars.ts";

/** What must be true of a peer before the subscription to it is made. */
export type Awaited = Record<string, Value<string>>;

/** A subscription to each peer, which streams when this is done. */
export function declareSubscriptions(cx: Context, { database, offered }: Declared, seed: boolean, uses: (peer: Peer) => Awaited): readonly ResourceNode[] {
  const { t, psql, vars } = cx;
  return cx.peers.flatMap((peer) => {
    const name = subscriptionTo(peer.host.name);
    const common = { runAs: "postgres", absent: "while-needs-absent" } as const;
    const subscription = t.task(`subscription of ${database.name} to ${peer.host.name}`, {
      ...common,
      check: psql.holds(database.name, whenThere("pglogical.subscription", `(${intact(cx, peer, database)})`)),
      apply: subscribe(cx, peer, database, seed),
      uses: uses(peer),
      summary: "subscribe",
      needs: offered,
      applyTimeout: 3600,
    });
    const streaming = t.task(`${database.name} takes the changes of ${peer.host.name}`, {
      ...common,
      check: psql.holds(database.name, whenThere("pglogical.subscription", `coalesce((select ${statusOf(name)} = 'replicating'), false)`)),
      apply: stream(cx, peer, database),
      summary: `wait up to ${vars.ready_within} s`,
      needs: [subscription],
      applyTimeout: vars.ready_within + 60,
    });
    return [subscription, streaming];
  });
}

/** SQL: one value. */
const statusOf = (name: string): string => `(select status from pglogical.show_subscription_status() where subscription_name = ${literal(name)})`;

/** Waits until the subscription streams. One whose peer was away is made to try again: by itself pglogical does that after three minutes. */
function stream({ psql, vars }: Context, peer: Peer, database: Database): Sh {
  const name = subscriptionTo(peer.host.name);
  return Sh.lines(
    sh`n=0; until s=$(${psql.run(database.name, `select ${statusOf(name)}`)}) && [ "$s" = replicating ]; do`,
    sh`n=$((n + 1)); if [ "$n" -gt ${vars.ready_within * 2} ]; then echo ${`the subscription to ${peer.host.name} does not stream, its state is`} "$s; see the server's log here and there" >&2; exit 1; fi`,
    sh`if [ "$s" = down ] && [ $((n % 4)) = 1 ]; then`,
    psql.quiet(database.name, `select pglogical.alter_subscription_disable(${literal(name)}, true); select pglogical.alter_subscription_enable(${literal(name)}, true);`),
    "fi; sleep 0.5; done",
  );
}

/** SQL: the subscription is as it shall be, and its first copy did not break off. */
function intact(cx: Context, peer: Peer, database: Database): string {
  const name = literal(subscriptionTo(peer.host.name));
  return `select exists (
  select from pglogical.subscription s
  join pglogical.node_interface i on i.if_id = s.sub_origin_if
  join pglogical.node n on n.node_id = s.sub_origin
  where s.sub_name = ${name} and s.sub_enabled and n.node_name = ${literal(peer.host.name)}
    and s.sub_replication_sets = '{default}' and coalesce(cardinality(s.sub_forward_origins), 0) = 0
    and i.if_dsn = ${literal(dsnOf(cx, peer, database.name))}
    and not (${broken(name)}))`;
}

/** A first copy that failed is never tried again by pglogical. */
const broken = (name: string): string => `exists (
  select from pglogical.local_sync_status y join pglogical.subscription x on x.sub_id = y.sync_subid
  where x.sub_name = ${name} and y.sync_relname is null and y.sync_status not in ('r', 'i') and (select status in ('down', 'disabled') from pglogical.show_subscription_status() where subscription_name = ${name}))`;

function subscribe(cx: Context, peer: Peer, database: Database, seed: boolean): Sh {
  const { psql } = cx;
  const name = literal(subscriptionTo(peer.host.name));
  const ask = (sql: string): Sh => psql.run(database.name, sql);
  const create = (withRows: boolean): Sh => psql.quiet(database.name, `select pglogical.create_subscription(${name}, ${literal(dsnOf(cx, peer, database.name))}, '{default}', false, ${withRows}, '{}');`);
  const drop = psql.quiet(database.name, `select pglogical.drop_subscription(${name}, true);`);
  const empty = replicated(database).map((table) => `not exists (select from ${tableName(table)})`).join(" and ");
  return Sh.lines(
    // One that is otherwise sound is led to the right place, or enabled again; its slot knows where it stopped.
    sh`if [ "$(${ask(`select exists (select from pglogical.subscription s join pglogical.node n on n.node_id = s.sub_origin where sub_name = ${name} and n.node_name = ${literal(peer.host.name)} and sub_replication_sets = '{default}' and coalesce(cardinality(sub_forward_origins), 0) = 0 and not (${broken(name)}))`)})" = t ]; then`,
    psql.quiet(database.name, lead(cx, peer, database)),
    "exit 0",
    "fi",
    psql.quiet(database.name, `select pglogical.drop_subscription(sub_name) from pglogical.subscription where sub_name = ${name};`),
    !seed && peer.host.name === cx.vars.seed && sh`if [ "$(${ask(`select ${empty}`)})" = t ]; then\n${create(true)}\nexit 0\nfi`,
    // Without its rows in line the subscription must not stay: the next run would take it for done.
    sh`undo() { code=$?; trap - EXIT; [ "$code" = 0 ] || { ${drop}
} || :; exit "$code"; }`,
    "trap undo EXIT",
    create(false),
    stream(cx, peer, database),
    takeRows(cx, peer, database, { seed }),
  );
}

/** Points the subscription at the peer's present address and lets it run. */
function lead(cx: Context, peer: Peer, database: Database): string {
  const name = literal(subscriptionTo(peer.host.name));
  const dsn = dsnOf(cx, peer, database.name);
  const contact = literal(`hawser_${createHash("sha256").update(dsn).digest("hex").slice(0, 12)}`);
  return `select not exists (select from pglogical.node_interface i join pglogical.node n on n.node_id = i.if_nodeid where n.node_name = ${literal(peer.host.name)} and if_dsn = ${literal(dsn)}) as unknown \\gset
\\if :unknown
select pglogical.alter_node_add_interface(${literal(peer.host.name)}, ${contact}, ${literal(dsn)});
\\endif
select pglogical.alter_subscription_disable(${name}, true);
select pglogical.alter_subscription_interface(${name}, (select if_name from pglogical.node_interface i join pglogical.node n on n.node_id = i.if_nodeid where n.node_name = ${literal(peer.host.name)} and if_dsn = ${literal(dsn)} limit 1));
select pglogical.alter_subscription_enable(${name}, true);
`;
}
