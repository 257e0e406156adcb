import type { Figures } from "./types.ts";

/** The middle of each figure over several drills, those without one left out; of the holders of an address the most. */
export function mediansOf(all: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number | null => median(all.flatMap((figures) => figures[key] ?? []));
  const count = (key: "requestsSent" | "requestsLost" | "requestsSent30s" | "requestsLost30s"): number => of(key) ?? 0;
  const holders = all.flatMap(({ vipHoldersMax }) => vipHoldersMax ?? []);
  return {
    detectionSeconds: of("detectionSeconds"),
    switchSeconds: of("switchSeconds"),
    returnSeconds: of("returnSeconds"),
    requestsSent: count("requestsSent"),
    requestsLost: count("requestsLost"),
    requestsSent30s: count("requestsSent30s"),
    requestsLost30s: count("requestsLost30s"),
    vipHoldersMax: holders.length === 0 ? null : Math.max(...holders),
    vipGapSeconds: of("vipGapSeconds"),
  };
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle];
  const low = sorted.length % 2 === 0 ? sorted[middle - 1] : high;
  return high === undefined || low === undefined ? null : Math.round(((low + high) / 2) * 100) / 100;
}
