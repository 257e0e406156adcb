/** Values of Grafana's dashboard model (schemaVersion 39) as far as the two dashboards use it; a test holds them against Grafana's own types. */

export const DATASOURCE = { type: "prometheus", uid: "hawser-prometheus" } as const;

export interface Query {
  readonly expr: string;
  /** Default: the labels. */
  readonly legendFormat?: string;
  /** `instant` and `table`: the last value of each series, one a row. */
  readonly format?: "time_series" | "table";
  readonly instant?: boolean;
}

/** Where a panel lies: 24 columns a row. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface Spec {
  readonly title: string;
  readonly description?: string;
  readonly place: Place;
  readonly queries: readonly Query[];
  readonly unit?: string;
  readonly defaults?: Readonly<Record<string, unknown>>;
  readonly overrides?: readonly { readonly matcher: { readonly id: string; readonly options: unknown }; readonly properties: readonly { readonly id: string; readonly value: unknown }[] }[];
  readonly transformations?: readonly { readonly id: string; readonly options: Readonly<Record<string, unknown>> }[];
}

const LETTERS = "ABCDEFGHIJ";

function panel(type: string, spec: Spec, options: Readonly<Record<string, unknown>>) {
  const { title, description, place, queries, unit, defaults = {}, overrides = [], transformations } = spec;
  return {
    type,
    title,
    ...(description !== undefined && { description }),
    gridPos: place,
    datasource: DATASOURCE,
    targets: queries.map((query, i) => ({ refId: LETTERS[i] ?? "A", datasource: DATASOURCE, editorMode: "code", range: query.instant !== true, ...query })),
    fieldConfig: { defaults: { ...(unit !== undefined && { unit }), ...defaults }, overrides },
    options,
    ...(transformations !== undefined && { transformations }),
  };
}

export type Panel = ReturnType<typeof panel>;

/** Lines over time, with what each was last and most in the legend. */
export const lines = (spec: Spec): Panel =>
  panel("timeseries", { ...spec, defaults: { color: { mode: "palette-classic" }, custom: { drawStyle: "line", lineWidth: 1, fillOpacity: 8, showPoints: "never", spanNulls: false }, ...spec.defaults } }, {
    legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["lastNotNull", "max"] },
    tooltip: { mode: "multi", sort: "desc" },
  });

/** A state over time, as a band for each series. */
export const bands = (spec: Spec, states: States): Panel =>
  panel("state-timeline", { ...spec, defaults: { ...mapped(states), custom: { fillOpacity: 80, lineWidth: 0 } } }, {
    mergeValues: true,
    showValue: "auto",
    alignValue: "left",
    rowHeight: 0.8,
    legend: { displayMode: "list", placement: "bottom", showLegend: false, calcs: [] },
    tooltip: { mode: "single", sort: "none" },
  });

/** The last value of each series, big. */
export const tiles = (spec: Spec, states?: States): Panel =>
  panel("stat", { ...spec, defaults: { ...(states && mapped(states)), ...spec.defaults } }, {
    reduceOptions: { values: false, calcs: ["lastNotNull"], fields: "" },
    orientation: "auto",
    textMode: "value_and_name",
    colorMode: "background",
    graphMode: "none",
    justifyMode: "auto",
  });

export const table = (spec: Spec): Panel => panel("table", spec, { showHeader: true, cellHeight: "sm", footer: { show: false, reducer: ["sum"], countRows: false, fields: "" } });

export const graph = (spec: Spec): Panel => panel("nodeGraph", spec, { nodes: { mainStatUnit: "short" }, edges: { mainStatUnit: "s" } });

/** What 1 and 0 mean, and whether 0 is bad. */
export interface States {
  readonly one: string;
  readonly zero: string;
  readonly zeroColor: "red" | "orange" | "blue" | "text";
}

function mapped({ one, zero, zeroColor }: States) {
  return {
    color: { mode: "thresholds" },
    thresholds: { mode: "absolute", steps: [{ color: zeroColor, value: null }, { color: "green", value: 1 }] },
    mappings: [{ type: "value", options: { "0": { text: zero, color: zeroColor, index: 0 }, "1": { text: one, color: "green", index: 1 } } }],
    noValue: "unknown",
  };
}

/** Colours from a value upwards; the first one below all. */
export const steps = (...colors: readonly (readonly [from: number | null, color: string])[]) => ({ color: { mode: "thresholds" }, thresholds: { mode: "absolute", steps: colors.map(([value, color]) => ({ color, value })) }, noValue: "unknown" });

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
}

/** The whole model, as Grafana reads it from a file. Those of a folder of files cannot be saved in the browser. */
export function modelOf({ uid, title, description, panels }: Dashboard) {
  return {
    uid,
    title,
    description,
    tags: ["hawser"],
    timezone: "browser",
    editable: false,
    graphTooltip: 1,
    refresh: "10s",
    schemaVersion: 39,
    time: { from: "now-1h", to: "now" },
    links: [{ title: "hawser", type: "dashboards", icon: "external link", tooltip: "", url: "", tags: ["hawser"], asDropdown: false, targetBlank: false, includeVars: false, keepTime: true }],
    templating: { list: [] },
    annotations: {
      list: [{ name: "Path switched", enable: true, hide: false, iconColor: "orange", datasource: DATASOURCE, expr: "changes(hawser_path_tunnel[1m]) > 0", titleFormat: "{{host}} to {{exported_region}} switched", step: "30s" }],
    },
    panels: panels.map((each, i) => ({ id: i + 1, ...each })),
  };
}
