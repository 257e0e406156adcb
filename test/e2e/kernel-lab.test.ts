import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { installPrerequisites, labCut, labDown, labExec, labHeal, labHost, labLoss, labStatus, labUp } from "../../src/lab/index.ts";
import { KERNEL_SPEC, ssh as sshIn, traces } from "./lab-fixture.ts";

const LAB = KERNEL_SPEC.name;
const linux = process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0;
const options = { skip: linux ? false : "the uml backend needs root on Linux on x86", timeout: 200_000 };
const up = () => labUp(KERNEL_SPEC, { backend: "uml" });
const ssh = (host: string, command: string) => sshIn(host, command, LAB);
/** A busy machine loses a packet now and then, and one that is cut off answers none. */
const reaches = async (from: string, to: string): Promise<boolean> => (await ssh(from, `for i in 1 2 3; do ping -c1 -W1 ${to} >/dev/null && exit 0; done; exit 1`)).code === 0;
const powers = async (): Promise<Record<string, string>> => Object.fromEntries(((await labStatus(LAB))?.hosts ?? []).map(({ name, power }) => [name, power]));
const ALL_UP = { la1: "up", la2: "up", sg1: "up", w1: "up" };

before(async () => {
  if (!linux) return;
  await installPrerequisites("uml");
  // Builds the images if need be, so that the time printed below is that of booting.
  await labUp({ ...KERNEL_SPEC, hosts: KERNEL_SPEC.hosts.filter(({ name }) => name === "la1" || name === "sg1") }, { backend: "uml" });
  await labDown(LAB);
});
after(async () => {
  if (linux) await labDown(LAB);
});

void test("a controller that is killed half-way leaves a lab that can be taken down, and one that comes up", options, async (t) => {
  const child = fileURLToPath(import.meta.resolve("./lab-crash-child.ts"));
  const crash = (): void => {
    const { signal, stderr } = spawnSync(process.execPath, ["--import", "tsx", child, "uml"], { encoding: "utf8", timeout: 100_000 });
    assert.equal(signal, "SIGKILL", stderr);
    assert.notDeepEqual(traces(KERNEL_SPEC), []);
  };
  crash();
  await labDown(LAB);
  assert.deepEqual(traces(KERNEL_SPEC), []);
  crash();
  const started = performance.now();
  await up();
  t.diagnostic(`two regions and a witness, 4 hosts, up in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  assert.deepEqual(await powers(), ALL_UP);
});

void test("each host runs a healthy systemd on a kernel of its own, which has GRE, ESP and IPVS", options, async () => {
  for (const { name } of KERNEL_SPEC.hosts) {
    assert.equal((await ssh(name, "systemctl is-system-running")).out, "running", name);
    const modules = await ssh(name, "for m in ip_gre esp4 dummy ip_vs sch_netem; do modprobe $m || exit; done; ip link add name gre77 type gre local 192.0.2.1 remote 192.0.2.2 && ip link delete gre77");
    assert.equal(modules.code, 0, modules.err);
  }
});

void test("behind the NAT a host has its private address alone, and its public one works from everywhere", options, async () => {
  assert.match((await ssh("la1", "ip -4 -o addr show dev eth0")).out, /inet 10\.10\.0\.11\/24/);
  assert.doesNotMatch((await ssh("la1", "ip addr")).out, /198\.18\./);
  for (const [from, to] of [["la1", "198.18.222.11"], ["sg1", "198.18.221.11"], ["w1", "198.18.221.12"], ["la1", "198.18.221.12"], ["la2", "198.18.221.12"], ["la1", "10.10.0.12"]] as const)
    assert.ok(await reaches(from, to), `${from} reaches ${to}`);
  const seen = await ssh("w1", "ss -tn state established '( sport = :22 )'; true");
  assert.equal(seen.code, 0);
  await ssh("w1", "nohup sh -c 'tail -f /dev/null | timeout 20 cat' >/dev/null 2>&1 & true");
  // A connection across both NATs: sg1's sshd says whom it sees.
  const banner = await ssh("la1", "timeout 5 bash -c 'exec 3<>/dev/tcp/198.18.222.11/22; head -1 <&3; sleep 2' & sleep 1.5; wait");
  assert.match(banner.out, /^SSH-2\.0/);
  for (const [from, to] of [["la1", "10.20.0.11"], ["w1", "10.10.0.11"]] as const) assert.equal(await reaches(from, to), false, `${from} does not reach ${to}`);
});

void test("GRE and ESP do not pass between regions, and do within one", options, async () => {
  const tunnel = (own: string, far: string, inner: string): string =>
    `modprobe ip_gre; ip link delete gre77 2>/dev/null; ip link add name gre77 type gre local ${own} remote ${far} && ip addr add ${inner}/30 dev gre77 && ip link set gre77 up`;
  await ssh("la1", tunnel("10.10.0.11", "198.18.222.11", "192.168.77.1"));
  await ssh("sg1", tunnel("10.20.0.11", "198.18.221.11", "192.168.77.2"));
  assert.equal(await reaches("la1", "192.168.77.2"), false);
  for (const made of [await ssh("la1", tunnel("10.10.0.11", "10.10.0.12", "192.168.77.1")), await ssh("la2", tunnel("10.10.0.12", "10.10.0.11", "192.168.77.2"))]) assert.equal(made.code, 0, made.err);
  assert.equal(await reaches("la1", "192.168.77.2"), true);
  for (const host of ["la1", "la2", "sg1"]) await ssh(host, "ip link delete gre77");
});

void test("the round-trip time holds between regions, and not within one through the NAT", options, async () => {
  const ms = async (to: string): Promise<number> => Number(/time=([\d.]+)/.exec((await ssh("la1", `ping -c1 -W3 ${to}`)).out)?.[1]);
  const [far, near] = [await ms("sg1"), await ms("198.18.221.12")];
  assert.ok(far >= 83 && far < 140, `la1 to sg1 took ${far} ms`);
  assert.ok(near < 40, `la1 to la2 took ${near} ms`);
});

void test("packages install on both flavours", options, async () => {
  const apt = await ssh("la1", "DEBIAN_FRONTEND=noninteractive apt-get install -y -q tree 2>&1 && tree --version");
  assert.equal(apt.code, 0, apt.out);
  const dnf = await ssh("sg1", "dnf -y -q install tinyweb 2>&1 && systemctl daemon-reload && systemctl enable --now -q tinyweb && systemctl is-active tinyweb");
  assert.match(dnf.out, /active$/, dnf.out);
});

void test("a cut parts two ends in both directions and no others, until it is healed; the controller reaches both", options, async () => {
  await labCut(LAB, "la", "sg");
  assert.deepEqual([await reaches("la1", "sg1"), await reaches("sg1", "la2"), await reaches("la1", "w1"), await reaches("sg1", "w1")], [false, false, true, true]);
  assert.deepEqual(await powers(), ALL_UP);
  await labHeal(LAB, "sg", "la");
  assert.equal(await reaches("la1", "sg1"), true);
  await labCut(LAB, "la1");
  assert.deepEqual([await reaches("la1", "10.10.0.12"), await reaches("la2", "198.18.221.11"), await reaches("w1", "198.18.221.11"), await reaches("la2", "sg1")], [false, false, false, true]);
  assert.deepEqual(await powers(), ALL_UP);
  assert.deepEqual(await labHeal(LAB, "la1"), []);
});

void test("a cut of one service leaves the others", options, async () => {
  const connects = async (): Promise<boolean> => (await ssh("la1", "timeout 2 bash -c ': </dev/tcp/198.18.222.11/22'")).code === 0;
  assert.ok(await connects());
  await labCut(LAB, "la1", "sg1", { only: ["tcp:22", "udp:500"] });
  assert.deepEqual([await connects(), await reaches("la1", "sg1")], [false, true]);
  assert.deepEqual((await labStatus(LAB))?.faults.map((fault) => fault.kind === "cut" && fault.only?.port), [22, 500]);
  await labHeal(LAB);
  assert.ok(await connects());
});

void test("a loss takes its share of each direction", options, async () => {
  await labLoss(LAB, "la1", "sg1", 30);
  const lost = Number(/([\d.]+)% packet loss/.exec((await ssh("la1", "ping -q -i 0.02 -c 300 sg1")).out)?.[1]);
  assert.ok(lost > 38 && lost < 64, `1 - 0.7 * 0.7 is 51 %, and ${lost} % were lost`);
  assert.deepEqual(await labLoss(LAB, "la1", "sg1", 0), []);
});

void test("a frozen host answers nothing and is left alone by up, and thawed it goes on", options, async () => {
  const { out: boot } = await ssh("sg1", "cat /proc/sys/kernel/random/boot_id");
  await labHost.freeze(LAB, "sg1");
  assert.equal(await reaches("la1", "sg1"), false);
  assert.equal((await powers())["sg1"], "frozen");
  await up();
  assert.equal((await powers())["sg1"], "frozen");
  await labHost.thaw(LAB, "sg1");
  assert.deepEqual(await powers(), ALL_UP);
  assert.equal((await ssh("sg1", "cat /proc/sys/kernel/random/boot_id")).out, boot);
});

void test("a reboot and a power cut keep the disk and the faults, not the network's state; a frozen host's power can be cut too", options, async () => {
  const { out: old } = await ssh("la1", "cat /proc/sys/kernel/random/boot_id");
  await labCut(LAB, "la1", "w1");
  await ssh("la1", "echo written >/root/kept; ip link add leftover type dummy; systemctl reboot");
  const deadline = Date.now() + 60_000;
  let now = old;
  while ((now === old || now === "") && Date.now() < deadline) {
    await sleep(300);
    now = (await ssh("la1", "cat /proc/sys/kernel/random/boot_id")).out;
  }
  assert.ok(now !== "" && now !== old, "la1 is back within 60 s");
  assert.equal((await ssh("la1", "test ! -e /sys/class/net/leftover && cat /root/kept; cat /sys/class/net/eth0/address")).out, "written\n02:68:c6:12:dd:0b");
  assert.deepEqual([await reaches("la1", "w1"), await reaches("la1", "sg1")], [false, true]);
  await labHeal(LAB);
  await ssh("la1", "sync");
  await labHost.freeze(LAB, "la1");
  await labHost.kill(LAB, "la1");
  assert.equal((await powers())["la1"], "off");
  await assert.rejects(labExec(LAB, "la1", ["true"]), /la1 is off/);
  await labHost.start(LAB, "la1");
  assert.equal((await labExec(LAB, "la1", ["cat", "/root/kept"])).stdout, "written\n");
  await labHost.stop(LAB, "la1");
  await up();
  assert.deepEqual(await powers(), ALL_UP);
});

void test("the command line makes the same faults, shows them, and refuses what there is not", options, async () => {
  const [bin, inventory] = [fileURLToPath(import.meta.resolve("../../bin/hawser.mjs")), fileURLToPath(import.meta.resolve("./kernel-inventory"))];
  const lab = (verb: string, ...words: string[]) => spawnSync(process.execPath, [bin, "lab", verb, "-i", inventory, ...words], { encoding: "utf8", timeout: 60_000 });
  assert.equal(lab("cut", "la1", "sg1", "--only", "udp:500,udp:4500").stdout, "  cut  la1 <-> sg1 udp:500\n  cut  la1 <-> sg1 udp:4500\n");
  assert.match(lab("status").stdout, /sg1 .* up\n(?:.*\n)* {2}cut {2}la1 <-> sg1 udp:500\n/);
  assert.equal(lab("loss", "la", "sg", "5").status, 0);
  assert.match(lab("delay", "42").stdout, /^round trip 42 ms by /);
  assert.equal(lab("heal").stdout, "no faults\n");
  assert.equal(lab("freeze", "w1").status, 0);
  assert.match(lab("status").stdout, /w1 .* frozen/);
  assert.equal(lab("thaw", "w1").status, 0);
  for (const [words, message] of [[["cut", "ny"], /no host or region ny/], [["cut", "la1", "sg1", "--only", "udp"], /"udp" is no traffic/], [["loss", "la1", "sg1", "101"], /101/], [["freeze", "ny"], /ny/]] as const) {
    const [verb, ...rest] = words;
    const refused = lab(verb, ...rest);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, message);
  }
  assert.deepEqual((await labStatus(LAB))?.faults, []);
});

void test("down leaves nothing", options, async () => {
  const directory = (await labStatus(LAB))?.directory ?? "";
  await labCut(LAB, "la1", "sg1");
  await labDown(LAB);
  assert.deepEqual(traces(KERNEL_SPEC), []);
  assert.equal(existsSync(directory), false);
});
