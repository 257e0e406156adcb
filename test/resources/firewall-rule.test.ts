import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { z } from "zod";
import type { Prediction, Upstream } from "../../src/resources/contract.ts";
import { LOADER_TEXT } from "../../src/resources/firewall-loader.ts";
import { firewallRule } from "../../src/resources/firewall-rule.ts";
import { WATCHER_TEXT } from "../../src/resources/firewall-watcher.ts";
import { recorded } from "../../src/resources/recorded.ts";
import { Sh } from "../../src/shell/index.ts";
import { attempt, converge, onEveryShell, render, runCases, type HostOptions, type TestHost } from "./harness.ts";

runCases(firewallRule);
for (const text of [LOADER_TEXT, WATCHER_TEXT]) render(Sh.raw(text));

const FACTS = { facts: recorded("debian-12") };
type Args = z.input<typeof firewallRule.args>;

const OPTIONS: HostOptions = { privateNetwork: true, systemCommands: true };

/** What is written to /etc goes to /run/etc, so that the machine's own stays as it is; without /run/systemd its systemd is left alone. */
const HIDE = `mount -t tmpfs tmpfs /run
mkdir /run/etc /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work /etc
ip link set lo up`;

/** Why a tool cannot be tried here: the kernel lacks it, or it is not installed. */
function lacks(...command: string[]): string | false {
  const { error, status, stderr } = spawnSync("unshare", ["--net", ...command], { encoding: "utf8" });
  return error === undefined && status === 0 ? false : `${command[0]} does not work in a network namespace here: ${error?.message ?? stderr.trim()}`;
}

const noNft = lacks("nft", "add table inet hawser");
const noIptables = lacks("iptables-legacy", "-S") || lacks("ip6tables-legacy", "-S");

function onEachShell(name: string, skip: string | false, body: (host: TestHost) => void): void {
  if (skip !== false) void test(name, { skip }, () => {});
  else onEveryShell(name, (host) => {
    assert.deepEqual(host.run(HIDE, { setE: true }).err, "");
    body(host);
  }, OPTIONS);
}

const apply = (host: TestHost, args: Args) => converge(firewallRule, args, host);
const summary = (host: TestHost, args: Args) => attempt(firewallRule, args, host).change?.summary;
/** Names and verdicts in the order in which the kernel has them. */
const nftRules = (host: TestHost) => host.run("nft list table inet hawser").out.match(/\w+ comment ".*"/g)?.map((text) => text.replace(/ comment "(.*)"/, " $1")) ?? [];
const pings = (host: TestHost, address = "127.0.0.1") => host.run(`busybox ping -c1 -W1 ${address}`).code === 0;

const DROP: Args = { name: "no-ping", backend: "nftables", protocol: "icmp", action: "drop", position: 200 };
const ALLOW: Args = { name: "my-ping", backend: "nftables", protocol: "icmp", source: ["127.0.0.0/8", "192.0.2.1"], action: "accept", position: 100 };

onEachShell("nft: rules filter in the order of their positions, and go again", noNft, (host) => {
  assert.ok(pings(host));
  apply(host, DROP);
  assert.ok(!pings(host));
  apply(host, ALLOW);
  assert.ok(pings(host));
  assert.deepEqual(nftRules(host), ["accept my-ping", "drop no-ping"]);
  assert.equal(apply(host, { ...ALLOW, position: 300 }).change?.summary, "move");
  assert.deepEqual(nftRules(host), ["drop no-ping", "accept my-ping"]);
  assert.ok(!pings(host));
  assert.equal(apply(host, { ...DROP, source: "192.0.2.9" }).change?.summary, "change");
  assert.ok(pings(host));
  apply(host, { ...ALLOW, state: "absent" });
  apply(host, { ...DROP, state: "absent" });
  const left = host.run("nft list tables; find /run/etc -type f; ls /run | grep hawser; :");
  assert.equal(left.out, "", "nothing is left behind");
});

onEachShell("nft: what somebody flushed, changed or put in another order is loaded again", noNft, (host) => {
  apply(host, DROP);
  apply(host, ALLOW);
  for (const meddle of [
    "nft flush ruleset",
    "nft flush chain inet hawser input",
    "nft add rule inet hawser input accept",
    `nft delete rule inet hawser input handle "$(nft -a list table inet hawser | sed -n 's/.*my-ping.*handle //p')"; nft 'add rule inet hawser input meta l4proto icmp ip saddr { 127.0.0.0/8, 192.0.2.1 } counter accept comment "my-ping"'`,
    "printf '%s\\n' \"$(sort -r /etc/hawser/firewall.rules)\" >/etc/hawser/firewall.rules; sh /etc/hawser/firewall-load",
    "echo : >>/etc/hawser/firewall-load",
    "rm /etc/hawser/firewall-look",
    "echo >>/etc/systemd/system/hawser-firewall.service",
    "rm /run/hawser-firewall.loaded",
  ]) {
    assert.equal(host.run(meddle, { setE: true }).err, "", meddle);
    assert.equal(apply(host, DROP).change?.summary, "load again", meddle);
    assert.equal(summary(host, ALLOW), undefined, "the others came with it");
    assert.deepEqual(nftRules(host), ["accept my-ping", "drop no-ping"]);
  }
  host.run("nft reset counters; nft add table inet other; busybox ping -c1 -W1 127.0.0.1");
  assert.equal(summary(host, DROP), undefined, "counters and other tables are no drift");
});

onEachShell("nft: a rule that cannot be loaded leaves the old ones at work", noNft, (host) => {
  apply(host, DROP);
  const { change, applied, now } = attempt(firewallRule, { ...ALLOW, raw: { nft: "no such match" } }, host);
  assert.equal(change?.summary, "add");
  assert.notEqual(applied?.code, 0);
  assert.match(applied?.err ?? "", /no such match/);
  assert.ok(!now.out.includes("my-ping"));
  assert.equal(summary(host, DROP), undefined);
  assert.deepEqual(nftRules(host), ["drop no-ping"]);
  const half = attempt(firewallRule, { ...DROP, raw: { nft: "tcp dport" } }, host);
  assert.notEqual(half.applied?.code, 0);
  assert.equal(summary(host, DROP), undefined, "also when it would replace one");
});

onEachShell("nft: every argument is taken by the tool", noNft, (host) => {
  const all: Args[] = [
    { name: "a", action: "drop", chain: "forward", in: "eth0.100", out: "wg+", family: 6 },
    { name: "b", action: "reject", protocol: "tcp", port: [22, "8000-8010"], source: ["2001:db8::/32", "2001:db9::1"], destination: "2001:DB8:1::/48" },
    { name: "c", action: "accept", chain: "output", protocol: "esp", ipsec: "required", out: "lo" },
    { name: "d", action: "drop", protocol: "gre", ipsec: "none", in: "lo" },
    { name: "e", action: "accept", chain: "forward", ipsec: "required", protocol: "udp", port: "500-4500" },
    ...(["icmp", "icmpv6", "ah", "vrrp", "ospf", "sctp"] as const).map((protocol): Args => ({ name: `p.${protocol}`, action: "drop", protocol })),
    { name: "f", action: "accept", protocol: "sctp", port: 7, raw: { nft: "ct state { new, established } meta mark 0x1" } },
    { name: "g", action: "accept", raw: { nft: 'log prefix "it said: " limit rate 3/minute' } },
  ];
  for (const args of all) apply(host, { ...args, backend: "nftables" });
  for (const args of all) assert.equal(summary(host, { ...args, backend: "nftables" }), undefined);
  assert.equal(nftRules(host).length, all.length);
});

onEachShell("nft: rules that stand together are loaded by one command", noNft, (host) => {
  const changes = [DROP, ALLOW].flatMap((args) => firewallRule.plan(firewallRule.args.parse(args), host.run(render(firewallRule.probe(firewallRule.args.parse(args), FACTS))), FACTS) ?? []);
  const merged = changes[0]?.merge?.apply(changes.map((change) => change.merge?.item ?? ""));
  assert.ok(merged);
  assert.equal(host.run(render(merged), { setE: true }).code, 0);
  for (const args of [DROP, ALLOW]) assert.equal(summary(host, args), undefined);
  assert.deepEqual(nftRules(host), ["accept my-ping", "drop no-ping"]);
});

const LEGACY = { backend: "iptables-legacy" } as const;
const iptables = (host: TestHost, tool = "iptables") => host.run(`${tool}-legacy -S`).out.split("\n").filter((line) => line.startsWith("-A"));

onEachShell("iptables-legacy: rules filter in their order before those of others, and go again", noIptables, (host) => {
  host.run("iptables-legacy -A INPUT -s 192.0.2.7 -j DROP; ip6tables-legacy -N HERS; ip6tables-legacy -A INPUT -j HERS", { setE: true });
  apply(host, { ...DROP, ...LEGACY });
  assert.ok(!pings(host));
  apply(host, { ...ALLOW, ...LEGACY });
  assert.ok(pings(host));
  assert.deepEqual(iptables(host), [
    "-A INPUT -j HAWSER-INPUT",
    "-A INPUT -s 192.0.2.7/32 -j DROP",
    "-A FORWARD -j HAWSER-FORWARD",
    "-A OUTPUT -j HAWSER-OUTPUT",
    "-A HAWSER-INPUT -s 127.0.0.0/8 -p icmp -m comment --comment my-ping -j ACCEPT",
    "-A HAWSER-INPUT -s 192.0.2.1/32 -p icmp -m comment --comment my-ping -j ACCEPT",
    "-A HAWSER-INPUT -p icmp -m comment --comment no-ping -j DROP",
  ]);
  assert.deepEqual(iptables(host, "ip6tables"), ["-A INPUT -j HERS"], "no rule is for IPv6 yet");
  apply(host, { ...LEGACY, name: "both", action: "drop", protocol: "tcp", port: [80, "90-99"] });
  assert.ok(iptables(host, "ip6tables").includes("-A HAWSER-INPUT -p tcp -m multiport --dports 80,90:99 -m comment --comment both -j DROP"));
  for (const name of ["both", "my-ping", "no-ping"]) apply(host, { ...LEGACY, name, action: "drop", state: "absent" });
  assert.deepEqual(iptables(host), ["-A INPUT -s 192.0.2.7/32 -j DROP"]);
  assert.deepEqual(iptables(host, "ip6tables"), ["-A INPUT -j HERS"]);
  assert.ok(!host.run("iptables-legacy -S; ip6tables-legacy -S").out.includes("HAWSER"));
});

onEachShell("iptables-legacy: what somebody flushed is loaded again, and a rule that cannot be loaded changes nothing", noIptables, (host) => {
  const rule: Args = { ...LEGACY, name: "web", action: "accept", protocol: "tcp", port: 80 };
  apply(host, rule);
  const before = [...iptables(host), ...iptables(host, "ip6tables")];
  for (const meddle of ["iptables-legacy -F; iptables-legacy -X", "ip6tables-legacy -D INPUT -j HAWSER-INPUT", "iptables-legacy -I INPUT -j HAWSER-INPUT", "ip6tables-legacy -I HAWSER-INPUT -j RETURN"]) {
    host.run(meddle, { setE: true });
    assert.equal(apply(host, rule).change?.summary, "load again", meddle);
    assert.deepEqual([...iptables(host), ...iptables(host, "ip6tables")], before);
  }
  // IPv4 takes this match, IPv6 does not: neither is loaded.
  const broken = attempt(firewallRule, { ...LEGACY, name: "broken", action: "drop", raw: { iptables: "-s 192.0.2.1" } }, host);
  assert.notEqual(broken.applied?.code, 0);
  assert.deepEqual([...iptables(host), ...iptables(host, "ip6tables")], before);
  assert.equal(summary(host, rule), undefined);
});

onEachShell("iptables-legacy: every argument is taken by the tool", noIptables, (host) => {
  const all: Args[] = [
    { name: "a", action: "drop", chain: "forward", in: "eth0.100", out: "wg+", family: 6 },
    { name: "b", action: "reject", protocol: "tcp", port: [22, "8000-8010"], source: ["2001:db8::/32", "2001:db9::1"], destination: "2001:DB8:1::/48" },
    { name: "c", action: "accept", chain: "output", protocol: "esp", ipsec: "required", out: "lo" },
    { name: "d", action: "drop", protocol: "gre", ipsec: "none", in: "lo" },
    ...(["icmp", "icmpv6", "ah", "vrrp", "ospf", "sctp"] as const).map((protocol): Args => ({ name: `p.${protocol}`, action: "drop", protocol })),
    { name: "f", action: "accept", protocol: "sctp", port: 7, raw: { iptables: "-m conntrack ! --ctstate INVALID,UNTRACKED" } },
    { name: "g", action: "accept", family: 4, raw: { iptables: "-m u32 --u32 4&0x1FFF=0" } },
  ];
  for (const args of all) apply(host, { ...args, ...LEGACY });
  for (const args of all) assert.equal(summary(host, { ...args, ...LEGACY }), undefined);
});

onEachShell("a rule moves from one tool to another, and files are for root only", noNft || noIptables, (host) => {
  apply(host, { ...DROP, ...LEGACY });
  apply(host, DROP);
  assert.ok(!host.run("iptables-legacy -S").out.includes("HAWSER"));
  assert.deepEqual(nftRules(host), ["drop no-ping"]);
  assert.equal(host.run("stat -c '%a %n' /etc/hawser/* /run/hawser-firewall.loaded").out, "600 /etc/hawser/firewall-load\n600 /etc/hawser/firewall-look\n600 /etc/hawser/firewall.rules\n600 /run/hawser-firewall.loaded\n");
});

const up = (kind: string, outcome: Upstream["outcome"] = "would-change"): Upstream => ({ id: `r/${kind}:x`, kind, outcome });

function predict(out: string, upstream: Upstream, args: Partial<Args> = {}): Prediction | undefined {
  const all = firewallRule.args.parse({ name: "web", action: "accept", protocol: "tcp", port: 80, ...args });
  return firewallRule.predict?.(all, { out, err: "", code: 0 }, [upstream], FACTS);
}

const THERE = 'nft\nrule 500 web nft input tcp dport 80 counter accept comment "web"\n';

void test("a rule that is not there would come, whatever brings the tool", () => {
  assert.equal(predict("", up("package"))?.outcome, "would-change");
  assert.equal(predict("nft\n", up("package"))?.outcome, "would-change");
  assert.equal(predict("nft\n", up("task", "unknown"))?.outcome, "would-change");
  const cause = "the host cannot hold the rule web: neither nft nor iptables works on it, and";
  assert.deepEqual(predict("", up("task", "unknown")), { outcome: "unknown", cause: `${cause} r/task:x would change first` });
  assert.deepEqual(predict("", up("file")), { outcome: "unknown", cause: `${cause} r/file:x would change first` });
});

void test("a rule that is there may belong elsewhere once another firewall has come", () => {
  assert.deepEqual(predict(THERE, up("package")), { outcome: "unknown", cause: "r/package:x may change which firewall is at work" });
  assert.deepEqual(predict(THERE, up("file")), { outcome: "ok" });
  assert.equal(predict(THERE, up("package"), { state: "absent" })?.outcome, "would-change");
  assert.deepEqual(predict("nft\n", up("package"), { state: "absent" }), { outcome: "ok" });
});
