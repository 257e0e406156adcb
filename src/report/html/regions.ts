import type { HostState } from "../state.ts";
import { count } from "../text.ts";
import { html, raw, type Html } from "./html.ts";
import { key } from "./words.ts";

/** A host in the picture; without a state it took no part. */
export interface DrawnHost {
  readonly name: string;
  readonly region: string;
  readonly state: HostState | undefined;
}

/** What was measured of a link between two hosts. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly up: boolean;
  /** What was measured, for whoever points at it. */
  readonly said: string;
}

const BOX = 250;
const ROW = 20;
const TITLE = 34;
/** Hosts of a region that are drawn one by one: those that fared worst, and the ends of links. */
const MOST_HOSTS = 14;
const GAP = 200;
/** About as wide is a letter of a link's words. */
const LETTER = 6.8;
const ORDER: readonly (HostState | undefined)[] = ["failed", "unreachable", "unfinished", "unknown", "would-change", "changed", "ok", undefined];

const STATES: readonly (readonly [look: string, text: string, states: readonly HostState[]])[] = [
  ["ok", "came through", ["ok"]],
  ["changed", "changed, or would change", ["changed", "would-change"]],
  ["unknown", "unknown until applied", ["unknown"]],
  ["failed", "failed, unreachable or unfinished", ["failed", "unreachable", "unfinished"]],
];

interface Box {
  readonly region: string;
  readonly hosts: readonly DrawnHost[];
  readonly more: number;
  readonly height: number;
  x: number;
  y: number;
}

/** The regions with their hosts, and the links between them; undefined where no host has a region. */
export function regionsPicture(hosts: readonly DrawnHost[], links: readonly Link[]): Html | undefined {
  if (!hosts.some(({ region }) => region !== "")) return undefined;
  const ends = new Set(links.flatMap(({ from, to }) => [from, to]));
  const names = [...new Set(hosts.map(({ region }) => region))].toSorted((a, b) => Number(a === "") - Number(b === ""));
  const boxes = names.map((region) => boxOf(region, hosts.filter((host) => host.region === region), ends));
  const { width, height } = arrange(boxes, Math.max(GAP, ...links.map(({ from, to }) => (from.length + to.length + 10) * LETTER + 50)));
  const regionOf = new Map(hosts.map(({ name, region }) => [name, region]));
  const drawn = between(links, regionOf).flatMap(({ a, b, own }) => linkLines(boxes.find(({ region }) => region === a), boxes.find(({ region }) => region === b), own));
  const down = links.filter(({ up }) => !up).length;
  const summary = links.length === 0 ? "" : `; ${count(links.length, "link")} measured, ${down === 0 ? "all up" : `${down} down`}`;
  return html`<figure class="regions"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${count(names.length, "region")} with ${count(hosts.length, "host")}${summary}">${drawn.map(({ line }) => line)}${drawn.map(({ words }) => words)}${boxes.map(boxHtml)}</svg></figure>
${key(STATES.filter(([, , states]) => hosts.some(({ state }) => state !== undefined && states.includes(state))).map(([look, text]) => [look, text]))}
<p class="dim">${links.length === 0 ? "Links between regions are drawn in the report of hawser verify, which measures them." : "A link is up where everything that was measured of it at both ends keeps its limit."}</p>`;
}

function boxOf(region: string, hosts: readonly DrawnHost[], ends: ReadonlySet<string>): Box {
  const rank = ({ name, state }: DrawnHost): number => (ends.has(name) ? -1 : 0) + ORDER.indexOf(state);
  const shown = hosts.length <= MOST_HOSTS ? hosts : hosts.toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST_HOSTS - 1);
  const more = hosts.length - shown.length;
  return { region, hosts: shown, more, height: TITLE + (shown.length + (more > 0 ? 1 : 0)) * ROW + 10, x: 0, y: 0 };
}

/** Two side by side, more on a ring, so that each sees each. Gives the boxes their middle, and the size of all. */
function arrange(boxes: readonly Box[], gap: number): { width: number; height: number } {
  const tallest = Math.max(...boxes.map(({ height }) => height));
  if (boxes.length <= 2) {
    for (const [i, box] of boxes.entries()) Object.assign(box, { x: 10 + BOX / 2 + i * (BOX + gap), y: 10 + tallest / 2 });
    return { width: Math.max(900, 20 + boxes.length * BOX + (boxes.length - 1) * gap), height: tallest + 20 };
  }
  const radius = Math.max((BOX + gap / 2) / 2 / Math.sin(Math.PI / boxes.length), (tallest + 60) / 2);
  const [wide, high] = [radius * 1.35, radius];
  for (const [i, box] of boxes.entries()) {
    const angle = (2 * Math.PI * i) / boxes.length - Math.PI / 2 - (boxes.length % 2 === 0 ? Math.PI / boxes.length : 0);
    Object.assign(box, { x: 10 + BOX / 2 + wide + wide * Math.cos(angle), y: 10 + tallest / 2 + high + high * Math.sin(angle) });
  }
  const [left, top] = [Math.min(...boxes.map(({ x }) => x - BOX / 2)), Math.min(...boxes.map(({ y, height }) => y - height / 2))];
  for (const box of boxes) Object.assign(box, { x: box.x - left + 10, y: box.y - top + 10 });
  return { width: Math.round(Math.max(...boxes.map(({ x }) => x + BOX / 2)) + 10), height: Math.round(Math.max(...boxes.map(({ y, height }) => y + height / 2)) + 10) };
}

/** The links by the regions that they join, and of each pair of hosts one: both ends measure it. */
function between(links: readonly Link[], regionOf: ReadonlyMap<string, string>): { a: string; b: string; own: Link[] }[] {
  const pairs = new Map<string, { a: string; b: string; own: Map<string, Link> }>();
  for (const link of links) {
    const [a, b] = [regionOf.get(link.from), regionOf.get(link.to)].toSorted((x, y) => ((x ?? "") < (y ?? "") ? -1 : 1));
    if (a === undefined || b === undefined || a === b) continue;
    const pair = pairs.get(`${a}\0${b}`) ?? { a, b, own: new Map<string, Link>() };
    pairs.set(`${a}\0${b}`, pair);
    const [from, to] = regionOf.get(link.from) === a ? [link.from, link.to] : [link.to, link.from];
    const before = pair.own.get(`${from}\0${to}`);
    pair.own.set(`${from}\0${to}`, { from, to, up: link.up && before?.up !== false, said: [before?.said, link.said].filter((said) => said !== undefined).join("\n") });
  }
  return [...pairs.values()].map(({ a, b, own }) => ({ a, b, own: [...own.values()] }));
}

/** Lines between two boxes, side by side, with their words in the middle. */
function linkLines(a: Box | undefined, b: Box | undefined, links: readonly Link[]): { readonly line: Html; readonly words: Html }[] {
  if (!a || !b) return [];
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const [nx, ny] = [-(b.y - a.y) / length, (b.x - a.x) / length];
  return links.map(({ from, to, up, said }, i) => {
    const off = (i - (links.length - 1) / 2) * 34;
    // Further along the line than the one before: words beside a steep line would touch.
    const along = 0.5 + (i - (links.length - 1) / 2) * Math.min(0.16, 0.4 / links.length) * Math.abs(Math.sin(Math.atan2(b.y - a.y, b.x - a.x)));
    const n = (value: number): string => value.toFixed(1);
    const line = raw(`x1="${n(a.x + nx * off)}" y1="${n(a.y + ny * off)}" x2="${n(b.x + nx * off)}" y2="${n(b.y + ny * off)}"`);
    const [x, y] = [a.x + (b.x - a.x) * along + nx * off, a.y + (b.y - a.y) * along + ny * off];
    const words = `${up ? "✔" : "✖"} ${from} – ${to} ${up ? "up" : "down"}`;
    const wide = words.length * LETTER;
    const title = html`<title>${said}</title>`;
    return {
      line: html`<line class="link ${up ? "up" : "down"}" ${line}>${title}</line>`,
      words: html`<g>${title}<rect class="plate" x="${n(x - wide / 2)}" y="${n(y - 11)}" width="${n(wide)}" height="22" rx="5"/><text class="label" x="${n(x)}" y="${n(y + 4)}">${words}</text></g>`,
    };
  });
}

function boxHtml({ region, hosts, more, height, x, y }: Box): Html {
  const [left, top] = [x - BOX / 2, y - height / 2];
  const rows = hosts.map(({ name, state }, i) => {
    const at = top + TITLE + i * ROW + 8;
    const shown = name.length > 28 ? `${name.slice(0, 27)}…` : name;
    return html`<g><title>${name}: ${state ?? "took no part"}</title><circle class="${state ?? "away"}" cx="${left + 20}" cy="${at}" r="6"/><text x="${left + 34}" y="${at + 4}">${shown}</text></g>`;
  });
  const rest = more === 0 ? "" : html`<text class="tick" x="${left + 34}" y="${top + TITLE + hosts.length * ROW + 12}">and ${count(more, "more host")}</text>`;
  return html`<g><rect class="region" x="${left}" y="${top}" width="${BOX}" height="${height}" rx="10"/><text class="title" x="${left + 14}" y="${top + 23}">${region === "" ? "no region" : region}</text>${rows}${rest}</g>`;
}
