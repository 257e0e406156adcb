import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { capabilityList } from "../../src/lab/capabilities.ts";
import { bridgeOf, controllerLink, macOf, wireOf } from "../../src/lab/names.ts";
import { nspawnArgv, supervisorScript } from "../../src/lab/nspawn.ts";
import type { LabHost } from "../../src/lab/types.ts";

const host: LabHost = { name: "la1", address: "198.18.1.11", region: "la", image: "debian" };

void test("boots real systemd in the host's own namespace, its console in a pipe", () => {
  const argv = nspawnArgv("default", host);
  for (const word of ["--boot", "--machine=default-la1", "--hostname=la1", "--network-namespace-path=/run/netns/hawser.default.la1", "--console=pipe"])
    assert.ok(argv.includes(word), word);
});

void test("never grants a host the clock, modules or raw I/O", () => {
  const granted = nspawnArgv("default", host).find((word) => word.startsWith("--capability=")) ?? "";
  assert.match(granted, /CAP_NET_ADMIN/);
  assert.doesNotMatch(granted, /all|SYS_TIME|SYS_MODULE|SYS_RAWIO/);
});

void test("a capability mask becomes setpriv's list, bit by bit", () => {
  assert.equal(capabilityList("0000000000000003"), ",+cap_0,+cap_1");
  assert.equal(capabilityList("0000008000000001"), ",+cap_0,+cap_39");
  assert.equal(capabilityList("0"), "");
});

void test("the supervisor is valid shell, makes the network anew for each boot, and boots again on status 133 only", () => {
  const script = supervisorScript("default", host);
  assert.equal(spawnSync("sh", ["-n"], { input: script }).status, 0);
  const loop = script.slice(script.indexOf("while"));
  for (const part of ["ip netns add hawser.default.la1", "addr add 198.18.1.11/24 dev eth0", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network systemd-nspawn"])
    assert.ok(loop.includes(part), part);
  assert.match(loop, /\[ "\$status" = 133 \] \|\| exit/);
});

void test("names of links fit the kernel's 15 characters", () => {
  for (const name of [controllerLink("twelve-chars"), wireOf("198.19.254.254"), bridgeOf("198.19.254.254")]) assert.ok(name.length <= 15, name);
});

void test("a MAC follows from the address, is unicast and locally administered, and differs by kind", () => {
  assert.equal(macOf("host", "198.18.1.11"), "02:68:c6:12:01:0b");
  const kinds = (["host", "wire", "bridge"] as const).map((kind) => macOf(kind, "198.18.1.11"));
  assert.equal(new Set(kinds).size, 3);
  for (const mac of kinds) assert.equal(Number.parseInt(mac.slice(0, 2), 16) & 3, 2);
});
