import { html, raw, type Html } from "../report/html/html.ts";
import type { HostState, LinkEnd, View } from "./view.ts";
import { healthOf, milliseconds, pairsOf, percent, span, type Health } from "./words.ts";

const [BOX, ROW, TITLE, WIDTH] = [250, 26, 46, 1000];
/** How far below the tunnel the public path runs, with room for words on both, and without. */
const [APART, NEAR] = [74, 26];

interface Box {
  readonly region: string;
  readonly hosts: readonly HostState[];
  readonly height: number;
  readonly x: number;
  readonly y: number;
}

const SIGNS: Readonly<Record<Health, string>> = { up: "✔", weak: "!", down: "✖", unknown: "?" };
const n = (value: number): string => value.toFixed(1);

/** Regions as nodes, with the two ways between them: the tunnel and the public path, the one in use drawn bold. */
export function topology(view: View): Html {
  const regions = [...new Set(view.hosts.map(({ region }) => region))];
  const linked = new Set(view.links.flatMap(({ region, peerRegion }) => [region, peerRegion]));
  // Those with links come first, so that two of them stand side by side.
  const ordered = regions.toSorted((a, b) => Number(linked.has(b)) - Number(linked.has(a)) || (a < b ? -1 : 1));
  const { boxes, height } = arranged(ordered, view, linked.size > 2 ? 190 : 50);
  const drawn = pairsOf(view).flatMap((ends) => {
    const [end] = ends;
    const [a, b] = [boxes.find(({ region }) => region === end?.region), boxes.find(({ region }) => region === end?.peerRegion)];
    return a && b ? [linkBetween(a.x < b.x || (a.x === b.x && a.y < b.y) ? [a, b] : [b, a], ends, linked.size <= 2)] : [];
  });
  const label = `${regions.length} regions; ${pairsOf(view).map((ends) => `${ends[0]?.region ?? ""} to ${ends[0]?.peerRegion ?? ""}: ${healthOf(ends)}`).join("; ")}`;
  return html`<svg class="map" viewBox="0 0 ${WIDTH} ${n(height)}" role="img" aria-label="${label}">${drawn.map(({ lines }) => lines)}${boxes.map(boxOf)}${drawn.map(({ plates }) => plates)}</svg>`;
}

function arranged(regions: readonly string[], view: View, between: number): { readonly boxes: readonly Box[]; readonly height: number } {
  const sized = regions.map((region) => {
    const hosts = view.hosts.filter((host) => host.region === region);
    return { region, hosts, height: TITLE + hosts.length * ROW + 12 };
  });
  const tallest = Math.max(170, ...sized.slice(0, 2).map(({ height }) => height));
  const left = 20 + BOX / 2;
  const boxes = sized.map((box, i): Box => {
    if (i < 2) return { ...box, x: sized.length === 1 ? WIDTH / 2 : i === 0 ? left : WIDTH - left, y: 20 + tallest / 2 };
    // The third stands below, between both; more of them side by side.
    const below = sized.length - 2;
    return { ...box, x: (WIDTH / (below + 1)) * (i - 1), y: 20 + tallest + between + box.height / 2 };
  });
  return { boxes, height: Math.max(...boxes.map(({ y, height }) => y + height / 2)) + 20 };
}

function boxOf({ region, hosts, height, x, y }: Box): Html {
  const [left, top] = [x - BOX / 2, y - height / 2];
  const silent = hosts.length > 0 && hosts.every(({ up }) => !up);
  return html`<g class="${silent ? "region silent" : "region"}"><rect x="${n(left)}" y="${n(top)}" width="${BOX}" height="${height}" rx="14"/><text class="title" x="${n(left + 18)}" y="${n(top + 29)}">${region === "" ? "no region" : region}</text>${hosts.map((host, i) => hostOf(host, left, top + TITLE + i * ROW + 8))}</g>`;
}

function hostOf({ name, up, age, load, holds, monitor }: HostState, left: number, y: number): Html {
  const old = up && (age ?? Infinity) > 25;
  const state: Health = !up ? "down" : old ? "unknown" : "up";
  const words = !up ? "no answer" : old ? (age === undefined ? "states unknown" : `states ${span(age)} old`) : load === undefined ? "load unknown" : `load ${load.toFixed(2)}`;
  const marks = [...(holds === true ? [mark("VIP", "has the address that moves")] : []), ...(monitor ? [mark("◉", "a monitor")] : [])];
  return html`<g class="host ${state}"><circle cx="${n(left + 24)}" cy="${n(y)}" r="6"/><text x="${n(left + 40)}" y="${n(y + 5)}">${name.length > 16 ? `${name.slice(0, 15)}…` : name}${marks}</text><text class="note" x="${n(left + BOX - 16)}" y="${n(y + 5)}">${words}</text><title>${name}: ${state === "up" ? "up" : words}</title></g>`;
}

const mark = (text: string, title: string): Html => html` <tspan class="mark" aria-label="${title}">${text}</tspan>`;

/** Both ways between two boxes, and the words in their middle: apart where there is room, else on one plate. */
function linkBetween([a, b]: readonly [Box, Box], ends: readonly LinkEnd[], room: boolean): { readonly lines: Html; readonly plates: Html } {
  const health = healthOf(ends);
  const inUse = ends.some(({ path }) => path === "public") ? "public" : ends.some(({ path }) => path === "tunnel") ? "tunnel" : undefined;
  const answers = ends.map((end) => end.public.answers);
  const beside: Health = answers.includes(false) ? "down" : answers.includes(true) ? "up" : "unknown";
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const [nx, ny] = [-(b.y - a.y) / length, (b.x - a.x) / length];
  const way = (off: number): Way => ({ x1: a.x + nx * off, y1: a.y + ny * off, x2: b.x + nx * off, y2: b.y + ny * off });
  const apart = room ? APART : NEAR;
  const [above, below] = [way(-apart / 2), way(apart / 2)];
  const active = (kind: "tunnel" | "public"): string => (inUse === kind ? " active" : "");
  const words = {
    tunnel: { health, name: `${ends[0]?.link ?? "tunnel"} ${health === "weak" ? "up" : health}`, figures: figuresOf(ends, "tunnel"), inUse: inUse === "tunnel" },
    public: { health: beside, name: `public ${beside}`, figures: figuresOf(ends, "public"), inUse: inUse === "public" },
  };
  const middle = ({ x1, y1, x2, y2 }: Way): readonly [number, number] => [(x1 + x2) / 2, (y1 + y2) / 2];
  return {
    lines: html`<g class="link">${lineOf(above, `way ${health}${active("tunnel")}`)}${lineOf(below, `way beside ${beside}${active("public")}`)}${inUse === undefined ? "" : lineOf(inUse === "tunnel" ? above : below, "flow")}</g>`,
    plates: room ? html`${plate(middle(above), [words.tunnel])}${plate(middle(below), [words.public])}` : plate([(a.x + b.x) / 2, (a.y + b.y) / 2], [words.tunnel, words.public]),
  };
}

interface Way {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

const lineOf = ({ x1, y1, x2, y2 }: Way, classes: string): Html => raw(`<line class="${classes}" x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}"/>`);

/** The round trip that is known, and the greater loss of both ends. */
function figuresOf(ends: readonly LinkEnd[], kind: "tunnel" | "public"): string {
  const rtt = ends.map((end) => end[kind].rtt).find((each) => each !== undefined);
  const losses = ends.map((end) => end[kind].loss).filter((loss) => loss !== undefined);
  return `${milliseconds(rtt)} · ${losses.length === 0 ? "loss unknown" : `${percent(Math.max(...losses))} lost`}`;
}

interface Words {
  readonly health: Health;
  readonly name: string;
  readonly figures: string;
  readonly inUse: boolean;
}

function plate([x, y]: readonly [number, number], lines: readonly Words[]): Html {
  const worst = lines.find(({ health }) => health === "down") ?? lines[0];
  const height = lines.length * 46 + 6;
  const texts = lines.map(({ health, name, figures, inUse }, i) => {
    const top = y - height / 2 + i * 46;
    return html`<g class="${health}"><text class="name" x="${n(x)}" y="${n(top + 22)}"><tspan class="sign">${SIGNS[health]}</tspan> ${name}${inUse ? html` <tspan class="use">in use</tspan>` : ""}</text><text class="figures" x="${n(x)}" y="${n(top + 41)}">${figures}</text></g>`;
  });
  return html`<g class="plate ${worst?.health ?? "unknown"}"><rect x="${n(x - 105)}" y="${n(y - height / 2)}" width="210" height="${height}" rx="10"/>${texts}</g>`;
}
