import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Recorder } from "./evidence.ts";
import { loadInventory, play, playbook, run, use, type Playbook, type RunEvent, type RunOptions } from "../../src/index.ts";
import { labOf } from "../../src/cli/lab-of.ts";
import { installPrerequisites, labDown, labExec, labHost, labUp, type LabSpec } from "../../src/lab/index.ts";
import data from "../../playbooks/data.ts";
import { postgresPglogical } from "../../roles/postgres-pglogical/role.ts";
import { connectTo } from "../../src/connect.ts";
import { verifyPlaybook } from "../../src/engine/verify.ts";

const skip = process.platform === "linux" && process.getuid?.() === 0 ? false : "the nspawn backend needs root on Linux";
const options = { skip, timeout: 200_000 };
const INVENTORY = fileURLToPath(import.meta.resolve("./data-inventory"));
const LAB = "e2e-data";
const HOSTS = ["la-1", "sg-1"] as const;
type Host = (typeof HOSTS)[number];

before(async () => {
  if (skip !== false) return;
  await installPrerequisites();
  await labDown(LAB);
  await labUp(labOf(await loadInventory(INVENTORY)) as LabSpec, { backend: "nspawn" });
}, { timeout: 300_000 });
after(async () => {
  if (skip === false) await labDown(LAB);
});

const evidence = new Recorder({
  test: import.meta,
  roles: ["base", "postgres-pglogical"],
  lab: LAB,
  servers: { base: { name: "chrony", on: "la-1", version: "chronyd --version" }, "postgres-pglogical": { name: "PostgreSQL", on: "la-1", version: "/usr/lib/postgresql/15/bin/postgres --version" } },
});

type Outcome = Extract<RunEvent, { event: "resource" }>;

interface Ran {
  /** The last outcome of each resource, by `host id`. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly recap: Extract<RunEvent, { event: "recap" }>;
}

async function go(settings: Partial<Omit<RunOptions, "inventory">> = {}, book: Playbook = data): Promise<Ran> {
  const outcomes = new Map<string, Outcome>();
  let recap: Ran["recap"] | undefined;
  for await (const event of run(book, { ...settings, inventory: INVENTORY })) {
    if (event.event === "resource") outcomes.set(`${event.host} ${event.id}`, event);
    if (event.event === "recap") recap = event;
  }
  assert.ok(recap);
  return { outcomes, recap };
}

const failures = ({ outcomes }: Ran): string[] => [...outcomes.values()].flatMap((event) => (event.failure ? [`${event.host} ${event.id}: ${event.failure.message} ${event.failure.stderr ?? ""}`] : []));
const withOutcome = ({ outcomes }: Ran, ...wanted: string[]): string[] => [...outcomes].filter(([, event]) => wanted.includes(event.outcome)).map(([id]) => id).sort();

const withoutRole = (id: string): string => id.replace("postgres-pglogical/", "");

/** What a check said, beside what the run did. */
async function checkAndRun(): Promise<{ check: Ran; ran: Ran }> {
  const check = await go({ check: true });
  const ran = await go();
  assert.deepEqual(failures(ran), []);
  const changed = new Set(withOutcome(ran, "changed"));
  assert.deepEqual(withOutcome(check, "ok").filter((id) => changed.has(id)), [], "nothing that the check called ok was changed");
  assert.deepEqual(withOutcome(check, "would-change").filter((id) => !changed.has(id)), [], "all that the check promised was changed");
  return { check, ran };
}

async function sh(host: Host, script: string): Promise<string> {
  const { code, stdout, stderr } = await labExec(LAB, host, ["sh", "-c", script]);
  assert.equal(code, 0, `${host}: ${script}\n${stderr}`);
  return stdout.trim();
}

/** Asks a host's database as its superuser. */
async function sql(host: Host, text: string): Promise<string> {
  const { code, stdout, stderr } = await labExec(LAB, host, ["runuser", "-u", "postgres", "--", "sh", "-c", "cd / && psql -XAtq -v ON_ERROR_STOP=1 -d app"], { input: text });
  assert.equal(code, 0, `${host}: ${text}\n${stderr}`);
  return stdout.trim();
}

async function until(what: string, condition: () => Promise<boolean>, seconds = 10): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    if (await condition()) return;
    // oxlint-disable-next-line promise/avoid-new
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what}: not within ${seconds} s`);
}

interface Measured {
  readonly name: string;
  readonly ok: boolean;
}

/** What `verify` measures of a role. */
async function measured(role = "postgres-pglogical"): Promise<readonly Measured[]> {
  const inventory = await loadInventory(INVENTORY);
  const { open, close } = connectTo(inventory);
  const events: Measured[] = [];
  await verifyPlaybook(data, { inventory, connect: open, selection: { roles: [role] } }, (event) => {
    if (event.event === "assertion") events.push(event);
  });
  await close();
  return events;
}

const broken = (all: readonly Measured[]): readonly Measured[] => all.filter(({ ok }) => !ok);

async function assertHealthy(): Promise<readonly Measured[]> {
  let last = await measured();
  await until("health", async () => broken(last).length === 0 || broken((last = await measured())).length === 0, 60).catch(() => assert.fail(JSON.stringify(broken(last))));
  return last;
}

void test("untouched hosts become what the check said, and unknown is rare and has a cause", options, evidence.step(["apply", "check"], async () => {
  const { check, ran } = await checkAndRun();
  const unknown = [...check.outcomes.values()].filter((event) => event.outcome === "unknown");
  for (const event of unknown) assert.match(event.cause ?? "", /would change first/);
  for (const host of HOSTS) {
    for (const role of ["base", "postgres-pglogical"]) {
      const of = (events: readonly Outcome[]): number => events.filter((event) => event.host === host && event.role === role).length;
      assert.ok(of(unknown) / of([...check.outcomes.values()]) <= 0.15, `${host} ${role}`);
    }
  }
  assert.deepEqual([...ran.outcomes.keys()].sort(), [...check.outcomes.keys()].sort());
  await assertHealthy();
  return { resources: check.outcomes.size, unknown: unknown.length };
}));

void test("a second run changes nothing, in at most three requests a host, and a check agrees", options, evidence.step("again", async () => {
  let most = 0;
  for (const settings of [{}, { check: true }]) {
    const again = await go(settings);
    assert.deepEqual(withOutcome(again, "changed", "would-change", "unknown", "failed"), []);
    for (const host of HOSTS) most = Math.max(most, again.recap.hosts[host]?.requests ?? 99);
    assert.ok(most <= 3, JSON.stringify(again.recap.hosts));
  }
  return { "requests a host and play": most };
}));

void test("rows travel both ways, with numbers of their own", options, async () => {
  await sql("la-1", "insert into customers (name) values ('of la')");
  await sql("sg-1", "insert into customers (name) values ('of sg'), ('of sg too')");
  for (const host of HOSTS) await until(`rows on ${host}`, async () => (await sql(host, "select string_agg(id || ' ' || name, ', ' order by id) from customers")) === "1 of la, 2 of sg, 4 of sg too");
  await sql("sg-1", "update customers set name = 'LA' where id = 1; delete from customers where id = 4");
  for (const host of HOSTS) await until(`changes on ${host}`, async () => (await sql(host, "select string_agg(id || ' ' || name, ', ' order by id) from customers")) === "1 LA, 2 of sg");
});

void test("the streams use TLS that checks the peer, and nothing else gets in", options, async () => {
  for (const host of HOSTS) {
    assert.match(await sql(host, "select distinct usename || ' ' || ssl || ' ' || version from pg_stat_replication join pg_stat_ssl using (pid)"), /^replicator true TLSv1\.[23]$/);
    const dsn = await sql(host, "select if_dsn from pglogical.subscription join pglogical.node_interface on if_id = sub_origin_if");
    assert.match(dsn, /sslmode=verify-full/);
    assert.doesNotMatch(dsn, /password/);
    const trying = async (changed: string): Promise<string> => (await labExec(LAB, host, ["runuser", "-u", "postgres", "--", "psql", "-Xc", "select 1", "-d", changed])).stderr;
    assert.equal(await trying(dsn), "", "with the right certificate it works");
    assert.match(await trying(dsn.replace(/peer-[\w-]+\.crt/, "server.crt")), /certificate verify failed/);
    assert.match(await trying(`${dsn} host=${host}`.replace(/^host=\S+ /, "")), /does not match host name|no password supplied/);
    assert.match(await trying(dsn.replace("verify-full", "disable")), /no pg_hba.conf entry .* no encryption/);
  }
  const secret = "only-for-the-lab-0123456789";
  for (const host of HOSTS) {
    assert.equal(await sh(host, `grep -rlF ${secret} /var/lib/postgresql /etc/postgresql /var/log /root /run /tmp 2>/dev/null || true`), "/var/lib/postgresql/.hawser-pgpass");
    assert.equal(await sh(host, "stat -c '%a %U' /var/lib/postgresql/.hawser-pgpass /var/lib/postgresql/tls/server.key"), "600 postgres\n600 postgres");
    assert.equal(await sh(host, "find / -xdev -name '.psql_history' -o -xdev -name '.hawser' | head"), "", "probes leave nothing behind");
  }
});

void test("what was changed by hand is predicted and repaired, with the rows that were missed", options, evidence.step("drift", async () => {
  await sh("la-1", "sed -i 's/^track_commit_timestamp.*/track_commit_timestamp = off/' /etc/postgresql/15/main/conf.d/hawser.conf && systemctl reload postgresql@15-main");
  await sql("sg-1", "alter system set max_slot_wal_keep_size = '1MB'; select pg_reload_conf()");
  await sql("sg-1", "select pglogical.drop_subscription('la_1')");
  await sql("sg-1", "alter sequence customers_id_seq increment by 1");
  await sql("la-1", "insert into customers (name) values ('while sg was deaf'); update customers set name = 'changed meanwhile' where id = 2");
  await sql("sg-1", "insert into customers (name) values ('while sg was deaf, of sg')");
  await sql("la-1", "select pglogical.replication_set_remove_table('default', 'orders'); insert into orders (customer, what) values (1, 'while it was out')");
  const { check } = await checkAndRun();
  assert.deepEqual(withOutcome(check, "unknown"), []);
  assert.deepEqual(withOutcome(check, "would-change").map(withoutRole), [
    "la-1 file:/etc/postgresql/15/main/conf.d/hawser.conf",
    "la-1 handler:put settings into effect",
    "la-1 task:sequences of app", // sg's sequence, counting by 1, gave out a number of la's
    "la-1 task:table app.orders replicates",
    "sg-1 handler:put settings into effect",
    "sg-1 task:app takes the changes of la-1",
    "sg-1 task:no other values by ALTER SYSTEM",
    "sg-1 task:sequences of app",
    "sg-1 task:sequences of app after the copy",
    "sg-1 task:subscription of app to la-1",
  ]);
  await assertHealthy();
  assert.equal(await sql("sg-1", "select name from customers where id = 2"), "changed meanwhile");
  assert.equal(await sql("sg-1", "select what from orders"), "while it was out");
  assert.equal(await sql("la-1", "show track_commit_timestamp"), "on");
  assert.equal(await sql("sg-1", "show max_slot_wal_keep_size"), "10GB");
}, ["postgres-pglogical"]));

void test("time, names and kernel settings that somebody changed fail verify, are named by a check and repaired", options, evidence.step(["verify", "drift", "assertions"], async () => {
  const all = await measured("base");
  assert.deepEqual(broken(all), []);
  await sh("la-1", "systemctl disable -q --now chrony; sed '/sg-1/d' /etc/hosts >/root/hosts && cat /root/hosts >/etc/hosts; sysctl -qw net.ipv4.tcp_keepalive_time=7200; ln -sf /usr/share/zoneinfo/Asia/Singapore /etc/localtime");
  const kinds = new Set(all.map(({ name }) => name));
  const seen = new Set(broken(await measured("base")).map(({ name }) => name));
  assert.deepEqual([...kinds].filter((name) => !seen.has(name)), [], "each assertion fails");
  const { check } = await checkAndRun();
  assert.deepEqual(withOutcome(check, "would-change", "unknown").map((id) => id.replace("base/", "")).sort(), [
    "la-1 hosts-entry:198.18.12.11:sg-1",
    "la-1 service:chrony.service",
    "la-1 symlink:/etc/localtime",
    "la-1 sysctl:net.ipv4.tcp_keepalive_time",
  ]);
  assert.deepEqual(broken(await measured("base")), []);
  return { assertions: all.length, "seen to fail": seen.size, drifts: 4 };
}, ["base"]));

void test("a host that was restarted takes and gives changes again, and has nothing to mend", options, evidence.step("reboot", async () => {
  await labHost.stop(LAB, "sg-1");
  await labHost.start(LAB, "sg-1");
  await assertHealthy();
  assert.deepEqual(withOutcome(await go({ check: true }), "would-change", "unknown", "failed"), []);
}));

void test("every limit of verify is kept", options, evidence.step("verify", async () => ({ assertions: (await assertHealthy()).length }), ["postgres-pglogical"]));

const TLS = "/var/lib/postgresql/tls";

/** Each with what `verify` must not call well then. */
const FAULTS: readonly { readonly what: string; readonly by: () => Promise<unknown>; readonly heal: () => Promise<unknown>; readonly expect: readonly RegExp[] }[] = [
  {
    what: "a server that is gone",
    by: () => sh("sg-1", "systemctl stop postgresql@15-main"),
    // By itself pglogical tries again after three minutes only.
    heal: async () => assert.deepEqual(failures(await go()), []),
    expect: [/^server$/, /takes the changes of/, /a row on its way to/, /peers that take no changes/],
  },
  {
    what: "a peer that takes nothing while much is written",
    by: async () => {
      await sql("sg-1", "select pglogical.alter_subscription_disable('la_1', true)");
      await sql("la-1", "insert into customers (name) values ('while sg took nothing'); select pg_logical_emit_message(false, 'test', repeat('x', 20000000))");
    },
    heal: () => sql("sg-1", "select pglogical.alter_subscription_enable('la_1', true)"),
    expect: [/takes the changes of/, /changes not taken yet/, /difference of the rows' hashes/],
  },
  {
    what: "a stream in the clear",
    by: () => sh("la-1", "cd /etc/postgresql/15/main && cp -p pg_hba.conf kept.conf && sed -i '1i local replication postgres peer' pg_hba.conf && systemctl reload postgresql@15-main && install -d -o postgres /tmp/clear && systemd-run -q --unit=clear --uid=postgres /usr/lib/postgresql/15/bin/pg_receivewal -D /tmp/clear --no-loop"),
    heal: () => sh("la-1", "systemctl stop clear; rm -r /tmp/clear; cd /etc/postgresql/15/main && mv -f kept.conf pg_hba.conf && systemctl reload postgresql@15-main"),
    expect: [/streams without TLS/],
  },
  {
    what: "a certificate that is about to end",
    by: () => sh("la-1", `cd ${TLS} && cp -p server.crt kept.crt && openssl req -x509 -key server.key -subj /CN=la-1 -days 1 -out server.crt`),
    heal: () => sh("la-1", `mv -f ${TLS}/kept.crt ${TLS}/server.crt`),
    expect: [/certificate/],
  },
];

void test("each assertion of verify is seen to fail by a fault, and to hold again", { ...options, timeout: 400_000 }, evidence.step("assertions", async () => {
  const kind = ({ name }: Measured): string => name.replace(/(la|sg)-1$/, "the peer");
  const seen = new Set<string>();
  for (const { what, by, heal, expect } of FAULTS) {
    await by();
    let names: readonly string[] = [];
    try {
      await until(what, async () => {
        names = broken(await measured()).map(kind);
        return expect.every((one) => names.some((name) => one.test(name)));
      }, 60).catch(() => assert.fail(`${what}: seen were ${names.join(", ") || "none"}`));
    } finally {
      await heal();
    }
    for (const name of names) seen.add(name);
    await assertHealthy();
  }
  const all = new Set((await measured()).map(kind));
  assert.deepEqual([...all].filter((name) => !seen.has(name)), []);
  return { assertions: all.size, "seen to fail": seen.size };
}, ["postgres-pglogical"]));

void test("a stopped server is predicted, with one unknown for all that it holds, and starts again", options, async () => {
  await sh("sg-1", "systemctl stop postgresql@15-main");
  const { check } = await checkAndRun();
  assert.deepEqual(withOutcome(check, "would-change").map(withoutRole), ["la-1 task:app takes the changes of sg-1", "sg-1 service:postgresql@15-main.service"]);
  assert.deepEqual(withOutcome(check, "unknown").map(withoutRole), ["sg-1 given:databases"]);
  await assertHealthy();
});

void test("one host and one role can be run alone", options, async () => {
  await sql("la-1", "select pglogical.drop_subscription('sg_1')");
  await sql("sg-1", "insert into customers (name) values ('while la was deaf')");
  const ran = await go({ limit: "la-1", selection: { roles: ["postgres-pglogical"] } });
  assert.deepEqual(failures(ran), []);
  assert.deepEqual(withOutcome(ran, "changed").map(withoutRole), ["la-1 task:app takes the changes of sg-1", "la-1 task:subscription of app to sg-1"]);
  assert.deepEqual(Object.keys(ran.recap.hosts), ["la-1"]);
  await assertHealthy();
  assert.deepEqual(withOutcome(await go({ selection: { roles: ["base"] } }), "changed", "failed"), []);
});

void test("rows that stand against each other are refused by table and number, and nothing is half done; a var chooses the seed's", options, async () => {
  await sql("la-1", "select pglogical.drop_subscription('sg_1')");
  await sql("sg-1", "select pglogical.drop_subscription('la_1')");
  await sql("la-1", "update customers set name = 'as la has it' where id = 2");
  await sql("sg-1", "update customers set name = 'as sg has it' where id = 2; insert into customers (name) values ('only on sg')");
  const refused = await go();
  assert.match(failures(refused).join("\n"), /"public"\."customers" against sg-1: 0 rows are only here, 1 only there, 1 differ/);
  for (const host of HOSTS) assert.equal(await sql(host, "select count(*) from pglogical.subscription"), "0", host);
  assert.equal(await sql("sg-1", "select name from customers where id = 2"), "as sg has it");
  const discarding = playbook(import.meta, [play({ name: "databases", hosts: "databases", roles: [use(postgresPglogical, (host) => ({ ...host.vars(postgresPglogical), existing_rows: "discard" as const }))] })]);
  assert.deepEqual(failures(await go({}, discarding)), []);
  assert.equal(await sql("sg-1", "select name from customers where id = 2"), "as la has it");
  assert.equal(await sql("la-1", "select count(*) from customers where name = 'only on sg'"), "0");
  await assertHealthy();
});
