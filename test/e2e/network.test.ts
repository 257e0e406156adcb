import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { loadInventory } from "hawser";
import book from "../../playbooks/network.ts";
import { labCut, labDown, labExec, labHeal, labHost, labLoss, labSetRtt } from "../../src/lab/index.ts";
import { shellOn } from "./engine-fixture.ts";
import { traces } from "./lab-fixture.ts";
import { hawser, kernelLab, regionsInventory } from "./regions-fixture.ts";
import { proveRole } from "./role-proof.ts";

const linux = process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0;
const skip = linux ? false : "hosts with kernels of their own need root on Linux on x86";
const LAB = "e2e-network";
const GATEWAYS = ["la-1", "sg-1"] as const;
const minutes = (count: number) => ({ timeout: count * 60_000 });

/** By whichever of the two the kernel has. */
const CLEAR_GRE = "nft flush table inet hawser || { iptables-legacy -F HAWSER-INPUT; iptables-legacy -F HAWSER-OUTPUT; }";
const UNCLAMPED = "nft flush table inet hawser_gre || iptables-legacy -t mangle -F HAWSER-GRE";
/** Keeps a service's certificate, and puts one in its place that ends. */
const endingCertificate = (folder: string): string => `cd ${folder} && cp -p own.crt kept.crt && openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=x -days 1 -out own.crt 2>/dev/null`;
const formerCertificate = (folder: string): string => `mv -f ${folder}/kept.crt ${folder}/own.crt`;

void describe("the regions' network on real kernels", { skip }, () => {
  const inventory = linux ? regionsInventory(LAB, [231, 232, 233], 3) : { path: "", drop: () => {} };
  const on = async (host: string, command: string): Promise<string> => (await labExec(LAB, host, ["sh", "-c", command])).stdout.trim();
  async function until(what: string, is: () => Promise<boolean>, seconds = 90): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await is())) {
      if (Date.now() > deadline) assert.fail(`${what}: not within ${seconds} s`);
      await sleep(500);
    }
  }
  const pathIs = (wanted: "tunnel" | "public") => until(`path of la-1 is ${wanted}`, async () => (await on("la-1", "cat /run/hawser/path/sg")) === wanted);
  const routed = () => until("BGP over the tunnel", async () => (await on("la-1", "ip -4 route show proto bgp").catch(() => "")).includes("dev gre1"), 120);
  const back = async () => {
    await routed();
    await pathIs("tunnel");
  };
  const answers = async (): Promise<string> => (await labExec(LAB, "la-1", ["bash", "-c", "exec 3<>/dev/tcp/10.10.0.11/18080; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; timeout 8 cat <&3"]).catch(() => ({ stdout: "" }))).stdout.trim();
  const holders = async (): Promise<string[]> => {
    const seen = await Promise.all(GATEWAYS.map(async (host) => ((await on(host, "ip -o addr show to 10.0.0.100").catch(() => "")) === "" ? [] : [host])));
    return seen.flat();
  };
  const held = () => until("a holder", async () => (await holders()).length === 1);
  const spare = async (): Promise<string> => {
    await held();
    const [holder] = await holders();
    return GATEWAYS.find((host) => host !== holder) ?? assert.fail("no holder");
  };

  before(async () => {
    await kernelLab();
    await labDown(LAB);
    const { code, err } = await hawser(inventory.path, "lab", "up");
    assert.equal(code, 0, err);
  }, minutes(20));
  after(async () => {
    await labDown(LAB);
    inventory.drop();
  });

  const proof = proveRole({
    test: import.meta,
    roles: ["etcd", "gre", "strongswan", "bfd", "backup-path", "keepalived"],
    lab: {
      name: LAB,
      hosts: ["la-1", "sg-1", "witness-1"].map((name) => ({ name })),
      exec: (host, script) => shellOn(LAB, host, script),
    },
    book,
    inventory: () => loadInventory(inventory.path),
    servers: {
      etcd: { name: "etcd", on: "la-1", version: "etcd --version" },
      gre: { name: "Linux", on: "la-1", version: "uname -r" },
      strongswan: { name: "strongSwan", on: "la-1", version: "swanctl --version" },
      bfd: { name: "FRR", on: "la-1", version: "/usr/lib/frr/bfdd --version" },
      "backup-path": { name: "HAProxy", on: "la-1", version: "haproxy -v" },
      keepalived: { name: "keepalived", on: "la-1", version: "keepalived --version 2>&1" },
    },
    settles: 120,
    minutes: 12,
    reboots: ["la-1"],
    drifts: [
      {
        what: "a link with another MTU, no rules that clamp, weaker proposals, and a proxy's file that somebody wrote in",
        by: { "la-1": ["ip link set gre1 mtu 1300", UNCLAMPED, "sed -i 's/proposals = .*/proposals = aes128-sha256-modp2048/' /etc/swanctl/conf.d/hawser.conf", "echo '# mine' >>/etc/haproxy/haproxy.cfg"].join("\n") },
        repairs: [/^la-1 gre\/task:tunnels/, /^la-1 strongswan\/file:.*hawser\.conf/, /^la-1 backup-path\/file:.*haproxy\.cfg/],
      },
      {
        what: "a member that does not start at boot, GRE in the clear that is let in, BGP with other timers, and a stopped keepalived with another priority",
        by: {
          "witness-1": "systemctl disable -q hawser-etcd",
          "sg-1": ["sed -i '/ gre-clear-in /d' /etc/hawser/firewall.rules", "systemctl restart hawser-firewall", "sed -i 's/timers bgp .*/timers bgp 60 180/' /etc/frr/frr.conf", "sed -i 's/priority .*/priority 33/' /etc/keepalived/keepalived.conf", "systemctl stop keepalived"].join("\n"),
        },
        repairs: [/^witness-1 etcd\/service:hawser-etcd/, /^sg-1 gre\/firewall-rule:gre-clear-in/, /^sg-1 bfd\/file:.*frr\.conf/, /^sg-1 keepalived\/file:.*keepalived\.conf/, /^sg-1 keepalived\/service:keepalived/],
      },
    ],
    faults: [
      {
        what: "a longer way that loses packets, and links, rules, routes and sysctls that somebody changed",
        roles: ["gre"],
        by: async () => {
          await labSetRtt(LAB, 150);
          await labLoss(LAB, "la-1", "sg-1", 20);
          await on("la-1", ["ip link set gre1 mtu 1300", UNCLAMPED, CLEAR_GRE, "sysctl -qw net.ipv4.ip_forward=0", "ip route add 10.20.0.1/32 dev eth0"].join("\n"));
        },
        heal: async () => {
          await on("la-1", ["ip route del 10.20.0.1/32 dev eth0", "sysctl -qw net.ipv4.ip_forward=1", "systemctl restart hawser-firewall hawser-gre"].join("\n"));
          await labHeal(LAB);
          await labSetRtt(LAB, 84);
          await back();
        },
        expect: [/round trip/, /lost packets/, /: MTU$/, /largest packet/, /TCP segments/, /rules that drop clear GRE/, /forwards packets/, /way to 10\.20\.0\.0\/24/],
      },
      {
        what: "a tunnel to somewhere else",
        roles: ["gre"],
        by: { "la-1": "ip link set dev gre1 type gre local 10.10.0.11 remote 198.18.232.99 ttl 255" },
        heal: async () => {
          await on("la-1", "systemctl restart hawser-gre");
          await back();
        },
        expect: [/: ends$/],
      },
      {
        what: "no IPsec, and GRE in the clear",
        roles: ["strongswan"],
        by: { "la-1": `systemctl stop strongswan; ${CLEAR_GRE}` },
        heal: async () => {
          await on("la-1", "systemctl restart hawser-firewall; systemctl start strongswan");
          await back();
        },
        expect: [/: IKE$/, /: mode$/, /ESP in UDP/, /strength of the key exchange/, /received while pinged/, /GRE in the clear/],
      },
      {
        what: "routers that do not answer, the path that is taken then, and a path that nobody watches",
        roles: ["bfd", "backup-path"],
        by: async () => {
          await on("sg-1", "systemctl stop frr");
          await pathIs("public");
          await Promise.all([on("la-1", "systemctl stop hawser-path@sg"), on("sg-1", "systemctl stop hawser-path@la")]);
        },
        heal: async () => {
          await Promise.all([on("sg-1", "systemctl start frr hawser-path@la"), on("la-1", "systemctl start hawser-path@sg")]);
          await back();
        },
        expect: [/BFD with/, /BFD notices/, /BGP with/, /reached by BGP/, /path to (la|sg)$/, /path to la is watched/, /path to sg is watched/, /by the tunnel/],
      },
      {
        what: "a closed public path and a certificate that ends",
        roles: ["backup-path"],
        by: async () => {
          await labCut(LAB, "la-1", "sg-1", { only: ["tcp:8443"] });
          await on("la-1", endingCertificate("/etc/hawser/backup-path"));
        },
        heal: async () => {
          await on("la-1", formerCertificate("/etc/hawser/backup-path"));
          await labHeal(LAB);
        },
        expect: [/hello in la by the public path/, /hello in sg by the public path/, /certificate/],
      },
      {
        what: "an address without its lease, a member of the quorum that is gone, and its certificate",
        roles: ["etcd", "keepalived"],
        by: async () => {
          // All on one host: without its own member the holder might lose the lease, and the address be in its right place then.
          faulted = await spare();
          await on(faulted, "ip addr add 10.0.0.100/32 dev lo");
          await on(faulted, `systemctl stop hawser-etcd; ${endingCertificate("/etc/hawser-etcd")}`);
        },
        heal: async () => {
          await on(faulted, `${formerCertificate("/etc/hawser-etcd")} && systemctl start hawser-etcd`);
          for (const host of GATEWAYS) await on(host, "[ -n \"$(ip -o addr show dev lo to 10.0.0.100 | grep dynamic)\" ] || ip addr del 10.0.0.100/32 dev lo 2>/dev/null || :");
        },
        expect: [/etcd: service/, /etcd: leader/, /members that answer/, /a majority answers/, /etcd: certificate/, /go together/, /hosts that have 10\.0\.0\.100/],
      },
      {
        what: "nobody who holds the address",
        roles: ["keepalived"],
        by: async () => void (await Promise.all(GATEWAYS.map((host) => on(host, "systemctl stop keepalived hawser-vip; ip addr del 10.0.0.100/32 dev lo 2>/dev/null; rm -f /run/hawser-vip/lease; :")))),
        heal: async () => {
          await Promise.all(GATEWAYS.map((host) => on(host, "systemctl start hawser-vip keepalived")));
          await held();
        },
        expect: [/keepalived: keepalived$/, /the lease's daemon/, /hosts that have 10\.0\.0\.100/, /hosts that have the lease/, /lifetime of the address/, /time left of the lease/],
      },
    ],
  });
  let faulted: string;

  void test("a request crosses the tunnel; with the tunnel cut it crosses the public path", minutes(4), async () => {
    await until("an answer", async () => (await answers()).endsWith("hello from sg"));
    await labCut(LAB, "la-1", "sg-1", { only: ["udp:500", "udp:4500"] });
    await pathIs("public");
    await until("an answer by the public path", async () => (await answers()).endsWith("hello from sg"));
    await labHeal(LAB);
    await pathIs("tunnel");
  });

  void test("without its holder the address goes to the other gateway, and does not come back", minutes(4), async () => {
    await held();
    const [first = ""] = await holders();
    const other = GATEWAYS.find((host) => host !== first);
    await labHost.kill(LAB, first);
    await until("a takeover", async () => (await holders()).includes(other ?? ""), 60);
    await labHost.start(LAB, first);
    await routed();
    assert.deepEqual(await holders(), [other]);
    await proof.healthy();
  });

  void test("keepalived that is killed starts again, as a spare, and the address has one holder", minutes(4), async () => {
    const [first = ""] = await holders();
    const killed = await on(first, "p=$(systemctl show -P MainPID keepalived); kill -9 $p; echo $p");
    await until("another process", async () => !["0", killed].includes(await on(first, "systemctl show -P MainPID keepalived")));
    await held();
    assert.equal((await holders()).length, 1);
    await proof.healthy();
  });

  void test("a drill of the tunnel's loss, under load, is measured, and has never two holders", minutes(6), proof.recorder.step("drill", async () => {
    const { out, err } = await hawser(inventory.path, "drill", "tunnel-cut", "--rate", "40", "--for", "15", "--return-after", "5", "--report", `${inventory.path}/drill.html`, "--output", "json");
    const drill = JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as Readonly<Record<string, number | string | null>>;
    assert.equal(drill["event"], "drill", err || out.slice(-2000));
    // Limits of time are the drill's own to judge: this machine may be busy.
    assert.equal(drill["vipHoldersMax"], 1);
    for (const name of ["detectionSeconds", "switchSeconds", "returnSeconds"]) assert.equal(typeof drill[name], "number", `${name}: ${out.slice(-2000)}`);
    return Object.fromEntries(["kind", "detectionSeconds", "switchSeconds", "returnSeconds", "requestsSent", "requestsLost", "vipHoldersMax", "result"].map((name) => [name, drill[name] ?? "none"]));
  }));

  void test("taken down, nothing of the lab is left", minutes(2), async () => {
    await labDown(LAB);
    assert.deepEqual(traces({ name: LAB, hosts: [{ name: "la-1", address: "198.18.231.11", region: "la", image: "debian" }] }), []);
  });
});
