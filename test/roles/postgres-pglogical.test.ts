import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, recorded, Secret, use, UsageError, type PlannedResource } from "../../src/index.ts";
import { assertReplication } from "../../roles/postgres-pglogical/health.ts";
import { Verifier } from "../../src/dsl/verifier.ts";
import { postgresPglogical } from "../../roles/postgres-pglogical/role.ts";
import { schema } from "../../roles/postgres-pglogical/vars.ts";
import { ids, one } from "./harness.ts";

const PASSWORD = "a-long-password-of-24-ch";
const vars = {
  seed: "host",
  replication_password: new Secret(PASSWORD),
  databases: [{ name: "app", owner: "app", owner_password: new Secret(`${PASSWORD}-2`), schema: "create table if not exists orders (id int primary key)", tables: ["orders"] }],
} satisfies Parameters<typeof use<typeof schema, never, never>>[1];

/** Files of which a plan is looked at; they are not there yet. */
const FILES = ["/etc/apt/sources.list.d/hawser-pgdg.list", "/etc/yum.repos.d/hawser-pgdg.repo", "/etc/postgresql/15/main/conf.d/hawser.conf"];
const seen = Object.fromEntries(FILES.map((file) => [`postgres-pglogical/file:${file}`, { out: "absent\n", code: 0 }]));

const plan = (system: Parameters<typeof recorded>[0], changes: object = {}, server = "absent"): PlannedResource[] =>
  planOf(use(postgresPglogical, { ...vars, ...changes }), recorded(system), { roleFacts: { server }, seen }).filter((each) => each.id.startsWith("postgres-pglogical/"));

void test("Debian 12 takes its own packages, and the cluster that they make", () => {
  const debian = ids(plan("debian-12"));
  for (const id of ["package:postgresql-15", "package:postgresql-15-pglogical", "file:/etc/postgresql/15/main/conf.d/hawser.conf", "service:postgresql@15-main.service", "service:postgresql.service"]) assert.ok(debian.includes(id), id);
  assert.ok(!debian.some((id) => id.includes("pgdg")));
});

void test("Ubuntu 22.04 takes them from PGDG by a key that comes with the role", () => {
  const ubuntu = plan("ubuntu-22.04");
  assert.ok(ids(ubuntu).includes("file:/etc/apt/keyrings/hawser-pgdg.asc"));
  assert.match(one(ubuntu, "hawser-pgdg.list").diff ?? "", /signed-by=\/etc\/apt\/keyrings\/hawser-pgdg\.asc\] https:\/\/apt\.postgresql\.org\/pub\/repos\/apt jammy-pgdg main/);
});

void test("EL 9 has PGDG's paths and names, makes its cluster and includes our settings", () => {
  const el = plan("el-9");
  for (const id of ["package:postgresql15-server", "package:pglogical_15", "service:postgresql-15.service", "file:/var/lib/pgsql/15/data/pg_hba.conf", "directory:/var/lib/pgsql/15/data/conf.d"]) assert.ok(ids(el).includes(id), id);
  assert.match(one(el, "task:cluster").apply ?? "", /postgresql-15-setup initdb/);
  assert.match(one(el, "hawser-pgdg.repo").diff ?? "", /rhel-9-\$basearch[\s\S]*gpgcheck=1[\s\S]*module_hotfixes=1/);
  assert.ok(ids(el).some((id) => id.startsWith("line:/var/lib/pgsql/15/data/postgresql.conf")));
});

void test("CentOS 7 is refused unless both roles are told to allow it", () => {
  for (const changes of [{}, { allow_eol: true }]) assert.throws(() => plan("centos-7", changes), (error: Error) => error instanceof UsageError && /support ended on 2024-06-30/.test(error.message));
});

for (const [what, changes, message] of [
  ["native", { engine: "native" }, /engine: .*refused rather than half done/],
  ["single-writer", { engine: "single-writer" }, /engine: .*refused/],
  ["a short password", { replication_password: new Secret("short") }, /at least 16 printable ASCII/],
  ["an unknown var", { sslmode: "off" }, /sslmode/],
  ["a setting that the role owns", { settings: { wal_level: "minimal" } }, /sets this itself/],
  ["a table with a quote", { databases: [{ ...vars.databases[0], tables: ['a"b'] }] }, /a table is/],
  ["a database twice", { databases: [vars.databases[0], vars.databases[0]] }, /declared twice/],
  ["no table", { databases: [{ ...vars.databases[0], tables: [] }] }, /tables/],
  ["an offset above the increment", { identity_offset: 3 }, /at most the increment/],
  ["the server's own database", { databases: [{ ...vars.databases[0], name: "postgres" }] }, /belongs to the server/],
] as const) {
  void test(`${what} is refused before any host is touched`, () => assert.throws(() => plan("debian-12", changes), message));
}
void test("a seed that does not use the role is refused", () => assert.throws(() => plan("debian-12", { seed: "elsewhere" }), /seed names elsewhere/));

void test("every var is described for the reference", () => {
  for (const [name, field] of Object.entries(schema.shape)) assert.ok((field as { description?: string }).description, name);
});

void test("the settings of roles.md are written", () => {
  const conf = one(plan("debian-12"), "conf.d/hawser.conf").diff ?? "";
  for (const line of ["wal_level = 'logical'", "shared_preload_libraries = 'pglogical'", "track_commit_timestamp = on", "pglogical.conflict_resolution = 'last_update_wins'", "max_replication_slots = 10", "max_wal_senders = 10", "max_worker_processes = 20", "max_slot_wal_keep_size = '10GB'", "ssl = on"]) assert.ok(conf.includes(`+${line}\n`), line);
});

void test("no password stands in any command, probe or difference", () => {
  for (const each of plan("debian-12", {}, "running")) assert.ok(![each.probe, each.apply, each.diff, each.summary].join("\n").includes(PASSWORD), each.id);
});

void test("users get a verifier by standard input", () => {
  const user = one(plan("debian-12"), "task:user app");
  assert.match(user.apply ?? "", /^printf '%s' '[\s\S]*SCRAM-SHA-256\$4096:[\s\S]*\| \{\n\/usr\/lib\/postgresql\/15\/bin\/psql /);
});

void test("only a cluster that exists is searched for values set by ALTER SYSTEM", () => {
  assert.ok(!ids(plan("debian-12")).includes("task:no other values by ALTER SYSTEM"));
  assert.ok(ids(plan("debian-12", {}, "running")).includes("task:no other values by ALTER SYSTEM"));
});

void test("what a stopped server holds is left to the run", () => {
  assert.ok(!ids(plan("debian-12", {}, "stopped")).some((id) => id.startsWith("task:database")));
});

void test("several databases and tables have rows of their own", () => {
  const two = ids(plan("debian-12", { databases: [vars.databases[0], { name: "shop", owner: "shop", tables: ["items", "s.parts"] }] }));
  for (const id of ["task:database app", "task:database shop", "task:table shop.items replicates", "task:table shop.s.parts replicates", "task:table shop.hawser.canary replicates"]) assert.ok(two.includes(id), id);
});

void test("health has a limit for every value, and rows are compared where that is wanted", () => {
  const names = (more: object): string[] => {
    const v = new Verifier("postgres-pglogical");
    assertReplication(v, { vars: schema.parse({ ...vars, ...more }), host: { name: "la-1" } as never, peers: [{ host: { name: "sg-1" } as never }], facts: { family: "debian" } as never });
    for (const { probe } of v.assertions.filter(({ runAs }) => runAs === "postgres")) assert.match(probe.render(), /-XAtq/);
    return v.assertions.map(({ name }) => name);
  };
  assert.deepEqual(names({}), ["server", "app takes the changes of sg-1", "app: a row on its way to sg-1", "app: peers that take no changes", "app: changes not taken yet", "app: streams without TLS", "certificate"]);
  assert.ok(names({ verify_rows: true }).includes("app.orders: difference of the rows' hashes"));
});
