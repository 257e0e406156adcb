import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { parse, stringify } from "yaml";
import { Secret } from "../../src/index.ts";
import { recordingTests, ruleTests } from "../../roles/monitoring/rule-tests.ts";
import { schema } from "../../roles/monitoring/vars.ts";
import { added, one } from "./harness.ts";
import { gatewayVars, plan, ran, without } from "./monitoring-fixture.ts";

const folder = mkdtempSync(path.join(tmpdir(), "hawser-rules-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file of the plan, on this machine. The rules' tests name them by the place that they have on a host. */
function written(name: string, own: object = {}): string {
  const file = path.join(folder, path.basename(name));
  // Monitors agree on their limits.
  const peers = { "sg-1": gatewayVars(2, "sg", own) };
  writeFileSync(file, `${added(one(plan("debian-12", { own, peers }), name))}\n`.replaceAll("/etc/prometheus/hawser-alerts", path.join(folder, "hawser-alerts")));
  return file;
}

const limits = schema.parse({ address: "10.0.0.1" }).limits;

void describe("what the role writes, read by the real programs", { skip: without("promtool", "amtool") }, () => {
  void test("promtool takes the configuration and the rules", () => {
    written("hawser-alerts.yml");
    for (const [kind, name] of [["rules", "hawser-alerts.yml"], ["config", "prometheus.yml"]] as const) {
      const { code, said } = ran("promtool", "check", kind, written(name));
      assert.equal(code, 0, said);
    }
  });

  for (const [what, changes] of [["the defaults", {}], ["a baseline that is given", { rtt_baseline_ms: 170 }], ["other limits", { loss_percent: 2, slot_lag_bytes: 1000, load_per_core: 4, certificate_days: 30, disk_free_percent: 20, clock_skew_s: 2, rtt_factor: 2 }]] as const) {
    void test(`every alert fires when it must and no earlier, with ${what}`, () => {
      written("hawser-alerts.yml", { limits: changes });
      const { code, said } = ran("promtool", "test", "rules", written("hawser-alerts.test.yml", { limits: changes }));
      assert.equal(code, 0, said);
    });
  }

  void test("round trip and baseline come from the packets of an hour, and a slow link is told", () => {
    for (const changes of [{}, { rtt_baseline_ms: 170 }]) {
      const rules = written("hawser-alerts.yml", { limits: changes });
      const cases = recordingTests(schema.parse({ address: "10.0.0.1", limits: changes }).limits).map(({ alert, series, quiet = "", fires = "" }) => {
        const expr = `count(ALERTS{alertname="${alert}", alertstate="firing"})`;
        return { interval: "5s", input_series: series.map(([name, values]) => ({ series: name, values })), promql_expr_test: [{ expr, eval_time: quiet, exp_samples: [] }, { expr, eval_time: fires, exp_samples: [{ labels: "{}", value: 1 }] }] };
      });
      const file = path.join(folder, "recording.test.yml");
      writeFileSync(file, stringify({ rule_files: [rules], evaluation_interval: "5s", tests: cases }));
      const { code, said } = ran("promtool", "test", "rules", file);
      assert.equal(code, 0, said);
    }
  });

  for (const [what, [good, bad], found] of [
    ["never fires", ["hawser_bfd_up == 0", "hawser_bfd_up == 7"], /BfdDown/],
    ["fires too early", ["hawser_bgp_established == 0\n        for: 30s", "hawser_bgp_established == 0"], /BgpDown/],
    ["fires for what another tells", ['job!~"node|link', 'job!~"link'], /TargetDown/],
    ["counts hosts of another address", ["sum by (vip)", "sum by ()"], /Vip/],
  ] as const) {
    void test(`a rule that ${what} is found out by its tests`, () => {
      const file = written("hawser-alerts.yml");
      const rules = added(one(plan("debian-12"), "hawser-alerts.yml"));
      assert.ok(rules.includes(good), "the rule is there to be spoilt");
      writeFileSync(file, rules.replace(good, bad));
      const { code, said } = ran("promtool", "test", "rules", written("hawser-alerts.test.yml"));
      assert.notEqual(code, 0);
      assert.match(said, found);
    });
  }

  void test("Alertmanager takes every kind of receiver", () => {
    const secret = new Secret("https://hooks.example/services/abcd");
    const receivers = [
      { name: "ops", slack_configs: [{ api_url: secret, channel: "#ops" }], pagerduty_configs: [{ routing_key: secret }], webhook_configs: [{ url: "https://alerts.example/", credentials: secret }], email_configs: [{ to: "ops@example.org" }] },
      { name: "night", severities: ["critical"], webhook_configs: [{ url: "https://night.example/" }] },
    ];
    const smtp = { smarthost: "mail.example.org:587", from: "hawser@example.org", auth_username: "hawser", auth_password: secret };
    for (const own of [{}, { receivers, smtp }]) {
      const { code, said } = ran("amtool", "check-config", written("alertmanager.yml", own));
      assert.equal(code, 0, said);
    }
  });
});

void test("every alert of the rules has a test in which it fires", () => {
  const { groups } = parse(added(one(plan("debian-12"), "hawser-alerts.yml"))) as { groups: { rules: { alert?: string; annotations?: object; labels?: { severity?: string } }[] }[] };
  const alerts = groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
  const tested = new Set(ruleTests(limits, 2).filter(({ fires }) => fires !== undefined).map(({ alert }) => alert));
  assert.deepEqual(alerts.map(({ alert }) => alert).filter((alert) => !tested.has(alert ?? "")), []);
  for (const { alert, annotations, labels } of alerts) {
    assert.deepEqual(Object.keys(annotations ?? {}), ["summary", "description"], alert);
    assert.match(labels?.severity ?? "", /^(critical|warning|none)$/, alert);
  }
});
