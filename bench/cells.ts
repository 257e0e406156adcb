import type { Measured } from "./process.ts";
import type { ToolName } from "./tools/index.ts";
import type { Mode, WorkloadName } from "./workloads.ts";

/** Medians of one tool at one workload. */
export interface Cell {
  readonly workload: WorkloadName;
  readonly mode: Mode;
  readonly rttMs: number;
  readonly hosts: number;
  readonly tool: ToolName;
  readonly seconds: number;
  /** hawser's own count. */
  readonly requests?: number;
  readonly cpuSeconds: number;
  readonly rssMiB: number;
  readonly rounds: number;
}

export type Question = Pick<Cell, "workload" | "mode" | "rttMs" | "hosts">;

export function cellOf(question: Question, tool: ToolName, samples: readonly Measured[]): Cell {
  const of = (number: (sample: Measured) => number, digits: number): number => Number(median(samples.map(number)).toFixed(digits));
  const requests = samples[0]?.requests;
  return {
    ...question,
    tool,
    seconds: of(({ seconds }) => seconds, 3),
    ...(requests !== undefined && { requests }),
    cpuSeconds: of(({ cpuSeconds }) => cpuSeconds, 2),
    rssMiB: of(({ rssMiB }) => rssMiB, 0),
    rounds: samples.length,
  };
}

/** Of an even number the lower one in the middle. */
export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? Number.NaN;
}

const same = (a: Question, b: Question): boolean => a.workload === b.workload && a.mode === b.mode && a.rttMs === b.rttMs && a.hosts === b.hosts;

export function find(cells: readonly Cell[], question: Question, tool: ToolName): Cell | undefined {
  return cells.find((cell) => cell.tool === tool && same(cell, question));
}

/** What the distance adds, in round trips: measured against the same at 0 ms. */
function roundTrips(cells: readonly Cell[], cell: Cell): number | undefined {
  const near = find(cells, { ...cell, rttMs: 0 }, cell.tool);
  return near === undefined || cell.rttMs === 0 ? undefined : (cell.seconds - near.seconds) / (cell.rttMs / 1000);
}

const WORDS = 5;

export function table(cells: readonly Cell[]): string {
  const rows = cells.map((cell) => {
    const hawser = find(cells, cell, "hawser");
    const floor = find(cells, { ...cell, mode: cell.workload === "W4" ? "apply" : "noop", hosts: 1 }, "floor");
    const trips = roundTrips(cells, cell);
    return [
      cell.workload,
      cell.mode,
      `${cell.rttMs} ms`,
      String(cell.hosts),
      cell.tool,
      cell.seconds.toFixed(2),
      floor === undefined ? "" : (cell.seconds / floor.seconds).toFixed(2),
      hawser === undefined ? "" : (cell.seconds / hawser.seconds).toFixed(1),
      trips === undefined ? "" : trips.toFixed(0),
      String(cell.requests ?? ""),
      cell.cpuSeconds.toFixed(2),
      String(cell.rssMiB),
    ];
  });
  const head = ["workload", "mode", "rtt", "hosts", "tool", "seconds", "x floor", "x hawser", "trips", "requests", "cpu s", "MiB"];
  return [head, ...rows].map((row) => row.map((word, i) => (i < WORDS ? word.padEnd(11) : word.padStart(9))).join("").trimEnd()).join("\n");
}
