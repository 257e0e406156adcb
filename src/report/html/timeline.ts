import type { HostPhase } from "../../engine/events.ts";
import type { Entry, HostRecord, RunRecord } from "../run-record.ts";
import { count, duration } from "../text.ts";
import type { Groups } from "./groups.ts";
import { html, raw, type Html } from "./html.ts";
import { key, stateOf, wordOf } from "./words.ts";

/** More rows than this are a wall: of the hosts that came through, the slowest are drawn. */
const MOST_ROWS = 200;
const HEIGHT = 22;

const PHASES: readonly (readonly [HostPhase, string])[] = [
  ["connecting", "connecting"],
  ["facts", "facts"],
  ["probing", "looking"],
  ["planning", "planning"],
  ["applying", "applying"],
  ["waiting", "waiting"],
  ["proving", "proof"],
  ["reconnecting", "reconnecting"],
];
const WORDS = new Map(PHASES);

export interface TimelineInput {
  readonly record: RunRecord;
  readonly groups: Groups;
  readonly regionOf: ReadonlyMap<string, string>;
}

/** A row for each host: its phases over the time of the run, and on them the applies of its resources. */
export function* timeline({ record, groups, regionOf }: TimelineInput): Iterable<Html> {
  const seconds = Math.max(record.seconds, 0.001);
  const { shown, hidden } = chosen(record);
  const looks = new Set(shown.flatMap(({ spans }) => spans.map(({ phase }) => phase)));
  yield html`<div class="tools"><button type="button" data-zoom="2" aria-label="Zoom in">Zoom in</button><button type="button" data-zoom="0.5" aria-label="Zoom out">Zoom out</button><button type="button" data-zoom="fit">Whole run</button><span class="said" role="status">Point at something, or use the arrow keys.</span></div>
<div class="lanes time" tabindex="0" role="group" aria-label="Timeline: a row for each host. Arrow keys move, plus and minus zoom.">
<div class="lane head" aria-hidden="true"><span class="name"></span><div class="track"><svg height="20">${ticks(seconds)}</svg></div></div>
`;
  for (const host of shown) yield row(host, { record, groups, regionOf, seconds });
  yield html`</div>\n${hidden.length === 0 ? "" : html`<p class="dim">and ${count(hidden.length, "host")} that came through in less than ${duration(took(shown.at(-1)))}</p>`}
${key([...PHASES.filter(([phase]) => looks.has(phase)), ["changed", "an apply that changed something"], ["failed", "one that failed"]])}`;
}

const took = (host: HostRecord | undefined): number => (host?.first === undefined ? 0 : (host.last - host.first) / 1000);

/** The hosts in their order; of too many, those that did not come through and the slowest. */
function chosen(record: RunRecord): { shown: readonly HostRecord[]; hidden: readonly HostRecord[] } {
  const all = [...record.hosts.values()];
  if (all.length <= MOST_ROWS) return { shown: all, hidden: [] };
  const isBad = ({ name }: HostRecord): boolean => ["unreachable", "failed", "unfinished"].includes(stateOf(record.recap?.hosts[name]));
  const sorted = all.toSorted((a, b) => Number(isBad(b)) - Number(isBad(a)) || took(b) - took(a));
  return { shown: sorted.slice(0, MOST_ROWS), hidden: sorted.slice(MOST_ROWS) };
}

function row(host: HostRecord, { record, groups, regionOf, seconds }: TimelineInput & { seconds: number }): Html {
  const state = stateOf(record.recap?.hosts[host.name]);
  const region = regionOf.get(host.name) ?? "";
  const x = (ms: number): string => percent(ms / 1000 / seconds);
  const phases = host.spans.map(({ phase, from, to }) => bar({ look: phase, x: x(from), width: x(Math.min(to, seconds * 1000) - from), y: 3, height: HEIGHT - 6, title: `${WORDS.get(phase) ?? phase}, ${span(from, Math.min(to, seconds * 1000))}` }));
  const applies = [...host.entries.values()].filter(isApply).map((entry) => {
    const from = Math.max(0, entry.at - (entry.seconds ?? 0) * 1000);
    return bar({ look: `apply ${entry.outcome}`, x: x(from), width: x(entry.at - from), y: 6, height: HEIGHT - 12, title: `${wordOf(entry.outcome)} ${entry.resource.id}, ${span(from, entry.at)}`, to: groups.of(entry)?.anchor });
  });
  return html`<div class="lane" data-host="${host.name}" data-find="${[host.name, region, state].join(" ")}"><span class="name" title="${host.name}">${host.name}</span><div class="track"><svg height="${HEIGHT}" role="img" aria-label="${host.name}: ${wordOf(state)}, ${duration(took(host))}">${phases}${applies}</svg></div></div>\n`;
}

const isApply = (entry: Entry): boolean => entry.seconds !== undefined && (entry.outcome === "changed" || entry.outcome === "failed");

const span = (from: number, to: number): string => `${((to - from) / 1000).toFixed(2)} s from ${(from / 1000).toFixed(2)} s`;

const percent = (share: number): string => `${(Math.min(1, Math.max(0, share)) * 100).toFixed(3)}%`;

interface Bar {
  readonly look: string;
  readonly x: string;
  readonly y: number;
  readonly width: string;
  readonly height: number;
  readonly title: string;
  readonly to?: string | undefined;
}

function bar({ look, x, y, width, height, title, to }: Bar): Html {
  return html`<rect class="${look}" x="${x}" y="${y}" width="${width}" height="${height}"${to === undefined ? "" : html` data-to="${to}"`}><title>${title}</title></rect>`;
}

/** A number every so many seconds that they never touch. */
function ticks(seconds: number): Html {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].find((each) => seconds / each <= 12) ?? seconds / 10;
  const at = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => i * step);
  return raw(at.map((time) => `<line class="rule" x1="${percent(time / seconds)}" x2="${percent(time / seconds)}" y1="14" y2="20"/><text class="tick" x="${percent(time / seconds)}" dx="4" y="13">${Number(time.toFixed(1))} s</text>`).join(""));
}
