import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { factsProbe, parseFacts } from "../../src/resources/facts-probe.ts";
import { onEveryShell, render } from "./harness.ts";

const seen = (out: string) => ({ out, err: "", code: 0 });

onEveryShell("the facts probe says what this machine says itself", (host) => {
  const first = host.run(render(factsProbe));
  assert.deepEqual({ err: first.err, code: first.code }, { err: "", code: 0 });
  const facts = parseFacts(first);
  assert.equal(facts.kernel.release, execFileSync("uname", ["-r"]).toString().trim());
  assert.equal(facts.kernel.machine, execFileSync("uname", ["-m"]).toString().trim());
  assert.equal(facts.hostname, execFileSync("uname", ["-n"]).toString().trim());
  assert.ok(facts.memoryMb > 100 && facts.cpus >= 1);
  assert.match(facts.bootId, /^[0-9a-f-]{36}$/);
}, { systemCommands: true });

onEveryShell("the facts probe needs nothing but a shell", (host) => {
  const facts = parseFacts(host.run(`PATH=/nowhere\n${render(factsProbe)}`));
  assert.equal(facts.kernel.release, execFileSync("uname", ["-r"]).toString().trim());
  assert.equal(facts.packageManager, "none");
  assert.equal(facts.defaultRoute, undefined);
});

const ROCKY = `os NAME="x"
os PRETTY_NAME="Rocky Linux 9.3 (Blue \\"Onyx\\")"
os ID="rocky"
os ID_LIKE="rhel centos fedora"
os VERSION_ID='9.3'
hostname edge-1
memory MemTotal:        4039440 kB
cpus 0-2,5
boot 4f7c1c1e-8a55-4b0f-9a63-5d2b1f0c7e11
selinux 1
machine 
machine x86_64
release 5.14.0
commands dnf yum nft su
systemd systemd 252 (252-18.el9)
+PAM +AUDIT
virt kvm
@addresses
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever
2: eth0    inet 10.0.0.11/24 brd 10.0.0.255 scope global dynamic eth0\\  valid_lft 85000sec
2: eth0    inet 10.1.0.9/16 scope global secondary eth0\\  valid_lft forever
2: eth0    inet6 fe80::1/64 scope link \\       valid_lft forever
9: gre1    inet 172.31.0.1 peer 172.31.0.2/32 scope global gre1\\       valid_lft forever
@route
default via 10.0.0.1 dev eth0 proto dhcp metric 100 
default via 10.1.0.1 dev eth0 metric 200 
@packed
${gzipSync("ip_gre\nbr-netfilter\n\nbad name\n").toString("base64")}
`;

void test("facts of a Rocky host", () => {
  const facts = parseFacts(seen(ROCKY));
  assert.deepEqual(facts.os, { id: "rocky", version: "9.3", major: 9, codename: "", name: 'Rocky Linux 9.3 (Blue "Onyx")' });
  assert.deepEqual([facts.family, facts.packageManager, facts.selinux, facts.init, facts.systemdVersion], ["el", "dnf", "enforcing", "systemd", 252]);
  assert.deepEqual([facts.memoryMb, facts.cpus, facts.kernel.machine, facts.virtualisation], [3944, 4, "x86_64", "kvm"]);
  assert.deepEqual([...facts.kernel.modules], ["ip_gre", "br_netfilter"]);
  assert.deepEqual([...facts.commands], ["nft", "su"]);
  assert.deepEqual(facts.addresses.map(({ interface: name, address, prefix, family }) => `${name} ${address}/${prefix} ${family}`), [
    "eth0 10.0.0.11/24 4", "eth0 10.1.0.9/16 4", "eth0 fe80::1/64 6", "gre1 172.31.0.1/32 4",
  ]);
  assert.deepEqual(facts.defaultRoute, { gateway: "10.0.0.1", interface: "eth0", source: "10.0.0.11" });
});

for (const [what, id, like, major, commands, family, manager] of [
  ["CentOS 7 keeps to its yum", "centos", "rhel fedora", "7", "yum dnf", "el", "yum"],
  ["a derivative of Ubuntu", "pop", "ubuntu debian", "22.04", "apt-get", "debian", "apt"],
  ["apt on an EL host does not count", "almalinux", "rhel", "8", "apt-get dnf yum", "el", "dnf"],
  ["an unknown system", "alpine", "", "3.19", "", "other", "none"],
] as const) {
  void test(`facts: ${what}`, () => {
    const facts = parseFacts(seen(`os ID=${id}\nos ID_LIKE="${like}"\nos VERSION_ID="${major}"\ncommands ${commands}\n`));
    assert.deepEqual([facts.family, facts.packageManager], [family, manager]);
  });
}

void test("without iproute the kernel's tables give addresses and the default route", () => {
  const facts = parseFacts(seen(`@route4
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0100000A	0003	0	0	100	00000000	0	0	0
eth0	0000000A	00000000	0001	0	0	0	00FFFFFF	0	0	0
@trie
Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 10.0.0.0
        /24 link UNICAST
     |-- 10.0.0.11
        /32 host LOCAL
     |-- 10.0.0.255
        /32 link BROADCAST
@inet6
fe8000000000000040010afffe00000b 02 40 20 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
@modules
dummy
`));
  assert.deepEqual(facts.addresses, [
    { interface: "eth0", address: "10.0.0.11", prefix: 24, family: 4 },
    { interface: "eth0", address: "fe80::4001:aff:fe00:b", prefix: 64, family: 6 },
  ]);
  assert.deepEqual(facts.defaultRoute, { gateway: "10.0.0.1", interface: "eth0", source: "10.0.0.11" });
  assert.deepEqual([...facts.kernel.modules], ["dummy"]);
});

void test("a default route of several next hops, and one without a gateway", () => {
  const routed = (route: string) => parseFacts(seen(`@addresses\n3: ppp0    inet 10.9.0.1 peer 10.9.0.2/32 scope global ppp0\\ \n@route\n${route}`)).defaultRoute;
  assert.deepEqual(routed("default proto bird\n\tnexthop via 10.9.0.2 dev ppp0 weight 1\n\tnexthop via 10.8.0.2 dev ppp1 weight 1\n"), { gateway: "10.9.0.2", interface: "ppp0", source: "10.9.0.1" });
  assert.deepEqual(routed("default dev ppp0 scope link src 10.9.0.7\n"), { gateway: "", interface: "ppp0", source: "10.9.0.7" });
  assert.equal(routed("10.0.0.0/8 dev ppp0\n"), undefined);
});

void test("no output makes parseFacts throw or leave a field out", () => {
  const lines = ROCKY.split("\n");
  const keys = Object.keys(parseFacts(seen(""))).sort();
  const damaged = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.oneof(fc.constantFrom(...lines), fc.string(), fc.constantFrom(...lines).chain((line) => fc.nat(line.length).map((at) => line.slice(0, at)))), { maxLength: 40 }).map((picked) => picked.join("\n")),
  );
  fc.assert(
    fc.property(damaged, (out) => {
      const facts = parseFacts(seen(out));
      assert.deepEqual(Object.keys(facts).sort(), keys);
      assert.ok(facts.cpus >= 1 && Number.isSafeInteger(facts.cpus) && Number.isSafeInteger(facts.memoryMb) && Number.isSafeInteger(facts.os.major));
      for (const address of facts.addresses) assert.ok(address.interface !== "" && address.prefix >= 0 && address.prefix <= 128);
    }),
    { numRuns: 2000 },
  );
});
