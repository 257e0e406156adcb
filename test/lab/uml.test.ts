import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import type { LabHost } from "../../src/lab/types.ts";
import { umlArgv, umlSupervisorScript } from "../../src/lab/uml.ts";

// The kernel of the machine's package, whatever was obtained here.
process.env["XDG_CACHE_HOME"] = "/nonexistent";

const host: LabHost = { name: "la1", address: "198.18.1.11", region: "la", image: "debian", privateAddress: "10.10.0.11" };

void test("a kernel of its own has its disk over the image, and ends instead of rebooting", () => {
  const argv = umlArgv("default", host);
  assert.equal(argv[0], "linux.uml");
  assert.ok(argv.includes("noreboot"));
  assert.match(argv.find((word) => word.startsWith("ubd0=")) ?? "", /^ubd0=.*\/la1\/disk\.cow,.*\/la1\/base$/);
});

void test("its card is the host's wire with the host's MAC, and its only address is the private one where there is one", () => {
  const argv = umlArgv("default", host);
  assert.ok(argv.includes("vec0:transport=tap,ifname=v-18-1-11,depth=64,gro=1,mac=02:68:c6:12:01:0b"));
  assert.deepEqual(argv.filter((word) => word.startsWith("lab_")), ["lab_address=10.10.0.11/24", "lab_gateway=10.10.0.1"]);
  assert.ok(umlArgv("default", { ...host, privateAddress: undefined }).includes("lab_address=198.18.1.11/24"));
});

void test("the supervisor is valid shell, runs the kernel in the lab's namespace, and boots again only when the guest's kernel said so", () => {
  const script = umlSupervisorScript("default", host);
  assert.equal(spawnSync("sh", ["-n"], { input: script }).status, 0);
  const loop = script.slice(script.indexOf("while"));
  for (const part of ["tuntap add name v-18-1-11 mode tap", "nsenter --net=/run/netns/hawser.default nice -n -5 $pin linux.uml", '[ "$(restarts)" -gt "$before" ] || exit 0']) assert.ok(loop.includes(part), part);
});
