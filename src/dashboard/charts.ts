import { html, raw, type Html } from "../report/html/html.ts";
import type { Line } from "./prometheus.ts";
import type { Past } from "./view.ts";

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [1000, 220, 104, 26];
const TICKS = 5;

export interface ChartOptions {
  readonly title: string;
  /** A series' name, for its line and the legend. */
  readonly name: (line: Line) => string;
  readonly value: (value: number) => string;
}

/** Lines over time, each with a dash pattern of its own beside its colour. Where nothing was measured there is a gap. */
export function lineChart({ from, to, step }: Past, lines: readonly Line[], { title, name, value }: ChartOptions): Html {
  if (lines.length === 0) return nothing(title);
  const known = lines.flatMap(({ points }) => points.map(([, each]) => each)).filter(Number.isFinite);
  const top = niceTop(Math.max(0, ...known));
  const x = (at: number): number => LEFT + ((at - from) / (to - from)) * (WIDTH - LEFT - 8);
  const y = (each: number): number => HEIGHT - BOTTOM - (each / top) * (HEIGHT - BOTTOM - 12);
  const grid = [0, 0.5, 1].map((share) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - 8}" y1="${y(share * top).toFixed(1)}" y2="${y(share * top).toFixed(1)}"/><text class="tick" x="${LEFT - 8}" y="${(y(share * top) + 4).toFixed(1)}" text-anchor="end">${value(share * top)}</text>`);
  const drawn = lines.map((line, i) => html`<path class="line c${i % 6}" d="${path(line, step, x, y)}"><title>${name(line)}</title></path>`);
  const legend = lines.map((line, i) => {
    const last = line.points.findLast(([, each]) => Number.isFinite(each));
    const fresh = last !== undefined && to - last[0] <= step * 2;
    return html`<li><svg viewBox="0 0 28 8" aria-hidden="true"><path class="line c${i % 6}" d="M0 4H28"/></svg>${name(line)} <b>${fresh ? value(last[1]) : "no value now"}</b></li>`;
  });
  return html`<figure class="chart"><figcaption>${title}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${lines.map((line) => name(line)).join(", ")}">${grid}${timeTicks(from, to, x)}${drawn}</svg><ul class="legend">${legend}</ul></figure>`;
}

function path({ points }: Line, step: number, x: (at: number) => number, y: (value: number) => number): string {
  let text = "";
  let last: number | undefined;
  for (const [at, value] of points) {
    if (!Number.isFinite(value)) last = undefined;
    else {
      text += `${last === undefined || at - last > step * 1.5 ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      last = at;
    }
  }
  return text;
}

/** The next of 1, 2 and 5 times a power of ten. */
function niceTop(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 1.5, 2, 3, 5, 7.5].find((factor) => factor * power >= most * 1.05) ?? 10) * power;
}

const timeTicks = (from: number, to: number, x: (at: number) => number): readonly Html[] =>
  Array.from({ length: TICKS }, (_, i) => from + ((to - from) * i) / (TICKS - 1)).map((at, i) => html`<text class="tick" data-time="${at}" x="${x(at).toFixed(1)}" y="${HEIGHT - 6}" text-anchor="${i === 0 ? "start" : i === TICKS - 1 ? "end" : "middle"}">${clock(at)}</text>`);

/** As the page's own script writes it in the reader's time zone; this is what stands there without it. */
const clock = (at: number): string => `${new Date(at * 1000).toISOString().slice(11, 16)} UTC`;

export interface BandOptions extends Omit<ChartOptions, "value"> {
  readonly one: string;
  readonly zero: string;
  /** Whether 0 is worth a warning, or only the other of two. */
  readonly zeroIs: "bad" | "quiet";
}

const [BAND, NAME] = [26, 190];

/** One of two states over time, a row for each series: solid, hatched, or empty where nothing is known. */
export function bands({ from, to, step }: Past, lines: readonly Line[], { title, name, one, zero, zeroIs }: BandOptions): Html {
  if (lines.length === 0) return nothing(title);
  const height = lines.length * BAND + 26;
  const x = (at: number): number => NAME + ((at - from) / (to - from)) * (WIDTH - NAME - 8);
  const rows = lines.map((line, i) => {
    const top = i * BAND + 4;
    const pieces = piecesOf(line, step).map(({ begin, end, value }) => raw(`<rect class="${value > 0 ? "one" : zeroIs}" x="${x(begin).toFixed(1)}" y="${top}" width="${Math.max(1, x(Math.min(to, end)) - x(begin)).toFixed(1)}" height="${BAND - 8}"><title>${value > 0 ? one : zero}</title></rect>`));
    return html`<text x="0" y="${top + 14}">${name(line)}</text><rect class="empty" x="${NAME}" y="${top}" width="${WIDTH - NAME - 8}" height="${BAND - 8}"/>${pieces}`;
  });
  const ticks = Array.from({ length: TICKS }, (_, i) => from + ((to - from) * i) / (TICKS - 1)).map((at, i) => html`<text class="tick" data-time="${at}" x="${x(at).toFixed(1)}" y="${height - 4}" text-anchor="${i === 0 ? "start" : i === TICKS - 1 ? "end" : "middle"}">${clock(at)}</text>`);
  return html`<figure class="chart"><figcaption>${title}</figcaption><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}, for ${lines.map((line) => name(line)).join(", ")}">${rows}${ticks}</svg><ul class="legend states"><li><i class="one"></i>${one}</li><li><i class="${zeroIs}"></i>${zero}</li><li><i class="empty"></i>unknown</li></ul></figure>`;
}

function piecesOf({ points }: Line, step: number): { begin: number; end: number; value: number }[] {
  const pieces: { begin: number; end: number; value: number }[] = [];
  for (const [at, value] of points) {
    const last = pieces.at(-1);
    if (last !== undefined && last.value > 0 === value > 0 && at - last.end <= step * 0.5) last.end = at + step;
    else pieces.push({ begin: at, end: at + step, value });
  }
  return pieces;
}

const nothing = (title: string): Html => html`<figure class="chart"><figcaption>${title}</figcaption><p class="none">Nothing was measured in this time.</p></figure>`;
