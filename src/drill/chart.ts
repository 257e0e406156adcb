/** Places of the timeline's drawing, in units of its view box. */
export const WIDTH = 1000;
export const LEFT = 190;
export const RIGHT = 20;

/** What a row shows at a time, and how it is drawn. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  /** The class that colours it. */
  readonly look: "good" | "bad" | "unknown" | "off";
  /** Said when pointed at, and read aloud. */
  readonly title: string;
}

export interface Scale {
  (seconds: number): number;
}

export const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Seconds to places, over the whole width beside the names. */
export const scaleOf = (end: number): Scale => (seconds) => LEFT + (Math.min(Math.max(seconds, 0), end) / end) * (WIDTH - LEFT - RIGHT);

const n = (value: number): string => String(Math.round(value * 10) / 10);

/** One row of bars under its name. */
export function barRow(name: string, y: number, height: number, bars: readonly Bar[], x: Scale): string {
  const drawn = bars.map(({ from, to, look, title }) => `<rect class="${look}" x="${n(x(from))}" y="${n(y)}" width="${n(Math.max(1, x(to) - x(from)))}" height="${n(height)}"><title>${escape(title)}</title></rect>`);
  return `<text class="name" x="${LEFT - 10}" y="${n(y + height / 2)}">${escape(name)}</text>${drawn.join("")}`;
}

/** One column for each second: those that went well, and on top of them, in another colour, those that did not. */
export function columns(name: string, y: number, height: number, seconds: readonly { readonly ok: number; readonly lost: number }[], x: Scale): string {
  const most = Math.max(1, ...seconds.map(({ ok, lost }) => ok + lost));
  const tall = (count: number): number => (count / most) * height;
  const drawn = seconds.flatMap(({ ok, lost }, i) => {
    const [left, width] = [x(i) + 0.5, Math.max(1, x(i + 1) - x(i) - 1)];
    const column = (look: string, bottom: number, count: number, title: string): string[] => (count === 0 ? [] : [`<rect class="${look}" x="${n(left)}" y="${n(y + height - bottom - tall(count))}" width="${n(width)}" height="${n(tall(count))}"><title>${escape(title)}</title></rect>`]);
    return [...column("good", 0, ok, `second ${i}: ${ok} answered`), ...column("bad", tall(ok), lost, `second ${i}: ${lost} lost`)];
  });
  return axis(name, y, height, String(most)) + drawn.join("");
}

/** A line for each series over the seconds, with the biggest value at the top. */
export function lines(name: string, y: number, height: number, series: readonly { readonly look: string; readonly points: readonly (number | undefined)[] }[], unit: string, x: Scale): string {
  const most = Math.max(1, ...series.flatMap(({ points }) => points.flatMap((value) => value ?? [])));
  const drawn = series.map(({ look, points }) => {
    const steps = points.map((value, i) => (value === undefined ? undefined : `${n(x(i + 0.5))} ${n(y + height - (value / most) * height)}`));
    // A second without any answer is a gap.
    return `<path class="${look}" d="${steps.map((step, i) => (step === undefined ? "" : `${steps[i - 1] === undefined ? "M" : "L"}${step}`)).join("")}"/>`;
  });
  return axis(name, y, height, `${Math.round(most)} ${unit}`) + drawn.join("");
}

function axis(name: string, y: number, height: number, top: string): string {
  return `<text class="name" x="${LEFT - 10}" y="${n(y + height / 2)}">${escape(name)}</text><text class="tick" x="${LEFT - 10}" y="${n(y + 5)}" text-anchor="end">${escape(top)}</text><line class="rule" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${n(y + height)}" y2="${n(y + height)}"/>`;
}

/** The time's axis, with a number every so many seconds that they never touch. */
export function timeAxis(y: number, end: number, x: Scale): string {
  const step = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((each) => end / each <= 12) ?? 1200;
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
  return ticks.map((at) => `<line class="rule" x1="${n(x(at))}" x2="${n(x(at))}" y1="${n(y)}" y2="${n(y + 5)}"/><text class="tick" x="${n(x(at))}" y="${n(y + 18)}" text-anchor="middle">${at} s</text>`).join("");
}

/** A line from top to bottom with words above it; `anchor` keeps the words of two near lines apart. */
export function mark(at: number, text: string, top: number, bottom: number, x: Scale, anchor: "start" | "end"): string {
  return `<line class="edge" x1="${n(x(at))}" x2="${n(x(at))}" y1="${n(top)}" y2="${n(bottom)}"/><text class="mark" x="${n(x(at) + (anchor === "start" ? 4 : -4))}" y="${n(top + 8)}" text-anchor="${anchor}">${escape(text)}</text>`;
}
