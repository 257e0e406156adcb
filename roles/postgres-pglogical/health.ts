import { Sh, sh, type Facts, type HostView, type Verifier } from "hawser";
import { assertCertificate } from "hawser/roles/base/certificate";
import { layoutOf, type Layout } from "./layout.ts";
import { CANARY, replicated } from "./replicated.ts";
import { subscriptionTo } from "./rows.ts";
import { tlsFolder } from "./server.ts";
import { literal, Psql, tableName } from "./sql.ts";
import type { Vars } from "./vars.ts";

/** A peer that is further behind than this has stopped taking changes, or the line is too thin. */
const MOST_LAG_BYTES = 16 * 1024 * 1024;
/** Milliseconds in which a row of this host is on a peer. */
const MOST_DELAY = 5000;
/** Seconds after which a row that has not arrived is given up. */
const PATIENCE = 15;

interface Subject {
  readonly vars: Vars;
  readonly host: HostView;
  readonly peers: readonly { readonly host: HostView }[];
  readonly facts: Facts;
}

/** That every database takes its peers' changes, gives them its own, and has the same rows. */
export function assertReplication(v: Verifier, { vars, host, peers, facts }: Subject): void {
  const layout = layoutOf(facts.family, vars.version);
  const psql = new Psql([`${layout.bin}/psql`], vars.port);
  v.assert("server", { probe: sh`systemctl is-active ${layout.unit} || :`, value: ({ out }) => out.trim(), limit: { equals: "active" }, hint: `journalctl -u ${layout.unit}` });
  for (const { name, tables } of vars.databases) {
    const ask = (sql: string): Sh => psql.run(name, sql);
    const number = (sql: string) => ({ probe: ask(sql), runAs: "postgres", value: ({ out }: { readonly out: string }) => (out.trim() === "" ? undefined : Number(out)) });
    const slots = "pg_replication_slots where database = current_database() and plugin = 'pglogical_output'";
    for (const peer of peers) {
      v.assert(`${name} takes the changes of ${peer.host.name}`, {
        probe: ask(`select coalesce((select status from pglogical.show_subscription_status() where subscription_name = ${literal(subscriptionTo(peer.host.name))}), 'absent')`),
        runAs: "postgres",
        value: ({ out }) => out.trim(),
        limit: { equals: "replicating" },
        hint: `${layout.bin}/psql -d ${name} -c 'select * from pglogical.show_subscription_status()'; the server's log says why`,
        link: peer.host.name,
      });
      v.assert(`${name}: a row on its way to ${peer.host.name}`, {
        probe: canary({ layout, psql, database: name, port: vars.port, own: host.name, peer: peer.host.name }),
        runAs: "postgres",
        value: ({ out }) => (out.trim() === "" ? undefined : Number(out)),
        unit: "ms",
        limit: { max: MOST_DELAY },
        hint: `not measured: it was not there after ${PATIENCE} s, or ${peer.host.name} does not answer`,
        link: peer.host.name,
      });
    }
    v.assert(`${name}: peers that take no changes`, { ...number(`select ${peers.length} - count(*) from ${slots} and active`), unit: "peers", limit: { equals: 0 }, hint: "their subscriptions are down: hawser run makes them anew" });
    v.assert(`${name}: changes not taken yet`, { ...number(`select coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)), 0)::bigint from ${slots}`), unit: "bytes", limit: { max: MOST_LAG_BYTES }, hint: `beyond ${vars.max_slot_wal_keep_size} the peer has to start anew` });
    v.assert(`${name}: streams without TLS`, { ...number("select count(*) from pg_stat_replication join pg_stat_ssl using (pid) where not ssl"), unit: "streams", limit: { equals: 0 } });
    if (!vars.verify_rows || peers.length !== 1) continue;
    // Two hosts with the same rows cancel each other out.
    const sign = host.name < (peers[0]?.host.name ?? "") ? "" : "-";
    for (const table of replicated({ tables })) v.total(`${name}.${table}: difference of the rows' hashes`, { ...number(`select ${sign}(${hashOf(table)})`), limit: { equals: 0 }, hint: "rows are missing or others; or somebody wrote while they were counted" });
  }
  if (vars.tls.mode === "pinned") assertCertificate(v, `${tlsFolder(layout)}/server.crt`);
}

/** A number of 48 bits, which order and text of the rows decide. */
const hashOf = (table: string): string => `select ('x' || substr(md5(coalesce(string_agg(hash, '' order by hash), '')), 1, 12))::bit(48)::bigint from (select md5(row(t.*)::text) as hash from ${tableName(table)} t) rows`;

/**
 * Writes a new token into this host's row of the canary table, which is all that a check of health ever writes, and asks the peer for it as a
 * subscription would: milliseconds until it was there, or nothing.
 */
function canary({ layout, psql, database, port, own, peer }: { readonly layout: Layout; readonly psql: Psql; readonly database: string; readonly port: number; readonly own: string; readonly peer: string }): Sh {
  const program = `${layout.bin}/psql`;
  return Sh.lines(
    sh`dsn=$(${psql.run(database, `select if_dsn from pglogical.node_interface join pglogical.node on if_nodeid = node_id where node_name = ${literal(peer)} limit 1`)}) && [ -n "$dsn" ] || exit 1`,
    Sh.raw("now() { read -r n _ </proc/uptime; n=${n%.*}${n#*.}; }\nnow; began=$n token=$n-$$"),
    sh`${program} -XAtq -v ON_ERROR_STOP=1 -v token="$token" -p ${port} -d ${database} >/dev/null`.stdin(`insert into ${CANARY} (host, token) values (${literal(own)}, :'token') on conflict (host) do update set token = excluded.token, written = clock_timestamp();`),
    sh`until [ "$(${program} -XAtqc ${`select token from ${CANARY} where host = ${literal(own)}`} "$dsn")" = "$token" ]; do
now; [ $((n - began)) -lt ${PATIENCE * 100} ] || exit 1
sleep 0.1
done`,
    Sh.raw("now; echo $(((n - began) * 10))"),
  );
}

/** Rows of the canary table, whose keys are the drill's, so that nothing of the databases' owners is touched. Runs as root. */
export function drillWrites(vars: Pick<Vars, "version" | "port">, database: string): { readonly write: Sh; readonly read: Sh; readonly clean: Sh } {
  const folders = (["debian", "el"] as const).map((family) => layoutOf(family, vars.version).bin);
  // The other region's rows wait for a lock of nobody, so five seconds are for a server that is short of time.
  const ask = (name: string, sql: string): Sh => Sh.lines(sh`cd / && PATH=${folders.join(":")}:$PATH`, sh`timeout 5 runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -v ${Sh.raw(`word="$${name}"`)} -p ${vars.port} -d ${database}`.stdin(sql));
  return {
    write: ask("key", `insert into ${CANARY} (host, token) values (:'word', 'drill');`),
    read: ask("prefix", `select host from ${CANARY} where host like :'word' || '%';`),
    clean: ask("prefix", `delete from ${CANARY} where host like :'word' || '%';`),
  };
}
