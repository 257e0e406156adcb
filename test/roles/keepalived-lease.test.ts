import assert from "node:assert/strict";
import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * The daemon of the lease against the real etcd, a quorum of three, and the kernel's own addresses, in a network namespace. keepalived's
 * place is taken by the file in which its notify script says what it is; on lab hosts the real one is.
 */
const ready = process.platform === "linux" && process.getuid?.() === 0 && spawnSync("etcd", ["--version"]).status === 0;
const options = { skip: ready ? false : "it needs root on Linux, for a network namespace, and etcd", timeout: 60_000 };
const FILES = fileURLToPath(import.meta.resolve("../../roles/keepalived/files"));
const run = promisify(execFile);

let folder: string;
let host: ChildProcess;
/** The first process in the namespaces. */
let first: string;

/** In the namespaces. */
const inside = async (command: string): Promise<string> => (await run("nsenter", ["-t", first, "-n", "-m", "-p", "bash", "-c", command])).stdout.trim();
const address = () => inside("ip -4 -o addr show dev lo to 10.0.0.100");
const holds = async (): Promise<boolean> => (await inside("cat /run/hawser-vip/track")) === "0";

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 25_000;
  while (!(await is())) {
    if (Date.now() > deadline) assert.fail(`${what}: not within 25 s`);
    await sleep(100);
  }
}

before(async () => {
  if (!ready) return;
  folder = await mkdtemp(join(tmpdir(), "hawser-lease-"));
  const setUp = join(folder, "set-up.sh");
  await writeFile(setUp, `set -eu
mount -t tmpfs none /run
mkdir -p /run/upper /run/work /run/hawser-vip
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc
mkdir -p /etc/hawser/vip /etc/hawser-etcd
ip link set lo up
cp "${FILES}/address.sh" /etc/hawser/vip/
cat >/etc/hawser/vip/vip.conf <<'END'
MODE=lease VIP=10.0.0.100 LEASE_KEY=L2hhd3Nlci90ZXN0 OWN=bGEtMQ== AHEAD='' WITNESS=127.0.0.3 CHECKS='' TTL=5 REQUEST=100 GRACE=1000 ASIDE=100 MOVER=none
END
cd /etc/hawser-etcd
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout own.key -subj /CN=la-1 -addext 'subjectAltName=IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3' -days 10 -out own.crt 2>/dev/null
cp own.crt members.crt
cat >client.conf <<'END'
ENDPOINTS='https://127.0.0.1:2379 https://127.0.0.2:2379 https://127.0.0.3:2379' TRUSTED=/etc/hawser-etcd/members.crt CERTIFICATE=/etc/hawser-etcd/own.crt KEY=/etc/hawser-etcd/own.key
END
echo MASTER >/run/hawser-vip/state
echo $$ >/run/keepalived.pid
for i in 1 2 3; do
  etcd --name member-$i --data-dir ${folder}/data-$i --listen-client-urls https://127.0.0.$i:2379 --advertise-client-urls https://127.0.0.$i:2379 --cert-file own.crt --key-file own.key --trusted-ca-file members.crt --client-cert-auth --listen-peer-urls http://127.0.0.$i:2380 --initial-advertise-peer-urls http://127.0.0.$i:2380 --initial-cluster member-1=http://127.0.0.1:2380,member-2=http://127.0.0.2:2380,member-3=http://127.0.0.3:2380 >/dev/null 2>&1 &
  echo $! >>/run/etcd.pids
done
bash ${FILES}/lease.sh >/dev/null 2>&1 &
echo $! >/run/daemon.pid
echo ready
wait
sleep infinity
`);
  host = spawn("unshare", ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", setUp], { stdio: ["ignore", "pipe", "inherit"] });
  // With the first process of its namespace all of them end.
  await Promise.race([once(host.stdout as NodeJS.EventEmitter, "data"), once(host, "exit").then(() => assert.fail("the host's processes ended"))]);
  first = (await readFile(`/proc/${host.pid}/task/${host.pid}/children`, "utf8")).trim();
}, { timeout: 20_000 });

after(async () => {
  if (!ready) return;
  if (host.exitCode === null) {
    const ended = once(host, "exit");
    host.kill("SIGKILL");
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

void test("it takes the lease, and the address for less long than the lease", options, async () => {
  await until("the lease", async () => await holds().catch(() => false));
  await until("the address", async () => (await address()) !== "");
  const left = Number(/valid_lft (\d+)sec/.exec(await address())?.[1]);
  assert.ok(left >= 1 && left <= 4, `${left} s`);
});

void test("it renews: the address stays for longer than a lease lasts", options, async () => {
  const [lease] = (await inside("cat /run/hawser-vip/lease")).split(" ").slice(1);
  const end = Date.now() + 7000;
  while (Date.now() < end) {
    assert.notEqual(await address(), "");
    await sleep(200);
  }
  assert.equal((await inside("cat /run/hawser-vip/lease")).split(" ")[1], lease);
});

void test("without the quorum the address goes before the lease can have ended, and comes back with it", options, async () => {
  await inside("kill -STOP $(cat /run/etcd.pids)");
  const stopped = performance.now();
  await until("no address", async () => (await address()) === "");
  assert.ok(performance.now() - stopped < 5000, "a lease lasts 5 s");
  await until("no lease", async () => !(await holds()));
  await inside("kill -CONT $(cat /run/etcd.pids)");
  await until("the address again", async () => (await address()) !== "");
});

void test("a holder that keepalived takes for unfit gives the lease back at once", options, async () => {
  await inside("echo FAULT >/run/hawser-vip/state");
  await until("no lease", async () => !(await holds()));
  assert.equal(await address(), "");
  await inside("echo MASTER >/run/hawser-vip/state");
  await until("the lease again", holds);
  await until("the address again", async () => (await address()) !== "");
});

/** As systemd does it: with the daemon go its own processes, one of which would else read what the next daemon writes. */
const killDaemon = () => inside("kill -KILL $(cat /run/daemon.pid) $(pgrep openssl)");
const startDaemon = () => inside(`bash ${FILES}/lease.sh >/dev/null 2>&1 & echo $! >/run/daemon.pid`);

void test("with the daemon killed the kernel takes the address away, and a new daemon goes on with the lease", options, async () => {
  await killDaemon();
  await until("no address", async () => (await address()) === "");
  await startDaemon();
  await until("the address again", async () => (await address()) !== "");
});

/** What a member answers to a question of etcd's gateway. */
const ask = async (member: number, path: string, body = "{}") =>
  JSON.parse(await inside(`cd /etc/hawser-etcd && curl -sS --max-time 5 --cacert members.crt --cert own.crt --key own.key -d '${body}' https://127.0.0.${member}:2379/v3/${path}`)) as { readonly header: { readonly member_id: string }; readonly leader?: string };
/** Whether a member says that it leads. */
const leads = async (member: number): Promise<boolean> => {
  const { header, leader } = await ask(member, "maintenance/status");
  return leader === header.member_id;
};

void test("a holder whose own member leads the quorum has the witness lead: who is lost with the address takes no leader along", options, async () => {
  const { header } = await ask(1, "maintenance/status");
  for (const member of [2, 3]) if (await leads(member)) await ask(member, "maintenance/transfer-leadership", JSON.stringify({ targetID: header.member_id }));
  await until("a leader at the witness", async () => await leads(3));
  assert.ok(await holds());
});

/** The member that the daemon is connected to, or is connecting to. */
const connected = async (): Promise<string | undefined> => /-connect (\S+)/.exec(await inside("pgrep -a -P $(cat /run/daemon.pid) openssl || :"))?.[1];

void test("so it is where another gateway's member leads: that one's loss is no election either", options, async () => {
  const { header } = await ask(2, "maintenance/status");
  await ask(3, "maintenance/transfer-leadership", JSON.stringify({ targetID: header.member_id }));
  assert.ok(await leads(2));
  await until("a leader at the witness", async () => await leads(3));
  assert.ok(await holds());
});

void test("a witness that does not answer is not made to lead: the lease goes on with the leader that there is", options, async () => {
  const [own, witness] = ["$(sed -n 1p /run/etcd.pids)", "$(sed -n 3p /run/etcd.pids)"];
  const { header } = await ask(2, "maintenance/status");
  await ask(3, "maintenance/transfer-leadership", JSON.stringify({ targetID: header.member_id }));
  await inside(`kill -STOP ${witness}`);
  try {
    const before = (await inside("cat /run/hawser-vip/lease")).split(" ")[1];
    // Until it has asked: it connects to the witness for nothing else, since its own member answers.
    await until("a question to the witness", async () => (await connected()) === "127.0.0.3:2379");
    await until("its own member again", async () => (await connected()) === "127.0.0.1:2379");
    assert.ok(await leads(2));
    assert.equal((await inside("cat /run/hawser-vip/lease")).split(" ")[1], before);
    // Where it does not lead it is the next to be asked: of the others it is the one that a cut between the regions leaves.
    await inside(`kill -STOP ${own}`);
    let next: string | undefined;
    await until("another member", async () => ![undefined, "127.0.0.1:2379"].includes((next = await connected())));
    assert.equal(next, "127.0.0.3:2379");
  } finally {
    await inside(`kill -CONT ${own} ${witness}`);
  }
  await until("the lease", holds);
  // It asks that one again after a minute, a daemon that starts sooner.
  await killDaemon();
  await startDaemon();
  await until("a leader at the witness", async () => await leads(3));
});

void test("without an answer of its own member, while the witness leads, it asks another gateway's next, and renews by it", options, async () => {
  assert.ok(await leads(3), "otherwise an election would come first");
  // A daemon that starts begins with its own member, whichever answered the one before.
  await killDaemon();
  await startDaemon();
  await until("its own member", async () => (await connected()) === "127.0.0.1:2379");
  const expiry = async (): Promise<number> => Number((await inside("cat /run/hawser-vip/lease 2>/dev/null || echo 0")).split(" ")[0]);
  await until("the lease", holds);
  // By its first renewal it knows who leads.
  const first = await expiry();
  await until("a renewal", async () => (await expiry()) > first);
  await inside("kill -STOP $(head -n 1 /run/etcd.pids)");
  try {
    let next: string | undefined;
    await until("another member", async () => ![undefined, "127.0.0.1:2379"].includes((next = await connected())));
    assert.equal(next, "127.0.0.2:2379", "3 is the witness, and leads");
    const before = await expiry();
    await until("a renewal by that one", async () => (await expiry()) > before);
    assert.equal(await connected(), "127.0.0.2:2379");
  } finally {
    await inside("kill -CONT $(head -n 1 /run/etcd.pids)");
  }
});

void test("a member that is stopped is not waited for: the lease goes on by another, however long a request may take", options, async () => {
  await killDaemon();
  await inside("sed -i 's/ REQUEST=[0-9]*/ REQUEST=1000/' /etc/hawser/vip/vip.conf");
  await startDaemon();
  await until("its own member", async () => (await connected()) === "127.0.0.1:2379");
  await until("the lease", holds);
  const [expiry, lease] = (await inside("cat /run/hawser-vip/lease")).split(" ");
  await inside("kill -KILL $(head -n 1 /run/etcd.pids)");
  await until("a renewal by another", async () => (await connected()) !== "127.0.0.1:2379" && Number((await inside("cat /run/hawser-vip/lease 2>/dev/null || echo 0")).split(" ")[0]) > Number(expiry));
  assert.equal((await inside("cat /run/hawser-vip/lease")).split(" ")[1], lease, "the same lease as before");
});
