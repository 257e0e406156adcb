import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installPrerequisites, LabError, labDown, labExec, labHost, labSetRtt, labStatus, labUp } from "../../src/lab/index.ts";
import { LAB, SPEC, ssh, traces } from "./lab-fixture.ts";

const skip = process.platform === "linux" && process.getuid?.() === 0 ? false : "the nspawn backend needs root on Linux";
const options = { skip, timeout: 110_000 };
const up = () => labUp(SPEC, { backend: "nspawn" });
const bootId = async (host: string): Promise<string> => (await ssh(host, "cat /proc/sys/kernel/random/boot_id")).out;

before(async () => {
  if (skip !== false) return;
  await installPrerequisites();
  // Builds the images if need be, so that no test's time limit has to allow for it.
  await up();
  await labDown(LAB);
});
after(async () => {
  if (skip === false) await labDown(LAB);
});

void test("a controller that is killed half-way leaves a lab that comes up on the next try", options, async () => {
  const child = fileURLToPath(import.meta.resolve("./lab-crash-child.ts"));
  const { signal, stderr } = spawnSync(process.execPath, ["--import", "tsx", child], { encoding: "utf8", timeout: 100_000 });
  assert.equal(signal, "SIGKILL", stderr);
  assert.notDeepEqual(traces(), []);
  const { hosts } = await up();
  assert.deepEqual(hosts.map(({ name, power }) => [name, power]), [["la1", "up"], ["sg1", "up"], ["sg2", "up"]]);
});

void test("up again changes nothing, also twice at once", options, async () => {
  const before = await Promise.all(["la1", "sg2"].map((host) => bootId(host)));
  const [first, second] = await Promise.all([up(), up()]);
  assert.deepEqual(first, second);
  assert.deepEqual(await Promise.all(["la1", "sg2"].map((host) => bootId(host))), before);
  assert.equal(new Set(before).size, 2);
});

void test("each host runs a healthy systemd of its own and reaches the other region", options, async () => {
  for (const { name, address } of SPEC.hosts) {
    assert.equal((await ssh(name, "systemctl is-system-running")).out, "running", name);
    assert.equal((await ssh(name, "hostname; cat /proc/1/comm")).out, `${name}\nsystemd`);
    assert.match((await ssh("la1", `ping -c1 -W2 ${address}`)).out, / 0% packet loss/);
  }
  assert.equal((await ssh("la1", "ping -c1 -W2 sg1")).code, 0, "hosts know each other by name");
  assert.notEqual((await ssh("la1", "ping -c1 -W1 192.0.2.1")).code, 0, "nothing leaves the lab");
});

void test("apt installs through the lab's cache, and a package's service starts", options, async () => {
  const apt = await ssh("la1", "DEBIAN_FRONTEND=noninteractive apt-get install -y -q tree chrony 2>&1");
  assert.equal(apt.code, 0, apt.out);
  assert.equal((await ssh("la1", "tree --version >/dev/null && systemctl is-active chrony")).out, "active");
});

void test("dnf pins, upgrades and runs the dummy packages of the EL-like host, which has no apt", options, async () => {
  const pinned = await ssh("sg2", "dnf -y -q install tinyweb-1.0 2>&1 && rpm -q tinyweb");
  assert.match(pinned.out, /tinyweb-1\.0-1\.noarch$/, pinned.out);
  assert.match((await ssh("sg2", "yum -y -q upgrade tinyweb >/dev/null 2>&1; rpm -q tinyweb")).out, /tinyweb-1\.1-1/);
  assert.equal((await ssh("sg2", "systemctl daemon-reload && systemctl enable --now -q tinyweb && systemctl is-active tinyweb")).out, "active");
  assert.match((await ssh("sg2", ". /etc/os-release; echo $ID $VERSION_ID $PRETTY_NAME; command -v apt-get dpkg")).out, /^centos 9 .*not CentOS\)$/);
});

void test("a host may set its own network's sysctls, and not the controller's", options, async () => {
  const mine = readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8");
  assert.equal((await ssh("la1", "sysctl -qw net.ipv4.ip_forward=1 && cat /proc/sys/net/ipv4/ip_forward")).out, "1");
  assert.equal(readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8"), mine);
  assert.notEqual((await ssh("la1", "sysctl -qw vm.swappiness=61")).code, 0);
});

void test("neither over ssh nor by labExec does a command get a capability that the host lacks, such as setting the clock", options, async () => {
  const command = "grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status";
  const [over, entered] = [await ssh("la1", command), await labExec(LAB, "la1", ["sh", "-c", command])];
  assert.equal(entered.stdout.trim(), over.out);
  const granted = BigInt(`0x${/CapBnd:\s*([0-9a-f]+)/.exec(over.out)?.[1]}`);
  for (const [name, bit] of [["CAP_SYS_MODULE", 16n], ["CAP_SYS_RAWIO", 17n], ["CAP_SYS_TIME", 25n]] as const) assert.equal((granted >> bit) & 1n, 0n, name);
});

void test("another lab cannot take its subnet, and is told whose it is", options, async () => {
  const other = { name: "e2e-lab-2", hosts: SPEC.hosts.slice(0, 1) };
  await assert.rejects(labUp(other, { backend: "nspawn" }), (error) => error instanceof LabError && error.message === '198.18.201.0/24 is already in use by lab "e2e-lab"');
  await labDown("e2e-lab-2");
  assert.equal((await labStatus(LAB))?.hosts.every(({ ready }) => ready), true);
  assert.deepEqual(traces().filter((line) => line.includes("e2e-lab-2")), []);
});

void test("a reboot from within comes back with its disk, a fresh network and another boot id", options, async () => {
  const [old, leader] = [await bootId("la1"), (await labStatus(LAB))?.hosts.find(({ name }) => name === "la1")?.leader];
  await ssh("la1", "touch /root/kept; ip link add leftover type bridge; systemctl reboot");
  const deadline = Date.now() + 60_000;
  let now = await labStatus(LAB);
  const back = (): boolean => now?.hosts.some((host) => host.name === "la1" && host.ready && host.leader !== leader) === true;
  while (!back() && Date.now() < deadline) now = await labStatus(LAB);
  assert.ok(back(), "la1 is back within 60 s");
  assert.notEqual(await bootId("la1"), old);
  assert.equal((await ssh("la1", "test -e /root/kept && test ! -e /sys/class/net/leftover && cat /sys/class/net/eth0/address")).out, "02:68:c6:12:c9:0b");
});

void test("a power cut and a shutdown are seen, and the host comes back from its disk", options, async () => {
  await ssh("sg1", "echo written >/root/kept");
  await labHost.kill(LAB, "sg1");
  const off = (await labStatus(LAB))?.hosts.find(({ name }) => name === "sg1");
  assert.deepEqual([off?.power, off?.leader], ["off", undefined]);
  await assert.rejects(labExec(LAB, "sg1", ["true"]), /sg1 is off/);
  await labHost.start(LAB, "sg1");
  assert.equal((await labExec(LAB, "sg1", ["cat", "/root/kept"])).stdout, "written\n");
  await labHost.stop(LAB, "sg1");
  assert.equal((await up()).hosts.every(({ ready }) => ready), true);
  assert.equal((await ssh("sg1", "cat /root/kept")).out, "written");
});

void test("a host that does not boot is an error with its console's last words, and nothing of it runs on", options, async () => {
  await labHost.kill(LAB, "sg2");
  const root = join((await labStatus(LAB))?.directory ?? "", "hosts/sg2/root");
  renameSync(join(root, "usr/lib/systemd/systemd"), join(root, "usr/lib/systemd/gone"));
  await assert.rejects(up(), (error) => error instanceof LabError && error.message.startsWith("sg2 did not answer") && /No such file/.test(error.evidence ?? ""));
  assert.deepEqual((await labStatus(LAB))?.hosts.map(({ power }) => power), ["up", "up", "off"]);
  renameSync(join(root, "usr/lib/systemd/gone"), join(root, "usr/lib/systemd/systemd"));
  assert.equal((await up()).hosts.every(({ ready }) => ready), true);
});

void test("a pulled cable cuts a host off and leaves it running", options, async () => {
  await labHost.unplug(LAB, "sg1");
  assert.notEqual((await ssh("la1", "ping -c1 -W1 sg1")).code, 0);
  assert.equal((await labExec(LAB, "sg1", ["systemctl", "is-active", "ssh"])).stdout, "active\n");
  await labHost.plug(LAB, "sg1");
  assert.equal((await ssh("la1", "ping -c1 -W3 sg1")).code, 0);
});

void test("a round-trip time holds to the controller and between regions, not inside one or to the cache", options, async () => {
  assert.notEqual((await labSetRtt(LAB, 100)).mechanism, "none");
  const connected = await connectMs("198.18.201.11");
  assert.ok(connected >= 99 && connected < 160, `connecting took ${connected} ms`);
  const [far, near] = [await pingMs("la1", "sg1"), await pingMs("sg1", "sg2")];
  assert.ok(far >= 99 && far < 160, `la1 to sg1 took ${far} ms`);
  assert.ok(near < 50, `sg1 to sg2 took ${near} ms`);
  assert.equal((await labSetRtt(LAB, 2000)).ms, 2000);
  assert.equal((await labStatus(LAB))?.hosts.every(({ ready }) => ready), true, "also at the longest time allowed");
  assert.equal((await labSetRtt(LAB, 0)).mechanism, "none");
  assert.ok((await connectMs("198.18.201.11")) < 50);
});

void test("down leaves nothing, and a record that outlived a restart of the machine does not hinder up", options, async () => {
  const directory = (await labStatus(LAB))?.directory ?? "";
  const saved = readFileSync(join(directory, "lab.json"));
  await labDown(LAB);
  assert.deepEqual(traces(), []);
  assert.equal(await labStatus(LAB), undefined);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "lab.json"), saved);
  assert.deepEqual((await labStatus(LAB))?.hosts.map(({ power }) => power), ["off", "off", "off"]);
  assert.equal((await up()).hosts.every(({ ready }) => ready), true);
  await labDown(LAB);
  await labDown(LAB);
  assert.deepEqual(traces(), []);
});

async function pingMs(from: string, to: string): Promise<number> {
  return Number(/time=([\d.]+)/.exec((await ssh(from, `ping -c1 -W3 ${to}`)).out)?.[1]);
}

/** Milliseconds until a TCP connection to sshd stands. */
function connectMs(host: string): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect(22, host, () => {
      resolve(performance.now() - started);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
