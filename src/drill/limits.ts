import type { Figures, Timeline } from "./types.ts";
import type { Written } from "./writers.ts";

/** What a drill must keep to. Targets of the network roles; see docs/drill.md. */
export const LIMITS = {
  /** Seconds: BFD at 3 x 300 ms, and the way of the news into the kernel's table. */
  detection: 1.2,
  /** Seconds until traffic is on the other path. */
  switch: 3,
  /** Seconds until another host holds a lost host's address. */
  takeover: 10,
  /** Percent of the requests of the 30 s after the fault. */
  lost: 0.1,
  holders: 1,
} as const;

/** One figure beside its limit. */
export interface Judged {
  readonly name: string;
  /** Null: it was never reached. */
  readonly value: number | null;
  readonly unit: string;
  readonly limit: string;
  readonly ok: boolean;
}

/** The figures that this kind of drill is judged by. */
export function judge(figures: Figures, { kind, scene, watched }: Pick<Timeline, "kind" | "scene" | "watched">): Judged[] {
  const cut = kind === "tunnel-cut";
  const most = (name: string, value: number | null, max: number, unit: string): Judged => ({ name, value, unit, limit: `<= ${max} ${unit}`.trim(), ok: value !== null && value <= max });
  const rows: Judged[] = [];
  const detects = watched.some(({ kind: what, host }) => what === "route" && host === scene.client);
  // With another way to the region the route may stay when a host or region is lost.
  if (cut ? detects : figures.detectionSeconds !== null) rows.push(most("detection", figures.detectionSeconds, LIMITS.detection, "s"));
  if (cut) rows.push(most("switch to the other path", figures.switchSeconds, LIMITS.switch, "s"));
  else if (figures.switchSeconds !== null || (figures.vipHoldersMax !== null && scene.lost !== undefined)) rows.push(...takeovers(figures, most));
  if (cut) rows.push({ name: "return", value: figures.returnSeconds, unit: "s", limit: "happens", ok: figures.returnSeconds !== null });
  if (scene.answerable) rows.push(most("requests lost within 30 s", figures.requestsSent30s === 0 ? null : percent(figures.requestsLost30s, figures.requestsSent30s), LIMITS.lost, "%"));
  if (figures.vipHoldersMax !== null) rows.push(most("holders of the address at once", figures.vipHoldersMax, LIMITS.holders, ""));
  // Where no holder is lost, nobody has a reason to let go of an address.
  if (figures.vipGapSeconds !== null && (cut || scene.lost === undefined)) rows.push(most("time without a holder", figures.vipGapSeconds, 0, "s"));
  return rows;
}

/** Whatever is broken: what a service acknowledged is there afterwards. */
export function judgeWrites(writes: readonly Written[]): Judged[] {
  const kept = writes.filter(({ lost }) => lost !== null);
  return [...new Set(kept.map(({ name }) => name))].map((name) => {
    const value = kept.filter((each) => each.name === name).reduce((sum, { lost }) => sum + (lost ?? 0), 0);
    return { name: `acknowledged writes lost: ${name}`, value, unit: "", limit: "<= 0", ok: value === 0 };
  });
}

function takeovers({ switchSeconds, vipGapSeconds }: Figures, most: (name: string, value: number | null, max: number, unit: string) => Judged): Judged[] {
  // The lost host may have held nothing; then nobody was missed.
  return switchSeconds === null && vipGapSeconds === 0 ? [] : [most("takeover of the address", switchSeconds, LIMITS.takeover, "s")];
}

const percent = (part: number, whole: number): number => Math.round((part / whole) * 10_000) / 100;
