/**
 * Measures W1 on lab hosts: `npm run bench -- [--rtt 0,84,180] [--mode noop,apply,check] [--tools hawser,floor] [--rounds 5] [--json]`.
 * All tools take turns in every round, so that a busy machine slows all of them; the medians are printed.
 */
import { parseArgs } from "node:util";
import { benchHost } from "./host.ts";
import { type Measured, type Mode, prepare, TOOLS } from "./tools.ts";

const MODES: readonly Mode[] = ["noop", "apply", "check"];

interface Cell {
  readonly workload: "W1";
  readonly mode: Mode;
  readonly rttMs: number;
  readonly hosts: 1;
  readonly tool: string;
  readonly seconds: number;
  readonly requests?: number;
}

function listOf<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return text.split(",").map((word) => {
    const found = known.find((each) => each === word);
    if (found === undefined) throw new Error(`--${option} ${word}: there are ${known.join(", ")}`);
    return found;
  });
}

function whole(option: string, text: string, smallest: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < smallest) throw new Error(`--${option} ${text}: a whole number from ${smallest} is expected`);
  return number;
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

async function measure(rttMs: number, modes: readonly Mode[], tools: readonly string[], rounds: number): Promise<Cell[]> {
  const host = await benchHost(rttMs);
  const samples = new Map<string, Measured[]>();
  try {
    for (const mode of modes) {
      // Whatever was measured before: with nothing to do means converged.
      if (mode !== "apply") await prepare(host);
      for (let round = 0; round <= rounds; round++) {
        for (const tool of tools) {
          if (mode === "apply") await host.reset();
          const measured = await TOOLS[tool]?.(host, mode);
          // The first round warms what a machine keeps: compiled code, page cache.
          if (measured && round > 0) samples.set(`${mode} ${tool}`, [...(samples.get(`${mode} ${tool}`) ?? []), measured]);
        }
      }
    }
  } finally {
    await host.down();
  }
  return modes.flatMap((mode) => tools.flatMap((tool): Cell[] => {
    const found = samples.get(`${mode} ${tool}`);
    const requests = found?.[0]?.requests;
    return found ? [{ workload: "W1", mode, rttMs, hosts: 1, tool, seconds: Number(median(found.map(({ seconds }) => seconds)).toFixed(3)), ...(requests !== undefined && { requests }) }] : [];
  }));
}

function table(cells: readonly Cell[]): string {
  const rows = cells.map(({ workload, mode, rttMs, tool, seconds, requests }) => {
    const floor = cells.find((cell) => cell.tool === "floor" && cell.mode === "noop" && cell.rttMs === rttMs)?.seconds;
    return [workload, mode, `${rttMs} ms`, tool, seconds.toFixed(2), requests ?? "", floor === undefined ? "" : (seconds / floor).toFixed(2)].map(String);
  });
  return [["workload", "mode", "rtt", "tool", "seconds", "requests", "x floor"], ...rows].map((row) => row.map((cell, i) => (i < 4 ? cell.padEnd(10) : cell.padStart(9))).join("")).join("\n");
}

const { values } = parseArgs({
  options: {
    rtt: { type: "string", default: "0,84,180" },
    mode: { type: "string", default: MODES.join(",") },
    tools: { type: "string", default: Object.keys(TOOLS).join(",") },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});
const modes = listOf("mode", values.mode, MODES);
const tools = listOf("tools", values.tools, Object.keys(TOOLS));
const rounds = whole("rounds", values.rounds, 1);
const cells: Cell[] = [];
for (const rtt of values.rtt.split(",").map((text) => whole("rtt", text, 0))) cells.push(...(await measure(rtt, modes, tools, rounds)));
console.log(values.json ? JSON.stringify({ cells }) : table(cells));
