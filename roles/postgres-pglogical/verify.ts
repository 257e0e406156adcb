import type { Facts, Sh } from "hawser";
import { layoutOf } from "./layout.ts";
import { CANARY, replicated } from "./replicated.ts";
import { subscriptionTo } from "./rows.ts";
import { literal, Psql, tableName } from "./sql.ts";
import type { Vars } from "./vars.ts";

/** What a healthy value is. `alike`: the same on every host. */
export type Limit = { readonly is: string } | { readonly atMost: number; readonly unit: string } | { readonly alike: true };

/** A value that a host is asked for, as the user postgres, beside its limit. Reads only. */
export interface HealthProbe {
  readonly name: string;
  readonly probe: Sh;
  readonly limit: Limit;
}

export interface HealthInput {
  readonly vars: Pick<Vars, "version" | "port" | "databases">;
  readonly family: Facts["family"];
  /** Names of the other hosts. */
  readonly peers: readonly string[];
}

/** A peer that is further behind than this has stopped taking changes, or the line is too thin. */
const MOST_LAG_BYTES = 16 * 1024 * 1024;

/** Everything that tells a healthy pair from a broken one without writing anything. */
export function healthProbes({ vars, family, peers }: HealthInput): readonly HealthProbe[] {
  const psql = psqlOf(family, vars);
  return vars.databases.flatMap((database) => {
    const ask = (sql: string): Sh => psql.run(database.name, sql);
    const { name } = database;
    const slots = "pg_replication_slots where database = current_database() and plugin = 'pglogical_output'";
    return [
      ...peers.map((peer): HealthProbe => ({
        name: `${name} takes the changes of ${peer}`,
        probe: ask(`select coalesce((select status from pglogical.show_subscription_status() where subscription_name = ${literal(subscriptionTo(peer))}), 'absent')`),
        limit: { is: "replicating" },
      })),
      { name: `${name}: peers that take no changes`, probe: ask(`select ${peers.length} - count(*) from ${slots} and active`), limit: { is: "0" } },
      { name: `${name}: changes not taken yet`, probe: ask(`select coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)), 0)::bigint from ${slots}`), limit: { atMost: MOST_LAG_BYTES, unit: "bytes" } },
      { name: `${name}: streams without TLS`, probe: ask("select count(*) from pg_stat_replication join pg_stat_ssl using (pid) where not ssl"), limit: { is: "0" } },
      ...replicated(database).map((table): HealthProbe => ({ name: `${name}.${table}: rows and their hash`, probe: ask(hashOf(table)), limit: { alike: true } })),
    ];
  });
}

/** Order and text of the rows are the same wherever the rows are. */
const hashOf = (table: string): string => `select count(*) || ' ' || coalesce(md5(string_agg(hash, '' order by hash)), '-') from (select md5(row(t.*)::text) as hash from ${tableName(table)} t) rows`;

/** Leaves a new token in this host's row of the canary table: the only thing a check of health writes. */
export function sendCanary({ vars, family }: HealthInput, database: string, host: string, token: string): Sh {
  return psqlOf(family, vars).quiet(database, `insert into ${CANARY} (host, token) values (${literal(host)}, ${literal(token)}) on conflict (host) do update set token = excluded.token, written = clock_timestamp();`);
}

/** Prints the token that has arrived from a host. */
export function seeCanary({ vars, family }: HealthInput, database: string, host: string): Sh {
  return psqlOf(family, vars).run(database, `select token from ${CANARY} where host = ${literal(host)}`);
}

/** Why a value is unhealthy, or undefined. `others` are the same probe's values on the other hosts. */
export function complaint({ name, limit }: HealthProbe, value: string, others: readonly string[]): string | undefined {
  if ("is" in limit) return value === limit.is ? undefined : `${name}: ${value}, not ${limit.is}`;
  if ("atMost" in limit) return Number(value) <= limit.atMost ? undefined : `${name}: ${value} ${limit.unit}, more than ${limit.atMost}`;
  return others.every((other) => other === value) ? undefined : `${name}: ${value} here, ${others.join(", ")} elsewhere`;
}

function psqlOf(family: Facts["family"], vars: HealthInput["vars"]): Psql {
  return new Psql([`${layoutOf(family, vars.version).bin}/psql`], vars.port);
}
