import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { loadInventory, type Inventory } from "hawser";
import { stringify } from "yaml";
import book from "../../playbooks/monitoring.ts";
import { E2eLab, skip } from "./engine-fixture.ts";
import { proveRole } from "./role-proof.ts";

/** Two monitors of two regions, each watching the other. */
const lab = new E2eLab("e2e-monitor", "198.18.144", { "la-1": "debian", "sg-1": "debian" });
const REGIONS = { "la-1": "la", "sg-1": "sg" } as const;

/** What the receiver of alerts was sent. */
const alerts: { readonly status?: string; readonly labels?: Readonly<Record<string, string>> }[] = [];
let receiver: ChildProcess | undefined;
/** Where it listens: the lab's own router, in whose network it runs, since hosts reach nothing beyond. */
const PORT = 8099;
const RECEIVER = `require("node:http").createServer((q, a) => { let t = ""; q.on("data", (c) => (t += c)); q.on("end", () => { for (const e of JSON.parse(t).alerts) console.log(JSON.stringify(e)); a.end(); }); }).listen(${PORT}, () => console.log("{}"))`;

async function inventory(): Promise<Inventory> {
  const folder = await mkdtemp(path.join(lab.folder, "inventory-"));
  // The ends of a tunnel, so that the link is measured; FRR is not there.
  const gateway = (name: keyof typeof REGIONS, id: number) => ({ id, region: REGIONS[name], address: lab.address(name), public_address: lab.address(name), private_cidrs: [`10.${id}.0.0/24`] });
  const shared = { frr_exporter: false, receivers: [{ name: "test", webhook_configs: [{ url: `http://198.18.144.1:${PORT}/` }] }], limits: { rtt_baseline_ms: 50 } };
  const host = (name: keyof typeof REGIONS, id: number) => ({
    region: REGIONS[name],
    public_address: lab.address(name),
    private_address: lab.address(name),
    monitoring: { ...shared, watch: { gateway: gateway(name, id) } },
    ssh: { user: "root", address: lab.address(name), key: lab.key, known_hosts: lab.knownHosts, config: false, agent: false },
  });
  await writeFile(path.join(folder, "hosts.yml"), stringify({ monitors: { hosts: { "la-1": host("la-1", 1), "sg-1": host("sg-1", 2) } } }));
  return await loadInventory(folder);
}

async function until<T>(what: string, ask: () => Promise<T | undefined | false>, seconds: number): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) assert.fail(`no ${what} within ${seconds} s`);
    await sleep(250);
  }
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const query = async (host: string, expr: string): Promise<readonly Series[]> => {
  const answer = await lab.exec(host, `curl -fsS -G --data-urlencode 'query=${expr}' http://${lab.address(host)}:9090/api/v1/query`);
  return (JSON.parse(answer) as { data: { result: Series[] } }).data.result;
};

const CONFIG = "/etc/prometheus/prometheus.yml";
const RULES = "/etc/prometheus/hawser-alerts.yml";
const AM = "/etc/prometheus/alertmanager.yml";
/** Heals what these files were changed to. */
const kept = (...files: readonly string[]): string => files.map((file) => `cp -p ${file} ${file}.kept; `).join("");
const back = (...files: readonly string[]): string => files.map((file) => `mv ${file}.kept ${file}; `).join("");

void describe("monitoring", { skip }, () => {
  before(async () => {
    await lab.up();
    receiver = spawn("nsenter", [`--net=/run/netns/hawser.${lab.name}`, process.execPath, "-e", RECEIVER], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: receiver.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => alerts.push(JSON.parse(line) as (typeof alerts)[number]));
    await once(lines, "line");
  }, { timeout: 300_000 });
  after(async () => {
    receiver?.kill();
    await lab.down();
  });

  proveRole({
    test: import.meta,
    roles: ["monitoring"],
    lab,
    book,
    inventory,
    servers: { monitoring: { name: "Prometheus", on: "la-1", version: "prometheus --version 2>&1" } },
    drifts: [
      {
        what: "a rule that never fires, a prober that is off, and a timer that is stopped",
        by: { "sg-1": `sed -i 's/hawser_bfd_up == 0/hawser_bfd_up == 7/' ${RULES}; systemctl disable --now prometheus-blackbox-exporter; systemctl stop hawser-metrics-fast.timer` },
        repairs: [/sg-1 .*hawser-alerts\.yml/, /sg-1 .*service:prometheus-blackbox-exporter/, /sg-1 .*timer:hawser-metrics-fast/],
      },
    ],
    reboots: ["sg-1"],
    faults: [
      { what: "an exporter that is gone", by: { "sg-1": "systemctl stop prometheus-node-exporter" }, heal: { "sg-1": "systemctl start prometheus-node-exporter" }, expect: [/node_exporter/, /targets that do not answer/] },
      { what: "states that nobody writes any more", by: { "sg-1": "systemctl stop hawser-metrics-fast.timer hawser-metrics-slow.timer; sed -i '/^hawser_coll/s/ .*/ 1000/' /var/lib/prometheus/node-exporter/hawser-*.prom" }, heal: { "sg-1": "systemctl start hawser-metrics-fast.timer hawser-metrics-slow.timer; systemctl start hawser-metrics-fast hawser-metrics-slow" }, expect: [/states \(fast\)/, /states \(slow\)/] },
      { what: "a configuration that Prometheus refuses", by: { "sg-1": `${kept(CONFIG)} echo 'nonsense: yes' >>${CONFIG}; systemctl reload prometheus` }, heal: { "sg-1": `${back(CONFIG)} systemctl reload prometheus` }, expect: [/: configuration$/, /configuration is in use/] },
      { what: "a rule that does not do what its test says", by: { "sg-1": `${kept(RULES)} sed -i 's/hawser_bfd_up == 0/hawser_bfd_up == 7/' ${RULES}` }, heal: { "sg-1": back(RULES) }, expect: [/alert rules do what their tests say/] },
      { what: "a rule that cannot be evaluated", by: { "sg-1": `${kept(RULES)} sed -i 's/expr: hawser_bfd_up == 0/expr: up * on () up/' ${RULES}; systemctl reload prometheus` }, heal: { "sg-1": `${back(RULES)} systemctl reload prometheus` }, expect: [/rules that cannot be evaluated/] },
      { what: "a Prometheus that knows nobody", by: { "sg-1": `${kept(CONFIG)} echo 'global: {}' >${CONFIG}; systemctl reload prometheus` }, heal: { "sg-1": `${back(CONFIG)} systemctl reload prometheus` }, expect: [/: targets$/, /Alertmanagers that Prometheus tells/] },
      { what: "a Prometheus that is gone", by: { "sg-1": "systemctl stop prometheus" }, heal: { "sg-1": "systemctl start prometheus" }, expect: [/clocks/, /age of the oldest scrape/] },
      { what: "a prober that may not ping", by: { "sg-1": "sysctl -qw net.ipv4.ping_group_range='1 0'" }, heal: { "sg-1": "sysctl -qw net.ipv4.ping_group_range='0 2147483647'" }, expect: [/answer pings/] },
      { what: "an Alertmanager that is gone", by: { "sg-1": "systemctl stop prometheus-alertmanager" }, heal: { "sg-1": "systemctl start prometheus-alertmanager" }, expect: [/alert that arrives at/, /Alertmanagers that know one another/] },
      { what: "a configuration that Alertmanager refuses", by: { "sg-1": `${kept(AM)} echo 'nonsense: yes' >>${AM}` }, heal: { "sg-1": back(AM) }, expect: [/Alertmanager's configuration/] },
      {
        what: "a receiver that is not reached",
        by: { "sg-1": `${kept(AM)} sed -i 's|"http://[^"]*"|"http://127.0.0.1:1/"|' ${AM}; systemctl reload prometheus-alertmanager; amtool alert add Test severity=critical --alertmanager.url=http://$(hostname -I | cut -d' ' -f1):9093` },
        // What has failed counts for 15 minutes: the measurements of it go.
        heal: { "sg-1": `${back(AM)} systemctl restart prometheus-alertmanager; systemctl stop prometheus; rm -rf /var/lib/prometheus/metrics2/*; systemctl start prometheus` },
        expect: [/notifications that failed/],
        within: 180,
      },
    ],
    settles: 120,
  });

  void test("each monitor has the other's hosts, and the round trip to its public address", { timeout: 120_000 }, async () => {
    const up = await query("la-1", 'up{job="node"} == 1');
    assert.deepEqual(up.map(({ metric }) => `${metric["region"] ?? ""} ${metric["host"] ?? ""}`).toSorted((a, b) => a.localeCompare(b)), ["la la-1", "sg sg-1"]);
    const [rtt] = await until("round trip", async () => {
      const found = await query("sg-1", 'link:rtt_seconds{way="public"} > 0');
      return found.length > 0 && found;
    }, 60);
    assert.deepEqual([rtt?.metric["peer"], rtt?.metric["peer_region"], Number(rtt?.value[1]) < 0.5], ["la-1", "la", true]);
  });

  void test("a target that was killed is an alert, told to the receiver, and told again when it is over", { timeout: 300_000 }, async () => {
    const about = (status: string) => alerts.some((each) => each.status === status && each.labels?.["alertname"] === "HostDown" && each.labels["host"] === "la-1");
    await lab.exec("la-1", "systemctl kill -s KILL prometheus-node-exporter; systemctl stop prometheus-node-exporter");
    await until("alert that it is down", () => Promise.resolve(about("firing")), 120);
    await lab.exec("la-1", "systemctl start prometheus-node-exporter");
    await until("word that it is over", () => Promise.resolve(about("resolved")), 150);
  });
});
