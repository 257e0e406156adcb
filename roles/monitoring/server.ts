import { Sh, sh, type ResourceNode } from "hawser";
import { declareDaemon } from "./exporters.ts";
import { ALERTMANAGER_CONFIG, BLACKBOX_CONFIG, CONFIG, DATA, PROMETHEUS, RULE_TESTS, RULES } from "./paths.ts";
import { unitOf, type Context } from "./programs.ts";
import { SECRETS, tellingOf } from "./receivers.ts";
import { ruleTests, together } from "./rule-tests.ts";
import { BLACKBOX, jobsOf, type End } from "./targets.ts";
import type { Vars } from "./vars.ts";

/** Prometheus, the prober of the links, and Alertmanager. */
export function declareServer(cx: Context, own: End, members: readonly End[]): void {
  declareBlackbox(cx);
  declareAlertmanager(cx, members);
  declarePrometheus(cx, own, members);
}

/** The kernel's: groups of users who may ping. systemd's own default lets all, Debian's nobody. */
const PING_GROUPS = "net.ipv4.ping_group_range";

const reloading = ({ t }: Context, unit: string) => t.handler(`reload ${unit}`, sh`systemctl is-active --quiet ${unit} || exit 0
systemctl reload ${unit}`);

function declareBlackbox(cx: Context): void {
  const { t } = cx;
  const unit = unitOf("blackbox_exporter");
  const reload = reloading(cx, unit);
  declareDaemon(cx, "blackbox_exporter", {
    args: [`--config.file=${BLACKBOX_CONFIG}`, `--web.listen-address=${BLACKBOX}`],
    needs: (installed) => [
      t.template(BLACKBOX_CONFIG, "blackbox.yml.ejs", { timeout: "1s" }, { mode: "0644", needs: installed, notify: reload }),
      // Pings without a privilege. Debian's package takes the one to do it with from the program, at each of its upgrades.
      t.sysctl(PING_GROUPS, "0 2147483647"),
    ],
  });
}

function declareAlertmanager(cx: Context, members: readonly End[]): void {
  const { t, vars, host } = cx;
  const { told, files } = tellingOf(vars.receivers, vars.smtp);
  if (told.length === 0) t.warn("monitoring.receivers is empty: alerts are shown by Prometheus, Alertmanager and hawser dashboard, and nobody is told of them");
  const reload = reloading(cx, unitOf("alertmanager"));
  const others = members.filter((member) => member.vars.server && member.host.name !== host);
  declareDaemon(cx, "alertmanager", {
    args: [
      `--config.file=${ALERTMANAGER_CONFIG}`,
      `--storage.path=${DATA}/alertmanager`,
      `--web.listen-address=${vars.address}:${vars.alertmanager_port}`,
      `--cluster.listen-address=${vars.address}:${clusterPort(vars)}`,
      ...others.map((member) => `--cluster.peer=${member.vars.address}:${clusterPort(member.vars)}`),
    ],
    needs: (installed) => {
      const folder = t.directory(SECRETS, { owner: "prometheus", group: "prometheus", mode: "0700", needs: installed });
      const secrets = files.map(({ file, value }) => t.file(file, { content: value, owner: "prometheus", group: "prometheus", mode: "0600", needs: [folder], notify: reload }));
      const tool = Sh.raw("amtool");
      return [t.template(ALERTMANAGER_CONFIG, "alertmanager.yml.ejs", { told, repeat_interval: vars.repeat_interval }, { mode: "0644", validate: (file) => sh`${tool} check-config ${file}`, needs: [...installed, ...secrets], notify: reload })];
    },
  });
}

export const clusterPort = ({ alertmanager_port }: Vars): number => alertmanager_port + 1;

function declarePrometheus(cx: Context, own: End, members: readonly End[]): void {
  const { t, vars, host } = cx;
  const reload = reloading(cx, unitOf("prometheus"));
  const monitors = members.filter((member) => member.vars.server);
  declareDaemon(cx, "prometheus", {
    args: [`--config.file=${CONFIG}`, `--storage.tsdb.path=${DATA}/metrics2`, `--storage.tsdb.retention.time=${vars.retention}`, `--web.listen-address=${vars.address}:${vars.port}`],
    needs: (installed) => {
      const folder = t.directory(PROMETHEUS, { mode: "0755", parents: true, needs: installed });
      const needs: ResourceNode[] = [...installed, folder];
      const rules = t.template(RULES, "alerts.yml.ejs", alertsOf(vars, monitors.length), { mode: "0644", validate: (file) => sh`promtool check rules ${file}`, needs, notify: reload });
      const tests = t.template(RULE_TESTS, "alerts.test.yml.ejs", { ...together(ruleTests(vars.limits, monitors.length)), rules: RULES, file: RULE_TESTS }, { mode: "0644", needs });
      const config = t.template(CONFIG, "prometheus.yml.ejs", {
        scrape_interval: vars.scrape_interval,
        evaluation_interval: vars.evaluation_interval,
        monitor: host,
        rules: RULES,
        alertmanagers: monitors.map((member) => `${member.vars.address}:${member.vars.alertmanager_port}`),
        jobs: jobsOf(own, members).map((job) => ({ interval: "", scheme: "", path: "", module: "", ...job })),
        blackbox: BLACKBOX,
      }, { mode: "0644", validate: (file) => sh`promtool check config ${file}`, needs: [...needs, rules], notify: reload });
      return [config, tests];
    },
  });
}

/** What the rules and their tests are made with. */
export function alertsOf({ limits, evaluation_interval }: Vars, monitors: number) {
  return { limits, baseline: (limits.rtt_baseline_ms ?? 0) / 1000, evaluation: secondsOf(evaluation_interval), monitors };
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 };

/** Of a time as Prometheus writes it: `5s`. */
export function secondsOf(span: string): number {
  const [, number = "0", unit = "s"] = /^(\d+)([a-z]+)$/.exec(span) ?? [];
  return Number(number) * (UNITS[unit] ?? 1);
}
