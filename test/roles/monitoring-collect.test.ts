import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

/** The script with programs in place of FRR, strongSwan, PostgreSQL and Docker that print what those print. */
const SCRIPT = fileURLToPath(import.meta.resolve("../../roles/monitoring/files/collect.sh"));
const root = mkdtempSync(path.join(tmpdir(), "hawser-collect-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** As FRR 8.4 prints them, but for fields that nobody reads. */
const BFD = (status: string) => JSON.stringify([{ multihop: false, peer: "10.255.0.2", vrf: "default", interface: "gre1", id: 1, status, uptime: 12 }, { multihop: false, peer: "10.255.0.21", status: "down" }], null, 1);
const BGP = (state: string) => JSON.stringify({ ipv4Unicast: { routerId: "10.1.0.11", as: 64513, peers: { "10.255.0.2": { remoteAs: 64514, msgRcvd: 5, peerUptime: "00:01:02", pfxRcd: 3, pfxSnt: 1, state, peerState: "OK" }, "10.255.0.21": { remoteAs: 64515, pfxRcd: 0, state: "Active" } }, totalPeers: 2 } }, null, 2);
const SAS = `list-sa event {gre1 {uniqueid=1 version=2 state=ESTABLISHED local-host=10.1.0.11 encap=yes dh-group=ECP_384 child-sas {gre1-1 {name=gre1 uniqueid=1 state=INSTALLED mode=TRANSPORT encap=yes spi-in=c1 bytes-in=1200 packets-in=10 bytes-out=800 packets-out=9} gre1-2 {name=gre1 state=INSTALLED bytes-in=300 bytes-out=200} gre1-3 {name=gre1 state=DELETING bytes-in=0 bytes-out=0}}}}
list-sa event {gre2 {uniqueid=2 version=2 state=CONNECTING child-sas {}}}
list-sas reply {}
`;

const CONF = { LINKS: "gre1 10.255.0.2 sg-1 sg\ngre2 10.255.0.21 fr-1 fr", VIP: "10.0.0.100", UNITS: "frr keepalived", DATABASES: "", PG_BIN: "/pg", PG_PORT: "5432", SWARM: "", ETCD: "", CERTIFICATES: "" };

interface Host {
  readonly conf?: Partial<typeof CONF>;
  /** Programs by their name, as shell text. */
  readonly programs?: Readonly<Record<string, string>>;
}

let count = 0;
/** What one run writes: the samples, and the file's own text. */
function collected(shell: string, tier: "fast" | "slow", { conf = {}, programs = {} }: Host = {}): { readonly samples: ReadonlyMap<string, number>; readonly text: string; readonly left: readonly string[] } {
  const home = path.join(root, String((count += 1)));
  const bin = path.join(home, "bin");
  mkdirSync(bin, { recursive: true });
  const usual = { vtysh: "exit 1", swanctl: "exit 1", ip: ":", systemctl: ":", runuser: "exit 1", docker: "exit 1", chronyc: "exit 1" };
  for (const [name, text] of Object.entries({ ...usual, ...programs })) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  const file = path.join(home, "collect.conf");
  writeFileSync(file, Object.entries({ TEXTFILES: home, ...CONF, ...conf }).map(([name, value]) => `${name}='${value}'\n`).join(""));
  const { status, stderr } = spawnSync(shell.split(" ")[0] as string, [...shell.split(" ").slice(1), SCRIPT, tier, file], { encoding: "utf8", env: { HAWSER_PATH: bin } });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  const text = readFileSync(path.join(home, `hawser-${tier}.prom`), "utf8");
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))] as const);
  return { samples: new Map(samples), text, left: readdirSync(home).filter((name) => name.endsWith(".new")) };
}

const said = (text: string): string => `cat <<'END'\n${text}\nEND`;
const LINK = 'link="gre1",peer="sg-1",peer_region="sg"';
const OTHER = 'link="gre2",peer="fr-1",peer_region="fr"';
const gatewayPrograms = (bfd = "up", bgp = "Established") => ({ vtysh: `case $2 in *bfd*) ${said(BFD(bfd))} ;; *) ${said(BGP(bgp))} ;; esac`.replaceAll("END ;;", "END\n;;"), swanctl: said(SAS), ip: 'echo "1: lo inet 10.0.0.100/32 scope global lo"', systemctl: "echo active; echo failed; exit 3" });

for (const shell of ["dash", "busybox sh"]) {
  void describe(`what no exporter knows, asked by ${shell}`, () => {
    void test("states of each tunnel, the address, and units", () => {
      const { samples, left } = collected(shell, "fast", { programs: gatewayPrograms() });
      const expected = {
        [`hawser_link_info{${LINK}}`]: 1, [`hawser_link_info{${OTHER}}`]: 1,
        [`hawser_bfd_up{${LINK}}`]: 1, [`hawser_bfd_up{${OTHER}}`]: 0,
        [`hawser_bgp_established{${LINK}}`]: 1, [`hawser_bgp_prefixes_received{${LINK}}`]: 3, [`hawser_bgp_established{${OTHER}}`]: 0, [`hawser_bgp_prefixes_received{${OTHER}}`]: 0,
        [`hawser_ipsec_sas{${LINK}}`]: 2, [`hawser_ipsec_received_bytes_total{${LINK}}`]: 1500, [`hawser_ipsec_sent_bytes_total{${LINK}}`]: 1000,
        [`hawser_ipsec_sas{${OTHER}}`]: 0, [`hawser_ipsec_received_bytes_total{${OTHER}}`]: 0, [`hawser_ipsec_sent_bytes_total{${OTHER}}`]: 0,
        'hawser_vip_holder{vip="10.0.0.100"}': 1, 'hawser_vip_lease{vip="10.0.0.100"}': 0,
        'hawser_unit_active{unit="frr"}': 1, 'hawser_unit_active{unit="keepalived"}': 0,
      };
      const time = 'hawser_collector_time_seconds{tier="fast"}';
      assert.ok(Math.abs((samples.get(time) ?? 0) - Date.now() / 1000) < 10);
      assert.deepEqual(Object.fromEntries([...samples].filter(([name]) => name !== time)), expected);
      assert.deepEqual(left, []);
    });

    void test("what is down is 0, and what does not answer is left out", () => {
      const down = collected(shell, "fast", { programs: { ...gatewayPrograms("down", "Active"), swanctl: said("list-sas reply {}"), ip: ":" } }).samples;
      for (const name of [`hawser_bfd_up{${LINK}}`, `hawser_bgp_established{${LINK}}`, `hawser_ipsec_sas{${LINK}}`, 'hawser_vip_holder{vip="10.0.0.100"}']) assert.equal(down.get(name), 0, name);
      const silent = [...collected(shell, "fast").samples.keys()].map((name) => name.split("{")[0]);
      assert.deepEqual([...new Set(silent)], ["hawser_link_info", "hawser_vip_holder", "hawser_vip_lease", "hawser_collector_time_seconds"]);
    });

    void test("a host without any of it has a time alone", () => {
      assert.deepEqual([...collected(shell, "fast", { conf: { LINKS: "", VIP: "", UNITS: "" } }).samples.keys()], ['hawser_collector_time_seconds{tier="fast"}']);
    });

    void test("slots and subscriptions of each database", () => {
      const runuser = `case "$*" in *pg_replication_slots*) echo 'pgl_sg 1 4096 0.25'; echo 'pgl_old 0 99999 0' ;; *) echo 'from_sg 1' ;; esac`;
      const { samples } = collected(shell, "slow", { conf: { DATABASES: "app" }, programs: { runuser } });
      const slot = 'database="app",slot="pgl_sg"';
      assert.deepEqual([samples.get(`hawser_pg_slot_active{${slot}}`), samples.get(`hawser_pg_slot_lag_bytes{${slot}}`), samples.get(`hawser_pg_replay_lag_seconds{${slot}}`)], [1, 4096, 0.25]);
      assert.equal(samples.get('hawser_pg_slot_active{database="app",slot="pgl_old"}'), 0);
      assert.equal(samples.get('hawser_pg_subscription_replicating{database="app",subscription="from_sg"}'), 1);
    });

    void test("managers of Swarm, and that they have no quorum", () => {
      const docker = (nodes: string) => `case $1 in info) echo true ;; *) ${nodes} ;; esac`;
      const swarm = (nodes: string) => Object.fromEntries([...collected(shell, "slow", { conf: { SWARM: "yes" }, programs: { docker: docker(nodes) } }).samples].filter(([name]) => name.startsWith("hawser_swarm")));
      assert.deepEqual(swarm("printf 'Leader\\nReachable\\n\\nUnreachable\\n'"), { hawser_swarm_quorum: 1, hawser_swarm_managers: 3, hawser_swarm_managers_reachable: 2 });
      assert.deepEqual(swarm("exit 1"), { hawser_swarm_quorum: 0 });
    });

    void test("clocks and certificates", () => {
      const file = path.join(root, "own.crt");
      execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x", "-days", "20", "-out", file], { stdio: "ignore" });
      const { samples } = collected(shell, "slow", { conf: { CERTIFICATES: `${file} /nowhere.crt` }, programs: { chronyc: "echo 'C0A80001,ntp,3,1764300000.1,0.000123,-0.0001,0.0002,1.0,0.0,0.1,0.01,0.001,64.0,Normal'" } });
      assert.deepEqual([samples.get("hawser_clock_offset_seconds"), samples.get("hawser_clock_synchronised")], [0.000123, 1]);
      assert.ok(Math.abs(((samples.get(`hawser_certificate_end_seconds{file="${file}"}`) ?? 0) - Date.now() / 1000) / 86_400 - 20) < 0.1);
    });
  });
}

void test("each metric is said what it is, once, before its samples", () => {
  const { text } = collected("dash", "fast", { programs: gatewayPrograms() });
  const names = text.split("\n").filter((line) => line !== "").map((line) => (line.startsWith("# ") ? line.split(" ")[2] : line.split(/[{ ]/)[0]));
  assert.deepEqual(names.filter((name, i) => name !== names[i - 1]).length, new Set(names).size);
  for (const line of text.split("\n").filter((each) => each.startsWith("# HELP"))) assert.match(line, /^# HELP \w+ [A-Z1].+\.$/);
});
