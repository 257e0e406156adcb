import type { HostCounts } from "../../engine/events.ts";
import type { RunRecord } from "../run-record.ts";
import { html, type Html } from "./html.ts";
import { stateOf, word } from "./words.ts";

type Key = Exclude<keyof HostCounts, "unreachable">;

const COLUMNS: readonly (readonly [key: Key, title: string, always: boolean])[] = [
  ["ok", "ok", true],
  ["changed", "changed", false],
  ["wouldChange", "would change", false],
  ["unknown", "unknown", false],
  ["skipped", "skipped", false],
  ["failed", "failed", true],
  ["rescued", "rescued", false],
  ["notReached", "not reached", false],
  ["handlersPending", "handlers owed", false],
  ["requests", "requests", true],
];

/** Every host with its counts, the worst first; columns that are all zeros are left out. */
export function* recapTable(record: RunRecord, regionOf: ReadonlyMap<string, string>): Iterable<Html> {
  const { recap } = record;
  const columns = COLUMNS.filter(([key, , always]) => always || Object.values(recap?.hosts ?? {}).some((counts) => counts[key] > 0));
  const order = ["failed", "unreachable", "unfinished", "unknown", "would-change", "changed", "ok"];
  const rows = [...record.hosts.values()].map((host) => ({ host, counts: recap?.hosts[host.name], state: stateOf(recap?.hosts[host.name]) })).toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const hasRegions = rows.some(({ host }) => (regionOf.get(host.name) ?? "") !== "");
  yield html`<div class="scroll" tabindex="0" role="group" aria-label="Recap"><table><thead><tr><th scope="col">host</th><th scope="col">state</th>${hasRegions ? html`<th scope="col">region</th>` : ""}${columns.map(([, title]) => html`<th scope="col" class="n">${title}</th>`)}<th scope="col" class="n">seconds</th></tr></thead><tbody>
`;
  for (const { host, counts, state } of rows) {
    const region = regionOf.get(host.name) ?? "";
    const owed = recap?.pendingHandlers[host.name] ?? [];
    yield html`<tr data-find="${[host.name, region, state].join(" ")}"><th scope="row">${host.name}</th><td>${word(state)}</td>${hasRegions ? html`<td>${region}</td>` : ""}${columns.map(([key]) => cell(counts?.[key], key === "handlersPending" ? owed : []))}<td class="n">${(((host.last - (host.first ?? host.last)) / 1000)).toFixed(1)}</td></tr>
`;
  }
  yield html`</tbody></table></div>`;
}

function cell(value: number | undefined, names: readonly string[]): Html {
  const title = names.length === 0 ? "" : html` title="${names.join(", ")}"`;
  return html`<td class="n${value === 0 ? " zero" : ""}"${title}>${value ?? "-"}</td>`;
}
