import { artifact, secret, z } from "hawser";
import { gatewaySchema } from "hawser/roles/gre/gateway";
import { receiver, smtp } from "./receivers.ts";

const port = z.number().int().min(1).max(65535);
const NAME = /^[a-z][a-z0-9_-]{0,40}$/;
const name = z.string().regex(NAME, "lower-case letters, digits, `_` and dashes, a letter first");
/** As Prometheus reads a time: `5s`, `1m`, `15d`. */
const span = z.string().regex(/^[1-9]\d*(ms|s|m|h|d|w|y)$/, "a number and a unit, such as 5s, 1m or 15d");
/** `127.0.0.1:8405`. */
const place = z.string().regex(/^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$/, "ADDRESS:PORT");
const path = z.string().regex(/^\/[\w./-]+$/, "an absolute path");

const postgres = z.strictObject({
  version: z.number().int().describe("Major version of the server, for the place of its programs."),
  port: port.default(5432).describe("Its port."),
  databases: z.array(z.string()).describe("Databases whose replication is watched."),
});

/** What a host has that is worth watching; `monitored(host)` finds it out from the inventory. */
const watch = z.strictObject({
  gateway: gatewaySchema.optional().describe("The end of the tunnels that this host is: BFD, BGP, IPsec and GRE of each are watched, and the round trip."),
  vip: z.ipv4().optional().describe("The address of role keepalived that this host may hold."),
  backup_path: z.boolean().default(false).describe("HAProxy of role backup-path; the path in use is a metric of that role."),
  haproxy_metrics: place.default("127.0.0.1:8405").describe("Where HAProxy shows its metrics (`backup-path.metrics`)."),
  postgres: postgres.optional().describe("PostgreSQL with its replication."),
  etcd: z.boolean().default(false).describe("A member of the quorum."),
  swarm: z.boolean().default(false).describe("Docker Swarm: its managers, as this host sees them if it is one."),
  envoy_metrics: place.optional().describe("Where Envoy shows its metrics (`envoy.metrics`). Default: there is no Envoy."),
  units: z.array(z.string().regex(/^[\w@.:-]+$/, "the name of a unit of systemd")).default([]).describe("Further units whose end is an alert: Consul, OpenBao, the object storage, Envoy."),
  certificates: z.array(path).default([]).describe("The certificates of those."),
});

const exporter = z.strictObject({
  name: name.describe("The job's name in Prometheus."),
  port: port.describe("Where it listens, on the host's `address`."),
  metrics_path: z.string().startsWith("/").default("/metrics").describe("Where its metrics are."),
  scheme: z.enum(["http", "https"]).default("http").describe("How it is asked."),
});

const probe = z.strictObject({
  name: name.describe("What the probe is called in alerts and dashboards."),
  module: z.enum(["icmp", "tcp_connect", "http_2xx", "grpc", "grpc_plain"]).describe("How it is asked: blackbox_exporter's module. `grpc` asks for gRPC's own health check by TLS, `grpc_plain` without."),
  target: z.string().min(1).describe("An address, ADDRESS:PORT or a URL, as the module wants it."),
});

const limits = z.strictObject({
  rtt_baseline_ms: z.number().positive().optional().describe("The round trip between the regions when all is well, in milliseconds. Default: it is measured, as the median of the last day."),
  rtt_factor: z.number().min(1.01).max(10).default(1.3).describe("Alert: a round trip of more than so many times the baseline."),
  loss_percent: z.number().min(0).max(100).default(0.1).describe("Alert: more lost packets than this, in percent, over the last 15 minutes."),
  slot_lag_bytes: z.number().int().positive().default(67_108_864).describe("Alert: changes of PostgreSQL that a peer has not taken yet, in bytes."),
  load_per_core: z.number().positive().default(1.5).describe("Alert: the mean load of five minutes, per processor."),
  certificate_days: z.number().int().min(1).default(14).describe("Alert: a certificate ends in fewer days. Runs renew those of the roles 30 days before their end."),
  disk_free_percent: z.number().min(0).max(100).default(10).describe("Alert: less free space on a file system, in percent."),
  clock_skew_s: z.number().positive().default(0.5).describe("Alert, and limit of `verify`: how far a host's clock may be from the monitor's, in seconds, with the time that a scrape takes."),
});

const grafana = z.strictObject({
  artifact: artifact.optional().describe("A release of Grafana as a tar.gz, whose top folder holds bin, conf and public. Default: the package `grafana`, from a repository that another role declares."),
  http_addr: z.ipv4().default("127.0.0.1").describe("Where it listens. On loopback it is reached by `ssh -L 3000:127.0.0.1:3000`."),
  http_port: port.default(3000).describe("Its port."),
  admin_password: secret.describe("Password of the user admin; on the host it is in a file that only Grafana reads."),
});

const ARTIFACTS = ["prometheus", "alertmanager", "node_exporter", "blackbox_exporter", "postgres_exporter", "frr_exporter"] as const;
export type Program = (typeof ARTIFACTS)[number];

export const schema = z.strictObject({
  server: z.boolean().default(false).describe("Prometheus, Alertmanager and the probes of the links run here. Default in playbooks/monitoring.ts: the group `monitors`. One in each region, so that each is watched by another."),
  region: z.string().default("").describe("The host's region. Default in playbooks/monitoring.ts: that of the inventory."),
  address: z.ipv4().describe("Where monitors reach this host's exporters: inside the tunnel. Default in playbooks/monitoring.ts: the host var `private_address`, else `public_address`."),
  public_address: z.ipv4().optional().describe("Where the other regions reach the host without the tunnel. Default in playbooks/monitoring.ts: the host var of the same name."),
  watch: watch.prefault({}).describe("What the host has. Default in playbooks/monitoring.ts: found out from the host's groups and vars."),
  frr_exporter: z.boolean().default(true).describe("frr_exporter on gateways, beside the states that every host's own script writes. False where it is not packaged, as on EL."),
  postgres_exporter: z.boolean().default(true).describe("postgres_exporter on databases, likewise; the role makes it a user of PostgreSQL that may read statistics."),
  exporters: z.array(exporter).default([]).describe("Further programs on this host that have metrics for Prometheus."),
  probes: z.array(probe).default([]).describe("What the monitors of all regions ask whether it answers, beside the links."),
  certificates: z.array(path).default([]).describe("Further certificates, PEM, whose end is watched; those of the roles are known. A `*` at the end of a path is not expanded: name each."),
  limits: limits.prefault({}).describe("When an alert is raised. The same on every monitor."),
  receivers: z.array(receiver).default([]).describe("Who is told of alerts. Default: nobody, and a warning; alerts are still shown."),
  smtp: smtp.optional().describe("How mail is sent."),
  scrape_interval: span.default("5s").describe("Between two looks at a target. BFD that is down for 10 s is an alert: keep it short."),
  evaluation_interval: span.default("5s").describe("Between two looks at the rules."),
  probe_interval: span.default("1s").describe("Between two packets that measure a link: 900 of them are the share of lost ones that an alert is raised by."),
  retention: span.default("30d").describe("How long measurements are kept (storage.tsdb.retention.time)."),
  repeat_interval: span.default("4h").describe("After which an alert that goes on is told again."),
  port: port.default(9090).describe("Prometheus, on `address`. The same on every monitor."),
  alertmanager_port: port.default(9093).describe("Alertmanager, on `address`; its cluster is on the next port. The same on every monitor."),
  textfile_directory: path.default("/var/lib/prometheus/node-exporter").describe("Where node_exporter reads metrics from files, as in role backup-path."),
  grafana: grafana.optional().describe("Grafana on the monitors, with a datasource and two dashboards. Default: none; `hawser dashboard` needs none."),
  artifacts: z.strictObject(Object.fromEntries(ARTIFACTS.map((name) => [name, artifact.optional().describe(`A release of ${name} as a tar.gz, for systems that package none.`)])) as Record<Program, z.ZodOptional<typeof artifact>>).prefault({}).describe("Where the programs come from. Default: the packages of Debian and Ubuntu. EL has none of them."),
  allow_eol: z.boolean().default(false).describe("Allows CentOS 7, which gets no security updates since 2024-06-30."),
}).check(({ value, issues }) => {
  const complain = (path: readonly (string | number)[], message: string) => void issues.push({ code: "custom", message, path: [...path], input: value });
  const names = value.receivers.map(({ name }) => name);
  names.forEach((each, i) => names.indexOf(each) < i && complain(["receivers", i, "name"], `${each} is declared twice`));
  value.receivers.forEach(({ name, email_configs, slack_configs, pagerduty_configs, webhook_configs }, i) => {
    if (email_configs.length > 0 && value.smtp === undefined) complain(["receivers", i, "email_configs"], "mail needs monitoring.smtp, with the server that sends it");
    if (email_configs.length + slack_configs.length + pagerduty_configs.length + webhook_configs.length === 0) complain(["receivers", i], `${name} tells nobody: give it email_configs, slack_configs, pagerduty_configs or webhook_configs`);
  });
  for (const key of ["exporters", "probes"] as const) value[key].forEach((each, i) => value[key].findIndex(({ name }) => name === each.name) < i && complain([key, i, "name"], `${each.name} is declared twice`));
  value.exporters.forEach((each, i) => OWN_JOBS.has(each.name) && complain(["exporters", i, "name"], `${each.name} is a job of the role's own`));
});

const OWN_JOBS = new Set(["node", "frr", "postgres", "haproxy", "envoy", "link", "probe", "prometheus", "alertmanager", "grafana"]);

export type Vars = z.output<typeof schema>;
export type Watch = Vars["watch"];
export type Limits = Vars["limits"];
