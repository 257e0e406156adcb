import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { recorded } from "../../src/resources/recorded.ts";
import { sysctl } from "../../src/resources/sysctl.ts";
import { attempt, converge, onEveryShell, render, runCases } from "./harness.ts";

runCases(sysctl);

onEveryShell("a kept setting replaces its old lines, in either spelling, and leaves the others", (host) => {
  const file = `${host.root}/99.conf`;
  // A setting of this machine is kept at the value that it has.
  const [value] = readFileSync("/proc/sys/net/ipv4/tcp_rmem", "utf8").trim().split("\n");
  const args = { key: "net.ipv4.tcp_rmem", value: value ?? "", file };
  writeFileSync(file, "# comment\nvm.swappiness = 1\n - net/ipv4/tcp_rmem=1\nnet.ipv4.tcp_rmem = 2 3\nnet.ipv4.tcp_rmem_max = 3");
  converge(sysctl, args, host);
  assert.equal(readFileSync(file, "utf8"), `# comment\nvm.swappiness = 1\nnet.ipv4.tcp_rmem_max = 3\nnet.ipv4.tcp_rmem = ${args.value.replaceAll(/\s+/g, " ")}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o644);
  converge(sysctl, { key: args.key, file, state: "absent" }, host);
  assert.equal(readFileSync(file, "utf8"), "# comment\nvm.swappiness = 1\nnet.ipv4.tcp_rmem_max = 3\n");
});

onEveryShell("the file is made when there is none, and a refused value is not kept", (host) => {
  const file = `${host.root}/99.conf`;
  const value = readFileSync("/proc/sys/vm/swappiness", "utf8").trim();
  converge(sysctl, { key: "vm.swappiness", value, file }, host);
  const { applied } = attempt(sysctl, { key: "vm.swappiness", value: "many", file }, host);
  assert.notEqual(applied?.code, 0);
  assert.match(applied?.err ?? "", /the kernel refuses vm.swappiness = many/);
  assert.match(readFileSync(file, "utf8"), /^vm.swappiness = \d+$/m);
});

onEveryShell("stars in a value are no file names", (host) => {
  const seen = host.run(render(sysctl.probe(sysctl.args.parse({ key: "kernel.core_pattern", value: "x" }), { facts: recorded("debian-12") })));
  assert.equal(seen.err, "");
  assert.equal(seen.out.split("\n")[0], `live ${readFileSync("/proc/sys/kernel/core_pattern", "utf8").trim()}`);
});

void test("a key that a need brings would change", () => {
  const args = sysctl.args.parse({ key: "net.bridge.bridge-nf-call-iptables", value: 1 });
  const predict = (outcome: "would-change" | "unknown") => sysctl.predict?.(args, { out: "no-key\n", err: "", code: 0 }, [{ id: "a/kernel-module:br_netfilter", kind: "kernel-module", outcome }], { facts: recorded("debian-12") });
  assert.deepEqual(predict("would-change"), { outcome: "would-change", change: { summary: "set to 1" } });
  assert.deepEqual(predict("unknown"), { outcome: "unknown", cause: "a/kernel-module:br_netfilter is unknown" });
});
