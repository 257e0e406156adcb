import { secret, z } from "hawser";

/** The oldest major version whose pglogical is built everywhere, and the newest that EL 7 has. */
const [OLDEST, NEWEST] = [13, 17];

const name = (what: string) => z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, `${what}: lower case letters, digits and _, at most 63`);
const table = z.string().regex(/^(?:[^."\\{}]{1,63}\.)?[^."\\{}]{1,63}$/, "a table is `table` or `schema.table`");
/** SCRAM normalises other characters in ways that differ between implementations. */
const password = secret.refine((value) => /^[\x21-\x7e]{16,}$/.test(reveal(value)), "a password is at least 16 printable ASCII characters without blanks");

/** Inventories that are only looked at hold secrets that cannot be opened; those pass. */
function reveal(value: z.output<typeof secret>): string {
  try {
    return value.reveal();
  } catch {
    return "-".repeat(16);
  }
}

const database = z.strictObject({
  name: name("a database").refine((value) => !["postgres", "template0", "template1"].includes(value), "this database belongs to the server").describe("The database's name; the same on every host."),
  owner: name("an owner").describe("The role that owns the database and everything that `schema` makes."),
  owner_password: password.optional().describe("Lets the owner log in, over TLS and from the addresses in `clients` only. Without it the owner cannot log in."),
  schema: z.string().default("").describe("SQL that makes the tables, run on every host as the owner in one transaction whenever its text changes. It must be repeatable: `create table if not exists`, `alter table … add column if not exists`."),
  tables: z.array(table).min(1).describe("The tables to replicate, `table` or `schema.table`. Each needs a primary key; one without is refused by name."),
  locale: z.string().regex(/^[\w.@-]+$/).default("C").describe("Locale of a new database. `C` sorts alike everywhere, which the C libraries of different systems do not; an existing database keeps its own."),
});

const client = z.strictObject({
  database: name("a database").describe("A database's name, or `all`."),
  user: name("a user").describe("A user's name, or `all`."),
  address: z.union([z.cidrv4(), z.cidrv6()]).describe("From where, e.g. `10.10.0.0/24`."),
});

const tls = z.discriminatedUnion("mode", [
  z.strictObject({
    mode: z.literal("pinned").describe("Each host makes its own key, which never leaves it, and a certificate; the peers are given the certificate over SSH and trust that one alone. There is no authority whose key could be stolen."),
    days: z.number().int().min(60).default(3650).describe("How long a certificate is valid. It is made anew 30 days before its end; run all hosts together then."),
  }),
  z.strictObject({
    mode: z.literal("ca").describe("Certificates of your own authority."),
    ca: z.string().startsWith("-----BEGIN CERTIFICATE-----").describe("The authority's certificate, PEM. Its key is not needed and must not be given."),
    certificate: z.string().startsWith("-----BEGIN CERTIFICATE-----").describe("This host's certificate and those between, PEM. It must name the host as in the inventory (subjectAltName DNS)."),
    private_key: secret.describe("This host's key, PEM."),
  }),
]);

export const schema = z.strictObject({
  engine: z
    .enum(["pglogical", "native", "single-writer"])
    .default("pglogical")
    .refine((engine) => engine === "pglogical", "this version builds `pglogical` only; `native` (PostgreSQL 16 and newer, publications with origin = none) and `single-writer` (one-way) are planned, and refused rather than half done")
    .describe("How both regions get the same rows: `pglogical` (both write). `native` and `single-writer` are refused in this version."),
  version: z.number().int().min(OLDEST).max(NEWEST).default(15).describe("Major version of PostgreSQL, the same on every host. 15 is the newest that CentOS 7 has."),
  repository: z.enum(["distribution", "pgdg"]).optional().describe("Where the packages come from. Default: the distribution on Debian, the PostgreSQL project's own repository (PGDG) on Ubuntu and EL."),
  repository_url: z.url().optional().describe("A mirror of PGDG. Default: https://apt.postgresql.org/pub/repos/apt, https://download.postgresql.org/pub/repos/yum or, for EL 7, https://yum-archive.postgresql.org."),
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30."),
  port: z.number().int().min(1).max(65535).default(5432).describe("TCP port of the server."),
  address: z.ipv4().optional().describe("Where the peers reach this server, and where its own connections to them come from. Default: the address that the controller connects to."),
  listen_addresses: z.array(z.string().regex(/^[\w.:*-]+$/)).min(1).default(["*"]).describe("Addresses to listen on. pg_hba.conf lets in the peers and `clients` only, by TLS."),
  seed: z.string().min(1).describe("The host whose rows every other host starts with. The same on every host."),
  replication_user: name("a user").default("replicator").describe("The user that peers connect as. It may read the replicated tables and stream; it is no superuser."),
  replication_password: password.describe("Its password on this host. The peers keep it in a file that only postgres can read; the catalog, the logs and the process list never hold it."),
  tls: tls.default({ mode: "pinned", days: 3650 }).describe("What certificates the servers show. Peers check them with sslmode=verify-full."),
  databases: z.array(database).min(1).describe("The databases to replicate, the same on every host."),
  clients: z.array(client).default([]).describe("Who else may log in over the network: by TLS, with a password (SCRAM)."),
  existing_rows: z.enum(["refuse", "merge", "discard"]).default("refuse").describe("What happens when two hosts meet for the first time and the one that is not the seed already has rows that the seed has not: `refuse` names tables and numbers and changes nothing, `merge` gives them to the seed, `discard` gives them up for the seed's. Rows of one key that differ are refused unless discarded."),
  conflict_resolution: z.enum(["last_update_wins", "first_update_wins", "apply_remote", "keep_local", "error"]).default("last_update_wins").describe("Which of two changes to one row counts. Clocks must be in step: the role `base` sees to that."),
  identity_increment: z.number().int().min(2).max(100).default(2).describe("Sequences of the replicated tables count in steps of this, each host with an offset of its own, so that both regions can insert. At least the number of hosts."),
  identity_offset: z.number().int().min(1).optional().describe("This host's offset, from 1 to the increment. Default: its place among the hosts."),
  verify_rows: z.boolean().default(false).describe("`hawser verify` also compares the rows of the replicated tables, by hashes. It reads all of them, and what is written meanwhile is a difference: for small databases, or quiet ones."),
  max_slot_wal_keep_size: z.string().regex(/^\d+(?:MB|GB)$/).default("10GB").describe("How much a peer may lag. Beyond it the disk is saved and the peer's subscription has to start anew."),
  max_replication_slots: z.number().int().min(10).default(10).describe("Replication slots."),
  max_wal_senders: z.number().int().min(10).default(10).describe("Connections that stream."),
  max_worker_processes: z.number().int().min(20).default(20).describe("Background workers; pglogical takes one for each server, database and subscription."),
  settings: z.record(z.string().regex(/^[a-z_][a-z0-9_.]*$/, "the name of a setting"), z.union([z.string(), z.number(), z.boolean()])).default({}).describe("Further settings of the server, e.g. `shared_buffers: 1GB`. Those that this role sets itself are refused."),
  ready_within: z.number().int().positive().default(180).describe("Seconds that a new subscription may take until it streams, with the copy of the seed's rows."),
}).check(({ value, issues }) => {
  const complain = (path: readonly (string | number)[], message: string) => void issues.push({ code: "custom", message, path: [...path], input: value });
  const names = value.databases.map((each) => each.name);
  names.forEach((each, i) => names.indexOf(each) < i && complain(["databases", i, "name"], `${each} is declared twice`));
  value.databases.forEach((each, i) => each.owner === value.replication_user && complain(["databases", i, "owner"], "the owner is not the replication user"));
  for (const key of Object.keys(value.settings)) if (OWN_SETTINGS.has(key)) complain(["settings", key], "the role sets this itself");
  if (value.identity_offset !== undefined && value.identity_offset > value.identity_increment) complain(["identity_offset"], "the offset is at most the increment");
});

/** What the role writes, and what would undo it. */
const OWN_SETTINGS = new Set([
  "port", "listen_addresses", "wal_level", "shared_preload_libraries", "track_commit_timestamp", "pglogical.conflict_resolution", "max_replication_slots", "max_wal_senders",
  "max_worker_processes", "max_slot_wal_keep_size", "ssl", "ssl_cert_file", "ssl_key_file", "ssl_min_protocol_version", "password_encryption", "hba_file", "data_directory",
]);

export type Vars = z.output<typeof schema>;
export type Database = Vars["databases"][number];
