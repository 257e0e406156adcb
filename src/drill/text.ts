import { mediansOf } from "./medians.ts";
import type { Judged } from "./limits.ts";
import type { Drilled } from "./drill.ts";
import type { Figures } from "./types.ts";
import type { Written } from "./writers.ts";

/** A figure with its unit; what was never reached is said so. */
export const shown = ({ value, unit }: Pick<Judged, "value" | "unit">): string => (value === null ? "never" : unit === "" ? String(value) : `${value} ${unit}`);

/** The figures beside their limits, for a terminal. Nothing is told by colour alone. */
export function tableText({ judged, figures, writes, ok }: Pick<Drilled, "judged" | "figures" | "writes" | "ok">): string {
  const rows = judged.map((row) => [row.ok ? "✔" : "✖", row.name, shown(row), row.limit]);
  const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map(([mark = "", name = "", value = "", limit = ""]) => `  ${mark} ${name.padEnd(widths[1] ?? 0)}  ${value.padStart(widths[2] ?? 0)}  ${limit}`.trimEnd());
  const broken = judged.filter((row) => !row.ok).length;
  return [...lines, `  ${figures.requestsSent} requests sent, ${figures.requestsLost} lost`, ...writes.map((each) => `  ${writtenText(each)}`), ok ? "ok: every limit was kept" : `failed: ${broken} of ${judged.length} limits broken`].join("\n");
}

/** What became of a host's writes, in a sentence. */
export function writtenText({ host, name, acknowledged, refused, lost, missing }: Written): string {
  const where = Object.entries(missing).map(([reader, count]) => `${count} missing on ${reader}`);
  return `${host}, ${name}: ${acknowledged} acknowledged, ${refused} not${lost === null ? "" : `, ${lost} lost`}${where.length === 0 ? "" : ` (${where.join(", ")})`}`;
}

/** What is in the middle of several drills, for a terminal. */
export function mediansText(all: readonly Figures[]): string {
  const medians = mediansOf(all);
  const second = (name: string, value: number | null): string[] => (value === null ? [] : [`${name} ${value} s`]);
  return [`medians of ${all.length} drills: ${[...second("detection", medians.detectionSeconds), ...second("switch", medians.switchSeconds), ...second("return", medians.returnSeconds), ...second("without a holder", medians.vipGapSeconds), `${medians.requestsLost30s} of ${medians.requestsSent30s} requests lost within 30 s`].join(", ")}`, ...(medians.vipHoldersMax === null ? [] : [`at most ${medians.vipHoldersMax} held the address at once, in any of them`])].join("\n");
}
