import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, test } from "node:test";
import { labDown, labHost, labPrerequisites, labSshArgs, labStatus, labUp, type LabSpec } from "../../src/lab/index.ts";

const LAB = "e2e-docker";
const SPEC: LabSpec = {
  name: LAB,
  hosts: [
    { name: "la1", address: "198.18.211.11", region: "la", image: "debian" },
    { name: "sg1", address: "198.18.212.11", region: "sg", image: "debian" },
  ],
};
const [fault] = await labPrerequisites("docker");
const options = { skip: fault === undefined ? false : fault.fault, timeout: 300_000 };
const up = () => labUp(SPEC, { backend: "docker" });

after(async () => {
  if (options.skip === false) await labDown(LAB);
});

async function ssh(host: string, command: string): Promise<string> {
  const [program = "", ...args] = await labSshArgs(LAB, host);
  const { stdout, stderr } = spawnSync(program, [...args, command], { encoding: "utf8", timeout: 60_000 });
  return `${stdout}${stderr}`.trim();
}

void test("containers run a healthy systemd, keep their disk over a reboot and a power cut, and go without a trace", options, async () => {
  await labDown(LAB);
  const first = await up();
  assert.deepEqual(await up(), first);
  assert.equal(await ssh("la1", "systemctl is-system-running --wait; hostname"), "running\nla1");
  assert.match(await ssh("la1", "ping -c1 -W2 sg1"), / 0% packet loss/);
  assert.equal(await ssh("la1", "sysctl -n -w net.ipv4.ip_forward=1"), "1");
  const bootId = await ssh("la1", "touch /root/kept; cat /proc/sys/kernel/random/boot_id");
  await ssh("la1", "systemctl reboot");
  let now = await labStatus(LAB);
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; now = await labStatus(LAB))
    if (now?.hosts[0]?.ready === true && now.hosts[0].leader !== first.hosts[0]?.leader) break;
  assert.notEqual(await ssh("la1", "cat /proc/sys/kernel/random/boot_id"), bootId);
  assert.equal(await ssh("la1", "ls /root"), "kept");
  await labHost.kill(LAB, "sg1");
  assert.deepEqual((await labStatus(LAB))?.hosts.map(({ power }) => power), ["up", "off"]);
  assert.equal((await up()).hosts.every(({ ready }) => ready), true);
  await labDown(LAB);
  const filter = ["--all", "--quiet", "--filter", `label=hawser.lab=${LAB}`];
  assert.equal(spawnSync("docker", ["ps", ...filter], { encoding: "utf8" }).stdout, "");
});
