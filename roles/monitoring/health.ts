import { Sh, sh, z, type Verifier } from "hawser";
import { TIER_NAMES } from "./exporters.ts";
import { ALERTMANAGER_CONFIG, CONFIG, RULE_TESTS } from "./paths.ts";
import { jobsOf, PORTS, type End } from "./targets.ts";
import type { Vars } from "./vars.ts";

const targets = z.object({ data: z.object({ activeTargets: z.array(z.object({ health: z.string(), labels: z.record(z.string(), z.string()) })) }) });
const vector = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) });
const alertmanagers = z.object({ data: z.object({ activeAlertmanagers: z.array(z.unknown()) }) });
const rules = z.object({ data: z.object({ groups: z.array(z.object({ rules: z.array(z.object({ health: z.string(), name: z.string() })) })) }) });

const get = (url: string): Sh => sh`curl -fsS --max-time 10 ${url}`;

/** Seconds that the host's own script may be late. */
const LATE = { fast: 20, slow: 90 } as const;

/** What each host has: an exporter that answers, and states that are fresh. */
export function assertHost(v: Verifier, vars: Vars): void {
  v.assert("node_exporter", { probe: get(`http://${vars.address}:${PORTS.node}/metrics`), value: ({ out }) => (/^node_load1 /m.test(out) ? "answers" : "says nothing"), limit: { equals: "answers" }, hint: "journalctl -u prometheus-node-exporter" });
  for (const tier of TIER_NAMES) {
    v.assert(`age of the states (${tier})`, {
      probe: sh`t=$(sed -n 's/^hawser_collector_time_seconds.* //p' ${`${vars.textfile_directory}/hawser-${tier}.prom`}) && echo $(($(date +%s) - t))`,
      value: ({ out }) => (out.trim() === "" ? undefined : Number(out)),
      unit: "s",
      limit: { min: 0, max: LATE[tier] },
      hint: `systemctl status hawser-metrics-${tier}.timer hawser-metrics-${tier}.service`,
    });
  }
}

/** Prometheus and Alertmanager: what they are told, what they see, and that an alert comes through. */
export function assertServer(v: Verifier, own: End, members: readonly End[]): void {
  const { vars } = own;
  const prometheus = `http://${vars.address}:${vars.port}`;
  const monitors = members.filter((member) => member.vars.server);
  assertConfiguration(v, prometheus);
  assertTargets(v, prometheus, own, members);
  v.assert("clocks", {
    probe: ask(prometheus, "max(abs(timestamp(node_time_seconds) - node_time_seconds))"),
    value: ({ out }) => thousandths(number(out)),
    unit: "s",
    limit: { max: vars.limits.clock_skew_s },
    hint: "chronyc tracking on each host; the time that a scrape takes is in it",
  });
  const beside = jobsOf(own, members).filter(({ name }) => name === "link").flatMap(({ targets }) => targets).filter(({ labels }) => labels["way"] === "public").length;
  if (beside > 0) {
    v.assert("gateways of other regions that answer pings to their public address", {
      probe: ask(prometheus, 'count(max_over_time(probe_success{job="link", way="public"}[10s]) == 1) or vector(0)'),
      value: ({ out }) => number(out),
      unit: "gateways",
      limit: { equals: beside },
      hint: "does the cloud's firewall let ICMP in from this monitor? curl '127.0.0.1:9115/probe?module=icmp&target=ADDRESS&debug=true' says what happens",
    });
  }
  v.assert("Alertmanagers that Prometheus tells", { probe: get(`${prometheus}/api/v1/alertmanagers`), value: ({ out }) => alertmanagers.parse(JSON.parse(out)).data.activeAlertmanagers.length, limit: { equals: monitors.length }, hint: `promtool check config ${CONFIG}` });
  for (const monitor of monitors) {
    v.assert(`alert that arrives at ${monitor.host.name}`, {
      probe: get(`http://${monitor.vars.address}:${monitor.vars.alertmanager_port}/api/v2/alerts?filter=alertname%3DWatchdog`),
      value: ({ out }) => (z.array(z.unknown()).parse(JSON.parse(out)).length > 0 ? "Watchdog" : "none"),
      limit: { equals: "Watchdog" },
      hint: "journalctl -u prometheus says whether it could send; journalctl -u prometheus-alertmanager there",
    });
  }
  const alertmanager = get(`http://${vars.address}:${vars.alertmanager_port}/metrics`);
  v.assert("Alertmanagers that know one another", { probe: alertmanager, value: ({ out }) => metric(out, "alertmanager_cluster_members"), limit: { equals: monitors.length }, hint: "is the port after alertmanager_port open between the monitors, for tcp and udp?" });
  v.assert("Alertmanager's configuration", { probe: sh`amtool check-config ${ALERTMANAGER_CONFIG} >/dev/null 2>&1 && echo valid`, value: ({ out }) => out.trim() || "refused", limit: { equals: "valid" }, hint: `amtool check-config ${ALERTMANAGER_CONFIG}` });
  v.assert("notifications that failed in 15 minutes", { probe: ask(prometheus, `sum(increase(alertmanager_notifications_failed_total{host="${own.host.name}"}[15m])) or vector(0)`), value: ({ out }) => number(out), limit: { max: 0 }, hint: "journalctl -u prometheus-alertmanager names the receiver" });
}

function assertConfiguration(v: Verifier, prometheus: string): void {
  v.assert("configuration", { probe: sh`promtool check config ${CONFIG} >/dev/null 2>&1 && echo valid`, value: ({ out }) => out.trim() || "refused", limit: { equals: "valid" }, hint: `promtool check config ${CONFIG}` });
  v.assert("configuration is in use", { probe: get(`${prometheus}/metrics`), value: ({ out }) => metric(out, "prometheus_config_last_reload_successful") === 1, limit: { equals: true }, hint: "journalctl -u prometheus says what it refused" });
  v.assert("alert rules do what their tests say", { probe: sh`promtool test rules ${RULE_TESTS} >/dev/null 2>&1 && echo passed`, value: ({ out }) => out.trim() || "failed", limit: { equals: "passed" }, hint: `promtool test rules ${RULE_TESTS}` });
  v.assert("rules that cannot be evaluated", {
    probe: get(`${prometheus}/api/v1/rules`),
    value: ({ out }) => rules.parse(JSON.parse(out)).data.groups.flatMap((group) => group.rules).filter(({ health }) => health === "err").map(({ name }) => name).join(", ") || "none",
    limit: { equals: "none" },
    hint: `${prometheus}/rules shows why`,
  });
}

function assertTargets(v: Verifier, prometheus: string, own: End, members: readonly End[]): void {
  const expected = jobsOf(own, members).reduce((sum, job) => sum + job.targets.length, 0);
  const seen = get(`${prometheus}/api/v1/targets?state=active`);
  const active = (out: string) => targets.parse(JSON.parse(out)).data.activeTargets;
  v.assert("targets", { probe: seen, value: ({ out }) => active(out).length, limit: { equals: expected }, hint: "systemctl reload prometheus" });
  v.assert("targets that do not answer", {
    probe: seen,
    value: ({ out }) => active(out).filter(({ health }) => health !== "up").map(({ labels }) => `${labels["job"] ?? ""} of ${labels["host"] ?? labels["instance"] ?? ""}`).join(", ") || "none",
    limit: { equals: "none" },
    hint: `${prometheus}/targets shows why: is the exporter's port open to this host?`,
  });
  v.assert("age of the oldest scrape", { probe: ask(prometheus, "max(time() - timestamp(up))"), value: ({ out }) => thousandths(number(out)), unit: "s", limit: { max: 30 }, hint: "a scrape takes longer than its interval: is the host short of time?" });
}

const ask = (prometheus: string, query: string): Sh => sh`curl -fsS --max-time 10 -G --data-urlencode ${`query=${query}`} ${`${prometheus}/api/v1/query`}`;

/** The value of a query with one answer. */
function number(out: string): number | undefined {
  const value = vector.parse(JSON.parse(out)).data.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}

const thousandths = (value: number | undefined): number | undefined => (value === undefined ? undefined : Math.round(value * 1000) / 1000);

/** A metric without labels, in the text that a program shows. */
export function metric(out: string, name: string): number | undefined {
  const found = new RegExp(`^${name} (\\S+)$`, "m").exec(out)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** What an operator must know of who watches whom. */
export function weaknesses(members: readonly End[]): readonly string[] {
  const monitors = members.filter(({ vars }) => vars.server);
  const watched = new Set(monitors.map(({ vars }) => vars.region));
  const gateways = [...new Set(members.filter(({ vars }) => vars.watch.gateway !== undefined).map(({ vars }) => vars.region))];
  const clear = members.filter(({ vars }) => vars.address === vars.public_address && monitors.some((monitor) => monitor.vars.region !== vars.region));
  return [
    ...(monitors.length === 1 ? [`${monitors[0]?.host.name ?? ""} is the only monitor: nobody notices when it is lost`] : []),
    ...gateways.filter((region) => !watched.has(region)).map((region) => `region ${region} has no monitor of its own: while its tunnel is down nobody sees its hosts`),
    ...(clear.length > 0 ? [`${clear.map(({ host }) => host.name).join(", ")}: asked by other regions over a public address, without TLS; the firewall lets the monitors in alone`] : []),
  ];
}
