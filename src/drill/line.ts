import type { Figures, Kind } from "./types.ts";

/** One drill, or what is in the middle of several, as a line of JSON; its keys are always there and in this order. */
export function drillLine(kind: Kind, figures: Figures, ok: boolean, more: Readonly<Record<string, unknown>> = {}): string {
  const { detectionSeconds, switchSeconds, returnSeconds, requestsSent, requestsLost, requestsLost30s, vipHoldersMax, vipGapSeconds } = figures;
  return JSON.stringify({ event: "drill", kind, detectionSeconds, switchSeconds, returnSeconds, requestsSent, requestsLost, requestsLost30s, vipHoldersMax, vipGapSeconds, result: ok ? "ok" : "failed", ...more });
}
