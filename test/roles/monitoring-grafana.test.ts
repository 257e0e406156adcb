import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { Secret } from "../../src/index.ts";
import { DASHBOARD_FILES } from "../../roles/monitoring/grafana.ts";
import { added, ids, one } from "./harness.ts";
import { plan, ran, without } from "./monitoring-fixture.ts";

/**
 * Grafana's dashboard model as its own definition has it (kinds/dashboard/dashboard_kind.cue of its sources, and the options of each
 * panel of packages/grafana-schema), written down for what the dashboards use. It is strict: a key that Grafana does not know is an error.
 */
const datasource = z.strictObject({ type: z.literal("prometheus"), uid: z.literal("hawser-prometheus") });
const tooltip = z.strictObject({ mode: z.enum(["single", "multi", "none"]), sort: z.enum(["asc", "desc", "none"]) });
const legend = z.strictObject({ displayMode: z.enum(["list", "table", "hidden"]), placement: z.enum(["bottom", "right"]), showLegend: z.boolean(), calcs: z.array(z.string()) });
const reduce = z.strictObject({ values: z.boolean(), calcs: z.array(z.string()), fields: z.string() });
const OPTIONS = {
  timeseries: z.strictObject({ legend, tooltip }),
  "state-timeline": z.strictObject({ mergeValues: z.boolean(), showValue: z.enum(["auto", "always", "never"]), alignValue: z.enum(["left", "center", "right"]), rowHeight: z.number().min(0).max(1), legend, tooltip }),
  stat: z.strictObject({ reduceOptions: reduce, orientation: z.enum(["auto", "horizontal", "vertical"]), textMode: z.enum(["auto", "value", "value_and_name", "name", "none"]), colorMode: z.enum(["none", "value", "background", "background_solid"]), graphMode: z.enum(["none", "line", "area"]), justifyMode: z.enum(["auto", "center"]) }),
  table: z.strictObject({ showHeader: z.boolean(), cellHeight: z.enum(["sm", "md", "lg"]), footer: z.strictObject({ show: z.boolean(), reducer: z.array(z.string()), countRows: z.boolean(), fields: z.string() }) }),
  nodeGraph: z.strictObject({ nodes: z.strictObject({ mainStatUnit: z.string() }), edges: z.strictObject({ mainStatUnit: z.string() }) }),
} as const;
const color = z.strictObject({ mode: z.enum(["thresholds", "palette-classic", "palette-saturated", "continuous-GrYlRd", "fixed"]) });
const mapping = z.strictObject({ type: z.literal("value"), options: z.record(z.string(), z.strictObject({ text: z.string(), color: z.string(), index: z.number().int() })) });
const custom = z.strictObject({ drawStyle: z.enum(["line", "bars", "points"]).optional(), lineWidth: z.number(), fillOpacity: z.number().min(0).max(100), showPoints: z.enum(["auto", "never", "always"]).optional(), spanNulls: z.boolean().optional() });
const defaults = z.strictObject({
  unit: z.enum(["s", "percentunit", "bps", "pps", "bytes"]).optional(),
  min: z.number().optional(),
  decimals: z.number().int().optional(),
  noValue: z.string().optional(),
  color: color.optional(),
  custom: custom.optional(),
  mappings: z.array(mapping).optional(),
  thresholds: z.strictObject({ mode: z.enum(["absolute", "percentage"]), steps: z.array(z.strictObject({ color: z.string(), value: z.number().nullable() })).min(1) }).optional(),
});
const target = z.strictObject({ refId: z.string().regex(/^[A-Z]$/), datasource, editorMode: z.enum(["code", "builder"]), range: z.boolean(), instant: z.boolean().optional(), expr: z.string().min(1), legendFormat: z.string().optional(), format: z.enum(["time_series", "table", "heatmap"]).optional() });
const panel = z.discriminatedUnion("type", Object.entries(OPTIONS).map(([type, options]) => z.strictObject({
  id: z.number().int().positive(),
  type: z.literal(type),
  title: z.string().min(1),
  description: z.string().optional(),
  gridPos: z.strictObject({ x: z.number().int().min(0).max(23), y: z.number().int().min(0), w: z.number().int().min(1).max(24), h: z.number().int().min(1) }),
  datasource,
  targets: z.array(target).min(1),
  fieldConfig: z.strictObject({ defaults, overrides: z.array(z.strictObject({ matcher: z.strictObject({ id: z.enum(["byName", "byRegexp", "byType"]), options: z.unknown() }), properties: z.array(z.strictObject({ id: z.string(), value: z.unknown() })) })) }),
  options,
  transformations: z.array(z.strictObject({ id: z.literal("organize"), options: z.strictObject({ excludeByName: z.record(z.string(), z.boolean()), renameByName: z.record(z.string(), z.string()), indexByName: z.record(z.string(), z.number()).optional() }) })).optional(),
})) as never);
const dashboard = z.strictObject({
  uid: z.string().regex(/^[\w-]{1,40}$/),
  title: z.string().min(1),
  description: z.string(),
  tags: z.array(z.string()),
  timezone: z.enum(["browser", "utc"]),
  editable: z.boolean(),
  graphTooltip: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  refresh: z.string().regex(/^\d+[sm]$/),
  schemaVersion: z.number().int().min(36).max(42),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  links: z.array(z.strictObject({ title: z.string(), type: z.enum(["link", "dashboards"]), icon: z.string(), tooltip: z.string(), url: z.string(), tags: z.array(z.string()), asDropdown: z.boolean(), targetBlank: z.boolean(), includeVars: z.boolean(), keepTime: z.boolean() })),
  templating: z.strictObject({ list: z.array(z.never()) }),
  annotations: z.strictObject({ list: z.array(z.looseObject({ name: z.string(), enable: z.boolean(), hide: z.boolean(), iconColor: z.string(), datasource })) }),
  panels: z.array(panel).min(1),
});

interface Panel {
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}
const panelsOf = (model: object): readonly Panel[] => (model as { panels: Panel[] }).panels;

for (const [name, model] of Object.entries(DASHBOARD_FILES)) {
  void test(`${name} is as Grafana's definition has it`, () => {
    const { success, error } = dashboard.safeParse(JSON.parse(JSON.stringify(model)));
    assert.ok(success, error?.message);
  });

  void test(`no panel of ${name} lies on another one, or beyond the edge`, () => {
    const panels = panelsOf(model);
    for (const { title, gridPos: { x, w } } of panels) assert.ok(x + w <= 24, title);
    for (const [i, { title, gridPos: a }] of panels.entries()) for (const { title: other, gridPos: b } of panels.slice(i + 1)) assert.ok(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y, `${title} and ${other}`);
  });

  void test(`promtool reads each query of ${name}`, { skip: without("promtool") }, (t) => {
    const queries = panelsOf(model).flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll("$__range", "1h")));
    const folder = mkdtempSync(path.join(tmpdir(), "hawser-queries-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const check = (exprs: readonly string[]) => {
      writeFileSync(path.join(folder, "queries.yml"), stringify({ groups: [{ name: "queries", rules: exprs.map((expr, i) => ({ record: `query_${i}`, expr })) }] }));
      return ran("promtool", "check", "rules", path.join(folder, "queries.yml"));
    };
    const { code, said } = check(queries);
    assert.equal(code, 0, said);
    assert.notEqual(check([...queries, "rate(up"]).code, 0, "one that is wrong is found");
  });
}

void test("the uids stay for ever: others link to them", () => {
  assert.deepEqual(Object.values(DASHBOARD_FILES).map(({ uid }) => uid), ["hawser-topology", "hawser-links"]);
});

void test("Grafana gets datasource, dashboards and its password by files, whether it is a package or a release", () => {
  const grafana = { admin_password: new Secret("a-good-password") };
  const resources = plan("debian-12", { own: { grafana } });
  assert.ok(!JSON.stringify(resources).includes("a-good-password"));
  assert.deepEqual((parse(added(one(resources, "datasources/hawser.yml"))) as { datasources: { uid: string; url: string }[] }).datasources.map(({ uid, url }) => [uid, url]), [["hawser-prometheus", "http://10.1.0.11:9090"]]);
  assert.equal((parse(added(one(resources, "provisioning/dashboards/hawser.yml"))) as { providers: { options: { path: string } }[] }).providers[0]?.options.path, "/etc/grafana/hawser-dashboards");
  assert.match(added(one(resources, "grafana.ini")), /^admin_password = \$__file\{\/etc\/grafana\/admin-password\}$/m);
  assert.deepEqual(JSON.parse(added(one(resources, "links.json"))), JSON.parse(JSON.stringify(DASHBOARD_FILES["links.json"])));
  assert.ok(ids(resources).includes("package:grafana"));
  const unpacked = ids(plan("debian-12", { own: { grafana: { ...grafana, artifact: { url: "https://releases.example/grafana.tar.gz", sha256: "a".repeat(64) } } } }));
  for (const id of ["archive:/opt/hawser-grafana:grafana", "unit:grafana-server.service", "user:grafana"]) assert.ok(unpacked.includes(id), id);
  assert.ok(!ids(plan("debian-12", { own: { grafana, server: false } })).includes("package:grafana"));
});
