import type { Entry, HostRecord, Resource, RunRecord } from "../run-record.ts";
import { count, cutMiddle, duration } from "../text.ts";
import { inOrder, type Groups } from "./groups.ts";
import { html, type Html } from "./html.ts";
import { key, stateOf, wordOf } from "./words.ts";

/** Of more hosts than this, those to which the same happened share a row. */
const UNFOLDED = 60;
const ROW = 22;
const HEAD = 20;
/** Units of the drawing, and about as many pixels. */
const WIDE = 26;
const NARROW = 5;
const PLOT = 960;
/** Up to this many columns have a name each. */
const NAMED = 36;
const NAME = 30;
const SLANT = 138;

export interface MatrixInput {
  readonly record: RunRecord;
  readonly groups: Groups;
  readonly regionOf: ReadonlyMap<string, string>;
}

interface Row {
  readonly label: string;
  readonly hosts: HostRecord[];
}

/** A row for each host and a column for each resource, role by role. */
export function* matrix({ record, groups, regionOf }: MatrixInput): Iterable<Html> {
  const resources = new Set<Resource>();
  for (const host of record.hosts.values()) for (const resource of host.entries.keys()) resources.add(resource);
  const columns = inOrder(resources);
  const cell = Math.max(NARROW, Math.min(WIDE, Math.floor(PLOT / Math.max(1, columns.length))));
  const at = new Map(columns.map((resource, i) => [resource, i * cell]));
  const width = columns.length * cell;
  const outcomes = new Set<string>();
  const named = columns.length <= NAMED;
  const head = HEAD + (named ? SLANT : 0);
  yield html`<div class="tools"><span class="said" role="status">Point at a cell, or use the arrow keys; Enter goes to what changed or failed.</span></div>
<div class="lanes grid" tabindex="0" role="group" aria-label="A row for each host, a column for each resource. Arrow keys move, Enter opens.">
<div class="lane head" aria-hidden="true"><span class="name"></span><svg width="${width + (named ? SLANT : 0)}" height="${head}">${named ? columns.map((resource, i) => slanted(resource, i * cell + cell / 2, SLANT)) : ""}<g transform="translate(0 ${head - HEAD})">${roleBands(columns, cell)}</g></svg></div>
`;
  for (const { label, hosts } of rowsOf(record)) {
    const [first] = hosts;
    if (!first) continue;
    const cells = [...first.entries].map(([resource, entry]) => {
      outcomes.add(entry.outcome);
      return cellHtml(entry, at.get(resource) ?? 0, cell, groups);
    });
    const states = [...new Set(hosts.map(({ name }) => stateOf(record.recap?.hosts[name])))];
    const find = hosts.flatMap(({ name }) => [name, regionOf.get(name) ?? ""]);
    yield html`<div class="lane" data-host="${label}" data-find="${[...new Set([...find, ...states])].join(" ")}"><span class="name" title="${hosts.length > 1 ? hosts.map(({ name }) => name).join(", ") : label}">${label}</span><svg width="${width}" height="${ROW}" role="img" aria-label="${label}: ${states.map(wordOf).join(", ")}">${cells}</svg></div>\n`;
  }
  yield html`</div>\n${key((["ok", "changed", "would-change", "unknown", "skipped", "rescued", "failed"] as const).filter((outcome) => outcomes.has(outcome)).map((outcome) => [outcome, wordOf(outcome)]))}`;
}

function cellHtml(entry: Entry, x: number, width: number, groups: Groups): Html {
  const { resource, outcome, summary, cause, seconds } = entry;
  const to = groups.of(entry)?.anchor;
  const said = [`${wordOf(outcome)} ${resource.id}`, summary, cause, seconds === undefined ? undefined : duration(seconds)].filter((part) => part !== undefined && part !== "").join(", ");
  const gap = width > 8 ? 2 : 1;
  return html`<rect class="${outcome}" x="${x}" y="2" width="${width - gap}" height="${ROW - 4}"${to === undefined ? "" : html` data-to="${to}"`}><title>${said}</title></rect>`;
}

function rowsOf(record: RunRecord): Row[] {
  const all = [...record.hosts.values()];
  if (all.length <= UNFOLDED) return all.map((host) => ({ label: host.name, hosts: [host] }));
  const known = new Map<string, HostRecord[]>();
  const numbers = new Map<Resource, number>();
  for (const host of all) {
    const fared = [...host.entries].map(([resource, { outcome }]) => {
      const number = numbers.get(resource) ?? numbers.size;
      numbers.set(resource, number);
      return `${number}${outcome}`;
    });
    const likeness = [stateOf(record.recap?.hosts[host.name]), ...fared.toSorted()].join(" ");
    known.set(likeness, [...(known.get(likeness) ?? []), host]);
  }
  return [...known.values()].map((hosts) => ({ label: hosts.length === 1 ? (hosts[0]?.name ?? "") : count(hosts.length, "host"), hosts }));
}

/** A resource's name over its column, without the role that the band beneath says. */
function slanted({ id, role }: Resource, x: number, y: number): Html {
  const name = id.startsWith(`${role}/`) ? id.slice(role.length + 1) : id;
  return html`<text class="slant" transform="translate(${x} ${y - 4}) rotate(-42)">${cutMiddle(name, NAME)}</text>`;
}

/** The roles over their columns, where there is room for a name. */
function roleBands(columns: readonly Resource[], cell: number): Html[] {
  const bands: { role: string; from: number; to: number }[] = [];
  for (const [i, { role, play }] of columns.entries()) {
    const open = bands.at(-1);
    const before = columns[i - 1];
    if (open && before?.role === role && before.play === play) open.to = i + 1;
    else bands.push({ role, from: i, to: i + 1 });
  }
  return bands.map(({ role, from, to }) => {
    const width = (to - from) * cell;
    const room = Math.floor((width - 6) / 6.6);
    const name = role.length <= room ? role : room > 3 ? `${role.slice(0, room - 1)}…` : "";
    return html`<g><rect class="band" x="${from * cell}" y="0" width="${width - 1}" height="${HEAD}"/><text x="${from * cell + 3}" y="14">${name}</text></g>`;
  });
}
